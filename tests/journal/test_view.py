"""Records as somebody asks for them: one order's life, one market, one kind, since when; as text, JSON and Parquet."""

import json
import threading
import time
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import ConfigError
from engine.fix import BUY, SELL, Status
from engine.journal.archive import compress
from engine.journal.reader import read
from engine.journal.segments import journal_paths
from engine.journal.told import Denials, OperatorAct, append_config, append_operator
from engine.journal.view import entries as views
from engine.journal.view.entries import Question, since
from engine.journal.view.export import entries
from engine.orders.orders import Orders
from tests.journal.test_snapshot import Desk
from tests.support.journals import journal_in
from tests.support.order_reports import RAIN, SNOW, ack, canceled, fill, open_order, replaced, report

SECOND = 10**9
NOON = 1_700_000_000 * SECOND


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """One order that is replaced, filled and canceled, another one, and what people did."""
    orders, journal = Orders("J"), journal_in(tmp_path)
    append_config(journal, "c0ffee", NOON)
    order = open_order(orders, 1_000, 4_200, BUY)
    journal.append_new(order, NOON + 1_000)
    other = open_order(orders, 50, 4_300, SELL, instrument=SNOW)
    journal.append_new(other, NOON + 1_500)
    for made, after in ((ack(order, order_id="V1"), 7_000), (fill(order, 400, "E1", 4_100, fee=7), 9_000)):
        orders.apply(made)
        journal.append_report(made, NOON + after)
    orders.request_replace(order, 4_150, 900, 5)
    journal.append_replace(order, NOON + 20_000)
    made = replaced(order)
    orders.apply(made)
    journal.append_report(made, NOON + 23_000)
    orders.request_cancel(order, 6)
    journal.append_cancel(order, NOON + 30_000)
    made = canceled(order)
    orders.apply(made)
    journal.append_report(made, NOON + 34_500)
    journal.append_report(report("X1", "0", Status.NEW, order_id="V9"), NOON + SECOND)
    Denials(journal, lambda: NOON + 2 * SECOND).record("J-1", 3, RAIN, BUY, 4_200, 1_000)
    append_operator(
        journal, OperatorAct("halt", "ann (uid 7, pid 9)", "fire", {"symbol": RAIN.symbol}), NOON + 3 * SECOND
    )
    journal.append_note("HALT: fire", NOON + 3 * SECOND)
    journal.close()
    return tmp_path


def asked(place: Path, **question: object) -> list[dict[str, object]]:
    return list(entries(place, Question(**question)))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["J-1", "J-3", "J-4", "V1"])
def test_life_of_an_order_is_found_by_any_of_its_names_and_its_waits_add_up(told: Path, name: str) -> None:
    life = asked(told, order="J-1")
    shown = [(each["kind"], each.get("after_ns")) for each in life]
    assert shown == [
        ("NEW", None), ("REPORT", 6_000), ("REPORT", None), ("REPLACE", None), ("REPORT", 3_000), ("CANCEL", None),
        ("REPORT", 4_500), ("DENIAL", None),
    ]  # fmt: skip
    assert asked(told, order=name) == [each for each in life if _named_by_then(life, each, name)]


def _named_by_then(life: list[dict[str, object]], entry: dict[str, object], name: str) -> bool:
    """Return whether an order had a name when a record was written: one reading cannot know what comes."""
    names = ("cl_ord_id", "order_id")
    return any(each.get(key) == name for each in life[: life.index(entry) + 1] for key in names)


def test_all_is_in_the_units_of_the_instrument(told: Path) -> None:
    new, acked, filled, replace, *_, denial = asked(told, order="J-1")
    assert (new["price"], new["order_qty"], new["symbol"], new["side"]) == ("0.4200", "10.00", RAIN.symbol, BUY)
    assert (filled["last_px"], filled["last_qty"], filled["fee"]) == ("0.4100", "4.00", "0.000007")
    assert (replace["price"], replace["order_qty"]) == ("0.4150", "9.00")
    assert (denial["price"], denial["order_qty"], denial["reason"]) == ("0.4200", "10.00", 3)
    assert new["time"] == "20231114-22:13:20.000001000" and new["time_ns"] == NOON + 1_000


def test_records_are_chosen_by_market_kind_and_time(told: Path) -> None:
    assert [each["kind"] for each in asked(told, symbol=SNOW.symbol)] == ["NEW"]
    (act,) = asked(told, kind="operator")
    assert (act["action"], act["by"], act["reason"], act["outcome"]) == ("halt", "ann (uid 7, pid 9)", "fire", "done")
    assert [each["kind"] for each in asked(told, since_ns=NOON + 2 * SECOND)] == ["DENIAL", "OPERATOR", "NOTE"]
    assert {each["kind"] for each in asked(told, symbol=RAIN.symbol)} >= {"NEW", "REPORT", "DENIAL", "OPERATOR"}
    with pytest.raises(ConfigError, match="--kind fills: no kind of record; there are NEW, "):
        asked(told, kind="fills")


def test_command_prints_json_that_can_be_read(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", str(told), "--json", "--kind", "REPORT"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["exec_type"] for line in lines] == ["0", "F", "5", "4", "0"]
    assert main(["journal", str(told), "--order", "J-2"]) == 0
    assert "NEW cl_ord_id=J-2 symbol=KXSNOW-1" in capsys.readouterr().out


@pytest.mark.parametrize("words", [(), ("--json",), ("--order", "J-1"), ("--verify",)])
def test_directory_without_a_journal_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert main(["journal", str(tmp_path), *words]) == 1
    assert "no journal: no file in it is called RUN-SEGMENT.journal" in capsys.readouterr().err


def test_command_verifies_by_a_word_too(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", str(told)]) == 0
    assert "sound: 1 segments" in capsys.readouterr().out
    assert main(["journal", str(told), str(told)]) == 2


def test_parquet_holds_what_was_asked_for(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = told / "out.parquet"
    assert main(["journal", str(told), "--parquet", str(out), "--order", "J-1"]) == 0
    rows = parquet.read_table(out).to_pylist()
    assert [row["kind"] for row in rows] == [each["kind"] for each in asked(told, order="J-1")]
    assert (rows[2]["last_px"], rows[2]["time_ns"], rows[1]["after_ns"]) == ("0.4100", NOON + 9_000, 6_000)
    assert "8 records" in capsys.readouterr().out


def test_compressed_segments_are_shown_as_well(told: Path) -> None:
    before = asked(told)
    compress(journal_paths(told)[0])
    assert asked(told) == before


def test_ids_that_are_forgotten_cost_units_alone(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST_IDS", 1)
    assert len(asked(told)) == len(asked(told, since_ns=1)) + 2  # LINK and END have no time


def test_what_is_written_is_followed_across_segments(tmp_path: Path) -> None:
    journal = journal_in(tmp_path, segment_bytes=2048)
    journal.append_note("0", 1)
    texts: list[object] = []

    def follow() -> None:
        for entry in entries(tmp_path, Question(kind="NOTE"), follows=True):
            texts.append(entry["text"])
            if entry["text"] == "99":
                return

    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(1, 100):
        journal.append_note(str(number), 1)
        if number % 20 == 0:
            time.sleep(0.05)
    thread.join(timeout=30)
    journal.close()
    assert texts == [str(number) for number in range(100)]


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [("90s", NOON - 90 * SECOND), ("2h", NOON - 7_200 * SECOND), ("2023-11-14T22:13:20", NOON),
     ("2023-11-14T23:13:20+01:00", NOON), ("2023-11-14", NOON - 80_000 * SECOND)],
)  # fmt: skip
def test_since_is_a_span_or_a_time(text: str, expected_ns: int) -> None:
    assert since(text, NOON) == expected_ns
    with pytest.raises(ConfigError, match="neither a span"):
        since(f"{text}?", NOON)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify",), ("--order", "J-1")), (("verify",), ("--json",)), (("verify",), ("--kind", "note")),
        ((), ("--verify", "--since", "1h")), ((), ("--parquet", "OUT", "--json")),
        ((), ("--parquet", "OUT", "--follow")),
    ],
)  # fmt: skip
def test_flags_that_contradict_each_other_are_refused(
    told: Path, words: tuple[str, ...], said: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [str(told / "out") if word == "OUT" else word for word in said]
    assert main(["journal", *words, str(told), *flags]) == 2
    err = capsys.readouterr().err
    assert any(flag in err for flag in said if flag.startswith("--") and flag != "--verify")
    assert not (told / "out").exists()


def hurt(path: Path, record: int) -> int:
    """Change a byte of a record; return where it is."""
    offset = list(read(path))[record].offset
    data = bytearray(path.read_bytes())
    data[offset + 24] ^= 1
    path.write_bytes(data)
    return offset


@pytest.mark.parametrize("is_last", [True, False])
def test_following_names_damage_in_the_middle_and_stops(
    told: Path, capsys: pytest.CaptureFixture[str], is_last: bool
) -> None:
    if not is_last:
        journal = journal_in(told)
        journal.append_note("next run", 1)
        journal.close()
    path = journal_paths(told)[0]
    offset = hurt(path, 5)
    assert main(["journal", str(told), "--follow"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 5
    assert f"{path} offset {offset}: damaged, and what follows is not shown" in err


def test_last_record_that_was_cut_short_is_told_in_every_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_in(tmp_path)
    for number in range(3):
        journal.append_note(str(number), NOON)
    data = bytearray(journal.path.read_bytes())
    journal.close()
    path = journal_paths(tmp_path)[0]
    last = list(read(path))[-2].offset
    data[last + 24] ^= 1
    path.write_bytes(data)
    line = f"{path} offset {last}: the last record was cut short, and is dropped"
    assert asked(tmp_path, kind="NOTE")[2:] == [
        {
            "time": "20231114-22:13:20.000000000", "time_ns": NOON, "run": 1, "segment": 1, "offset": 0,
            "kind": "DROPPED", "text": line,
        }
    ]  # fmt: skip
    assert main(["journal", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == line
    parquet = pytest.importorskip("pyarrow.parquet")
    assert main(["journal", str(tmp_path), "--parquet", str(tmp_path / "out")]) == 0
    assert parquet.read_table(tmp_path / "out").to_pylist()[-1]["text"] == line


def test_damaged_snapshot_is_told_in_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for nonce in "AB":
        desk = Desk(tmp_path, nonce)
        for _ in range(9):
            desk.trade(BUY, 1, 4_200)
        desk.journal.close()
    path = journal_paths(tmp_path)[1]
    offset = hurt(path, 3)
    line = f"{path} offset {offset}: a snapshot is damaged: the one before it serves"
    assert [each["text"] for each in asked(tmp_path) if each["kind"] == "SPOILED"] == [line]
    assert main(["journal", str(tmp_path)]) == 0
    assert line in capsys.readouterr().out.splitlines()
