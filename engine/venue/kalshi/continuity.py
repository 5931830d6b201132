"""Sequence numbers of Kalshi's streams: losses, the books they make suspect, and the snapshots to request.

Errors  none: a loss is reported in the event.
Thread  the loop thread only.
Source  Kalshi WebSocket: sequence numbers, order book (get_snapshot).
"""

from collections.abc import Iterable, Mapping

from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketDataCounts, MarketEvent
from engine.venue.kalshi.market import ListedMarket
from engine.venue.kalshi.repairs import Repairs
from engine.venue.kalshi.subscriptions import PRIVATE, TRADES, Subscriptions
from engine.venue.sequence import DUPLICATE, GAP, IN_ORDER


class Continuity:
    """Checks the numbers of every stream of one connection; `event` is the event of every frame but a level."""

    __slots__ = ("_checks_sequence", "_counts", "_event", "_markets", "_repairs", "_subscriptions")

    def __init__(
        self,
        event: MarketEvent,
        markets: Mapping[str, ListedMarket],
        subscriptions: Subscriptions,
        repairs: Repairs,
        counts: MarketDataCounts,
        checks_sequence: bool,
    ) -> None:
        self._event = event
        self._markets = markets
        self._subscriptions = subscriptions
        self._repairs = repairs
        self._counts = counts
        self._checks_sequence = checks_sequence

    def follow(self, sid: int, seq: int, channel: str = "") -> int:
        """Start the event of a frame and check its number; a loss makes every book of its stream suspect.

        Return an outcome of `engine.venue.sequence`; always IN_ORDER where the order is not checked.
        """
        event = self._event
        event.clear(EventKind.CONTROL)
        event.sid, event.seq = sid, seq
        if not seq:
            return IN_ORDER
        stream = self._subscriptions.open(sid, channel)
        expected = stream.next_seq
        outcome = stream.step(seq)
        if outcome == IN_ORDER or expected is None or not self._checks_sequence:
            return IN_ORDER
        if outcome == DUPLICATE:
            self._counts.duplicates += 1
            event.tell(NoticeKind.FRAME_REPEATED, f"stream {sid} ({stream.channel}): {seq} came twice")
            return outcome
        event.kind = EventKind.GAP
        event.gap = True
        event.text = f"stream {sid} ({stream.channel}): {seq} came where {expected} was due"
        event.tell(NoticeKind.FRAMES_LOST, event.text)
        if outcome == GAP:
            self._counts.gaps += 1
            self._counts.missed += seq - expected
        else:
            self._counts.resets += 1
        self.suspect(sid)
        return outcome

    def suspect(self, sid: int) -> None:
        """Make every book of stream `sid` wait for a snapshot; trades or news of our account may be incomplete."""
        stream = self._subscriptions.streams.get(sid)
        self._event.account_gap = stream is not None and stream.channel in PRIVATE
        self._event.trade_gap = stream is not None and stream.channel == TRADES
        lost = [market for market in self._markets.values() if market.stream.sid == sid and not market.is_waiting]
        for market in lost:
            market.is_waiting = True
        self._event.suspects = tuple(market.instrument for market in lost)

    def finish(self) -> MarketEvent:
        """Return the event, with the requests for snapshots that it makes necessary."""
        event = self._event
        if event.suspects and not event.commands:
            event.commands = self.resync(event.suspects)
        return event

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the commands for fresh snapshots that may leave at once; the markets wait until they come."""
        known = (self._markets.get(instrument.symbol) for instrument in instruments)
        return self._repairs.resync(market for market in known if market is not None)
