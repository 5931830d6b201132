"""Every Kalshi frame but a level: snapshots, trades, stages of a market's life, replies, refusals, what is unknown.

Units, shapes, errors as in `market_data`, whose second event this fills.
Source  Kalshi WebSocket: replies and envelope, order book, trade, market lifecycle, errors.
"""

from collections.abc import Mapping, Sequence

from engine import fix
from engine.book import ASK, BID
from engine.errors import ConfigError, DecodeError, EncodingError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketDataCounts, MarketEvent
from engine.venue.kalshi import frames
from engine.venue.kalshi.continuity import Continuity
from engine.venue.kalshi.frames import (
    ComboLifecycle,
    Error,
    FeeOverride,
    FeeUpdate,
    Lifecycle,
    Message,
    Ok,
    Snapshot,
    Subscribed,
    Trade,
)
from engine.venue.kalshi.lifecycle import take_stage
from engine.venue.kalshi.market import ListedMarket
from engine.venue.kalshi.repairs import Repairs
from engine.venue.kalshi.subscriptions import BOOK, LIFECYCLE, NOWHERE, TRADES, Subscriptions
from engine.venue.sequence import DUPLICATE

_NS_PER_MS = 1_000_000
_NS = 1_000_000_000
_NAMED = 5  # markets or prices that a text names


class RareFrames:
    """What `KalshiMarketData.decode` does not decode itself; `event` is the event of every frame but a level."""

    __slots__ = ("_continuity", "_counts", "_event", "_markets", "_repairs", "_subscriptions")

    def __init__(
        self,
        event: MarketEvent,
        markets: Mapping[str, ListedMarket],
        subscriptions: Subscriptions,
        repairs: Repairs,
        continuity: Continuity,
        counts: MarketDataCounts,
    ) -> None:
        self._event = event
        self._markets = markets
        self._subscriptions = subscriptions
        self._repairs = repairs
        self._continuity = continuity
        self._counts = counts

    def take(self, message: Message) -> MarketEvent:
        """Return the event of any message but a level."""
        event = self._decode(message)
        if message.sending_ts_ms:
            event.venue_time_ns = message.sending_ts_ms * _NS_PER_MS
        return event

    def _decode(self, message: Message) -> MarketEvent:
        if type(message) is Trade:
            return self._trade(message)
        if type(message) is Snapshot:
            return self._snapshot(message)
        if type(message) is Error:
            return self._error(message)
        if type(message) is Lifecycle or type(message) is ComboLifecycle:
            return self._lifecycle(message)
        self._continuity.follow(message.sid, message.seq)
        if type(message) is Subscribed:
            self._subscribed(message)
        elif type(message) is Ok:
            self._subscriptions.answered(message.id)
        elif type(message) is FeeUpdate:
            self._tell_fee(message.msg)
        return self._continuity.finish()

    def _subscribed(self, message: Subscribed) -> None:
        """Note the stream of a subscription, and that it carries the books of its markets."""
        channel = message.msg.channel
        stream = self._subscriptions.open(message.msg.sid, channel)
        symbols = self._subscriptions.acknowledged(message.id, channel)
        if channel == BOOK:
            for symbol in symbols:
                self._markets[symbol].stream = stream

    def _trade(self, message: Trade) -> MarketEvent:
        trade = message.msg
        market = self._markets.get(trade.market_ticker)
        if market is None:
            return self.unknown_market(message.sid, message.seq, TRADES, trade.market_ticker)
        is_buying = trade.is_taker_buying
        try:
            if is_buying is None:
                raise DecodeError("a trade without its taker's side")
            price = market.instrument.parse_price(trade.yes_price_dollars)
            size = market.instrument.parse_size(trade.count_fp)
        except DecodeError as error:
            raise self.malformed(trade.market_ticker, error) from None
        event = self._event
        if self._continuity.follow(message.sid, message.seq, TRADES) != DUPLICATE:
            self._counts.trades += 1
            event.kind = EventKind.TRADE
            event.instrument = market.instrument
            event.side = fix.BUY if is_buying else fix.SELL
            event.price, event.size = price, size
            event.is_block = trade.is_block_trade
            event.venue_time_ns = trade.ts_ms * _NS_PER_MS or trade.ts * _NS
            if event.is_block:
                self._tell_block(trade)
        return self._continuity.finish()

    def _tell_block(self, trade: frames.Print) -> None:
        self._counts.blocks += 1
        text = f"{trade.market_ticker}: {trade.count_fp} at {trade.yes_price_dollars}"
        self._event.tell(NoticeKind.BLOCK_TRADE, text)

    def _snapshot(self, message: Snapshot) -> MarketEvent:
        msg = message.msg
        market = self._markets.get(msg.market_ticker)
        if market is None:
            return self.unknown_market(message.sid, message.seq, BOOK, msg.market_ticker)
        try:
            if msg.is_legacy:
                raise DecodeError("levels in the integer form that ended on 2026-03-12")
            bids = market.ladder(BID, msg.yes_dollars_fp or [])
            asks = market.ladder(ASK, msg.no_dollars_fp or [])
        except DecodeError as error:
            raise self.malformed(msg.market_ticker, error) from None
        self._subscriptions.answered(message.id)
        event = self._event
        if self._continuity.follow(message.sid, message.seq, BOOK) == DUPLICATE:
            return event
        market.stream = self._subscriptions.open(message.sid, BOOK)
        event.suspects = tuple(each for each in event.suspects if each is not market.instrument)
        market.is_waiting = market.is_refused = False
        self._counts.snapshots += 1
        event.kind = EventKind.SNAPSHOT
        event.instrument = market.instrument
        event.bids, event.asks = bids.levels, asks.levels
        self._tell_odd_levels(market, bids.off_grid + asks.off_grid, bids.doubled + asks.doubled)
        return self._continuity.finish()

    def _tell_odd_levels(self, market: ListedMarket, off_grid: list[str], doubled: list[str]) -> None:
        if off_grid:
            self.tell_off_grid(market, off_grid)
        if doubled:
            self._counts.doubled += len(doubled)
            text = f"{market.instrument.symbol}: {_some(doubled)} twice in a snapshot: the later size holds"
            self._event.tell(NoticeKind.LEVEL_DOUBLED, text)

    def tell_off_grid(self, market: ListedMarket, prices: list[str]) -> None:
        """Count and tell prices that the book cannot hold: they are left out of it."""
        self._counts.off_grid += len(prices)
        text = f"{market.instrument.symbol}: {_some(prices)} off the price grid: give the market its new price_ranges"
        self._event.tell(NoticeKind.LEVEL_OFF_GRID, text)
        self._event.text = self._event.text or text

    def _lifecycle(self, message: Lifecycle | ComboLifecycle) -> MarketEvent:
        """Say what happened to a market of ours; all others come along, for the channel has no filter."""
        stage = message.msg
        event = self._event
        if self._continuity.follow(message.sid, message.seq, LIFECYCLE) == DUPLICATE:
            return event
        market = self._markets.get(stage.market_ticker)
        if market is None:
            return self._continuity.finish()
        grid = market.grid
        try:
            if not take_stage(event, market, stage, message.sending_ts_ms * _NS_PER_MS):
                self._tell_unknown(f"{stage.market_ticker}: event_type {stage.event_type!r}")
                return self._continuity.finish()
        except (DecodeError, ConfigError) as error:
            raise self.malformed(stage.market_ticker, error) from None
        self._counts.states += 1
        event.tell(NoticeKind.MARKET_STATE, _stage_words(market.instrument, event, stage.result))
        if market.grid is not grid:  # the levels in between are lost
            event.suspects = (*event.suspects, market.instrument)
        if stage.event_type in ("created", "activated"):
            self._repairs.again(market)
        return self._continuity.finish()

    def _tell_fee(self, update: FeeOverride) -> None:
        if any(market.instrument.event == update.event_ticker for market in self._markets.values()):
            kind, multiplier = update.fee_type_override or "usual", update.fee_multiplier_override
            text = f"{update.event_ticker}: fee type {kind}, multiplier {'usual' if multiplier is None else multiplier}"
            self._event.tell(NoticeKind.FEE_CHANGED, text)

    def _error(self, message: Error) -> MarketEvent:
        """Report the venue's complaint, and go round it where there is a way."""
        self._counts.refused += 1
        request = self._subscriptions.refused(message.id)
        text = self._subscriptions.explain(message, request)
        stream = self._subscriptions.streams.get(message.sid)
        has_delivered = stream is not None and stream.next_seq is not None
        self._continuity.follow(message.sid, message.seq)
        event = self._event
        event.kind = EventKind.REFUSED
        event.text = text
        event.tell(NoticeKind.SUBSCRIPTION_REFUSED, text)
        if request is not None:
            event.commands, given_up = self._repairs.refused(request, message.msg.code)
            self._tell_given_up(given_up)
        elif stream is not None and message.msg.code in frames.ENDS_SUBSCRIPTION:
            self._continuity.suspect(stream.sid)
            del self._subscriptions.streams[stream.sid]
            for market in self._markets.values():
                market.stream = NOWHERE if market.stream is stream else market.stream
            event.commands = self._repairs.ended(stream, has_delivered)
            return event
        return self._continuity.finish()

    def _tell_given_up(self, markets: Sequence[ListedMarket]) -> None:
        event = self._event
        event.refused = tuple(market.instrument for market in markets)
        if len(markets) == 1:
            event.instrument = markets[0].instrument

    def unlisted(self, envelope: frames.Envelope) -> MarketEvent:
        """Count a message of a type that is not listed."""
        if self._continuity.follow(envelope.sid, envelope.seq) != DUPLICATE:
            self._tell_unknown(f"message type unknown: {envelope.type!r}")
        event = self._continuity.finish()
        event.venue_time_ns = envelope.sending_ts_ms * _NS_PER_MS
        return event

    def _tell_unknown(self, text: str) -> None:
        self._counts.unknown_types += 1
        self._event.kind = EventKind.UNKNOWN
        self._event.text = text
        self._event.tell(NoticeKind.MESSAGE_UNKNOWN, text)

    def unknown_market(self, sid: int, seq: int, channel: str, symbol: str) -> MarketEvent:
        """Count a frame about a market that is not ours."""
        event = self._event
        if self._continuity.follow(sid, seq, channel) != DUPLICATE:
            self._counts.unknown_markets += 1
            event.kind = EventKind.UNKNOWN
            event.text = f"market_ticker unknown: {symbol!r}"
            event.tell(NoticeKind.MARKET_UNKNOWN, event.text)
        return self._continuity.finish()

    def malformed(self, subject: str, error: Exception) -> DecodeError:
        """Count a frame that cannot be read, and return the error that says so."""
        self._counts.malformed += 1
        kind = EncodingError if isinstance(error, UnicodeDecodeError) else DecodeError
        return kind(f"market data unreadable: {subject}: {error}")


def _stage_words(instrument: Instrument, event: MarketEvent, result: str) -> str:
    """Say a stage for people: the venue's word, its result, and what a contract pays."""
    words = f"{instrument.symbol}: {event.text} {result}".rstrip()
    if event.price >= 0:
        words += f", pays {instrument.format_price(event.price)}"
    return words


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
