"""Kalshi's market data over FIX, KalshiMD: an alternative to the WebSocket, where a level comes with its whole size.

Units   prices and sizes as in `instrument`; prices are YES prices in dollars on both sides.
Shapes  one message holds many events: `decode` yields them, each valid until the next.
Errors  DecodeError for a message that cannot be read; the levels before what is wrong in it have been yielded.
Cost    some microseconds a level: the WebSocket is the fast way.
Source  Kalshi FIX: market data (V, W, X, Y, e, f). There is no request id and nothing is resent: what is lost is lost
        with its session, and a new one begins with whole books.
"""

from collections.abc import Iterable, Iterator, Sequence

from engine import fix
from engine._decimal import parse_decimal
from engine.book import ASK, BID
from engine.codec import Fields
from engine.errors import DecodeError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketDataCounts, MarketEvent, MarketState
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import Entry, entries, message, moment_ns, needed, time_ns
from engine.venue.kalshi.fix.tags import KalshiMsg

MOST_SUBSCRIPTIONS = 100_000  # active ones of a session

_SNAPSHOT, _UPDATES, _NO_MORE = "0", "1", "2"  # SubscriptionRequestType(263)
_SIDES = {"0": BID, "1": ASK}  # MDEntryType(269)
_TRADE = "2"
_DELETE = "2"  # MDUpdateAction(279)
_STATES = {
    "2": MarketState.PAUSED,
    "3": MarketState.ACTIVE,
    "100": MarketState.DETERMINED,
    "101": MarketState.SETTLED,
}
_REFUSALS = {"2": "limit of symbols", "4": "unknown SubscriptionRequestType(263)"}  # MDReqRejReason(281)
_LEVEL = frozenset({tags.MDEntryType, tags.MDEntryPx, tags.MDEntrySize, tags.MDEntryDate, tags.MDEntryTime})
_CHANGE = frozenset({
    tags.MDUpdateAction, fix.Symbol, *_LEVEL, fix.ClOrdID, tags.AllocAccount, tags.TrdType, tags.TradeID,
    tags.AggressorSide,
})  # fmt: skip


class KalshiFixMarketData:
    """Messages of KalshiMD to events, and the requests that a new session begins with.

    Levels of a market are left out until its snapshot is here. `own_cl_ord_id` is ClOrdID(11) of the entry that the
    last event was made of, where one of our orders caused it, and `trade_id` TradeID(1003) of a trade.
    """

    def __init__(self, instruments: Iterable[Instrument], *, chunk: int = 500) -> None:
        self.counts = MarketDataCounts()
        self.own_cl_ord_id = ""
        self.trade_id = ""
        self._instruments = {each.symbol: each for each in instruments}
        if len(self._instruments) > MOST_SUBSCRIPTIONS:
            raise ValueError(f"{len(self._instruments)} markets: a session takes {MOST_SUBSCRIPTIONS}")
        self._waiting = dict.fromkeys(self._instruments)
        self._chunk = chunk
        self._event = MarketEvent()

    def subscribe(self) -> list[bytes]:
        """Return the requests of a new session: books with updates, and the state of each market."""
        self._waiting = dict.fromkeys(self._instruments)
        return [*self._books(_UPDATES, list(self._instruments)), *self._states(self._instruments)]

    def add(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the requests for more markets."""
        more = {each.symbol: each for each in instruments if each.symbol not in self._instruments}
        if len(self._instruments) + len(more) > MOST_SUBSCRIPTIONS:
            raise ValueError(f"{len(more)} more markets: a session takes {MOST_SUBSCRIPTIONS}")
        self._instruments |= more
        self._waiting |= dict.fromkeys(more)
        return [*self._books(_UPDATES, list(more)), *self._states(more)]

    def remove(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the requests that end the subscriptions of markets."""
        gone = [each.symbol for each in instruments if self._instruments.pop(each.symbol, None) is not None]
        for symbol in gone:
            self._waiting.pop(symbol, None)
        ended = [_status_request(symbol, _NO_MORE) for symbol in gone]
        return [*self._books(_NO_MORE, gone), *ended]

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Ask for whole books of these markets, whose levels are ignored until then."""
        symbols = [each.symbol for each in instruments if each.symbol in self._instruments]
        self._waiting |= dict.fromkeys(symbols)
        return self._books(_SNAPSHOT, symbols)

    def waiting(self) -> list[Instrument]:
        """Return the markets whose snapshot is still to come."""
        return [self._instruments[symbol] for symbol in self._waiting]

    def decode(self, fields: Fields) -> Iterator[MarketEvent]:
        """Yield the events of a message; none for one that is not of market data."""
        msg_type = fields.msg_type
        if msg_type == KalshiMsg.MARKET_DATA_INCREMENT:
            for entry in entries(fields, tags.NoMDEntries, _CHANGE):
                yield self._changed(dict(entry), fields)
        elif msg_type == KalshiMsg.MARKET_DATA_SNAPSHOT:
            yield self._whole_book(fields)
        elif msg_type == KalshiMsg.SECURITY_STATUS:
            yield self._state(fields)
        elif msg_type == KalshiMsg.MARKET_DATA_REJECT:
            yield self._refused(fields)

    def _books(self, kind: str, symbols: Sequence[str]) -> list[bytes]:
        chunks = [symbols[i : i + self._chunk] for i in range(0, len(symbols), self._chunk)]
        return [_data_request(kind, each) for each in chunks]

    def _states(self, symbols: Iterable[str]) -> list[bytes]:
        return [_status_request(symbol, _UPDATES) for symbol in symbols]

    def _begin(self, kind: int, symbol: str, at_ns: int) -> MarketEvent:
        """Return the event, about a market; of a market that was not asked for it is UNKNOWN."""
        event = self._event
        event.clear(kind)
        event.venue_time_ns = at_ns
        self.own_cl_ord_id = self.trade_id = ""
        instrument = self._instruments.get(symbol)
        if instrument is None:
            self.counts.unknown_markets += 1
            event.kind = EventKind.UNKNOWN
            event.text = symbol
            event.tell(NoticeKind.MARKET_UNKNOWN, symbol)
        else:
            event.instrument = instrument
        return event

    def _changed(self, entry: dict[int, str], fields: Fields) -> MarketEvent:
        """Return one level, or one trade."""
        symbol, kind = entry.get(fix.Symbol, ""), entry.get(tags.MDEntryType, "")
        at_ns = _time_of(entry) or time_ns(fields)
        if kind == _TRADE:
            return self._traded(self._begin(EventKind.TRADE, symbol, at_ns), entry)
        event = self._begin(EventKind.LEVEL, symbol, at_ns)
        if event.kind == EventKind.UNKNOWN:
            return event
        if kind not in _SIDES:
            return self._unlisted(event, f"MDEntryType(269) {kind!r}")
        if symbol in self._waiting:
            self.counts.waiting += 1
            event.kind = EventKind.CONTROL
            return event
        self.own_cl_ord_id = entry.get(fix.ClOrdID, "")
        is_gone = entry.get(tags.MDUpdateAction) == _DELETE
        event.side, event.price = _SIDES[kind], _price(event.instrument, entry)
        event.size = 0 if is_gone else _size(event.instrument, entry)
        return event if event.instrument.is_valid_price(event.price) else self._off_grid(event, entry)

    def _traded(self, event: MarketEvent, entry: dict[int, str]) -> MarketEvent:
        if event.kind == EventKind.UNKNOWN:
            return event
        self.counts.trades += 1
        event.side = {"1": BID, "2": ASK}.get(entry.get(tags.AggressorSide, ""), 0)
        event.price, event.size = _price(event.instrument, entry), _size(event.instrument, entry)
        event.is_block = entry.get(tags.TrdType) == "1"
        self.counts.blocks += event.is_block
        self.trade_id = entry.get(tags.TradeID, "")
        return event

    def _whole_book(self, fields: Fields) -> MarketEvent:
        symbol = needed(fields, fix.Symbol)
        event = self._begin(EventKind.SNAPSHOT, symbol, time_ns(fields))
        if event.kind == EventKind.UNKNOWN:
            return event
        levels = entries(fields, tags.NoMDEntries, _LEVEL)
        event.bids, event.asks = self._side(event, levels, "0"), self._side(event, levels, "1")
        if levels:
            event.venue_time_ns = _time_of(dict(levels[0])) or event.venue_time_ns
        self._waiting.pop(symbol, None)
        self.counts.snapshots += 1
        return event

    def _side(self, event: MarketEvent, levels: list[Entry], kind: str) -> list[tuple[int, int]]:
        """Return one side; a price that the market does not have is told and left out, the later of two holds."""
        sizes: dict[int, int] = {}
        for entry in map(dict, levels):
            if entry.get(tags.MDEntryType) != kind:
                continue
            price, size = _price(event.instrument, entry), _size(event.instrument, entry)
            if not event.instrument.is_valid_price(price):
                self._tell_off_grid(event, entry)
                continue
            self.counts.doubled += price in sizes
            sizes[price] = size
        return [(price, size) for price, size in sizes.items() if size]

    def _state(self, fields: Fields) -> MarketEvent:
        symbol, code = needed(fields, fix.Symbol), needed(fields, tags.SecurityTradingStatus)
        event = self._begin(EventKind.STATE, symbol, time_ns(fields))
        if event.kind == EventKind.UNKNOWN:
            return event
        if code not in _STATES:
            return self._unlisted(event, f"SecurityTradingStatus(326) {code!r}")
        self.counts.states += 1
        event.state, event.price = _STATES[code], -1  # what it pays is not said here
        event.text = fields.remark() or f"SecurityTradingStatus(326) {code}"
        return event

    def _refused(self, fields: Fields) -> MarketEvent:
        event = self._event
        event.clear(EventKind.REFUSED)
        code = fields.text(tags.MDReqRejReason)
        words = ": ".join(filter(None, (_REFUSALS.get(code, f"MDReqRejReason(281) {code}"), fields.remark())))
        self.counts.refused += 1
        event.text = words
        event.tell(NoticeKind.SUBSCRIPTION_REFUSED, words)
        return event

    def _unlisted(self, event: MarketEvent, text: str) -> MarketEvent:
        self.counts.unknown_types += 1
        event.kind = EventKind.UNKNOWN
        event.text = f"{event.instrument.symbol}: {text}"
        event.tell(NoticeKind.MESSAGE_UNKNOWN, event.text)
        return event

    def _off_grid(self, event: MarketEvent, entry: dict[int, str]) -> MarketEvent:
        event.kind = EventKind.UNKNOWN
        self._tell_off_grid(event, entry)
        return event

    def _tell_off_grid(self, event: MarketEvent, entry: dict[int, str]) -> None:
        self.counts.off_grid += 1
        event.text = f"{event.instrument.symbol}: no price {entry.get(tags.MDEntryPx, '')!r}"
        event.tell(NoticeKind.LEVEL_OFF_GRID, event.text)


def _price(instrument: Instrument, entry: dict[int, str]) -> int:
    return _number(instrument, entry, tags.MDEntryPx, instrument.price_decimals)


def _size(instrument: Instrument, entry: dict[int, str]) -> int:
    size = _number(instrument, entry, tags.MDEntrySize, instrument.size_decimals)
    if size < 0:
        raise DecodeError(f"{instrument.symbol}: MDEntrySize(271) {size} is below zero")
    return size


def _number(instrument: Instrument, entry: dict[int, str], tag: int, decimals: int) -> int:
    try:
        return parse_decimal(entry.get(tag, ""), decimals)
    except DecodeError as error:
        raise DecodeError(f"{instrument.symbol}: tag {tag}: {error}") from None


def _time_of(entry: dict[int, str]) -> int:
    try:
        return moment_ns(entry.get(tags.MDEntryDate, ""), entry.get(tags.MDEntryTime, ""))
    except DecodeError:  # it decides nothing
        return 0


def _data_request(kind: str, symbols: Sequence[str]) -> bytes:
    listed = [(fix.Symbol, symbol) for symbol in symbols]
    return message(
        KalshiMsg.MARKET_DATA_REQUEST,
        [(tags.SubscriptionRequestType, kind), (tags.NoRelatedSym, len(symbols)), *listed],
    )


def _status_request(symbol: str, kind: str) -> bytes:
    fields = [(fix.Symbol, symbol), (tags.SubscriptionRequestType, kind)]
    return message(KalshiMsg.SECURITY_STATUS_REQUEST, fields)
