"""The gap in the peer's messages by itself: what it asks for, what it keeps, when it gives up."""

from collections import deque
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import fix
from engine.codec import Fields
from engine.session.protocol.answers import Ask, Leave
from engine.session.protocol.gap import Gap, Held
from engine.session.protocol.states import NEVER_NS
from tests.support.session.scene import SETTINGS, frame

TIMEOUT = SETTINGS.resend_timeout_ns


def gap(**changes: Any) -> Gap:
    return Gap(replace(SETTINGS, **changes))


def message(seq_num: int, more: str = "") -> bytes:
    return frame(f"35=8|34={seq_num}|{more}")


def number(held: Fields | Held) -> int | None:
    return held.integer(fix.MsgSeqNum, 0) if isinstance(held, Fields) else None


def test_fresh_gap_is_closed_and_expects_nothing() -> None:
    fresh = gap()
    assert (fresh.is_open, fresh.end, fresh.deadline_ns, len(fresh)) == (False, 0, NEVER_NS, 0)
    assert fresh.on_progress(2, 2, 0) is fresh.on_overdue(2, 2, 0) is None
    assert fresh.take(2) is Held.NOTHING


def test_first_missing_number_is_asked_for_once_with_a_deadline() -> None:
    missing = gap()
    assert missing.request(4, 2, 7, now_ns=10) == Ask(2, 0)
    assert (missing.is_open, missing.end, missing.deadline_ns) == (True, 4, 10 + TIMEOUT)
    assert missing.request(6, 2, 8, now_ns=20) is None
    assert (missing.end, missing.deadline_ns) == (6, 10 + TIMEOUT)


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({}, 0),
        ({"begin_string": "FIX.4.0"}, 999_999),
        ({"begin_string": "FIX.4.1"}, 999_999),
        ({"begin_string": "FIX.4.2"}, 0),
        ({"closed_resend_interval": True}, 9),
        ({"resend_request_chunk_size": 3}, 4),
        ({"resend_request_chunk_size": 7}, 8),  # the gap is one longer than the chunk
        ({"resend_request_chunk_size": 8}, 0),
        ({"resend_request_chunk_size": 8, "closed_resend_interval": True}, 9),
    ],
)
def test_end_of_a_request(changes: dict[str, object], end: int) -> None:
    assert gap(**changes).request(9, 2, 2, 0) == Ask(2, end)


def test_open_range_brings_what_turns_out_missing_later() -> None:
    missing = gap()
    missing.request(4, 2, 2, 0)
    missing.request(8, 2, 3, 0)
    assert missing.on_progress(5, 3, now_ns=50) is None  # 5 to 8 come with the same request
    assert missing.deadline_ns == 50 + TIMEOUT


def test_closed_range_is_followed_by_a_request_for_the_rest() -> None:
    missing = gap(closed_resend_interval=True)
    missing.request(4, 2, 2, 0)
    missing.request(8, 2, 3, 0)
    assert missing.on_progress(5, 3, now_ns=50) == Ask(5, 8)


def test_chunks_are_asked_for_one_after_the_other() -> None:
    missing = gap(resend_request_chunk_size=2)
    assert missing.request(6, 2, 2, 0) == Ask(2, 3)
    assert missing.on_progress(3, 3, 0) is None
    assert missing.on_progress(4, 3, 0) == Ask(4, 5)
    assert missing.on_progress(6, 4, 0) == Ask(6, 0)
    assert missing.on_progress(7, 5, 0) is None
    assert (missing.is_open, missing.deadline_ns) == (False, NEVER_NS)


def test_filled_gap_leads_to_the_next_one_before_what_waits() -> None:
    missing = gap()
    missing.request(3, 2, 2, 0)
    missing.hold(4, message(4))
    missing.hold(7, message(7))
    assert number(missing.take(4)) == 4
    assert missing.on_progress(5, 3, 0) == Ask(5, 0)
    assert missing.end == 6


def test_redundant_requests_have_no_bound() -> None:
    missing = gap(send_redundant_resend_requests=True)
    assert [missing.request(last, 2, 2, 0) for last in range(4, 10)] == [Ask(2, 0)] * 6


def test_same_message_is_asked_for_three_times_at_most() -> None:
    missing = gap()
    assert missing.request(4, 2, 2, 0) == Ask(2, 0)
    missing.skip_to(2)
    assert missing.request(4, 2, 3, 0) == Ask(2, 0)
    missing.skip_to(2)
    assert missing.request(4, 2, 4, 0) == Ask(2, 0)
    missing.skip_to(2)
    assert missing.request(4, 2, 5, 0) == Leave("message 2 was asked for 3 times in vain")
    missing.forget()
    assert missing.request(4, 3, 5, 0) == Ask(3, 0)


def test_overdue_request_is_repeated_after_progress_alone() -> None:
    missing = gap()
    missing.request(4, 2, 2, 0)
    assert missing.on_overdue(3, 3, TIMEOUT) == Ask(3, 0)
    assert missing.on_overdue(3, 4, 2 * TIMEOUT) == Leave("messages from 3 were asked for and did not come")
    assert missing.deadline_ns == NEVER_NS


def test_overdue_gap_that_was_filled_meanwhile_is_let_be() -> None:
    missing = gap()
    missing.request(4, 2, 2, 0)
    assert missing.on_overdue(5, 3, TIMEOUT) is None
    assert missing.deadline_ns == NEVER_NS


def test_expected_fill_is_asked_for_when_it_is_overdue() -> None:
    missing = gap()
    missing.expect(4, now_ns=10)
    assert (missing.is_open, missing.end, missing.deadline_ns) == (True, 4, 10 + TIMEOUT)
    assert missing.request(4, 2, 2, 0) is None
    assert missing.on_overdue(2, 2, 10 + TIMEOUT) == Ask(2, 0)


def test_request_is_known_by_its_number() -> None:
    missing = gap()
    missing.request(4, 2, 17, 0)
    assert [missing.was_asked_by(seq_num) for seq_num in (16, 17, 18, None)] == [False, True, False, False]


def test_queue_is_bounded_in_messages() -> None:
    full = gap(max_queued=2)
    for seq_num in (5, 4, 6):
        full.hold(seq_num, message(seq_num))
    assert [full.holds(seq_num) for seq_num in (4, 5, 6)] == [True, True, False]


def test_queue_takes_the_message_that_crosses_its_bytes_and_no_other() -> None:
    size = len(message(4))
    full = gap(max_queued_bytes=size + 1)
    for seq_num in (4, 5, 6):
        full.hold(seq_num, message(seq_num))
    assert [full.holds(seq_num) for seq_num in (4, 5, 6)] == [True, True, False]
    full = gap(max_queued_bytes=size)  # exactly full
    for seq_num in (4, 5):
        full.hold(seq_num, message(seq_num))
    assert [full.holds(seq_num) for seq_num in (4, 5)] == [True, False]


@pytest.mark.parametrize("way", ["take", "discard_below", "skip_to", "forget", "end_connection"])
def test_bytes_of_what_leaves_the_queue_are_free_again(way: str) -> None:
    room = gap(max_queued_bytes=len(message(4)))
    for _ in range(3):
        room.hold(4, message(4))
        assert len(room) == 1
        room.forget() if way == "forget" else getattr(room, way)(4 if way == "take" else 5)
        assert len(room) == 0 and not room.is_open


def test_number_alone_takes_no_bytes_and_stands_for_its_message() -> None:
    waiting = gap(max_queued_bytes=1)
    waiting.hold(4, None)
    waiting.hold(5, message(5))
    waiting.hold(4, message(4))  # comes again: the number stays what it was
    assert waiting.take(4) is Held.NUMBER_ONLY
    assert number(waiting.take(5)) == 5


def test_discarded_below_a_number_keeps_that_number() -> None:
    waiting = gap()
    for seq_num in (4, 5, 6):
        waiting.hold(seq_num, None)
    waiting.discard_below(5)
    assert [waiting.holds(seq_num) for seq_num in (4, 5, 6)] == [False, True, True]


def test_skipped_gap_keeps_what_waits_and_is_open_for_it() -> None:
    waiting = gap()
    waiting.request(5, 2, 2, 0)
    waiting.hold(6, message(6))
    waiting.skip_to(4)
    assert (waiting.is_open, waiting.end, waiting.deadline_ns) == (True, 0, NEVER_NS)
    assert waiting.on_progress(4, 3, 0) is None


def test_ten_fruitless_connections_in_a_row_call_an_operator() -> None:
    missing = gap()
    for _ in range(2):
        told = []
        for _ in range(10):
            missing.request(4, 2, 2, 0)
            told.append(missing.end_connection(2))
        assert told == [""] * 9 + ["10 connections ended before message 2 was sent again"]


def test_progress_ends_the_row_of_fruitless_connections() -> None:
    missing = gap()
    for _ in range(9):
        missing.request(4, 2, 2, 0)
        assert missing.end_connection(2) == ""
    missing.request(4, 2, 2, 0)
    assert missing.end_connection(3) == ""  # one of two that were asked for has come
    missing.request(4, 3, 2, 0)
    assert missing.end_connection(3) == ""


def test_connection_without_a_gap_is_not_fruitless() -> None:
    missing = gap()
    for _ in range(30):
        missing.request(4, 2, 2, 0)
        assert missing.end_connection(5) == ""
        assert missing.end_connection(2) == ""


def test_new_connection_may_ask_for_the_same_message_again() -> None:
    missing = gap()
    for _ in range(5):
        assert missing.request(4, 2, 2, 0) == Ask(2, 0)
        missing.end_connection(2)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "hold", "hold", "number", "take", "discard", "skip", "forget"]), st.integers(2, 9)
    ),
    max_size=60,
)


@given(OPERATIONS, st.integers(1, 5), st.integers(1, 400))
def test_queue_agrees_with_a_plain_dictionary(
    operations: list[tuple[str, int]], max_queued: int, max_queued_bytes: int
) -> None:
    tested = gap(max_queued=max_queued, max_queued_bytes=max_queued_bytes)
    model: dict[int, bytes] = {}
    for operation, seq_num in operations:
        has_room = len(model) < max_queued and sum(map(len, model.values())) < max_queued_bytes
        if operation in ("hold", "number"):
            held = message(seq_num, "58=" + "x" * seq_num + "|") if operation == "hold" else b""
            tested.hold(seq_num, held or None)
            if has_room:
                model.setdefault(seq_num, held)
        elif operation == "take":
            expected = model.pop(seq_num, None)
            taken = tested.take(seq_num)
            assert (taken.raw if isinstance(taken, Fields) else taken) == (
                Held.NOTHING if expected is None else expected or Held.NUMBER_ONLY
            )
        elif operation == "forget":
            tested.forget()
            model.clear()
        else:
            tested.discard_below(seq_num) if operation == "discard" else tested.skip_to(seq_num)
            model = {number: held for number, held in model.items() if number >= seq_num}
        assert len(tested) == len(model) and tested.is_open == bool(model)
        assert [tested.holds(number) for number in range(1, 11)] == [number in model for number in range(1, 11)]


class Receiver:
    """The least that is needed around a gap: takes messages in order, and has an honest peer answer what it asks."""

    def __init__(self, tested: Gap) -> None:
        self.gap = tested
        self.next_in = 1
        self.next_out = 1
        self.sent = 0  # by the peer
        self.coming: deque[int] = deque()

    def say(self, is_lost: bool) -> None:
        self.sent += 1
        if not is_lost:
            self.coming.append(self.sent)

    def read(self) -> None:
        seq_num = self.coming.popleft()
        if seq_num > self.next_in:
            self.gap.hold(seq_num, None)
            self.do(self.gap.request(seq_num - 1, self.next_in, self.next_out, 0))
        elif seq_num == self.next_in:
            self.next_in += 1
            if self.gap.is_open:
                while self.gap.take(self.next_in) is Held.NUMBER_ONLY:
                    self.next_in += 1
                self.do(self.gap.on_progress(self.next_in, self.next_out, 0))

    def do(self, step: Ask | Leave | None) -> None:
        assert not isinstance(step, Leave), step
        if step is not None:
            self.next_out += 1
            assert step.first == self.next_in
            self.coming.extend(range(step.first, (step.end or self.sent) + 1))


@given(
    st.lists(st.sampled_from(["say", "lose", "read"]), max_size=80),
    st.integers(1, 4),
    st.sampled_from([0, 1, 2, 5]),
    st.booleans(),
)
def test_every_message_of_an_honest_peer_arrives_whatever_is_lost(
    script: list[str], max_queued: int, chunk: int, is_closed: bool
) -> None:
    tested = gap(max_queued=max_queued, resend_request_chunk_size=chunk, closed_resend_interval=is_closed)
    receiver = Receiver(tested)
    for step in [*script, "say"]:
        if step == "read" and receiver.coming:
            receiver.read()
        elif step != "read":
            receiver.say(step == "lose")
    while receiver.coming:
        receiver.read()
    receiver.say(False)  # shows the last gap
    while receiver.coming:
        receiver.read()
    assert receiver.next_in == receiver.sent + 1
    assert (tested.is_open, tested.end, tested.deadline_ns) == (False, 0, NEVER_NS)
