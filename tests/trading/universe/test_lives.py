"""Random lives of markets, with restarts, against plain dictionaries; and so many of them that nothing may pile up."""

import gc
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fix import BUY, SELL
from engine.instrument import Instrument, PriceBand
from engine.ops.view import layout
from engine.ops.view._publish import ViewWriter
from engine.orders.order import Order
from tests.support.rosters import RollingDesk, market

FEE = 7  # of each fill, as the report says
GRIDS = (
    [PriceBand(0, 10_000, 100)],
    [PriceBand(0, 1_000, 10), PriceBand(1_000, 9_000, 100), PriceBand(9_000, 10_000, 10)],
)


@dataclass
class Lived:
    """One market as one would keep it on paper."""

    event: str
    net: int = 0
    cash: int = 0
    fees: int = 0
    is_settled: bool = False
    open: dict[str, tuple[int, int]] = field(default_factory=dict)  # ClOrdID: side, what is left


class Lives:
    """A desk that lives at random, and the book of what happened."""

    def __init__(self, seed: int, directory: Path) -> None:
        self.random = Random(seed)
        self.directory = directory
        self.starts = self.made = self.most = 0
        self.there: dict[str, Lived] = {}
        self.gone_cash = self.gone_fees = 0
        self.start()

    def start(self) -> None:
        self.starts += 1
        self.desk = RollingDesk(self.directory, f"N{self.starts}", segment_bytes=self.random.choice((4096, 2**16)))
        self.desk.show()

    def step(self) -> None:
        acts = (self.come, self.rest, self.trade, self.trade, self.cancel, self.settle, self.forget, self.snapshot)
        self.random.choice(acts)()

    def pick(self, settled: bool = False) -> str | None:
        names = [name for name, each in self.there.items() if each.is_settled == settled]
        return self.random.choice(names) if names else None

    def order(self) -> tuple[str, Order] | None:
        found = [(name, cl_ord_id) for name, each in self.there.items() for cl_ord_id in each.open]
        if not found:
            return None
        name, cl_ord_id = self.random.choice(found)
        order = self.desk.orders.by_id(cl_ord_id)
        assert order is not None
        return name, order

    def come(self) -> None:
        self.made += 1
        name, event = f"M{self.made}", f"E{self.random.randrange(4)}"
        instrument = market(name, event, self.random.choice(GRIDS))
        instrument.close_ns, instrument.shard = self.made, self.made % 3
        self.desk.come(instrument)
        self.there[name] = Lived(event)
        self.most = max(self.most, len(self.there))

    def rest(self) -> None:
        if name := self.pick():
            side, qty = self.random.choice((BUY, SELL)), self.random.randrange(1, 50)
            order = self.desk.rest(self.instrument(name), side, qty)
            self.there[name].open[order.cl_ord_id] = side, qty

    def trade(self) -> None:
        if found := self.order():
            name, order = found
            lived = self.there[name]
            side, left = lived.open[order.cl_ord_id]
            qty = self.random.randrange(1, left + 1)
            self.desk.trade(order, qty)
            signed = qty if side == BUY else -qty
            lived.net += signed
            lived.cash -= signed * order.price
            lived.fees += FEE
            if qty == left:
                del lived.open[order.cl_ord_id]
            else:
                lived.open[order.cl_ord_id] = side, left - qty

    def cancel(self) -> None:
        if found := self.order():
            name, order = found
            self.desk.cancel(order)
            del self.there[name].open[order.cl_ord_id]

    def settle(self) -> None:
        name = self.pick()
        if name and not self.there[name].open:
            price = self.random.choice((0, 10_000, 3_700))
            self.desk.loop.settlements.pay(self.instrument(name), price, "the venue")
            lived = self.there[name]
            lived.cash, lived.net, lived.is_settled = lived.cash + lived.net * price, 0, True

    def forget(self) -> None:
        final = [name for name, each in self.there.items() if each.is_settled]
        chosen = final[: self.random.randrange(1, 4)]
        if chosen:
            self.desk.roster.remove([self.instrument(name) for name in chosen])
            for name in chosen:
                lived = self.there.pop(name)
                self.gone_cash, self.gone_fees = self.gone_cash + lived.cash, self.gone_fees + lived.fees

    def snapshot(self) -> None:
        if self.random.random() < 0.3:
            self.desk.journal.roll()
            self.desk.snapshots.take()

    def restart(self) -> None:
        """End and begin again, in order or by a crash; what rested is then unknown until the venue has answered."""
        self.desk.journal.close()
        self.start()

    def instrument(self, name: str) -> Instrument:
        (found,) = [each for each in self.desk.loop.instruments if each.symbol == name]
        return found

    def check(self) -> None:
        portfolio, exposure = self.desk.portfolio, self.desk.risk.exposure
        portfolio._check()
        exposure._check()
        found = {
            position.instrument.symbol: (position.net, position.cash, position.fees, position.is_settled)
            for position in portfolio
        }
        assert found == {name: (each.net, each.cash, each.fees, each.is_settled) for name, each in self.there.items()}
        assert portfolio.cash == self.gone_cash + sum(each.cash for each in self.there.values())
        assert portfolio.fees == self.gone_fees + sum(each.fees for each in self.there.values())
        assert {order.cl_ord_id for order in self.desk.orders.live()} == {
            cl_ord_id for each in self.there.values() for cl_ord_id in each.open
        }
        assert exposure.instruments == self.desk.loop.instruments
        for name, each in self.there.items():
            instrument = self.instrument(name)
            assert (instrument.event, instrument.close_ns) == (each.event, int(name[1:]))
            assert (instrument.shard, instrument.limit) == (int(name[1:]) % 3, 10_000)
            open_ = [qty if side == BUY else -qty for side, qty in each.open.values()]
            worst = max(each.net + sum(q for q in open_ if q > 0), sum(-q for q in open_ if q < 0) - each.net)
            assert exposure.worst_position(instrument) == worst
        assert sum(each.net != 0 for each in portfolio) == sum(each.net != 0 for each in self.there.values())
        assert max([each.index for each in self.desk.loop.instruments], default=-1) < max(self.most, 1)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), runs=st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_random_lives_are_what_plain_dictionaries_say_and_outlast_restarts(seed: int, runs: list[int]) -> None:
    with TemporaryDirectory() as directory:
        lives = Lives(seed, Path(directory))
        try:
            for steps in runs:
                for _ in range(steps):
                    lives.step()
                    lives.check()
                realised, fees = lives.desk.portfolio.realised, lives.desk.portfolio.fees
                lives.restart()
                lives.check()
                assert (lives.desk.portfolio.realised, lives.desk.portfolio.fees) == (realised, fees)
        finally:
            lives.desk.journal.close()


ALIVE, BATCH, MARKETS = 200, 50, 60_000


class Rolling:
    """A desk through which markets roll, `ALIVE` at once; an order trades in one of each batch, and one rests."""

    def __init__(self, directory: Path) -> None:
        self.desk = RollingDesk(directory, "R", segment_bytes=2**22)
        self.made = self.pnl = 0
        self.alive: list[Instrument] = []
        self.view = bytearray(layout.places(ALIVE + BATCH)[1])
        for _ in range(ALIVE // BATCH):
            self.come()
        self.writer = ViewWriter(self.view, self.desk.loop, (), ALIVE + BATCH)

    def come(self) -> None:
        fresh = [market(f"KXBTC15M-{self.made + number}", f"KXBTC15M-{self.made}") for number in range(BATCH)]
        self.made += BATCH
        self.alive += fresh
        self.desk.come(*fresh)

    def turn(self) -> None:
        """Let the oldest markets trade, settle and go, and others come."""
        desk = self.desk
        oldest, self.alive = self.alive[:BATCH], self.alive[BATCH:]
        order = desk.rest(oldest[0], BUY, 10)
        desk.trade(order, 10)
        desk.cancel(desk.rest(oldest[1], SELL, 10))
        for instrument in oldest:
            desk.loop.settlements.pay(instrument, 10_000, "the venue")
        desk.roster.remove(oldest)
        self.pnl += 10 * (10_000 - 4_400) - FEE
        self.come()
        desk.journal.prepare()
        desk.snapshots.tick()
        self.writer.publish(1, 1)


def allocated() -> int:
    """Return how many blocks of memory Python's objects have."""
    gc.collect()
    return sys.getallocatedblocks()


def anonymous_bytes() -> int:
    """Return what of this process is in memory and in no file."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon:")]
    return int(line.split()[1]) * 1024


def test_60_000_markets_leave_memory_flat_and_places_few(tmp_path: Path) -> None:
    before = allocated()
    rolling = Rolling(tmp_path)
    desk = rolling.desk
    with closing(desk.journal):
        blocks, resident = [], []
        while rolling.made < MARKETS:
            rolling.turn()
            if rolling.made % (MARKETS // 10) == 0:
                blocks.append(allocated() - before)
                resident.append(anonymous_bytes())
        assert max(blocks[1:]) <= 1.1 * blocks[0] + 1_000, blocks  # a market that leaves one behind makes 54 000
        assert max(resident[1:]) <= 1.1 * resident[0], resident
        assert len(desk.loop.instruments) == ALIVE
        assert max(each.index for each in desk.loop.instruments) < ALIVE + BATCH
        assert (rolling.writer.markets, desk.portfolio.pnl) == (ALIVE, rolling.pnl)
        assert len(list(desk.orders.ids.newest_first())) == 0
        desk.portfolio._check()
        desk.risk.exposure._check()
    again = RollingDesk(tmp_path, "S")
    with closing(again.journal):
        assert (again.portfolio.pnl, len(again.loop.instruments)) == (rolling.pnl, ALIVE)
