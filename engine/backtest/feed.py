"""Captured frames to a desk as one connection would have brought them: its commands answered, its frames numbered.

Units   ns since 1970.
Shapes  frames of one `recv_ns` are one read: the desk acts after the last of them.
Source  Kalshi WebSocket: commands and replies.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

import msgspec

from engine.backtest.clock import NEVER_NS
from engine.backtest.history import TimedFrame
from engine.exchange.captures import TRADE, Frame

BOOKS, TRADES = 1, 2  # the streams of the connection
_CHANNELS = {"orderbook_delta": BOOKS, "trade": TRADES}


class _Params(msgspec.Struct, frozen=True):
    channels: list[str] = []


class _Command(msgspec.Struct):
    id: int
    params: _Params = _Params()


_COMMANDS = msgspec.json.Decoder(_Command)


class MadeFeed(Protocol):
    """What brings a desk its frames in order of time."""

    def next_ns(self, never_ns: int) -> int:
        """Return when the next frame is heard; `never_ns` after the last."""

    def greet(self, commands: Sequence[bytes], on_frame: Callable[[bytes, bool], object]) -> None:
        """Answer what the desk subscribes to."""

    def deliver(self, on_frame: Callable[[bytes, bool], object]) -> None:
        """Hand over the next frame."""


class BesideFrames:
    """What is heard beside captured frames: nothing, and the interface of what is something."""

    def next_ns(self, never_ns: int) -> int:
        """Return when the next frame is heard."""
        return never_ns

    def take(self) -> Frame:
        """Return the next frame."""
        raise NotImplementedError

    def is_of(self, frame: Frame) -> bool:
        """Return whether the next frame is of what a captured one did, so that it comes right before it."""
        return False

    def with_own(self, frame: Frame) -> Frame:
        """Return a captured frame as it is heard with what is beside it."""
        return frame


class CapturedFeed:
    """Delivers frames in the order in which they were heard; `next_index` is the one that comes next.

    What is heard `beside` them at one time comes after them, unless it is of one of them.
    """

    def __init__(
        self, frames: Sequence[TimedFrame], use_yes_price: bool = False, beside: BesideFrames | None = None
    ) -> None:
        self._beside = BesideFrames() if beside is None else beside
        self._frames = frames
        self._use_yes_price = use_yes_price
        self._numbers = {BOOKS: count(1), TRADES: count(1)}
        self.next_index = 0

    def next_ns(self, never_ns: int) -> int:
        """Return when the next frame is heard; `never_ns` after the last captured one."""
        if self.next_index >= len(self._frames):
            return never_ns
        return min(self._frames[self.next_index].recv_ns, self._beside.next_ns(never_ns))

    def greet(self, commands: Sequence[bytes], on_frame: Callable[[bytes, bool], object]) -> None:
        """Answer what the desk subscribes to; requests for books anew are left to the next captured snapshot."""
        subscribed(commands, on_frame)

    def deliver(self, on_frame: Callable[[bytes, bool], object]) -> None:
        """Hand over the next frame."""
        recv_ns = self._frames[self.next_index].recv_ns
        beside_ns = self._beside.next_ns(NEVER_NS)
        if beside_ns < recv_ns or (beside_ns == recv_ns and self._beside.is_of(self._frames[self.next_index].frame)):
            recv_ns, frame = beside_ns, self._beside.take()
        else:
            frame = self._beside.with_own(self._frames[self.next_index].frame)
            self.next_index += 1
        is_last = self.next_ns(NEVER_NS) != recv_ns
        sid = TRADES if frame.kind == TRADE else BOOKS
        on_frame(frame.wire(sid, next(self._numbers[sid]), self._use_yes_price), is_last)


def subscribed(commands: Sequence[bytes], on_frame: Callable[[bytes, bool], object]) -> None:
    """Answer what is subscribed to, as a venue does."""
    for command in map(_COMMANDS.decode, commands):
        for channel in command.params.channels:
            if sid := _CHANNELS.get(channel):
                reply = b'{"id":%d,"type":"subscribed","msg":{"channel":"%b","sid":%d}}'
                on_frame(reply % (command.id, channel.encode(), sid), True)
