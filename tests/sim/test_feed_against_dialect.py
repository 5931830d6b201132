"""The simulated feed read by the engine's own dialect: books, orders, fills and positions end the same on both."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.book import Book
from engine.exchange.account_events import PositionChanged
from engine.exchange.ledger.records import OrderRecord
from engine.exchange.marketplace import positions_of
from engine.venue import EventKind, MarketEvent
from engine.venue.account import VenueFill, VenueOrder, VenuePosition
from engine.venue.kalshi.market_data import KalshiMarketData
from engine.venue.kalshi.subscriptions import BOOK, PRIVATE, TICKER, TRADES
from engine.venue.reference import MarketListing, MarketTicker
from tests.support.sim.feed_bazaar import FeedBazaar

B, S = fix.BUY, fix.SELL


class Reader:
    """An engine's feed in small: books, and the last that was told of each order, position and ticker."""

    def __init__(self, bazaar: FeedBazaar, symbols: str = "AB", **options: Any) -> None:
        self.client = bazaar.client("x")
        instruments = [bazaar.place.listing.instruments[symbol] for symbol in symbols]
        channels = (BOOK, TRADES, TICKER, *sorted(PRIVATE))
        self.dialect = KalshiMarketData(instruments, channels=channels, lifecycle=True, **options)
        self.books = {each.symbol: Book(each) for each in instruments}
        self.orders: dict[str, VenueOrder] = {}
        self.positions: dict[str, VenuePosition] = {}
        self.fills: list[VenueFill] = []
        self.news: list[object] = []
        self.kinds: list[int] = []
        self.send(self.dialect.subscribe())

    def send(self, frames: list[bytes]) -> None:
        for frame in frames:
            self.client.raw(frame)
        self.read()

    def read(self) -> None:
        while self.client.frames:
            frames, self.client.frames[:] = list(self.client.frames), []
            for frame in frames:
                self.take(self.dialect.decode(frame))

    def take(self, event: MarketEvent) -> None:
        self.kinds.append(event.kind)
        assert event.kind not in (EventKind.REFUSED, EventKind.UNKNOWN, EventKind.GAP), event.text
        if event.kind == EventKind.SNAPSHOT:
            self.books[event.instrument.symbol].snapshot(event.bids, event.asks)
        elif event.kind == EventKind.DELTA:
            self.books[event.instrument.symbol].apply(event.side, event.price, event.size)
        self.news += [event.news] if event.news is not None else []
        match event.news:
            case VenueOrder():
                self.orders[event.news.order_id] = event.news
            case VenuePosition():
                self.positions[event.news.symbol] = event.news
            case VenueFill():
                self.fills.append(event.news)
        for frame in event.commands:
            self.client.raw(frame)


def levels(book: Book, side: int) -> list[tuple[int, int]]:
    return sorted(book.depth(side, 100))


def as_told(record: OrderRecord) -> tuple[object, ...]:
    return (
        record.order_id, record.cl_ord_id, record.symbol, record.side, record.price, record.order_qty, record.cum_qty,
        record.leaves_qty, record.status if record.status != fix.Status.EXPIRED else fix.Status.CANCELED,
    )  # fmt: skip


def as_heard(order: VenueOrder) -> tuple[object, ...]:
    return (
        order.order_id, order.cl_ord_id, order.symbol, order.side, order.price, order.order_qty, order.cum_qty,
        order.leaves_qty, order.status,
    )  # fmt: skip


ORDERS = st.tuples(
    st.sampled_from("xyz"),
    st.sampled_from([B, S]),
    st.integers(1, 5).map(lambda count: 100 * count),
    st.integers(30, 34).map(lambda cents: 100 * cents),
    st.sampled_from([fix.Tif.GTC, fix.Tif.IOC]),
    st.sampled_from("AB"),
    st.booleans(),
)
STEPS = st.one_of(
    st.tuples(st.just("new"), ORDERS),
    st.tuples(st.just("replace"), st.integers(0, 30), st.integers(1, 6), st.integers(30, 34)),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("pause"), st.sampled_from("AB")),
    st.tuples(st.just("resume"), st.sampled_from("AB")),
)


@pytest.mark.parametrize("use_yes_price", [False, True])
@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_every_life_of_orders_ends_the_same_on_both_sides(use_yes_price: bool, steps: list[tuple[Any, ...]]) -> None:
    bazaar = FeedBazaar()
    reader = Reader(bazaar, use_yes_price=use_yes_price)
    positions: dict[tuple[str, str], PositionChanged] = {}
    for kind, *arguments in steps:
        play(bazaar, kind, arguments)
        positions |= {(each.account, each.symbol): each for each in positions_of(bazaar.told).values()}
        reader.read()
    ledger = bazaar.place.ledger
    for symbol, book in reader.books.items():
        bids, asks = bazaar.feed.depth(symbol)
        assert (levels(book, B), levels(book, S)) == (sorted(bids), sorted(asks))
    assert {as_heard(each) for each in reader.orders.values()} == {as_told(each) for each in ledger.orders("x")}
    heard = [(each.trade_id, each.side, each.price, each.qty, each.fee, each.net_after) for each in reader.fills]
    kept = [(each.trade_id, each.side, each.price, each.qty, each.fee, each.net_after) for each in ledger.fills("x")]
    assert heard == kept[::-1]
    for symbol, told in reader.positions.items():
        record = positions["x", symbol]
        assert (told.net, told.fees, told.realized) == (record.net, record.fees, record.realized)
    assert reader.dialect.counts.crossed == reader.dialect.counts.malformed == reader.dialect.counts.off_grid == 0


def play(bazaar: FeedBazaar, kind: str, arguments: list[Any]) -> None:
    open_orders = bazaar.place.ledger.orders("x", status="resting")
    life, listing = bazaar.place.lifecycle, bazaar.place.listing
    if kind == "new":
        account, side, qty, price, tif, symbol, post_only = arguments[0]
        bazaar.new(account, side, qty, price, tif, symbol=symbol, post_only=post_only and tif == fix.Tif.GTC)
    elif kind == "pause" and listing.markets[arguments[0]].status == "active":
        bazaar.tell(life.pause(arguments[0], bazaar.now_ns))
    elif kind == "resume" and listing.markets[arguments[0]].status == "inactive":
        bazaar.tell(life.resume(arguments[0], bazaar.now_ns))
    elif kind == "replace" and open_orders:
        order = open_orders[arguments[0] % len(open_orders)]
        bazaar.replace("x", order.cl_ord_id, order.cum_qty + 100 * arguments[1], 100 * arguments[2])
    elif kind == "cancel" and open_orders:
        bazaar.cancel("x", open_orders[arguments[0] % len(open_orders)].cl_ord_id)


def test_market_that_is_listed_later_is_added_traded_and_removed() -> None:
    bazaar = FeedBazaar()
    reader = Reader(bazaar)
    bazaar.add("D")
    reader.read()
    (listed,) = [each for each in reader.news if isinstance(each, MarketListing)]
    assert (listed.symbol, listed.event, listed.bands[0].step) == ("D", "E", 100)
    instrument = bazaar.place.listing.instruments["D"]
    reader.books["D"] = Book(instrument)
    reader.send(reader.dialect.add([instrument]))
    assert reader.dialect.waiting() == []
    bazaar.new("x", B, 100, 4000, symbol="D")
    reader.read()
    assert levels(reader.books["D"], B) == [(4000, 100)]
    tickers = [each for each in reader.news if isinstance(each, MarketTicker)]
    assert (tickers[-1].symbol, tickers[-1].best_bid) == ("D", 4000)
    reader.send(reader.dialect.remove([instrument]))
    bazaar.new("y", S, 100, 4000, symbol="D")
    reader.read()
    assert levels(reader.books["D"], B) == [(4000, 100)]
    assert len(reader.fills) == 1  # the account is heard whatever the market
    assert reader.dialect.counts.unknown_markets == 0


def test_list_of_subscriptions_agrees() -> None:
    reader = Reader(FeedBazaar())
    reader.send(reader.dialect.list_subscriptions())
    assert reader.client.frames == []
    assert EventKind.UNKNOWN not in reader.kinds


def test_market_decided_and_paid_is_told_in_order() -> None:
    bazaar = FeedBazaar(keep_ns=10**9)
    reader = Reader(bazaar)
    bazaar.tell(bazaar.place.lifecycle.determine("A", "yes", -1, bazaar.now_ns))
    reader.read()
    assert reader.kinds[-2:] == [EventKind.STATE, EventKind.STATE]
