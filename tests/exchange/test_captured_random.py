"""Random captures with random own orders: what the fill rule promises holds after every frame."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.exchange.captured import PAIRING_MS
from engine.exchange.events import CAPTURED
from tests.support.sim.captured import Captured, delta, snapshot, trade

SIDES = st.sampled_from((fix.BUY, fix.SELL))
CENTS = st.integers(44, 46)
CONTRACTS = st.integers(1, 9)
FRAME = st.tuples(st.sampled_from(("more", "less", "trade", "trade late")), SIDES, CENTS, CONTRACTS)
SNAPSHOT = st.tuples(st.just("snapshot"), st.dictionaries(CENTS, CONTRACTS), st.integers(44, 47))
ORDER = st.tuples(st.just("order"), SIDES, CENTS, CONTRACTS, st.sampled_from((fix.Tif.GTC, fix.Tif.GTC, fix.Tif.IOC)))
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 20))
STEPS = st.lists(st.one_of(FRAME, FRAME, FRAME, ORDER, ORDER, CANCEL, SNAPSHOT), min_size=20, max_size=60)


class Run(Captured):
    """One capture with the orders of account a in it; every trade frame has its decrease, before or after it."""

    def __init__(self) -> None:
        super().__init__()
        self.frames(snapshot({44: 6, 45: 3}, {46: 5}))
        self.ids = 0
        self.ts_ms = 0
        self.offered = 0  # contracts that own resting orders could have traded at most

    def next_id(self) -> str:
        self.ids += 1
        return str(self.ids)

    def shown(self, side: int, cents: int) -> int:
        return dict(self.capture.levels(side)).get(cents * 100, 0) // 100

    def frame(self, kind: str, side: int, cents: int, contracts: int) -> list[tuple[object, ...]]:
        self.ts_ms += PAIRING_MS // 3
        if kind == "more":
            other = fix.SELL if side == fix.BUY else fix.BUY
            if any(self.shown(other, price) for price in range(44, 47) if (cents - price) * (3 - 2 * side) >= 0):
                return []  # a capture does not cross itself
            self.offered += contracts
            return self.frames(delta(side, cents, contracts, self.ts_ms))
        contracts = min(contracts, self.shown(side, cents))
        if not contracts:
            return []
        less = delta(side, cents, -contracts, self.ts_ms)
        if kind == "less":
            return self.frames(less)
        self.offered += contracts
        hit = trade(fix.SELL if side == fix.BUY else fix.BUY, cents, contracts, self.ts_ms)
        return self.frames(*((less, hit) if kind == "trade" else (hit, less)))

    def snapshot(self, sizes: dict[int, int], middle: int) -> list[tuple[object, ...]]:
        self.offered += sum(sizes.values())
        bids = {cents: size for cents, size in sizes.items() if cents < middle}
        return self.frames(snapshot(bids, {cents: size for cents, size in sizes.items() if cents >= middle}))

    def order(self, side: int, cents: int, contracts: int, tif: str) -> list[tuple[object, ...]]:
        self.new("a", self.next_id(), side, contracts * 100, cents * 100, tif)
        return []

    def cancel_one(self, choice: int) -> list[tuple[object, ...]]:
        if orders := self.exchange.orders.open_orders("a"):
            self.cancel("a", self.next_id(), order_id=orders[choice % len(orders)].order_id)
        return []


@settings(max_examples=120, deadline=None, derandomize=True)
@given(STEPS)
def test_fill_rule_holds_at_every_step(steps: list[tuple[object, ...]]) -> None:
    run = Run()
    made = 0
    for name, *arguments in steps:
        if name in ("order", "snapshot"):
            events = getattr(run, str(name))(*arguments)
        elif name == "cancel":
            events = run.cancel_one(*arguments)  # type: ignore[arg-type]
        else:
            events = run.frame(str(name), *arguments)  # type: ignore[arg-type]
        made += sum(event[4] for event in events)
        assert_settled(run)
    assert made <= run.offered * 100


def assert_settled(run: Run) -> None:
    """Available is shown less taken at every price, and no own order rests across what is available."""
    market = run.exchange.markets["A"]
    for side in (fix.BUY, fix.SELL):
        for price, level in run.capture._levels[side].items():
            queued = run.capture._queued(side, price)
            assert not level.trades  # every trade found its decrease
            assert queued == level.shown - level.taken >= 0 <= level.taken
        other = [level for level in market.opposite(side) if any(o.account == CAPTURED for o in level.queue.values())]
        for order in market.own_orders(side):
            assert not other or not order.accepts(other[0].price)
