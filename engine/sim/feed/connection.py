"""One feed connection: the commands that it may send, and how many of them.

Errors  none: what is no command, or one too many, is answered by an error frame.
Source  Kalshi WebSocket API: commands, limits.
"""

from collections.abc import Callable

from engine.sim.feed import frames
from engine.sim.feed.channels import BOOK, LIFECYCLE, TICKER, TRADE
from engine.sim.feed.commands import FeedCommands
from engine.sim.feed.line import NOBODY, CommandError, FeedLine, MarketView, Subscription

__all__ = ["BOOK", "LIFECYCLE", "TICKER", "TRADE", "CommandError", "FeedConnection", "MarketView", "Subscription"]

COMMANDS_PER_SECOND = 10_000


class FeedConnection(FeedLine):
    """One client of the feed, which may have at most `market_limit` markets on each channel."""

    def __init__(
        self,
        view: MarketView,
        send: Callable[[bytes], None],
        market_limit: int,
        member: str = NOBODY,
        subaccount: int | None = None,
    ) -> None:
        super().__init__(view, send, member, subaccount)
        self._desk = FeedCommands(self, market_limit)
        self._second = 0
        self._commands = 0

    def command(self, frame: bytes, now_ms: int) -> None:
        """Carry out one command frame and answer it."""
        try:
            command = frames.decode_command(frame)
        except (ValueError, RecursionError) as error:
            self.send(frames.error(frames.decode_id(frame), 1, str(error), now_ms))
            return
        if self._is_too_many(now_ms):
            self.send(frames.error(command.id, 27, "", now_ms))
        else:
            self._desk.carry_out(command, now_ms)

    def _is_too_many(self, now_ms: int) -> bool:
        if now_ms // 1000 != self._second:
            self._second, self._commands = now_ms // 1000, 0
        self._commands += 1
        return self._commands > COMMANDS_PER_SECOND
