"""Tables for people: what is cut, and what never is."""

import pytest
from rich.console import Console

from engine.app.venues import tables
from engine.app.venues.tables import Column, Rows, show

COLUMNS = (Column("ticker"), Column("title"), Column("bid", True), Column("closes"), Column("shard", True, True))
ROW = ("KXDEMORAIN-26DEC01-T2", "Will it rain a good deal in the north?", "0.4150", "2026-12-01T05:00:00Z", 12)


class Terminal(Console):
    """A console of so many columns that takes itself for a terminal."""

    width_of = 80

    def __init__(self, **settings: bool) -> None:
        super().__init__(force_terminal=True, color_system=None, width=self.width_of)


@pytest.mark.parametrize("width", [70, 80, 120])
def test_terminal_cuts_texts_and_never_numbers_or_the_first_column(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "Console", Terminal)
    monkeypatch.setattr(Terminal, "width_of", width)
    show({"markets": Rows(COLUMNS, [ROW])}, None)
    head, row = capsys.readouterr().out.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert head.split() == ["ticker", "title", "bid", "closes"]
    assert row.split()[0] == ROW[0] and "0.4150" in row
    assert max(len(head.rstrip()), len(row.rstrip())) <= width
    assert ("…" in row) == (width < 100)


def test_empty_list_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    show({"markets": Rows(COLUMNS, [])}, None)
    assert capsys.readouterr().out.split() == ["ticker", "title", "bid", "closes"]
    show({"markets": Rows(COLUMNS, [])}, "json")
    assert capsys.readouterr().out == "[]\n"
    show({"markets": Rows(COLUMNS, [])}, "csv")
    assert capsys.readouterr().out == "ticker,title,bid,closes,shard\n"


def test_amounts_are_exact() -> None:
    assert (tables.price(1), tables.price(-1), tables.size(-5), tables.money(-1)) == (
        "0.0001",
        None,
        "-0.05",
        "-0.000001",
    )
    assert tables.moment(0) is None
    assert tables.moment(1_795_444_260_999_999_999) == "2026-11-23T14:31:00Z"
