"""Kalshi's market data: WebSocket frames to events of the YES book, and the commands that keep its streams whole.

Units   prices and sizes as in `instrument`; a NO bid at q is the YES ask at 1 - q.
Shapes  levels use one event object, everything else another; only a snapshot makes lists.
Errors  DecodeError for a frame that cannot be read. Its number does not count, so the next of its stream is a gap.
Cost    0.6 us for an orderbook_delta, of which msgspec 0.3.
Thread  the loop thread only.
Source  Kalshi WebSocket: subscribe, order book, sequence numbers, errors.
"""

from collections.abc import Iterable

from engine import fix
from engine._decimal import parse_decimal
from engine.book import ASK, BID
from engine.errors import DecodeError
from engine.instrument import Instrument
from engine.venue import EventKind, MarketDataCounts, MarketEvent
from engine.venue.kalshi import frames
from engine.venue.kalshi.continuity import Continuity
from engine.venue.kalshi.frames import Delta, Error, Message, Ok, Snapshot, Subscribed, Trade, read_message
from engine.venue.kalshi.market import ListedMarket
from engine.venue.kalshi.signing import SigningKey
from engine.venue.kalshi.subscriptions import BOOK, TRADES, Subscriptions
from engine.venue.sequence import DUPLICATE, IN_ORDER

PATH = "/trade-api/ws/v2"
_NS_PER_MS = 1_000_000
_EXCERPT = 120  # bytes of an unreadable frame that its error shows


class KalshiMarketData:
    """The market-data dialect of Kalshi; levels of a market are ignored until its snapshot is here.

    `use_yes_price` asks for, and reads, NO prices on the YES scale. `check_sequence=False` is for recordings that
    were filtered to some markets of a stream.
    """

    __slots__ = (
        "_checks_sequence",
        "_continuity",
        "_credentials",
        "_event",
        "_level",
        "_markets",
        "_streams",
        "_subscriptions",
        "counts",
    )

    def __init__(
        self,
        instruments: Iterable[Instrument],
        credentials: SigningKey | None = None,
        *,
        channels: tuple[str, ...] = (BOOK, TRADES),
        use_yes_price: bool = False,
        check_sequence: bool = True,
        chunk: int = 100,
    ) -> None:
        self.counts = MarketDataCounts()
        self._credentials = credentials
        self._markets = {each.symbol: ListedMarket(each, use_yes_price) for each in instruments}
        self._subscriptions = Subscriptions(tuple(self._markets), channels, use_yes_price, chunk)
        self._streams = self._subscriptions.streams
        self._checks_sequence = check_sequence
        self._level = MarketEvent(EventKind.DELTA)
        self._event = MarketEvent()
        self._continuity = Continuity(self._event, self._markets, self._subscriptions, self.counts, check_sequence)

    def handshake_headers(self, now_ns: int) -> dict[str, str]:
        """Return the signed headers of the connection; none without a key."""
        return self._credentials.http_headers("GET", PATH, now_ns) if self._credentials else {}

    def subscribe(self) -> list[bytes]:
        """Return the commands that subscribe every market, which then waits for its snapshot."""
        for market in self._markets.values():
            market.is_waiting = True
            market.sid = 0
        return self._subscriptions.subscribe_all()

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the requests for fresh snapshots; without an open book stream, subscriptions to these markets."""
        return self._continuity.resync(instruments)

    def waiting(self) -> list[Instrument]:
        """Return the markets whose snapshot is still to come."""
        return [market.instrument for market in self._markets.values() if market.is_waiting]

    def decode(self, frame: bytes) -> MarketEvent:
        """Return the event of one frame. A level in order is decoded here, everything else below."""
        try:
            message = read_message(frame)
        except (ValueError, RecursionError) as error:
            return self._unlisted(frame, error)
        if type(message) is not Delta:
            return self._rare(message)
        level = message.msg
        event = self._level
        try:
            market = self._markets[level.market_ticker]
            stream = self._streams[message.sid]
            if level.side == "yes":
                event.side = BID
                event.price = market.bids[level.price_dollars]
            else:
                event.side = ASK
                event.price = market.asks[level.price_dollars]
            event.size = parse_decimal(level.delta_fp, market.size_decimals)
        except (KeyError, DecodeError):
            return self._unusual(message)
        seq = message.seq
        if (seq != stream.next_seq and self._checks_sequence) or market.is_waiting:
            return self._unusual(message)
        stream.next_seq = seq + 1
        event.sid = message.sid
        event.seq = seq
        event.instrument = market.instrument
        event.venue_time_ns = level.ts_ms * _NS_PER_MS
        return event

    # A frame is read whole before its number counts: one that cannot be read is one that never came.

    def _unusual(self, message: Delta) -> MarketEvent:
        """Decode a level with every case that `decode` leaves out."""
        level = message.msg
        market = self._markets.get(level.market_ticker)
        if market is None:
            return self._unknown_market(message.sid, message.seq, BOOK, level.market_ticker)
        side = BID if level.side == "yes" else ASK
        try:
            price = market.price(side, level.price_dollars)
            size = parse_decimal(level.delta_fp, market.size_decimals)
        except DecodeError as error:
            raise self._malformed(level.market_ticker, error) from None
        if self._continuity.follow(message.sid, message.seq, BOOK) != IN_ORDER:
            return self._continuity.finish()
        if market.is_waiting:
            self.counts.waiting += 1
            return self._event
        if not price:
            return self._off_grid(market, f"price_dollars {level.price_dollars!r}")
        event = self._level
        event.sid, event.seq = message.sid, message.seq
        event.instrument = market.instrument
        event.side, event.price, event.size = side, price, size
        event.venue_time_ns = level.ts_ms * _NS_PER_MS
        return event

    def _rare(self, message: Message) -> MarketEvent:
        """Decode everything but a level."""
        if type(message) is Trade:
            return self._trade(message)
        if type(message) is Snapshot:
            return self._snapshot(message)
        if type(message) is Error:
            return self._error(message)
        self._continuity.follow(message.sid, message.seq)
        if type(message) is Subscribed:
            self._subscriptions.open(message.msg.sid, message.msg.channel)
        elif type(message) is Ok:
            self._subscriptions.answered(message.id)
        return self._continuity.finish()

    def _trade(self, message: Trade) -> MarketEvent:
        trade = message.msg
        market = self._markets.get(trade.market_ticker)
        if market is None:
            return self._unknown_market(message.sid, message.seq, TRADES, trade.market_ticker)
        taker = trade.taker_outcome_side or trade.taker_side
        try:
            if taker is None:
                raise DecodeError("a trade without its taker's side")
            price = market.instrument.parse_price(trade.yes_price_dollars)
            size = market.instrument.parse_size(trade.count_fp)
        except DecodeError as error:
            raise self._malformed(trade.market_ticker, error) from None
        event = self._event
        if self._continuity.follow(message.sid, message.seq, TRADES) != DUPLICATE:
            self.counts.trades += 1
            event.kind = EventKind.TRADE
            event.instrument = market.instrument
            event.side = fix.BUY if taker == "yes" else fix.SELL
            event.price, event.size = price, size
            event.venue_time_ns = trade.ts_ms * _NS_PER_MS
        return self._continuity.finish()

    def _snapshot(self, message: Snapshot) -> MarketEvent:
        ladders = message.msg
        market = self._markets.get(ladders.market_ticker)
        if market is None:
            return self._unknown_market(message.sid, message.seq, BOOK, ladders.market_ticker)
        try:
            if ladders.is_legacy:
                raise DecodeError("levels in the integer form that ended on 2026-03-12")
            bids = market.levels(BID, ladders.yes_dollars_fp or [])
            asks = market.levels(ASK, ladders.no_dollars_fp or [])
        except DecodeError as error:
            raise self._malformed(ladders.market_ticker, error) from None
        self._subscriptions.answered(message.id)
        event = self._event
        if self._continuity.follow(message.sid, message.seq, BOOK) == DUPLICATE:
            return event
        market.sid = message.sid
        event.suspects = tuple(each for each in event.suspects if each is not market.instrument)
        if not all(price for price, _ in bids + asks):
            return self._off_grid(market, "a snapshot")
        market.is_waiting = False
        self.counts.snapshots += 1
        event.kind = EventKind.SNAPSHOT
        event.instrument = market.instrument
        event.bids, event.asks = bids, asks
        return self._continuity.finish()

    def _error(self, message: Error) -> MarketEvent:
        """Report the venue's complaint; a subscription that it ended is opened again if it ever delivered."""
        self.counts.refused += 1
        text = self._subscriptions.explain(message)
        stream = self._streams.get(message.sid)
        has_delivered = stream is not None and stream.next_seq is not None
        self._continuity.follow(message.sid, message.seq)
        event = self._event
        event.kind = EventKind.REFUSED
        event.text = text
        if stream is not None and message.msg.code in frames.ENDS_SUBSCRIPTION:
            self._continuity.suspect(stream.sid)
            del self._streams[stream.sid]
            for market in self._markets.values():
                market.sid = 0 if market.sid == stream.sid else market.sid
            if has_delivered:
                event.commands = self._subscriptions.resubscribe(stream)
        return self._continuity.finish()

    def _unlisted(self, frame: bytes, error: Exception) -> MarketEvent:
        """Count a message of a type that is not listed; raise for anything else that did not decode."""
        try:
            envelope = frames.read_envelope(frame)
        except (ValueError, RecursionError):
            envelope = None
        if envelope is None or envelope.type in frames.LISTED:
            raise self._malformed(repr(bytes(frame[:_EXCERPT])), error) from None
        if self._continuity.follow(envelope.sid, envelope.seq) != DUPLICATE:
            self.counts.unknown_types += 1
            self._event.kind = EventKind.UNKNOWN
            self._event.text = f"message type unknown: {envelope.type!r}"
        return self._continuity.finish()

    def _unknown_market(self, sid: int, seq: int, channel: str, symbol: str) -> MarketEvent:
        if self._continuity.follow(sid, seq, channel) != DUPLICATE:
            self.counts.unknown_markets += 1
            self._event.kind = EventKind.UNKNOWN
            self._event.text = f"market_ticker unknown: {symbol!r}"
        return self._continuity.finish()

    def _off_grid(self, market: ListedMarket, what: str) -> MarketEvent:
        """Give up a book that cannot hold what the venue sent: asked for again at leisure, never in a loop."""
        event = self._continuity.finish()
        market.is_waiting = True
        self.counts.off_grid += 1
        event.kind = EventKind.UNKNOWN
        event.suspects = (*event.suspects, market.instrument)
        event.text = f"{market.instrument.symbol}: {what} is off the price grid"
        return event

    def _malformed(self, subject: str, error: Exception) -> DecodeError:
        self.counts.malformed += 1
        return DecodeError(f"market data unreadable: {subject}: {error}")
