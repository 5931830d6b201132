"""KalshiMD: books, trades and trading status by symbol.

Units   prices in dollars whatever the Logon says, sizes in contracts.
Shapes  an entry of a book is the new size of its level; one X(incremental) for each batch of events and subscriber.
Source  Kalshi FIX: market data.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine import fix
from engine.codec import Fields
from engine.exchange.account_events import MarketChanged, MarketStep
from engine.exchange.events import LevelChanged, PublicTrade, Report
from engine.exchange.ledger.names import member_of, subaccount_of
from engine.session.protocol.faults import Fault, Reason
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.ports import FixClient
from engine.sim.fix.kalshi.wire import date_and_time, encode, price_text, qty_text, session_reject
from engine.venue.kalshi.fix import tags

MOST_SUBSCRIPTIONS = 100_000
SNAPSHOT, UPDATES, UNSUBSCRIBE = "0", "1", "2"  # SubscriptionRequestType(263)
TOO_MANY_SYMBOLS, WRONG_TYPE = 2, 4  # MDReqRejReason(281)
BID, OFFER, TRADE = "0", "1", "2"  # MDEntryType(269)
NEW, CHANGE, DELETE = "0", "1", "2"  # MDUpdateAction(279)
HALTED, RESUMED, DETERMINED, SETTLED = 2, 3, 100, 101  # SecurityTradingStatus(326)
_STATUS = {
    MarketStep.ACTIVATED: RESUMED,
    MarketStep.DEACTIVATED: HALTED,
    MarketStep.DETERMINED: DETERMINED,
    MarketStep.SETTLED: SETTLED,
}
Entry = list[tuple[int, object]]


class BookEntry(NamedTuple):
    """One entry of an X, and whose order caused it; a trade has no owner."""

    symbol: str
    fields: Entry
    owner: Report | None = None


class MarketDataGateway:
    """Subscriptions of every session, and what is sent to them."""

    def __init__(self, access: FixAccess) -> None:
        self._access = access
        self._books: dict[str, dict[FixClient, None]] = {}  # by symbol, in the order of subscription
        self._statuses: dict[str, dict[FixClient, None]] = {}
        self._counts: dict[FixClient, int] = {}

    def on_message(self, client: FixClient, fields: Fields) -> None:
        """Take one V or e whose fields are sound."""
        wanted = fields.text(tags.SubscriptionRequestType)
        if fields.msg_type == "e":
            self._on_status_request(client, fields.text(fix.Symbol), wanted)
        else:
            self._on_book_request(client, fields, wanted)

    def take(self, events: Iterable[object]) -> None:
        """Publish a batch of the exchange's events."""
        batch = list(events)
        entries = self._entries(batch)
        for client, wanted in self._by_client(entries).items():
            body = [_owned(entry, client) for entry in wanted]
            client.send(encode("X", [(tags.NoMDEntries, body)]))
        for event in batch:
            if isinstance(event, MarketChanged) and event.step in _STATUS:
                self._publish_status(event.symbol, _STATUS[event.step])

    def forget(self, client: FixClient) -> None:
        """End what a session has subscribed to: a new Logon begins without."""
        for subscribers in (*self._books.values(), *self._statuses.values()):
            subscribers.pop(client, None)
        self._counts.pop(client, None)

    def _on_book_request(self, client: FixClient, fields: Fields, wanted: str) -> None:
        symbols = [value.decode("latin-1") for tag, value in fields if tag == fix.Symbol]
        if wanted not in (SNAPSHOT, UPDATES, UNSUBSCRIBE):
            client.send(_reject(WRONG_TYPE, "unsupported SubscriptionRequestType"))
        elif wanted == UNSUBSCRIBE:
            self._unsubscribe(client, symbols or list(self._books))
        elif not symbols:
            fault = Fault(Reason.REQUIRED_TAG_MISSING, tags.NoRelatedSym, "Required tag missing")
            client.send(session_reject(fields, fault))
        elif wanted == UPDATES and self._counts.get(client, 0) + len(symbols) > MOST_SUBSCRIPTIONS:
            client.send(_reject(TOO_MANY_SYMBOLS, f"more than {MOST_SUBSCRIPTIONS} subscriptions"))
        else:
            for symbol in symbols:
                client.send(self._snapshot(symbol))
                if wanted == UPDATES:
                    self._subscribe(client, symbol)

    def _on_status_request(self, client: FixClient, symbol: str, wanted: str) -> None:
        if wanted == UPDATES:
            self._statuses.setdefault(symbol, {})[client] = None
        elif wanted == UNSUBSCRIBE:
            self._statuses.get(symbol, {}).pop(client, None)
        else:
            client.send(_reject(WRONG_TYPE, "unsupported SubscriptionRequestType"))

    def _subscribe(self, client: FixClient, symbol: str) -> None:
        subscribers = self._books.setdefault(symbol, {})
        if client not in subscribers:
            subscribers[client] = None
            self._counts[client] = self._counts.get(client, 0) + 1

    def _unsubscribe(self, client: FixClient, symbols: Iterable[str]) -> None:
        for symbol in symbols:
            subscribers = self._books.get(symbol, {})
            if client in subscribers:
                del subscribers[client]
                self._counts[client] -= 1

    def _snapshot(self, symbol: str) -> bytes:
        """Return the W of a market; of one that is not listed it is empty."""
        day, time = date_and_time(self._access.now_ns())
        depth = self._access.depth(symbol)
        entries = [
            _level(kind, price, size) + [(tags.MDEntryDate, day), (tags.MDEntryTime, time)]
            for kind, levels in zip((BID, OFFER), depth or ((), ()), strict=True)
            for price, size in levels
        ]
        return encode("W", [(fix.Symbol, symbol), (tags.NoMDEntries, entries)])

    def _entries(self, batch: list[object]) -> list[BookEntry]:
        """Return the entries of a batch: each level once, with its size after the batch, and each trade."""
        changes: dict[tuple[str, int, int], int] = {}
        for event in batch:
            if isinstance(event, LevelChanged) and event.symbol in self._books:
                key = event.symbol, event.side, event.price
                changes[key] = changes.get(key, 0) + event.delta
        entries: list[BookEntry] = []
        owners: dict[tuple[str, int], Report] = {}
        for event in batch:
            if isinstance(event, Report):
                owners[event.symbol, event.side] = event
            elif isinstance(event, PublicTrade) and event.symbol in self._books:
                entries.append(BookEntry(event.symbol, _trade(event)))
            elif isinstance(event, LevelChanged):
                key = event.symbol, event.side, event.price
                if (delta := changes.pop(key, None)) is not None and (fields := self._change(event, delta)):
                    entries.append(BookEntry(event.symbol, fields, owners.get(key[:2])))
        return entries

    def _change(self, event: LevelChanged, delta: int) -> Entry:
        """Return the entry of a level; empty if the batch left it as it was."""
        size = self._access.size_at(event.symbol, event.side, event.price)
        if not delta:
            return []
        action = DELETE if not size else NEW if size == delta else CHANGE
        kind = BID if event.side == fix.BUY else OFFER
        head: Entry = [(tags.MDUpdateAction, action), (fix.Symbol, event.symbol)]
        return head + _level(kind, event.price, size) + _when(event.now_ns)

    def _by_client(self, entries: Iterable[BookEntry]) -> Mapping[FixClient, list[BookEntry]]:
        wanted: dict[FixClient, list[BookEntry]] = {}
        for entry in entries:
            for client in self._books.get(entry.symbol, ()):
                wanted.setdefault(client, []).append(entry)
        return wanted

    def _publish_status(self, symbol: str, status: int) -> None:
        for client in self._statuses.get(symbol, ()):
            client.send(encode("f", [(fix.Symbol, symbol), (tags.SecurityTradingStatus, status)]))
        if status == SETTLED:
            self._statuses.pop(symbol, None)
            for client in self._books.pop(symbol, ()):
                self._counts[client] -= 1


def _level(kind: str, price: int, size: int) -> Entry:
    return [
        (tags.MDEntryType, kind),
        (tags.MDEntryPx, price_text(price, in_dollars=True)),
        (tags.MDEntrySize, qty_text(size)),
    ]


def _trade(trade: PublicTrade) -> Entry:
    fields: Entry = [(tags.MDUpdateAction, NEW), (fix.Symbol, trade.symbol)]
    fields += _level(TRADE, trade.price, trade.qty) + _when(trade.now_ns)
    fields += [(tags.TradeID, trade.trade_id), (tags.AggressorSide, trade.side)]
    return fields + ([(tags.TrdType, 1)] if getattr(trade, "is_block", False) else [])


def _when(now_ns: int) -> Entry:
    day, time = date_and_time(now_ns)
    return [(tags.MDEntryDate, day), (tags.MDEntryTime, time)]


def _owned(entry: BookEntry, client: FixClient) -> Entry:
    """Return the entry as one client sees it: what its own order caused names that order."""
    if entry.owner is None or member_of(entry.owner.account) != client.member:
        return entry.fields
    return [
        *entry.fields,
        (fix.ClOrdID, entry.owner.cl_ord_id),
        (tags.AllocAccount, subaccount_of(entry.owner.account)),
    ]


def _reject(reason: int, text: str) -> bytes:
    return encode("Y", [(tags.MDReqRejReason, reason), (fix.Text, text)])
