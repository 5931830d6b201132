"""What people and risk did is in the journal: who, what, why, and how much."""

import json
from pathlib import Path

import pytest

from engine.app.operator import recorded
from engine.cli import main
from engine.errors import EngineError, JournalError
from engine.fix import BUY, SOH
from engine.journal.recovery import recover
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.told import (
    MOST_DENIALS,
    MOST_EVENTS,
    Denials,
    ReconcileStep,
    SessionEvent,
    SessionRecords,
    append_reconcile,
    operator_act,
    reconcile_step,
    session_event,
)
from engine.journal.writer import NullJournal
from engine.ops.control import OperatorRequest
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.runtime.person import Person
from tests.support.journals import journal_in, written
from tests.support.order_reports import INSTRUMENTS, RAIN

ANN = Person(7, 9, "ann")


def test_denials_are_recorded_with_their_amounts_and_bounded_by_second(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    now = [10**18]
    denials = Denials(journal, lambda: now[0])
    for number in range(MOST_DENIALS + 5):
        denials.record("", 3, RAIN, BUY, 4_200, number)
    now[0] += 10**9
    denials.record("J-1", 4, RAIN, BUY, 4_300, 7)
    journal.close()
    records = [record for record in written(journal.path) if record.kind == RecordKind.DENIAL]
    assert len(records) == MOST_DENIALS + 1
    assert (records[0].numbers, records[0].text) == ((RAIN.index, BUY, 4_200, 0, 3, 0), f"{RAIN.symbol}{SOH}")
    assert (records[-1].numbers, records[-1].text) == ((RAIN.index, BUY, 4_300, 7, 4, 5), f"{RAIN.symbol}{SOH}J-1")


def test_acts_of_operators_are_recorded_with_what_came_of_them(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)

    def refuse(request: OperatorRequest) -> None:
        raise EngineError("the market trades")

    acts = recorded({"halt": lambda request: {"is": "done"}, "settle": refuse, "status": refuse}, journal, lambda: 5)
    assert acts["halt"](OperatorRequest("halt", "fire", {"symbol": "S"}, ANN)) == {"is": "done"}
    for action in ("settle", "status"):
        with pytest.raises(EngineError, match="the market trades"):
            acts[action](OperatorRequest(action, "why not", {}, ANN))
    journal.close()
    found = [operator_act(record) for record in written(journal.path) if record.kind == RecordKind.OPERATOR]
    assert [(act.action, act.by, act.reason, act.arguments, act.outcome) for act in found] == [
        ("halt", "ann (uid 7, pid 9)", "fire", {"symbol": "S"}, ""),
        ("settle", "ann (uid 7, pid 9)", "why not", {}, "the market trades"),
    ]


class Full(NullJournal):
    def append_state(self, kind: int, numbers: tuple[int, ...], text: str, now_ns: int = 0) -> None:
        raise JournalError("no room")


def test_act_is_done_where_the_journal_has_no_room() -> None:
    done: list[str] = []
    acts = recorded({"halt": lambda request: done.append(request.action)}, Full(), lambda: 5)
    acts["halt"](OperatorRequest("halt", "fire", {}, ANN))
    assert done == ["halt"]


def test_events_of_a_session_are_bounded_by_second_and_lose_nothing_of_their_words(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    records = SessionRecords(journal)
    for number in range(MOST_EVENTS + 3):
        records.record(SessionEvent("gap", "US->PEER", f"messages {number} \udcff", number, 7), 10**18)
    records.record(SessionEvent("logout", "US->PEER", "bye\x01now", 99, 8), 2 * 10**18)
    journal.close()
    found = [session_event(each) for each in written(journal.path) if each.kind == RecordKind.SESSION]
    assert len(found) == MOST_EVENTS + 1
    assert found[0] == SessionEvent("gap", "US->PEER", "messages 0 \\udcff", 0, 7)
    assert found[-1] == SessionEvent("logout", "US->PEER", "bye\x01now", 99, 8, 3)


def test_steps_of_a_comparison_are_read_shown_and_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_in(tmp_path)
    steps = [
        ReconcileStep("begin", "the venue tells of 1 orders"),
        ReconcileStep("difference", "3 held, 2 by our fills", "RAIN", "position differs", "stop"),
        ReconcileStep("end", "account compared", result="differs"),
    ]
    for step in steps:
        append_reconcile(journal, step, 10**18)
    SessionRecords(journal).record(SessionEvent("reset", "US->PEER", "both begin at 1", 1, 1), 10**18)
    journal.close()
    assert [reconcile_step(each) for each in written(journal.path) if each.kind == RecordKind.RECONCILE] == steps
    recover(journal_paths(tmp_path), INSTRUMENTS, Orders("N"), Portfolio(INSTRUMENTS))
    assert main(["journal", str(tmp_path), "--kind", "reconcile"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].endswith(
        "RECONCILE step=difference text=3 held, 2 by our fills symbol=RAIN rule=position differs decided=stop"
    )
    assert main(["journal", str(tmp_path), "--symbol", "RAIN", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decided"] == "stop"
    assert main(["journal", str(tmp_path)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[4].endswith("RECONCILE end: account compared: differs")
    assert shown[5].endswith("SESSION US->PEER: reset: both begin at 1 (next 1 out, 1 in)")
