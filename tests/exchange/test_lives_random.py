"""Random lives of a whole venue against a plain ledger: to 10^-6 dollar nothing is lost, doubled or made."""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.exchange.events import Refusal, Stp
from engine.exchange.ledger.terms import Netting
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.listing.records import EventRecord, FeeType, SeriesRecord
from engine.exchange.market import RestingOrder
from tests.support.sim.accounts import DOLLAR
from tests.support.sim.marketplace import Bazaar
from tests.support.sim.reference_ledger import PlainLedger, worst_cost
from tests.support.sim.venue import SECOND_NS

B, S = fix.BUY, fix.SELL
PRECISION = 100
CASH = 20 * DOLLAR  # of an account on each of the two shards
ACCOUNTS, SYMBOLS = "xyz", "ABC"

QTYS = (1, 7, 50, 100, 333, 1000, 3000)
WAYS = ("gtc",) * 6 + ("ioc", "fok", "post", "reduce", "cost", "group", "group", "flag", "maker")
HOURS = ((True, True),) * 4 + ((True, False), (False, True))
STEPS = 120
Operation = tuple[object, ...]


def operation(random: Random) -> Operation:
    """Return what happens next: mostly orders near one price, sometimes a turn of the venue."""
    symbol, choice, account = random.choice("AAABBC"), random.randrange(20), random.choice(ACCOUNTS)
    price = random.randint(48, 52) * 100
    kind = random.random()
    if kind < 0.6:
        side, qty, way = random.choice((B, S)), random.choice(QTYS), random.choice(WAYS)
        return "new", account, symbol, side, price, qty, way
    if kind < 0.75:
        return "replace", choice, price, random.choice((0, 1, 60, 500))
    if kind < 0.85:
        return "cancel", choice
    if kind < 0.9:
        return "wait", random.randint(1, 5)
    return random.choice(
        (
            ("mass", account),
            ("pause", symbol),
            ("pause", symbol),
            ("close", symbol, random.randint(-2, 2)),
            ("end", symbol, random.choice(("yes", "no", "scalar")), random.randint(0, 10_000)),
            ("hours", random.choice(HOURS)),
            ("hours", (True, True)),
            ("lose", random.random() < 0.3),
            ("group", random.choice(("create", "reset", "reset", "trigger", "delete"))),
            ("net", random.random() < 0.8),
            ("grid", symbol),
            ("floor", symbol, price),
        )
    )


class Life(Bazaar):
    """A bazaar that also feeds the plain ledger; each operation is a method."""

    def __init__(self) -> None:
        super().__init__(SeriesRecord(ticker="S", fee_type=FeeType.WITH_MAKER), sweep_ns=SECOND_NS, keep_ns=SECOND_NS)
        self.plain = PlainLedger(PRECISION)
        self.place.listing.events["E"].netting = Netting.EXCLUSIVE
        self.place.create_group("x", 300, self.now_ns)
        self.place.ledger.set_netting("z", True)
        for account in ACCOUNTS:
            for shard in (0, 2):  # of the hundred that a bazaar gives
                self.place.ledger.deposit(account, shard, CASH - 100 * DOLLAR, self.now_ns)

    def learn(self, events: list[VenueEvent] | Refusal) -> None:
        if not isinstance(events, Refusal):
            self.plain.take(events)

    def new_(self, account: str, symbol: str, side: int, price: int, qty: int, way: str) -> None:
        tif = {"ioc": fix.Tif.IOC, "fok": fix.Tif.FOK, "reduce": fix.Tif.IOC}.get(way, fix.Tif.GTC)
        ways: dict[str, dict[str, object]] = {
            "post": {"post_only": True},
            "reduce": {"reduce_only": True},
            "cost": {"max_cost": qty * 5000},
            "flag": {"cancel_on_pause": True},
            "maker": {"stp": Stp.MAKER},
        }
        more = ways.get(way, {})
        groups = self.place.groups.of_account(account)
        if way == "group" and groups:
            more = {"group": groups[-1].id}
        super().new(account, side, qty, price, tif, symbol=symbol, **more)  # type: ignore[arg-type]
        self.learn(self.told)

    def replace_(self, choice: int, price: int, leaves: int) -> None:
        if orders := self.open_orders():
            order = orders[choice % len(orders)]
            super().replace(order.account, order.cl_ord_id, order.cum_qty + leaves, price)
            self.learn(self.told)

    def cancel_(self, choice: int) -> None:
        if orders := self.open_orders():
            order = orders[choice % len(orders)]
            super().cancel(order.account, order.cl_ord_id)
            self.learn(self.told)

    def mass_(self, account: str) -> None:
        super().mass_cancel(account)
        self.learn(self.told)

    def pause_(self, symbol: str) -> None:
        life, status = self.place.lifecycle, self.status(symbol)
        if status in ("active", "inactive"):
            step = life.pause if status == "active" else life.resume
            self.learn(step(symbol, self.now_ns))

    def close_(self, symbol: str, seconds: int) -> None:
        if self.status(symbol) in ("active", "inactive", "closed"):
            self.learn(self.place.lifecycle.move_close(symbol, self.now_ns + seconds * SECOND_NS, self.now_ns))

    def end_(self, symbol: str, result: str, value: int) -> None:
        if self.status(symbol) in ("active", "inactive", "closed"):
            self.learn(self.place.lifecycle.determine(symbol, result, value, self.now_ns))

    def hours_(self, states: tuple[bool, bool]) -> None:
        is_open, is_trading = states
        self.learn(self.place.set_hours(self.now_ns, is_open=is_open, is_trading=is_trading))

    def lose_(self, is_lost: bool) -> None:
        if is_lost:
            self.place.hours.lose(2, is_applied=False)
        else:
            self.place.hours.find(2)

    def group_(self, what: str) -> None:
        place, now_ns = self.place, self.now_ns
        groups = place.groups.of_account("x")
        if what == "create" or not groups:
            self.learn(place.create_group("x", 300, now_ns))
        else:
            step = {"reset": place.reset_group, "trigger": place.trigger_group, "delete": place.delete_group}[what]
            self.learn(step("x", groups[-1].id, now_ns))

    def net_(self, enabled: bool) -> None:
        self.place.ledger.set_netting("z", enabled)

    def grid_(self, symbol: str) -> None:
        if self.status(symbol) in ("active", "inactive"):
            label = "linear_cent" if self.place.listing.markets[symbol].label != "linear_cent" else "deci_cent"
            self.learn(self.place.lifecycle.change_grid(symbol, label, self.now_ns))

    def floor_(self, symbol: str, price: int) -> None:
        if self.status(symbol) in ("active", "inactive") and price < 4800:
            self.learn(self.place.lifecycle.raise_floor(symbol, price, self.now_ns))

    def wait_(self, seconds: int) -> None:
        super().advance(seconds * SECOND_NS)
        self.learn(self.told)
        for symbol in SYMBOLS:  # what has closed ends, and what has ended is listed again
            if self.status(symbol) == "closed" and seconds % 2:
                self.end_(symbol, "no", -1)
            if symbol not in self.place.listing.markets:
                self.relist(symbol)

    def relist(self, symbol: str) -> None:
        self.place.listing.archived.pop(symbol, None)
        event = "F" if symbol == "C" else "E"
        if event not in self.place.listing.events:
            self.place.listing.archived_events.pop(event, None)
            record = EventRecord(ticker=event, series="T" if event == "F" else "S")
            self.place.lifecycle.list_event(record, self.now_ns)
        self.place.listing.events[event].markets = [
            ticker for ticker in self.place.listing.events[event].markets if ticker != symbol
        ]
        self.add(symbol, event)

    def status(self, symbol: str) -> str:
        market = self.place.listing.markets.get(symbol)
        return market.status if market else ""

    def open_orders(self) -> list[RestingOrder]:
        registry = self.place.exchange.orders
        orders = [order for account in ACCOUNTS for order in registry.open_orders(account)]
        return sorted(orders, key=lambda order: order.number)

    def check(self) -> None:
        ledger = self.place.ledger
        for account in ACCOUNTS:
            holdings = ledger.open(account)
            freed = sum(holdings.freed.values())
            assert sum(holdings.cash.values()) - freed == 2 * CASH + self.plain.cash(account)
            nets = {position.symbol: position.net for position in ledger.positions(account) if position.net}
            assert nets == {symbol: net for symbol, net in self.plain.nets[account].items() if net}
            self.check_orders(account)
            self.check_needs(account)
            if account != "z":
                assert min(holdings.cash.values()) >= 0
        total = sum(sum(ledger.open(account).cash.values()) for account in ACCOUNTS)
        freed = sum(sum(ledger.open(account).freed.values()) for account in ACCOUNTS)
        assert total - freed + self.plain.held() + ledger.fees == len(ACCOUNTS) * 2 * CASH
        assert ledger.fees == self.plain.fees
        assert sum(ledger.open_interest.values()) * 10_000 == self.plain.held()
        for market in self.place.exchange.markets.values():
            market._check()

    def check_orders(self, account: str) -> None:
        real = {
            order.order_id: (order.leaves_qty, order.cum_qty, order.price, order.cl_ord_id)
            for order in self.place.exchange.orders.open_orders(account)
        }
        known = {
            record.order_id: (record.leaves_qty, record.cum_qty, record.price, record.cl_ord_id)
            for record in self.place.ledger.orders(account, status="resting")
        }
        assert real == known
        fills: Counter[str] = Counter()
        for fill in self.place.ledger.fills(account):
            fills[fill.order_id] += fill.qty
        for record in self.place.ledger.orders(account):
            assert fills[record.order_id] == record.cum_qty

    def check_needs(self, account: str) -> None:
        ledger = self.place.ledger
        holdings = ledger.open(account)
        resting = 0
        for symbol in SYMBOLS:
            orders = ledger.orders(account, status="resting", symbol=symbol)
            least = worst_cost(holdings.net(symbol), orders)
            terms = self.place.listing
            fees = sum(terms.fee_of(symbol, o.price, o.leaves_qty, False, self.now_ns) for o in orders)
            assert least <= holdings.need_of(symbol) <= least + fees
            resting += holdings.need_of(symbol)
        assert resting == sum(holdings.resting(shard) for shard in (0, 2))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
def test_random_life_keeps_every_dollar(seed: int) -> None:
    life, random = Life(), Random(seed)
    for _ in range(STEPS):
        name, *arguments = operation(random)
        getattr(life, f"{name}_")(*arguments)
        life.check()
    life.hours_((True, True))
    for symbol in SYMBOLS:
        life.end_(symbol, "yes", -1)
    life.wait_(5)
    life.check()
    assert life.plain.held() == 0
    assert not any(life.place.ledger.open(account).freed for account in ACCOUNTS)
