"""The queue of messages to write by itself: what a ResendRequest gets, and what waits behind a range."""

from collections.abc import Container
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.codec import Fields
from engine.session.protocol.answers import Again, Leave
from engine.session.protocol.faults import Fault, Reason
from engine.session.protocol.replay import Replay
from tests.support.session.scene import SECOND, SETTINGS, frame

FLOOD = Leave("more ResendRequests than can be served")


def replay(replayed: Container[str] | None = None, **changes: Any) -> Replay:
    return Replay(replace(SETTINGS, **changes), replayed)


def drained(tested: Replay) -> list[bytes]:
    written = []
    while (message := tested.next()) is not None:
        written.append(message)
    return written


@pytest.mark.parametrize(
    ("first", "end", "decided"),
    [
        (1, 0, Again(1, 9)),
        (9, 9, Again(9, 9)),
        (3, 5, Again(3, 5)),
        (3, 3, Again(3, 3)),
        (3, 999_999, Again(3, 9)),
        (3, 10, Again(3, 9)),
        (0, 0, Fault(Reason.VALUE_INCORRECT, 7, "BeginSeqNo(7) is not of 1 to 9")),
        (10, 0, Fault(Reason.VALUE_INCORRECT, 7, "BeginSeqNo(7) is not of 1 to 9")),
        (5, 4, Fault(Reason.VALUE_INCORRECT, 16, "EndSeqNo(16) is below BeginSeqNo(7)")),
    ],
)
def test_range_is_judged_by_what_was_sent(first: int, end: int, decided: object) -> None:
    assert replay().judge(first, end, next_out=10, now_ns=0) == decided


def test_requests_beyond_the_bound_of_a_second_are_a_flood_until_the_next() -> None:
    tested = replay(max_resend_requests_a_second=2)
    times = (SECOND, SECOND + 1, 2 * SECOND - 1, 2 * SECOND, 2 * SECOND, 2 * SECOND)
    assert [tested.judge(1, 0, 10, now_ns) for now_ns in times] == [
        *[Again(1, 9)] * 2,
        FLOOD,
        *[Again(1, 9)] * 2,
        FLOOD,
    ]


def test_impossible_requests_do_not_count_as_a_flood() -> None:
    tested = replay(max_resend_requests_a_second=1)
    assert isinstance(tested.judge(10, 0, 10, 0), Fault)
    assert tested.judge(1, 0, 10, 0) == Again(1, 9)


def test_sixty_four_ranges_that_wait_are_a_flood() -> None:
    tested = replay(max_resend_requests_a_second=1000)
    for _ in range(63):
        tested.add(iter([b"x"]))
    assert tested.judge(1, 0, 10, 0) == Again(1, 9)
    tested.add(iter([b"x"]))
    assert tested.judge(1, 0, 10, 0) == FLOOD


@pytest.mark.parametrize(
    ("replayed", "types"),
    [(None, "3DF8"), (frozenset({"F"}), "3F"), (frozenset({"F", "0", "A"}), "3F"), (frozenset(), "3")],
)
def test_types_that_go_again(replayed: frozenset[str] | None, types: str) -> None:
    tested = replay(replayed)
    assert "".join(kind for kind in "012345ADF8" if tested.may_go_again(kind)) == "".join(
        sorted(types, key="012345ADF8".index)
    )


def test_body_is_without_what_a_message_gets_anew() -> None:
    tested = replay(header=((50, "desk"),))
    stored = Fields(frame("35=D|34=7|43=Y|122=20260105-14:30:00|369=3|50=desk|11=A|50=x|38=1|"))
    assert tested.body(stored) == b"35=D\x0111=A\x0138=1\x01"


def test_fresh_queue_makes_nothing_wait() -> None:
    tested = replay()
    assert (tested.is_waiting, tested.is_paused, tested.has_ranges) == (False, False, False)
    assert tested.next() is None and tested.take_unwritten() == 0


def test_ranges_are_written_one_after_the_other_then_what_was_sent_meanwhile() -> None:
    tested = replay()
    assert tested.add(iter([b"2", b"3"])) is True
    assert tested.add(iter([])) is tested.add(iter([b"2"])) is False
    tested.postpone(5)
    tested.postpone(6)
    assert drained(tested) == [b"2", b"3", b"2"]
    assert (tested.is_waiting, tested.has_ranges) == (True, False)
    assert [tested.take_unwritten(), tested.take_unwritten()] == [5, 0]
    assert not tested.is_waiting


def test_new_messages_wait_until_the_end_of_the_range_was_seen() -> None:
    tested = replay()
    tested.add(iter([b"2"]))
    assert tested.next() == b"2" and tested.is_waiting and tested.has_ranges
    assert tested.next() is None and not tested.is_waiting


def test_new_messages_wait_while_the_socket_takes_no_more() -> None:
    tested = replay()
    tested.pause()
    assert (tested.is_waiting, tested.is_paused) == (True, True)
    assert tested.next() is None and tested.is_waiting  # an empty queue does not open the socket
    tested.clear()
    assert tested.is_waiting
    tested.resume()
    assert (tested.is_waiting, tested.is_paused) == (False, False)


def test_resumed_queue_still_has_its_ranges() -> None:
    tested = replay()
    tested.add(iter([b"2"]))
    tested.pause()
    tested.resume()
    assert tested.is_waiting and drained(tested) == [b"2"]


def test_resumed_queue_lets_nothing_pass_what_waits_in_the_store() -> None:
    tested = replay()
    tested.pause()
    tested.postpone(5)
    tested.resume()
    assert tested.is_waiting and tested.next() is None and tested.is_waiting
    assert tested.take_unwritten() == 5 and not tested.is_waiting


def test_cleared_queue_forgets_ranges_and_what_waits_in_the_store() -> None:
    tested = replay()
    tested.add(iter([b"2"]))
    tested.postpone(5)
    tested.clear()
    assert (tested.is_waiting, tested.next(), tested.take_unwritten()) == (False, None, 0)


STEPS = st.lists(st.sampled_from(["send", "send", "ask", *["write"] * 4, "pause", "resume"]), max_size=80)


@given(STEPS)
@example(["pause", "send", "resume", "send"])
def test_new_messages_leave_once_and_in_order_whatever_is_asked_for_between(steps: list[str]) -> None:
    tested, sent, asked = replay(), 0, 0
    left: list[tuple[str, int]] = []

    def write() -> bool:
        message = tested.next()
        if message is None and (first := tested.take_unwritten()):
            tested.add(b"new %d" % n for n in range(first, sent + 1))
            message = tested.next()
        if message is not None:
            kind, number = message.split()
            left.append((kind.decode(), int(number)))
        return message is not None

    for step in steps:
        if step == "send":
            sent += 1
            if tested.is_waiting:
                tested.postpone(sent)
            else:
                left.append(("new", sent))
        elif step == "ask":
            asked += 1
            tested.add(iter([b"again %d" % asked]))
        elif step == "write" and not tested.is_paused:
            write()
        elif step in ("pause", "resume"):
            getattr(tested, step)()
    tested.resume()
    while write():
        pass
    assert [number for kind, number in left if kind == "new"] == list(range(1, sent + 1))
    assert [number for kind, number in left if kind == "again"] == list(range(1, asked + 1))
    assert not tested.is_waiting
