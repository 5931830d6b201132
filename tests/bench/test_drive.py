"""The measuring venue's clockwork, against an engine played by a thread."""

import multiprocessing
import socket
import threading
from array import array
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from bench.venue import process
from bench.venue._drive import ANNULLED, UNASKED, FrameScript, drive_closed, drive_open, drive_triggers
from bench.venue._fix import FixVenue
from bench.venue._ping import VenueError

NS_PER_MS = 1_000_000
FIRST_SEQ = 1_000_000_000
FRAME = b"seq:0000000000;"
ASKS = [5200, 5300, 5200, 5100]  # the last is also what stands before the first
LAG_NS = 10**9


class Wires:
    """A venue's two connections, and the engine's ends of them."""

    def __init__(self) -> None:
        self.feed, self.engine_feed = socket.socketpair()
        self.fix, self.engine_fix = socket.socketpair()
        self.venue = FixVenue(self.fix.fileno(), b"FIX.4.4", b"49=V\x0156=E\x01", 1, 1)
        self.venue.set_time(b"20261123-14:30:02.099")
        self._seq = 0

    def buy(self, price: int, side: int = 1) -> None:
        self._seq += 1
        body = f"35=D|49=E|56=V|34={self._seq}|11=a{self._seq}|38=1|44=0.{price}|54={side}|55=X|".replace("|", "\x01")
        self.engine_fix.sendall(f"8=FIX.4.4\x019={len(body)}\x01{body}10=000\x01".encode())

    def read(self, frames: int) -> list[bytes]:
        size = frames * len(FRAME)
        data = b""
        while len(data) < size:
            data += self.engine_feed.recv(size - len(data))
        return [data[at : at + len(FRAME)] for at in range(0, size, len(FRAME))]

    def close(self) -> None:
        for one in (self.feed, self.engine_feed, self.fix, self.engine_fix):
            one.close()


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = Wires()
    yield made
    made.close()


def script(asks: list[int] = ASKS, is_due: list[bool] | None = None) -> FrameScript:
    count = len(asks)
    return FrameScript([FRAME] * count, [4] * count, is_due or [True] * count, asks, FIRST_SEQ)


def play(
    wires: Wires, engine: Callable[[], None], schedule: list[int], omits_annulled: bool = False, **more: Any
) -> list[int]:
    """Drive an open loop against `engine`; return the stamps."""
    thread = threading.Thread(target=engine)
    thread.start()
    stamps = array("q", bytes(8 * len(schedule)))
    try:
        sent = drive_open(
            wires.feed.fileno(), wires.venue, script(**more), array("q", schedule), stamps, LAG_NS, omits_annulled
        )
    finally:
        thread.join()
    assert sent == len(schedule)
    return list(stamps)


def test_each_frame_carries_the_next_sequence_number(wires: Wires) -> None:
    def engine() -> None:
        frames.extend(wires.read(1))
        wires.buy(5200)
        frames.extend(wires.read(1))
        wires.buy(5300)

    frames: list[bytes] = []
    thread = threading.Thread(target=engine)
    thread.start()
    stamps = array("q", bytes(16))
    drive_closed(wires.feed.fileno(), wires.venue, script(), 0, stamps)
    thread.join()
    assert frames == [b"seq:1000000000;", b"seq:1000000001;"]
    assert all(stamp > 0 for stamp in stamps)


@pytest.mark.parametrize(("price", "side"), [(5300, 1), (5200, 2)])
def test_order_that_is_not_due_voids_a_closed_loop(wires: Wires, price: int, side: int) -> None:
    wires.buy(price, side)
    with pytest.raises(VenueError, match="frame 0: the reply is not the one expected"):
        drive_closed(wires.feed.fileno(), wires.venue, script(), 0, array("q", [0]))


def test_frame_that_provokes_nothing_is_not_waited_for(wires: Wires) -> None:
    stamps = array("q", [0, 0])
    drive_closed(wires.feed.fileno(), wires.venue, script(ASKS[:2], [False, False]), 0, stamps)
    assert list(stamps) == [UNASKED, UNASKED]


def test_late_engine_is_timed_from_the_schedule_of_each_frame(wires: Wires) -> None:
    def engine() -> None:  # reads three frames at once and answers the state after the last
        wires.read(2)
        wires.buy(5300)
        wires.read(1)
        wires.buy(5200)

    first, second, third = play(wires, engine, [0, 5 * NS_PER_MS, 10 * NS_PER_MS])
    assert 5 * NS_PER_MS < second + 5 * NS_PER_MS == first
    assert third > 0


def test_move_that_was_taken_back_counts_with_the_order_after_it(wires: Wires) -> None:
    def engine() -> None:
        wires.read(4)
        wires.read(1)
        wires.buy(5200)

    stamps = play(wires, engine, [0, 1000, 2000, 3000, 5 * NS_PER_MS])
    assert all(stamp > 0 for stamp in stamps)


def test_recorded_move_that_was_taken_back_is_left_out(wires: Wires) -> None:
    def engine() -> None:
        wires.read(3)
        wires.buy(5300)

    asks = [5200, 5100, 5300, 5100]
    stamps = play(wires, engine, [0, 1000, 5 * NS_PER_MS], True, asks=asks)
    assert stamps[:2] == [ANNULLED, ANNULLED]
    assert stamps[2] > 0


def test_moves_that_cancel_out_at_the_end_need_no_order(wires: Wires) -> None:
    def engine() -> None:
        wires.read(4)

    assert play(wires, engine, [0, 1000, 2000, 3000]) == [ANNULLED] * 4


def test_order_for_no_frame_that_was_sent_voids_an_open_loop(wires: Wires) -> None:
    wires.buy(9900)
    with pytest.raises(VenueError, match="the reply is not the one expected"):
        play(wires, lambda: None, [0, 1000])


def test_triggers_carry_the_time_that_was_set_for_each_order(wires: Wires) -> None:
    def engine() -> None:
        for _ in range(3):
            times.frombytes(wires.engine_feed.recv(8, socket.MSG_WAITALL))
            wires.buy(5200)

    times = array("q")
    thread = threading.Thread(target=engine)
    thread.start()
    sent = drive_triggers(wires.feed.fileno(), wires.venue, 2 * NS_PER_MS, 3, LAG_NS)
    thread.join()
    assert sent == 3
    assert [b - a for a, b in zip(times, times[1:], strict=False)] == [2 * NS_PER_MS] * 2


def test_triggers_of_a_burst_carry_one_time_and_come_together(wires: Wires) -> None:
    def engine() -> None:
        for _ in range(3):
            times.frombytes(
                wires.engine_feed.recv(16, socket.MSG_WAITALL) if len(times) < 4 else wires.engine_feed.recv(9)
            )
            wires.buy(5200)
            if len(times) < 5:
                wires.buy(5200)

    times = array("q")
    thread = threading.Thread(target=engine)
    thread.start()
    sent = drive_triggers(wires.feed.fileno(), wires.venue, NS_PER_MS, 5, LAG_NS, 2)
    thread.join()
    assert sent == 5
    assert [each - times[0] for each in times] == [0, 0, 2 * NS_PER_MS, 2 * NS_PER_MS, 4 * NS_PER_MS]


@pytest.mark.parametrize("burst", [0, 65])
def test_burst_that_is_none_is_refused(wires: Wires, burst: int) -> None:
    with pytest.raises(ValueError, match="burst must be 1 to 64"):
        drive_triggers(wires.feed.fileno(), wires.venue, NS_PER_MS, 1, LAG_NS, burst)


def test_trigger_without_an_order_voids_the_run(wires: Wires) -> None:
    with pytest.raises(VenueError, match="order 0: no reply in time"):
        drive_triggers(wires.feed.fileno(), wires.venue, NS_PER_MS, 1, NS_PER_MS)


def test_venue_whose_parent_has_gone_while_it_started_ends_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_Server", lambda: SimpleNamespace(ports=[1, 2, 3, 4]))
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    with theirs:
        process._serve(theirs, None)
