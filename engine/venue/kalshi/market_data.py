"""Kalshi's market data: WebSocket frames to events of the YES book, and the commands that keep its streams whole.

Units   prices and sizes as in `instrument`; a NO bid at q is the YES ask at 1 - q.
Shapes  levels use one event object, everything else another; only a snapshot makes lists.
Errors  DecodeError for a frame that cannot be read. Its number does not count, so the next of its stream is a gap.
Cost    0.6 us for an orderbook_delta, of which msgspec 0.3.
Thread  the loop thread only.
Source  Kalshi WebSocket: subscribe, order book, trade, sequence numbers, errors.
"""

from collections.abc import Callable, Iterable

from engine._decimal import parse_decimal
from engine.book import ASK, BID
from engine.errors import DecodeError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketDataCounts, MarketEvent
from engine.venue.kalshi import frames, lenient, repairs
from engine.venue.kalshi.continuity import Continuity
from engine.venue.kalshi.frames import Delta, read_message
from engine.venue.kalshi.market import ListedMarket
from engine.venue.kalshi.rare import RareFrames
from engine.venue.kalshi.repairs import Repairs
from engine.venue.kalshi.signing import SigningKey
from engine.venue.kalshi.subscriptions import BOOK, COMBO_LIFECYCLE, LIFECYCLE, NOWHERE, TRADES, Subscriptions
from engine.venue.sequence import IN_ORDER

PATH = "/trade-api/ws/v2"
_COMBO = "KXMVE"  # how the symbol of a combination begins
_NS_PER_MS = 1_000_000
_EXCERPT = 120  # bytes of an unreadable frame that its error shows


class KalshiMarketData:
    """The market-data dialect of Kalshi; levels of a market are ignored until its snapshot is here.

    `use_yes_price` asks for, and reads, NO prices on the YES scale. `check_sequence=False` is for recordings that
    were filtered to some markets of a stream. `channels` may name any of the venue's; those of an account or of the
    whole venue need no markets. `lifecycle` subscribes to the states of all markets of the venue. News of another
    `subaccount` is counted and left out.
    """

    __slots__ = (
        "_checks_sequence",
        "_continuity",
        "_credentials",
        "_event",
        "_follows_lives",
        "_level",
        "_markets",
        "_rare",
        "_repairs",
        "_subscriptions",
        "_use_yes_price",
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
        lifecycle: bool = False,
        patience_ns: int = repairs.PATIENCE_NS,
        subaccount: int = 0,
    ) -> None:
        self.counts = MarketDataCounts()
        self._credentials = credentials
        self._use_yes_price = use_yes_price
        self._markets = {each.symbol: ListedMarket(each, use_yes_price) for each in instruments}
        self._subscriptions = Subscriptions(channels, use_yes_price, chunk)
        self._repairs = Repairs(self._markets, self._subscriptions, patience_ns)
        self._checks_sequence = check_sequence
        self._follows_lives = lifecycle
        self._follow_lives(self._markets)
        self._level = MarketEvent(EventKind.DELTA)
        self._event = MarketEvent()
        self._continuity = Continuity(
            self._event, self._markets, self._subscriptions, self._repairs, self.counts, check_sequence
        )
        self._rare = RareFrames(
            self._event, self._markets, self._subscriptions, self._repairs, self._continuity, self.counts, subaccount
        )

    @property
    def on_answer(self) -> Callable[[int, bytes], object] | None:
        """What takes the id of each command that is answered, and the answer."""
        return self._rare.on_answer

    @on_answer.setter
    def on_answer(self, take: Callable[[int, bytes], object] | None) -> None:
        """Have answers go there."""
        self._rare.on_answer = take

    @property
    def fault(self) -> str:
        """Why nothing but a new connection helps, "" while this one may."""
        return self._repairs.fault or self._subscriptions.fault

    def handshake_headers(self, now_ns: int) -> dict[str, str]:
        """Return the signed headers of the connection; none without a key."""
        return self._credentials.http_headers("GET", PATH, now_ns) if self._credentials else {}

    def subscribe(self) -> list[bytes]:
        """Return the commands that subscribe every market, which then waits for its snapshot.

        A market that the venue refused before stands alone, so that it costs the others nothing.
        """
        self._subscriptions.begin()
        self._repairs.begin()
        refused = {symbol for symbol, market in self._markets.items() if market.is_refused}
        for market in self._markets.values():
            market.is_waiting = market.is_new = True
            market.is_refused = False
            market.stream = NOWHERE
        channels = self._subscriptions.channels
        commands = self._subscriptions.subscribe(channels, [each for each in self._markets if each not in refused])
        for symbol in sorted(refused):
            commands += self._subscriptions.subscribe(channels, [symbol])
        for channel in self._subscriptions.whole:
            commands += self._subscriptions.subscribe_whole(channel)
        return commands

    def add(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Take markets in while connected; return the commands that subscribe them. One that is here stays as it is."""
        fresh = [each for each in instruments if each.symbol not in self._markets]
        for instrument in fresh:
            self._markets[instrument.symbol] = ListedMarket(instrument, self._use_yes_price)
        symbols = [each.symbol for each in fresh]
        channels = self._follow_lives(symbols)
        if not self._subscriptions.has_begun:
            return []  # `subscribe` names them
        commands = self._subscriptions.join(symbols)
        for channel in channels:
            commands += self._subscriptions.subscribe_whole(channel)
        return commands

    def remove(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Forget markets; return the commands that end their frames. What still comes of them costs nothing."""
        symbols = []
        for instrument in instruments:
            market = self._markets.get(instrument.symbol)
            if market is not None and market.instrument is instrument:
                del self._markets[instrument.symbol]
                self._repairs.forget(instrument.symbol)
                symbols.append(instrument.symbol)
        return self._subscriptions.leave(symbols)

    def unsubscribe(self, channel: str) -> list[bytes]:
        """Give a channel up for good; return the command that ends it."""
        return self._subscriptions.unsubscribe(channel)

    def list_subscriptions(self) -> list[bytes]:
        """Return the command that asks what is subscribed; what the venue has lost is then subscribed anew."""
        return self._subscriptions.list_subscriptions()

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the requests for fresh snapshots; of markets that no stream carries, subscriptions."""
        return self._continuity.resync(instruments)

    def due(self, now_ns: int) -> list[bytes]:
        """Return what is overdue, or is asked for again after a refusal."""
        return self._repairs.due(now_ns)

    def waiting(self) -> list[Instrument]:
        """Return the markets whose snapshot is still to come; one that the venue refused gets none."""
        if BOOK not in self._subscriptions.channels:
            return []
        return [each.instrument for each in self._markets.values() if each.is_waiting and not each.is_refused]

    def decode(self, frame: bytes) -> MarketEvent:
        """Return the event of one frame. A level in order is decoded here, everything else below."""
        try:
            message = read_message(frame)
        except (ValueError, RecursionError) as error:
            return self._misfit(frame, error)
        if type(message) is not Delta:
            return self._rare.take(message)
        level = message.msg
        event = self._level
        try:
            market = self._markets[level.market_ticker]
            if level.side == "yes":
                event.side = BID
                event.price = market.bids[level.price_dollars]
            else:
                event.side = ASK
                event.price = market.asks[level.price_dollars]
            event.size = parse_decimal(level.delta_fp, market.size_decimals)
        except (KeyError, DecodeError):
            return self._unusual(message, frame)
        seq = message.seq
        stream = market.stream
        if stream.sid != message.sid or (seq != stream.next_seq and self._checks_sequence) or market.is_waiting:
            return self._unusual(message, frame)
        stream.next_seq = seq + 1
        event.sid = message.sid
        event.seq = seq
        event.instrument = market.instrument
        event.cl_ord_id = level.client_order_id
        sent_ms = message.sending_ts_ms or level.ts_ms
        event.venue_time_ns = sent_ms * _NS_PER_MS if sent_ms else lenient.old_time_ns(frame)
        return event

    # A frame is read whole before its number counts: one that cannot be read is one that never came.

    def _unusual(self, message: Delta, frame: bytes) -> MarketEvent:
        """Decode a level with every case that `decode` leaves out."""
        level = message.msg
        market = self._markets.get(level.market_ticker)
        if market is None:
            event = self._rare.unknown_market(message.sid, message.seq, BOOK, level.market_ticker)
            event.venue_time_ns = _sent_ns(message, frame)
            return event
        side = BID if level.side == "yes" else ASK
        try:
            price = market.price(side, level.price_dollars)
            size = parse_decimal(level.delta_fp, market.size_decimals)
        except DecodeError as error:
            raise self._rare.malformed(level.market_ticker, error) from None
        outcome = self._continuity.follow(message.sid, message.seq, BOOK)
        self._event.venue_time_ns = _sent_ns(message, frame)
        if outcome != IN_ORDER:
            return self._continuity.finish()
        if not self._is_welcome(market, message.sid):
            return self._event
        if not price:
            self._event.kind = EventKind.UNKNOWN
            self._rare.tell_off_grid(market, [level.price_dollars])
            return self._event
        event = self._level
        event.sid, event.seq = message.sid, message.seq
        event.instrument = market.instrument
        event.side, event.price, event.size = side, price, size
        event.cl_ord_id = level.client_order_id
        event.venue_time_ns = self._event.venue_time_ns
        return event

    def _is_welcome(self, market: ListedMarket, sid: int) -> bool:
        """Whether a level of stream `sid` belongs to the book as it is; what does not is counted, a stray one told."""
        if market.is_waiting:
            self.counts.waiting += 1
            return False
        if market.stream.sid == sid:
            return True
        self.counts.strays += 1
        text = f"{market.instrument.symbol}: a level on stream {sid}, its book is on {market.stream.sid}"
        self._event.tell(NoticeKind.LEVEL_STRAY, text)
        return False

    def _follow_lives(self, symbols: Iterable[str]) -> list[str]:
        """Note the channels that tell of the lives of these markets; return those that were not noted before."""
        wanted = _lifecycle_channels(symbols) if self._follows_lives else []
        fresh = [channel for channel in wanted if channel not in self._subscriptions.whole]
        self._subscriptions.whole += fresh
        return fresh

    def _misfit(self, frame: bytes, error: Exception) -> MarketEvent:
        """Read a frame without what it does not need, or count its unknown type; raise if neither is possible."""
        try:
            message = lenient.read_leniently(frame)
        except (ValueError, RecursionError):
            return self._unlisted(frame, error)
        return self._unusual(message, frame) if type(message) is Delta else self._rare.take(message)

    def _unlisted(self, frame: bytes, error: Exception) -> MarketEvent:
        try:
            envelope = lenient.read_envelope(frame)
        except (ValueError, RecursionError):
            envelope = None
        if envelope is None or envelope.type in frames.LISTED:
            raise self._rare.malformed(repr(bytes(frame[:_EXCERPT])), error) from None
        return self._rare.unlisted(envelope)


def _sent_ns(message: Delta, frame: bytes) -> int:
    """Return when the venue sent a level, or else when it changed; 0 if it does not say."""
    sent_ms = message.sending_ts_ms or message.msg.ts_ms
    return sent_ms * _NS_PER_MS if sent_ms else lenient.old_time_ns(frame)


def _lifecycle_channels(symbols: Iterable[str]) -> list[str]:
    """Return the channels that tell of the life of these markets: combinations have one of their own."""
    are_combos = {symbol.startswith(_COMBO) for symbol in symbols} or {False}
    return [channel for channel, is_combo in ((LIFECYCLE, False), (COMBO_LIFECYCLE, True)) if is_combo in are_combos]
