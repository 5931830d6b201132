"""Every Kalshi frame but a level: snapshots, trades, stages of a market's life, news, what is unknown.

Units, shapes, errors as in `market_data`, whose second event this fills.
Source  Kalshi WebSocket: order book, trade, market lifecycle, private channels, ticker.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

import msgspec

from engine import fix
from engine.book import ASK, BID
from engine.errors import ConfigError, DecodeError, EncodingError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketDataCounts, MarketEvent
from engine.venue.account import VenueOrder
from engine.venue.kalshi import frames
from engine.venue.kalshi.channels.listings import Listings
from engine.venue.kalshi.channels.messages import EventLifecycle, FeeOverride, FeeUpdate, NewsMessage, Ticker
from engine.venue.kalshi.channels.news import ANY_MARKET, READERS, is_elsewhere, multiplier_text, symbol_of
from engine.venue.kalshi.continuity import Continuity
from engine.venue.kalshi.frames import ComboStageMessage, Message, Snapshot, Stage, StageMessage, Trade
from engine.venue.kalshi.lifecycle import take_stage
from engine.venue.kalshi.market import ListedMarket
from engine.venue.kalshi.repairs import Repairs
from engine.venue.kalshi.replies import Replies, Reply
from engine.venue.kalshi.subscriptions import BOOK, LIFECYCLE, TRADES, Subscriptions
from engine.venue.reference import EventListing
from engine.venue.sequence import DUPLICATE

Levels: TypeAlias = list[tuple[int, int]]
NAMELESS = READERS.keys() - {Ticker, EventLifecycle}  # types whose message says nothing without an id

_NS_PER_MS = 1_000_000
_NS = 1_000_000_000
_NAMED = 5  # markets or prices that a text names


class RareFrames:
    """What `KalshiMarketData.decode` does not decode itself; `event` is the event of every frame but a level."""

    __slots__ = (
        "_continuity", "_counts", "_event", "_listings", "_markets", "_repairs", "_replies", "_subaccount",
        "_subscriptions", "on_answer",
    )  # fmt: skip

    def __init__(
        self,
        event: MarketEvent,
        markets: Mapping[str, ListedMarket],
        subscriptions: Subscriptions,
        repairs: Repairs,
        continuity: Continuity,
        counts: MarketDataCounts,
        subaccount: int,
    ) -> None:
        self._event = event
        self._markets = markets
        self._subscriptions = subscriptions
        self._repairs = repairs
        self._continuity = continuity
        self._counts = counts
        self._subaccount = subaccount
        self._listings = Listings()
        self.on_answer: Callable[[int, bytes], object] | None = None
        self._replies = Replies(event, markets, subscriptions, repairs, continuity, counts)

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
        if type(message) is StageMessage or type(message) is ComboStageMessage:
            return self._lifecycle(message)
        if type(message) in READERS:
            return self._news(cast(NewsMessage, message))
        reply = cast(Reply, message)
        if self.on_answer is not None:
            self.on_answer(reply.id, msgspec.json.encode(reply))
        return self._replies.take(reply)

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
            event.trade_id = trade.trade_id
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
        if market.is_new and bids.levels and asks.levels:
            self._check_scale(market, bids.levels, asks.levels)
        self._tell_odd_levels(market, bids.off_grid + asks.off_grid, bids.doubled + asks.doubled)
        return self._continuity.finish()

    def _check_scale(self, market: ListedMarket, bids: Levels, asks: Levels) -> None:
        """Tell of a book that is crossed from the first: a venue has none, so the scale of its NO side is suspect."""
        market.is_new = False
        bid, ask = max(bids)[0], min(asks)[0]
        if bid < ask:
            return
        self._counts.crossed += 1
        instrument = market.instrument
        text = f"{instrument.symbol}: crossed from the first: bid {instrument.format_price(bid)}"
        text += f", ask {instrument.format_price(ask)}"
        if bid < instrument.limit - max(asks)[0]:
            text += "; it would not be on the other price scale: use_yes_price is wrong, or not obeyed"
        self._event.tell(NoticeKind.BOOK_CROSSED, text)

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

    def _lifecycle(self, message: StageMessage | ComboStageMessage) -> MarketEvent:
        """Say what happened to a market of ours; all others come along, for the channel has no filter."""
        stage = message.msg
        event = self._event
        if self._continuity.follow(message.sid, message.seq, LIFECYCLE) == DUPLICATE:
            return event
        market = self._markets.get(stage.market_ticker)
        if market is None:
            return self._stranger(stage, message.sending_ts_ms * _NS_PER_MS)
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

    def _stranger(self, stage: Stage, now_ns: int) -> MarketEvent:
        """Say what happened to a market that is not ours, which may become one."""
        try:
            self._event.news = self._listings.read(stage, now_ns)
        except (DecodeError, ConfigError) as error:
            raise self.malformed(stage.market_ticker, error) from None
        return self._continuity.finish()

    def _news(self, message: NewsMessage) -> MarketEvent:
        """Say what a channel beside books and trades tells: of our account, of markets in short, of events."""
        market = self._markets.get(symbol_of(message))
        subject = market.instrument if market is not None else ANY_MARKET
        try:
            news = READERS[type(message)](message.msg, subject)
        except DecodeError as error:
            raise self.malformed(f"{type(message).__name__} {symbol_of(message)}".rstrip(), error) from None
        event = self._event
        if self._continuity.follow(message.sid, message.seq) == DUPLICATE:
            return event
        if is_elsewhere(message, self._subaccount):
            self._counts.elsewhere += 1
            return self._continuity.finish()
        event.news = news
        if market is not None:
            event.instrument = market.instrument
        if isinstance(news, VenueOrder) and news.status == fix.Status.UNKNOWN:
            self._tell_unknown(f"user_order {news.order_id}: status {news.reason!r}")
        elif isinstance(news, EventListing):
            self._listings.learn(news)
        elif isinstance(message, FeeUpdate):
            self._tell_fee(message.msg)
        elif news is None and type(message) in NAMELESS:
            self._tell_unknown(f"{type(message).__name__} without the id of what it is about")
        return self._continuity.finish()

    def _tell_fee(self, update: FeeOverride) -> None:
        if any(market.instrument.event == update.event_ticker for market in self._markets.values()):
            kind, multiplier = update.fee_type_override or "usual", multiplier_text(update) or "usual"
            text = f"{update.event_ticker}: fee type {kind}, multiplier {multiplier}"
            self._event.tell(NoticeKind.FEE_CHANGED, text)

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
        """Count a frame about a market that is not ours; one that was until just now costs nothing."""
        event = self._event
        if self._continuity.follow(sid, seq, channel) != DUPLICATE and symbol not in self._subscriptions.departing:
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
