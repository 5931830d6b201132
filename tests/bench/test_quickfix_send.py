"""Where a send through QuickFIX goes: a delay shows in the part that has it, and a real send has every part."""

from collections.abc import Callable
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any

import pytest

from bench import child
from bench.plan import ORDER, Pace, Plan
from bench.subjects.quickfix_send import SEND_PARTS, SendParts

DELAY_NS = 200_000
SENDS = 20


def nothing() -> None: ...


def spin() -> None:
    until_ns = perf_counter_ns() + DELAY_NS
    while perf_counter_ns() < until_ns:
        pass


class PaperSession:
    """Calls what QuickFIX calls, in its order; `delays` are what it does in between."""

    def __init__(self, delayed: str) -> None:
        self._delays: dict[str, Callable[[], None]] = dict.fromkeys(SEND_PARTS, nothing) | {delayed: spin}
        self._message = SimpleNamespace(setString=lambda text: self._delays["message from text"]())
        self._session = SimpleNamespace(send=self._send_message)
        self._callbacks = SimpleNamespace(toApp=lambda message: self._delays["callbacks (ours)"]())
        self._log = SimpleNamespace(onOutgoing=lambda text: None)

    def send(self, body: bytes) -> None:
        self._delays["session (ours)"]()
        self._message.setString(body)
        self._session.send(self._message)

    def _send_message(self, message: object) -> None:
        self._delays["header"]()
        self._callbacks.toApp(message)
        self._delays["text and store"]()
        self._log.onOutgoing("")
        self._delays["socket"]()


@pytest.mark.parametrize("part", SEND_PARTS)
def test_delay_in_a_part_of_send_shows_in_its_row(part: str) -> None:
    session: Any = PaperSession(part)
    parts = SendParts(session)
    send = parts.around(session.send)
    for _ in range(SENDS):
        send(b"")
    columns = zip(*parts.rows(), strict=True)
    middle = {name: sorted(column)[SENDS // 2] for name, column in zip(SEND_PARTS, columns, strict=True)}
    assert middle.pop(part) >= DELAY_NS
    assert max(middle.values()) < DELAY_NS // 2, middle


def test_log_line_between_two_sends_is_no_part_of_either() -> None:
    session: Any = PaperSession("header")
    parts = SendParts(session)
    send = parts.around(session.send)
    session._log.onOutgoing("a heartbeat")
    send(b"")
    session._log.onOutgoing("a heartbeat")
    send(b"")
    assert [row[SEND_PARTS.index("header")] >= DELAY_NS for row in parts.rows()] == [True, True]


def test_stage_table_of_the_quickfix_session_says_where_send_goes() -> None:
    plan = Plan(ORDER, "quickfix", "busy", (Pace("", 50, 0),), 20, floor_count=0, floor_sparse=0, with_stages=True)
    stages = child.run(plan).stages
    assert stages is not None
    inside = stages["send"]
    assert (inside["n"], set(inside["stages"])) == (50, set(SEND_PARTS))
    assert all(found["p50_ns"] > 0 for found in inside["stages"].values())
