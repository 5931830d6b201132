"""Random requests to the exchange: the same trades and queues as the plain reference, and nothing is lost."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.exchange.events import Cancel, Event, LevelChanged, NewOrder, PublicTrade, Replace, Report, Stp, Traded
from engine.exchange.exchange import Exchange
from engine.exchange.market import RestingOrder
from engine.instrument import Instrument
from engine.venue.kalshi.fees import QuadraticFee
from tests.support.sim.reference_matcher import ReferenceMatcher
from tests.support.sim.venue import CENT, NOON_NS

SIDES = st.sampled_from((fix.BUY, fix.SELL))
PRICES = st.integers(48, 52).map(lambda cents: cents * 100)
QTYS = st.integers(1, 6)
KINDS = st.sampled_from((fix.Tif.GTC,) * 5 + (fix.Tif.IOC, fix.Tif.FOK, "market"))
STPS = st.sampled_from((Stp.TAKER_AT_CROSS, Stp.MAKER))
NEW = st.tuples(
    st.just("new"), st.sampled_from("abcd"), SIDES, PRICES, QTYS, KINDS, st.sampled_from((False,) * 4 + (True,)), STPS
)
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 30))
REPLACE = st.tuples(st.just("replace"), st.integers(0, 30), PRICES, st.integers(0, 6))
OPERATIONS = st.lists(st.one_of(NEW, NEW, NEW, CANCEL, REPLACE), max_size=40)


@dataclass
class Pair:
    """The real exchange and the reference, given the same requests."""

    exchange: Exchange
    reference: ReferenceMatcher
    events: list[Event]
    ids: int = 0

    def next_id(self) -> str:
        self.ids += 1
        return str(self.ids)

    def resting(self) -> list[RestingOrder]:
        orders = [order for account in "abcd" for order in self.exchange.orders.open_orders(account)]
        return sorted(orders, key=lambda order: order.number)

    def new(self, account: str, side: int, price: int, qty: int, kind: str, post_only: bool, stp: int) -> None:
        post_only = post_only and kind == fix.Tif.GTC
        is_market = kind == "market"
        request = NewOrder(
            account=account,
            cl_ord_id=self.next_id(),
            symbol="A",
            side=side,
            order_qty=qty,
            price=0 if is_market else price,
            ord_type=fix.Type.MARKET if is_market else fix.Type.LIMIT,
            time_in_force=fix.Tif.DAY if is_market else kind,
            post_only=post_only,
            stp=stp,
        )
        events = self.exchange.new(request, NOON_NS)
        self.events += events
        accepted = events[0]
        assert isinstance(accepted, Report)
        self.reference.new(account, accepted.order_id, side, price, qty, kind, post_only, stp)

    def cancel(self, choice: int) -> None:
        if orders := self.resting():
            order = orders[choice % len(orders)]
            request = Cancel(account=order.account, cl_ord_id=self.next_id(), order_id=order.order_id)
            self.reference.cancel(order.order_id)
            self.events += self.exchange.cancel(request, NOON_NS)

    def replace(self, choice: int, price: int, leaves: int) -> None:
        orders = self.resting()
        if not orders:
            return
        order = orders[choice % len(orders)]
        if not order.cum_qty + leaves:
            return
        self.reference.replace(order.order_id, price, leaves, order.post_only, order.stp)
        request = Replace(
            account=order.account,
            cl_ord_id=self.next_id(),
            order_id=order.order_id,
            order_qty=order.cum_qty + leaves,
            price=price,
        )
        self.events += self.exchange.replace(request, NOON_NS)

    def queues(self, side: int) -> list[tuple[int, list[tuple[str, int]]]]:
        levels = self.exchange.markets["A"].side(side)
        return [
            (level.price, [(order.order_id, order.leaves_qty) for order in level.queue.values()]) for level in levels
        ]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(OPERATIONS)
def test_random_requests_do_as_the_reference_does(operations: list[tuple[object, ...]]) -> None:
    pair = Pair(Exchange([Instrument("A", 0, CENT)], QuadraticFee()), ReferenceMatcher(), [])
    for name, *arguments in operations:
        getattr(pair, str(name))(*arguments)
        pair.exchange.markets["A"]._check()  # levels add up, and no crossed book rests
        assert trades(pair.events) == pair.reference.trades
        for side in (fix.BUY, fix.SELL):
            assert pair.queues(side) == pair.reference.queues(side)
    assert_nothing_is_lost(pair)


def trades(events: list[Event]) -> list[tuple[str, str, int, int]]:
    """Pair up the two reports of each trade: the taker's, then the maker's."""
    reports = [event for event in events if isinstance(event, Traded)]
    return [
        (maker.order_id, taker.order_id, maker.last_px, maker.last_qty)
        for taker, maker in zip(reports[::2], reports[1::2], strict=True)
        if taker.trade_id == maker.trade_id and taker.is_taker and not maker.is_taker
    ]


def assert_nothing_is_lost(pair: Pair) -> None:
    """What is bought is sold, every order's parts add up, and the public events alone rebuild the book."""
    bought: Counter[int] = Counter()
    filled: Counter[str] = Counter()
    public: Counter[tuple[int, int]] = Counter()
    last: dict[str, Report] = {}
    for event in pair.events:
        if isinstance(event, Traded):
            bought[event.side] += event.last_qty
            filled[event.order_id] += event.last_qty
        if isinstance(event, Report):
            last[event.order_id] = event
            assert event.cum_qty == filled[event.order_id]
            assert event.leaves_qty in (0, event.order_qty - event.cum_qty)
        elif isinstance(event, LevelChanged):
            public[event.side, event.price] += event.delta
            assert public[event.side, event.price] >= 0
    assert bought[fix.BUY] == bought[fix.SELL]
    assert sum(event.qty for event in pair.events if isinstance(event, PublicTrade)) == bought[fix.BUY]
    for order in pair.resting():
        assert last[order.order_id].leaves_qty == order.leaves_qty
    for side in (fix.BUY, fix.SELL):
        levels = pair.exchange.markets["A"].side(side).levels()
        assert {price: size for (at, price), size in public.items() if at == side and size} == dict(levels)
    exec_ids = [event.exec_id for event in pair.events if isinstance(event, Report)]
    assert len(set(exec_ids)) == len(exec_ids)
