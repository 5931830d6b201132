"""Further sessions in View, status and metrics: every figure under its name, and nothing where there are none."""

from pathlib import Path

import pytest

from engine.ops.status.facts import facts
from engine.ops.status.page import page
from engine.ops.view import further, layout
from engine.ops.view.publisher import Publisher
from tests.support.views import Connections, FurtherSide, Shown


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    found = Shown(tmp_path)
    found.further = FurtherSide()
    return found


def test_figures_have_the_fields_of_their_records() -> None:
    names = {block.name: block.names for block in layout.BLOCKS}
    assert names["copies"] == further.CopiesFacts._fields
    assert names["settlements"] == further.SettlementFacts._fields


def test_view_has_every_figure(shown: Shown) -> None:
    view = shown.look()
    assert [tuple(each) for each in view.records("copies")] == [FurtherSide.facts.copies]
    assert [tuple(each) for each in view.records("settlements")] == [FurtherSide.facts.settlements]


def test_engine_without_further_sessions_shows_nothing_of_them(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    assert [facts(shown.look())[name] for name in ("copies", "settlements")] == [None, None]
    assert not [name for name in shown.families() if name.startswith(("fixlane_copies", "fixlane_settlements"))]


def test_status_says_it_in_lines(shown: Shown) -> None:
    lines = [line for line in page(facts(shown.look())) if line.startswith(("copies", "settled"))]
    assert lines == [
        "copies   51 reports, 52 fills agreed, 53 told first, 54 recovered, 55 contradicted,"
        " the last one 0.000 s after the session",
        "settled  71 heard, 73 agreed, 72 told first, 74 confirmed by REST, 75 differed",
    ]


def test_metrics_have_it(shown: Shown) -> None:
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in shown.families().values()
        for sample in family.samples
    }
    assert found["fixlane_copies_total", "recovered"] == 54 and found["fixlane_copies_missed_total",] == 61
    assert found["fixlane_copies_lag_seconds",] == 58 / 1e9
    assert found["fixlane_settlements_total", "confirmed"] == 74


def test_every_session_is_shown_and_the_first_says_whether_we_are_logged_on(tmp_path: Path) -> None:
    shown, beside = Shown(tmp_path), Connections()
    beside.name = "FIXT.1.1:KEY->KalshiDC"
    shown.session.is_logged_on = False
    shown.further = FurtherSide()
    shown.further.sessions = {"drop_copy": beside}
    shown.publisher.close()
    shown.publisher = Publisher(shown, shown.publisher_home, lambda: shown.wall_ns, shown.told.append)
    shown.publisher.open()
    found = facts(shown.look())
    assert [(each["name"], each["state"]) for each in found["sessions"]] == [
        ("FIX.4.4:US->VENUE", "down"),
        ("FIXT.1.1:KEY->KalshiDC", "logged_on"),
    ]
    assert found["logged_on"] is False
