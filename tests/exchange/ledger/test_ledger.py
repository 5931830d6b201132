"""The ledger learns cash, positions, orders and fills from the events of an exchange, to 10^-6 dollar."""

import pytest

from engine import fix
from engine.exchange.account_events import PositionChanged, PositionPaid
from engine.exchange.events import Cancel, Event, NewOrder, Replace
from engine.exchange.exchange import Exchange
from engine.exchange.ledger.history import Cutoffs
from engine.exchange.ledger.ledger import Ledger
from engine.exchange.ledger.names import account_of, member_of, subaccount_of
from engine.instrument import Instrument
from engine.venue.kalshi.fees import QuadraticFee
from tests.support.sim.accounts import DOLLAR, OneEvent, cash, free
from tests.support.sim.venue import CENT, NOON_NS

B, S = fix.BUY, fix.SELL
DECI = CENT[0].__class__(0, 10_000, 10)


class Desk:
    """An exchange of markets A and B, and the ledger that listens to it."""

    def __init__(self, **house: object) -> None:
        instruments = [Instrument(symbol, place, (DECI,)) for place, symbol in enumerate("AB")]
        self.exchange = Exchange(instruments, QuadraticFee(), **house)  # type: ignore[arg-type]
        self.ledger = Ledger(OneEvent(), **house)  # type: ignore[arg-type]
        self.ids = 0
        self.now_ns = NOON_NS
        for account in "xy":
            self.ledger.deposit(account, 0, 100 * DOLLAR, self.now_ns)

    def new(self, account: str, side: int, qty: int, price: int, tif: str = fix.Tif.GTC, symbol: str = "A") -> str:
        """Enter an order and return its OrderID."""
        self.ids += 1
        request = NewOrder(
            account=account,
            cl_ord_id=f"c{self.ids}",
            symbol=symbol,
            side=side,
            order_qty=qty,
            price=price,
            time_in_force=tif,
        )
        events = self.exchange.new(request, self.now_ns)
        self.told = self.take(events)
        return events[0].order_id  # type: ignore[union-attr]

    def take(self, events: list[Event]) -> list[object]:
        return list(self.ledger.take(events))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_example_of_the_facts_position_cost_and_credit(desk: Desk) -> None:
    desk.new("x", B, 1000, 4150)
    desk.new("y", S, 1000, 4150)
    desk.new("y", B, 1200, 4300)
    desk.new("x", S, 1200, 4300)  # closes 10, opens 2 NO: 4.30 - 1.14 - fee 0.205884
    (position,) = desk.ledger.positions("x")
    assert (position.net, position.cost, position.realized) == (-200, 1_140_000, 150_000)
    changed = [event for event in desk.told if isinstance(event, PositionChanged) and event.account == "x"]
    assert [(event.long_qty, event.short_qty, event.balance_change) for event in changed] == [
        (0, 200, 4_300_000 - 1_140_000 - 205_884)
    ]
    assert cash(desk.ledger, "x") == 100 * DOLLAR - 4_150_000 + 2_954_116


def test_resting_order_binds_its_cost_and_a_cancel_frees_it(desk: Desk) -> None:
    order_id = desk.new("x", B, 1000, 4000)
    assert free(desk.ledger, "x") == 96 * DOLLAR
    desk.take(desk.exchange.cancel(Cancel(account="x", cl_ord_id="z", order_id=order_id), NOON_NS))
    assert free(desk.ledger, "x") == 100 * DOLLAR


def test_sell_of_what_is_held_binds_nothing_and_more_binds_no_price(desk: Desk) -> None:
    desk.new("x", B, 1000, 4000)
    desk.new("y", S, 1000, 4000)
    desk.new("x", S, 1000, 7000)
    assert free(desk.ledger, "x") == 96 * DOLLAR
    desk.new("x", S, 500, 8000)  # the last to trade opens: 5 NO at 0.20
    assert free(desk.ledger, "x") == 95 * DOLLAR


def test_order_record_follows_its_order(desk: Desk) -> None:
    order_id = desk.new("x", S, 1000, 6000)
    desk.new("y", B, 300, 6000)
    replace = Replace(account="x", cl_ord_id="r", order_id=order_id, order_qty=800, price=6000)
    desk.take(desk.exchange.replace(replace, NOON_NS + 1))
    record = desk.ledger.order("x", order_id)
    assert record is not None
    assert (record.cum_qty, record.leaves_qty, record.order_qty, record.cl_ord_id) == (300, 500, 800, "r")
    assert (record.maker_cost, record.taker_cost, record.reason) == (300 * 4000, 0, "Decrease")
    assert (record.rest_status, record.first_cl_ord_id) == ("resting", "c1")
    assert desk.ledger.order("y", order_id) is None


def test_queries_are_newest_first_and_filtered(desk: Desk) -> None:
    first = desk.new("x", B, 100, 4000)
    desk.now_ns += 10
    second = desk.new("x", B, 100, 4000, symbol="B")
    desk.now_ns += 10
    desk.new("y", S, 100, 4000)
    ledger = desk.ledger
    assert [record.order_id for record in ledger.orders("x")] == [second, first]
    assert [record.order_id for record in ledger.orders("x", status="executed")] == [first]
    assert [record.order_id for record in ledger.orders("x", status="resting")] == [second]
    assert [record.order_id for record in ledger.orders("x", symbol="A")] == [first]
    assert [record.order_id for record in ledger.orders("x", min_ns=NOON_NS + 10)] == [second]
    assert [record.order_id for record in ledger.orders("x", max_ns=NOON_NS + 10)] == [first]
    assert [fill.order_id for fill in ledger.fills("x")] == [first]
    assert ledger.fills("x", symbol="B") == ledger.fills("x", order_id=second) == []
    assert ledger.orders("nobody") == []


def test_settlement_pays_both_sides_and_is_told(desk: Desk) -> None:
    desk.new("x", B, 1000, 4000)
    desk.new("y", S, 1000, 4000, fix.Tif.IOC)
    assert desk.ledger.open_interest["A"] == 1000
    before = cash(desk.ledger, "x"), cash(desk.ledger, "y")
    told = desk.ledger.pay("A", "scalar", 3333, NOON_NS)
    assert [(event.account, event.revenue, event.fee) for event in told if isinstance(event, PositionPaid)] == [
        ("y", 6_667_000, 0),
        ("x", 3_333_000, 0),
    ]
    assert (cash(desk.ledger, "x"), cash(desk.ledger, "y")) == (before[0] + 3_333_000, before[1] + 6_667_000)
    (settlement,) = desk.ledger.settlements("x")
    assert (settlement.yes_qty, settlement.yes_cost, settlement.no_qty) == (1000, 4_000_000, 0)
    assert desk.ledger.positions("x") == []
    (position,) = desk.ledger.positions("x", settled=True)
    assert (position.net, position.realized) == (0, 3_333_000 - 4_000_000)
    assert desk.ledger.open_interest["A"] == 0


def test_scalar_remainder_below_the_precision_is_a_fee(desk: Desk) -> None:
    desk.ledger.open("cent", precision=10_000)
    desk.new("cent", B, 1, 4000)
    desk.new("y", S, 1, 4000)
    desk.ledger.pay("A", "scalar", 3333, NOON_NS)
    (settlement,) = desk.ledger.settlements("cent")
    assert (settlement.revenue, settlement.fee) == (0, 3333)


def test_archive_takes_what_is_over_and_leaves_what_is_open(desk: Desk) -> None:
    desk.new("x", B, 100, 4000)
    resting = desk.new("x", B, 100, 4000)
    desk.new("y", S, 100, 4000)
    later = NOON_NS + 1
    desk.ledger.archive(Cutoffs(later, later, later, later))
    assert [record.order_id for record in desk.ledger.orders("x")] == [resting]
    assert len(desk.ledger.orders("x", archived=True)) == 1
    assert desk.ledger.fills("x") == [] and len(desk.ledger.fills("x", archived=True)) == 1
    assert len(desk.ledger.positions("x")) == 1
    assert len(desk.ledger.order_records) == 1


def test_transfer_moves_no_more_than_is_free(desk: Desk) -> None:
    desk.new("x", B, 10_000, 9000)
    assert desk.ledger.transfer(("x", 0), ("x", 2), 11 * DOLLAR, "t1", NOON_NS) == []
    assert desk.ledger.transfer(("x", 0), ("x", 2), 10 * DOLLAR, "t2", NOON_NS)
    assert [(balance.shard, balance.cash) for balance in desk.ledger.balances("x")] == [
        (0, 90 * DOLLAR),
        (2, 10 * DOLLAR),
    ]
    assert [record.transfer_id for record in desk.ledger.transfers("x")][0] == "t2"


def test_house_has_positions_and_no_history() -> None:
    desk = Desk(house=("mm",))
    desk.new("mm", S, 1000, 4000)
    desk.new("x", B, 1000, 4000)
    assert desk.ledger.open("mm").net("A") == -1000
    assert desk.ledger.orders("mm") == desk.ledger.fills("mm") == []
    assert desk.ledger.pay("A", "yes", 10_000, NOON_NS)[0].account == "x"


def test_account_names_read_back() -> None:
    assert account_of("m") == "m"
    assert (member_of(account_of("m", 7)), subaccount_of(account_of("m", 7))) == ("m", 7)
    assert subaccount_of("m") == 0
