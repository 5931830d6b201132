"""A journal verified and printed whole, sound or damaged, of every kind of record."""

import json
import random
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import JournalError
from engine.fix import BUY
from engine.instrument import Instrument, PriceBand
from engine.journal.markets import list_market, retire_market
from engine.journal.reader import read, read_all
from engine.journal.saved import append_saved, text_of_state
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.told import (
    Denials,
    HaltStanding,
    OperatorAct,
    ReconcileStep,
    SessionEvent,
    SessionRecords,
    append_config,
    append_operator,
    append_reconcile,
)
from engine.journal.view.dump import dump
from engine.journal.view.verify import verify
from engine.orders.options import OrderOptions
from engine.orders.order import restore_fields
from tests.journal.test_snapshot import Desk
from tests.support.journals import journal_in
from tests.support.order_chaos import Chaos
from tests.support.order_reports import INSTRUMENTS, RAIN, fill, open_order

OLD = Path(__file__).parent / "files"
KINDS = {name: kind for name, kind in vars(RecordKind).items() if isinstance(kind, int)}


@pytest.fixture
def every_kind(tmp_path: Path) -> Path:
    """Three runs with every kind of record."""
    for nonce, instruments in (("A", INSTRUMENTS), ("B", INSTRUMENTS), ("C", (RAIN,))):
        desk = Desk(tmp_path, nonce, instruments=instruments)
        if nonce == "A":
            chaos = Chaos(5, desk.orders, desk.portfolio, desk.journal)
            for _ in range(300):
                chaos.step()
            come_and_go(desk)
            for order in desk.orders.live():
                desk.orders.expire(order)
            for instrument in INSTRUMENTS:
                desk.portfolio.settle(instrument, 0, 0)
                position = desk.portfolio[instrument]
                numbers = instrument.index, position.net, position.cash, position.cost
                desk.journal.append_state(RecordKind.RESTATE, numbers, "as before, by a person", 1)
                desk.journal.append_settle(instrument, 0, 0, 1)
        order = open_order(desk.orders, 200, 4_200, BUY)
        restore_fields(order, options=OrderOptions(order_group="G"))
        desk.journal.append_new(order, 1)
        for number in range(150):
            made = fill(order, 1, f"{nonce}{number}", 4_200)
            desk.portfolio.book(desk.orders.apply(made))
            desk.journal.append_report(made, 1)
        desk.journal.append_doubt(order, 1)
        desk.journal.append_mark(desk.portfolio[RAIN], 1)
        desk.journal.append_day(1, 2, 3)
        append_config(desk.journal, "c0ffee", 1)
        cut = {"where": "behind it", "by": "ann", "reason": "power", "why": "it was damaged", "kept": "damaged-1"}
        desk.journal.append_state(RecordKind.CUT, (), json.dumps(cut), 1)
        desk.snapshots.stand(HaltStanding(2, 5, 4, "ann", "fire"), 1)
        append_saved(desk.journal, text_of_state("mine:Strategy", 1, {"fair": 1}), 1)
        desk.journal.append_state(RecordKind.RESTATE, (RAIN.index, 3, -12_000, 12_000), "0.00, by ann: counted", 1)
        desk.journal.append_state(RecordKind.SHARE_DAY, (0, 0, 0, 1, 0), "maker", 1)
        desk.journal.append_state(RecordKind.SHARE, (RAIN.index, 3, -12_000, 12_000, 7, 1, 1, 1, 0, 0), "maker", 1)
        append_operator(desk.journal, OperatorAct("halt", "ann (uid 1, pid 2)", "fire", {"symbol": "KXRAIN-1"}), 1)
        Denials(desk.journal, lambda: 1).record("", 3, RAIN, BUY, 4_200, 10)
        append_reconcile(desk.journal, ReconcileStep("end", "all agrees", result="clean"), 1)
        SessionRecords(desk.journal).record(SessionEvent("gap", "US->PEER", "3 to 5", 7, 3), 1)
        desk.journal.close()
        if nonce == "B":
            break
    return tmp_path


def come_and_go(desk: Desk) -> None:
    """Let a market come, make some money and be forgotten, and take a snapshot behind it."""
    fog = Instrument("KXFOG-1", 2, [PriceBand(0, 10_000, 100)])
    list_market(desk.journal, fog, 1)
    desk.portfolio.add([fog])
    desk.portfolio.fill(fog, BUY, 1, 4_200, 7)
    desk.portfolio.settle(fog, 10_000)
    desk.portfolio.remove([fog])
    retire_market(desk.journal, fog, 1)
    desk.journal.roll()
    desk.snapshots.take()


def test_every_kind_of_record_is_printed_of_a_whole_directory(every_kind: Path) -> None:
    lines = list(dump(every_kind))
    assert {name for name in KINDS if any(f" {name} " in f"{line} " for line in lines)} == set(KINDS)
    assert sum(" run " in line and " segment " in line for line in lines) == len(journal_paths(every_kind))


def test_o12_sound_journal_is_said_to_be(every_kind: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", str(every_kind), "--verify"]) == 0
    paths = journal_paths(every_kind)
    count = len(list(read_all(paths)))
    said = capsys.readouterr().out
    assert said.startswith(f"{every_kind}: sound: {len(paths)} segments, {count} records; a start reads from")
    assert main(["journal", str(paths[0]), "--verify"]) == 0
    assert "what it follows was not looked at" in capsys.readouterr().out


def test_o12_damage_that_no_start_reads_any_more_is_found(every_kind: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = journal_paths(every_kind)[0]
    record = [each for each in read(path) if each.kind == RecordKind.REPORT][3]
    data = bytearray(path.read_bytes())
    data[record.offset + 30] ^= 1
    path.write_bytes(data)
    assert Desk(every_kind, "D").journal.close() is None  # type: ignore[func-returns-value]
    assert main(["journal", str(every_kind), "--verify"]) == 1
    assert f"{path.name} offset {record.offset}: record damaged" in capsys.readouterr().err


@pytest.mark.parametrize("seed", range(40))
def test_o12_any_changed_byte_of_any_segment_is_found(every_kind: Path, seed: int) -> None:
    source = random.Random(seed)
    path = source.choice(journal_paths(every_kind))
    data = bytearray(path.read_bytes())
    used = [each for record in read(path) for each in range(record.offset, record.offset + 20)]
    data[source.choice(used)] ^= 1 << source.randrange(8)
    path.write_bytes(data)
    with pytest.raises(JournalError, match=str(every_kind)):
        print(*verify(every_kind))


def test_damaged_segment_is_printed_up_to_the_damage(every_kind: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = journal_paths(every_kind)[0]
    records = list(read(path))
    data = bytearray(path.read_bytes())
    data[records[5].offset + 25] ^= 1
    path.write_bytes(data)
    assert main(["journal", str(path)]) == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 6
    assert "record damaged" in printed.err


def test_last_record_that_was_cut_short_is_said_when_printed(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append_note("first", 1)
    journal.append_note("last", 2)
    data = journal.path.read_bytes()
    journal.close()
    last = [each for each in read(journal.path) if each.kind == RecordKind.NOTE][-1]
    journal.path.write_bytes(data[: last.offset] + bytes(len(data) - last.offset))
    for lines in (dump(journal.path), verify(journal.path), verify(tmp_path)):
        assert any("the last record was cut short, and is dropped" in line for line in lines)


def test_journal_of_the_first_version_is_verified_and_goes_on(tmp_path: Path) -> None:
    for path in journal_paths(OLD):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert "sound: 2 segments" in list(verify(tmp_path))[-1]
    stood = None
    for nonce in "PQR":
        desk = Desk(tmp_path, nonce)
        assert stood is None or desk.stands() == stood
        desk.trade(BUY, 1, 4_200)
        desk.journal.close()
        desk.orders.on_disconnect()
        stood = desk.stands()
    assert "sound: 5 segments" in list(verify(tmp_path))[-1]


def test_directory_without_a_journal_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", str(tmp_path), "--verify"]) == 1
    assert "no journal" in capsys.readouterr().err


def test_moved_away_oldest_segments_are_no_damage(every_kind: Path) -> None:
    journal_paths(every_kind)[0].unlink()
    assert "sound" in list(verify(every_kind))[-1]
