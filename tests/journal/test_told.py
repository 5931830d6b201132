"""What people and risk did is in the journal: who, what, why, and how much."""

from pathlib import Path

import pytest

from engine.app.operator import recorded
from engine.errors import EngineError, JournalError
from engine.fix import BUY, SOH
from engine.journal.segments import RecordKind
from engine.journal.told import MOST_DENIALS, Denials, operator_act
from engine.journal.writer import NullJournal
from engine.ops.control import OperatorRequest
from engine.runtime.person import Person
from tests.support.journals import journal_in, written
from tests.support.order_reports import RAIN

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
