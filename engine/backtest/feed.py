"""Captured frames to a desk as one connection would have brought them: its commands answered, its frames numbered.

Units   ns since 1970.
Shapes  frames of one `recv_ns` are one read: the desk acts after the last of them.
Source  Kalshi WebSocket: commands and replies.
"""

from collections.abc import Callable, Sequence
from itertools import count

import msgspec

from engine.backtest.history import TimedFrame
from engine.exchange.captures import TRADE

BOOKS, TRADES = 1, 2  # the streams of the connection
_CHANNELS = {"orderbook_delta": BOOKS, "trade": TRADES}


class _Params(msgspec.Struct, frozen=True):
    channels: list[str] = []


class _Command(msgspec.Struct):
    id: int
    params: _Params = _Params()


_COMMANDS = msgspec.json.Decoder(_Command)


class CapturedFeed:
    """Delivers frames in the order in which they were heard; `next_index` is the one that comes next."""

    def __init__(self, frames: Sequence[TimedFrame], use_yes_price: bool = False) -> None:
        self._frames = frames
        self._use_yes_price = use_yes_price
        self._numbers = {BOOKS: count(1), TRADES: count(1)}
        self.next_index = 0

    def next_ns(self, never_ns: int) -> int:
        """Return when the next frame is heard; `never_ns` after the last."""
        return self._frames[self.next_index].recv_ns if self.next_index < len(self._frames) else never_ns

    def greet(self, commands: Sequence[bytes], on_frame: Callable[[bytes, bool], object]) -> None:
        """Answer what the desk subscribes to; requests for books anew are left to the next captured snapshot."""
        for command in map(_COMMANDS.decode, commands):
            for channel in command.params.channels:
                if sid := _CHANNELS.get(channel):
                    reply = b'{"id":%d,"type":"subscribed","msg":{"channel":"%b","sid":%d}}'
                    on_frame(reply % (command.id, channel.encode(), sid), True)

    def deliver(self, on_frame: Callable[[bytes, bool], object]) -> None:
        """Hand over the next frame."""
        timed = self._frames[self.next_index]
        self.next_index += 1
        is_last = self.next_ns(-1) != timed.recv_ns
        sid = TRADES if timed.frame.kind == TRADE else BOOKS
        on_frame(timed.frame.wire(sid, next(self._numbers[sid]), self._use_yes_price), is_last)
