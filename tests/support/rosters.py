"""Desks whose markets come and go: a scene with its roster, one on a journal, and markets to put into them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from engine.book import make_book
from engine.instrument import NOWHERE, Instrument, PriceBand
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.snapshot import Snapshots
from engine.journal.writer import Journal
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.risk.fee_bound import FeeBound
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.gateway import SessionGateway
from engine.trading.universe.roster import Roster, RosterParts
from tests.support.desks import CENTS, FakeDialect, FakeMarketData, Scene
from tests.support.order_reports import ack, canceled, fill
from tests.support.risks import NO_LIMITS


def market(symbol: str, event: str = "", bands: list[PriceBand] | None = None) -> Instrument:
    """Return a market that is in no table yet."""
    return Instrument(symbol, NOWHERE, CENTS if bands is None else bands, event=event)


class FakeFees:
    """What a lot costs at most by market, and which terms were set."""

    def __init__(self) -> None:
        self.per_lot: dict[str, int] = {}
        self.terms: list[tuple[str, int, int]] = []

    def bound(self, instrument: Instrument) -> FeeBound:
        return FeeBound(per_lot=self.per_lot.get(instrument.symbol, 0))

    def set_terms(self, instrument: Instrument, multiplier_milli: int, maker_percent: int) -> None:
        self.terms.append((instrument.symbol, multiplier_milli, maker_percent))
        self.per_lot[instrument.symbol] = max(maker_percent, 0)

    def forget(self, instruments: Iterable[Instrument]) -> None:
        for instrument in instruments:
            self.per_lot.pop(instrument.symbol, None)


class RollingScene(Scene):
    """RAIN and SNOW, and whatever a test adds."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fees = FakeFees()
        parts = RosterParts(
            market_data=self.spies["market_data"],
            orders=self.dialect,
            fees=cast(Any, self.fees),
            command=lambda commands: self.record.append(("command", *commands)),
            wall_ns=lambda: 10**18 + self.now_ns,
            watch_depth=3,
        )
        self.roster = Roster(self.loop, parts)

    def come(self, *instruments: Instrument) -> None:
        """Add markets, which must be taken, and give each a book."""
        assert self.roster.add(instruments) == {}
        for instrument in instruments:
            self.loop.book(instrument).snapshot([(4_500, 100)], [(4_600, 100)])

    def bid(self, instrument: Instrument, price: int = 4_500, qty: int = 10) -> Any:
        """Return the order, or None where risk denied it: a test knows which."""
        return self.desk.buy(instrument, price, qty)

    def check(self) -> None:
        """Assert what every part says of itself, and that all have the same markets."""
        self.loop.portfolio._check()
        self.loop.risk.exposure._check()
        instruments = self.loop.instruments
        assert [position.instrument for position in self.loop.portfolio] == list(instruments)
        assert self.loop.risk.exposure.instruments == instruments
        assert [book.instrument for book in self.loop.books] == list(instruments)


class RollingDesk:
    """One start of a desk without any market of its own, on a journal: what the runs before left is taken back."""

    def __init__(self, directory: Path, nonce: str, segment_bytes: int = 2**16) -> None:
        self.orders, self.portfolio = Orders(nonce), Portfolio(())
        recover(journal_paths(directory) if directory.exists() else [], (), self.orders, self.portfolio, adopts=True)
        left = [position.instrument for position in self.portfolio]
        self.risk = Risk(NO_LIMITS, (), self.portfolio)
        self.risk.add(left)
        self.risk.restore(self.orders.live())
        self.journal = Journal(directory, nonce, (), 1, segment_bytes=segment_bytes)
        self.snapshots = Snapshots(self.journal, self.orders, self.portfolio, ())
        self.snapshots.take()
        dialect: Any = FakeDialect()
        market_data = cast(Any, FakeMarketData())
        parts = Parts(
            books=[make_book(instrument) for instrument in left],
            market_data=market_data,
            decode_report=dialect.decode,
            orders=self.orders,
            portfolio=self.portfolio,
            risk=self.risk,
            journal=self.journal,
            strategy=Strategy(),
        )
        around = Surroundings(
            gateway=SessionGateway(dialect, lambda body: None, lambda fields: None),
            command=lambda commands: None,
            halt=lambda reason: None,
            clock_ns=lambda: 5,
            wall_ns=lambda: 9,
            call_later=lambda delay_ns, due: None,
            log=lambda line: None,
        )
        self.loop = assemble(parts, around)
        self.loop.is_connected = self.loop.is_trading = True
        around_roster = RosterParts(market_data, dialect, cast(Any, FakeFees()), lambda commands: None, lambda: 9)
        self.roster = Roster(self.loop, around_roster)
        self.executions = 0

    def come(self, *instruments: Instrument) -> None:
        """Add markets and give each a book."""
        assert self.roster.add(instruments) == {}
        self.show()

    def show(self) -> None:
        """Give each market that has none a book."""
        for book in self.loop.books:
            if book.is_stale:
                book.snapshot([(4_500, 100)], [(4_600, 100)])

    def rest(self, instrument: Instrument, side: int, qty: int) -> Order:
        """Place an order that rests."""
        price = 4_400 if side == 1 else 4_700
        order = self.loop.submit(instrument, side, price, qty, "1", False, "2", 0)
        assert order is not None
        self.hear(ack(order))
        return order

    def trade(self, order: Order, qty: int) -> None:
        """Let an order fill."""
        self.executions += 1
        self.hear(fill(order, qty, f"{self.orders.nonce}{self.executions}", order.price))

    def cancel(self, order: Order) -> None:
        """Cancel an order, and be answered."""
        if order.can_cancel:
            self.loop.cancel(order)
        self.hear(canceled(order))

    def hear(self, report: ExecutionReport) -> None:
        """Take a report off the wire."""
        self.loop.apply(report)
