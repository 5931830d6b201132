"""Market data over FIX: whole books (W), changes of levels and trades (X), refusals (Y), and the requests for them (V).

Units   prices and sizes as in `instrument`; times in ns since 1970.
Shapes  one message holds many events: `decode` yields them, each valid until the next. A level comes with its whole
        size and is found by its price; where only MDEntryID(278) names it, its market is
        given up.
Errors  DecodeError for a message that cannot be read. An entry that cannot be read costs its own market its book,
        which is asked for anew; the other entries hold.
Cost    about 0.3 us a plain level, see `_entries`; some microseconds for any other entry.
Thread  the loop thread only.
Source  FIX 4.4 volume 3: V, W, X, Y. Nothing is resent: what is lost is lost with its session, and a new one begins
        with whole books.
"""

from collections.abc import Iterable, Iterator, Sequence

from engine import fix
from engine._decimal import parse_decimal
from engine.book import ASK, BID
from engine.codec import Fields
from engine.errors import DecodeError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketDataCounts, MarketEvent
from engine.venue.fix44 import md_tags as tags
from engine.venue.fix44._entries import Entries
from engine.venue.fix44.book_subscriptions import BookSubscriptions

_SIDES = {"0": BID, "1": ASK}  # MDEntryType(269)
_TRADE = "2"
_ACTIONS, _DELETE = frozenset("012"), "2"  # MDUpdateAction(279)
_LEVEL = frozenset({tags.MDEntryType, tags.MDEntryPx, tags.MDEntrySize, tags.MDEntryDate, tags.MDEntryTime})


class Fix44MarketData(BookSubscriptions):
    """The market data of a FIX venue; levels of a market are left out until its snapshot is here.

    `trade_id` is TradeID(1003) of the trade that the last event was made of, `own_cl_ord_id` ClOrdID(11) where one of
    our orders caused it.
    """

    def __init__(self, instruments: Iterable[Instrument], *, chunk: int = 1) -> None:
        super().__init__(instruments, chunk)
        self.counts = MarketDataCounts()
        self.trade_id = ""
        self._event = MarketEvent()
        self._entries = Entries(self._ready, MarketEvent(EventKind.LEVEL), self._unusual)

    @property
    def own_cl_ord_id(self) -> str:
        """Return ClOrdID(11) of our order that caused the last event, "" where there is none."""
        return self._entries.event.cl_ord_id

    # Messages

    def decode(self, fields: Fields) -> Iterable[MarketEvent]:
        """Return the events of a message, one after the other; none for one that is not of market data."""
        if fields.msg_type == tags.MARKET_DATA_INCREMENT:
            announced, found = self._entries.begin(fields)
            if announced == found:
                return self._entries
            return [self.missed(fields, f"{found} entries, NoMDEntries(268) says {announced}")]
        return self._decode_rare(fields)

    def missed(self, fields: Fields, text: str) -> MarketEvent:
        """Return the event of a message that is not to be used: no book that it names can be believed."""
        self.counts.malformed += 1
        named = {value.decode("latin-1") for tag, value in fields if tag == fix.Symbol}
        markets = [self._instruments[each] for each in sorted(named) if each in self._instruments]
        return self._suspect(markets, f"MsgType(35) {fields.msg_type}: {text}")

    def _decode_rare(self, fields: Fields) -> Iterator[MarketEvent]:
        if fields.msg_type == tags.MARKET_DATA_SNAPSHOT:
            yield self._whole_or_suspect(fields)
        elif fields.msg_type == tags.MARKET_DATA_REJECT:
            yield self._refused(fields)
        elif fields.msg_type in (fix.Msg.REJECT, fix.Msg.BUSINESS_MESSAGE_REJECT):
            yield self._unanswered(fields)

    def _begin(self, kind: int, symbol: str, at_ns: int) -> MarketEvent:
        """Return the event, about a market; of a market that was not asked for it is UNKNOWN."""
        event = self._event
        event.clear(kind)
        event.venue_time_ns = at_ns
        self.trade_id = ""
        instrument = self._instruments.get(symbol)
        if instrument is not None:
            event.instrument = instrument
        elif symbol in self._departed:
            event.kind = EventKind.CONTROL
            self.counts.unknown_markets += 1
        else:
            self.counts.unknown_markets += 1
            event.kind = EventKind.UNKNOWN
            event.text = symbol
            event.tell(NoticeKind.MARKET_UNKNOWN, symbol)
        return event

    # Entries

    def _unusual(self, entry: dict[int, str], at_ns: int) -> MarketEvent:
        """Return the event of an entry that is no plain level."""
        try:
            return self._changed(entry, at_ns)
        except DecodeError as error:
            self.counts.malformed += 1
            return self._suspect([self._event.instrument], str(error))

    def _changed(self, entry: dict[int, str], at_ns: int) -> MarketEvent:
        symbol, kind = entry.get(fix.Symbol, ""), entry.get(tags.MDEntryType, "")
        event = self._begin(EventKind.TRADE if kind == _TRADE else EventKind.LEVEL, symbol, at_ns)
        if event.kind not in (EventKind.TRADE, EventKind.LEVEL):
            return event
        if kind == _TRADE:
            return self._traded(event, entry)
        if symbol not in self._ready:
            self.counts.waiting += 1
            event.kind = EventKind.CONTROL
            return event
        action = entry.get(tags.MDUpdateAction, "")
        if tags.MDEntryPx not in entry and tags.MDEntryID in entry:
            return self._give_up(event.instrument, "MDEntryID(278) alone names the level: only price-keyed books work")
        if kind not in _SIDES:
            return self._unlisted(event, f"MDEntryType(269) {kind!r}")
        if action not in _ACTIONS:
            raise DecodeError(f"{symbol}: MDUpdateAction(279) {action!r} is not 0, 1 or 2")
        event.cl_ord_id = entry.get(fix.ClOrdID, "")
        event.side, event.price = _SIDES[kind], _price(event.instrument, entry)
        event.size = 0 if action == _DELETE else _size(event.instrument, entry)
        return event if event.instrument.is_valid_price(event.price) else self._off_grid(event, entry)

    def _traded(self, event: MarketEvent, entry: dict[int, str]) -> MarketEvent:
        if entry.get(tags.MDUpdateAction) == _DELETE:  # taken back: nothing of ours went by it
            event.kind = EventKind.CONTROL
            return event
        event.side = {"1": BID, "2": ASK}.get(entry.get(tags.AggressorSide, ""), 0)
        event.price, event.size = _price(event.instrument, entry), _size(event.instrument, entry)
        event.is_block = entry.get(tags.TrdType) == "1"
        self.counts.trades += 1
        self.counts.blocks += event.is_block
        self.trade_id = entry.get(tags.TradeID, "")
        return event

    # Whole books

    def _whole_or_suspect(self, fields: Fields) -> MarketEvent:
        """Return a whole book; one that cannot be read costs a book that was believed, and is an error otherwise."""
        try:
            return self._whole_book(fields)
        except DecodeError as error:
            self.counts.malformed += 1
            believed = self._ready.get(fields.text(fix.Symbol))
            if believed is None:
                raise
            return self._suspect([believed], str(error))

    def _whole_book(self, fields: Fields) -> MarketEvent:
        symbol = fields.text(fix.Symbol)
        if not symbol:
            raise DecodeError(f"MsgType(35) {fields.msg_type}: tag 55 is missing")
        sent_ns = fields.timestamp_ns(fix.SendingTime, 0) if fix.SendingTime in fields else 0
        event = self._begin(EventKind.SNAPSHOT, symbol, sent_ns)
        if event.kind != EventKind.SNAPSHOT:
            return event
        found = fields.group(tags.NoMDEntries, _LEVEL)
        if (announced := fields.integer(tags.NoMDEntries, len(found))) != len(found):
            raise DecodeError(f"MsgType(35) {fields.msg_type}: {len(found)} entries, tag 268 says {announced}")
        levels = [{tag: value.decode("latin-1") for tag, value in entry} for entry in found]
        event.bids, event.asks = self._side(event, levels, "0"), self._side(event, levels, "1")
        if levels:
            event.venue_time_ns = self._time_of(levels[0]) or event.venue_time_ns
        self._ready[symbol] = event.instrument
        self._requests.came(symbol)
        self.counts.snapshots += 1
        return event

    def _side(self, event: MarketEvent, levels: list[dict[int, str]], kind: str) -> list[tuple[int, int]]:
        """Return one side; a price that the market does not have is told and left out, the later of two holds."""
        sizes: dict[int, int] = {}
        for entry in levels:
            if entry.get(tags.MDEntryType) != kind:
                continue
            price, size = _price(event.instrument, entry), _size(event.instrument, entry)
            if not event.instrument.is_valid_price(price):
                self._tell_off_grid(event, entry)
                continue
            self.counts.doubled += price in sizes
            sizes[price] = size
        return [(price, size) for price, size in sizes.items() if size]

    @staticmethod
    def _time_of(entry: dict[int, str]) -> int:
        return tags.moment_ns(entry.get(tags.MDEntryDate, ""), entry.get(tags.MDEntryTime, ""))

    # Refusals, and what cannot be used

    def _reason(self, fields: Fields) -> str:
        return f"MDReqRejReason(281) {fields.text(tags.MDReqRejReason)}"

    def _refused(self, fields: Fields) -> MarketEvent:
        """Take a refused request apart; a market that is refused alone is set aside."""
        event = self._event
        event.clear(EventKind.REFUSED)
        event.text = ": ".join(filter(None, (self._reason(fields), fields.remark())))
        number = fields.text(tags.MDReqID)
        event.commands, symbols = self._requests.refuse(int(number) if number.isdecimal() else 0)
        event.refused = tuple([self._instruments[symbol] for symbol in symbols if symbol in self._instruments])
        self.counts.refused += 1
        event.tell(NoticeKind.SUBSCRIPTION_REFUSED, event.text)
        return event

    def _unanswered(self, fields: Fields) -> MarketEvent:
        """Tell of a Reject(3) or BusinessMessageReject(j); what it cost is asked for again by `due`."""
        event = self._event
        event.clear(EventKind.REFUSED)
        reason = fields.text(fix.BusinessRejectReason) or fields.text(fix.SessionRejectReason)
        event.text = f"MsgType(35) {fields.text(fix.RefMsgType)} refused, reason {reason}: {fields.remark()}"
        self.counts.refused += 1
        event.tell(NoticeKind.SUBSCRIPTION_REFUSED, event.text)
        return event

    def _give_up(self, instrument: Instrument, text: str) -> MarketEvent:
        """Set a market aside whose data cannot be followed."""
        event = self._event
        self._ready.pop(instrument.symbol, None)
        self._requests.refused.add(instrument.symbol)
        event.clear(EventKind.REFUSED)
        event.refused = event.suspects = (instrument,)
        event.text = f"{instrument.symbol}: {text}"
        self.counts.refused += 1
        event.tell(NoticeKind.SUBSCRIPTION_REFUSED, event.text)
        return event

    def _suspect(self, markets: Sequence[Instrument], text: str) -> MarketEvent:
        """Return the event by which these books are stale, and asked for anew."""
        event = self._event
        event.clear(EventKind.UNKNOWN)
        event.suspects = tuple(markets)
        event.commands = self.resync(markets)
        event.text = text
        event.tell(NoticeKind.FRAME_UNREADABLE, text)
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
