"""A desk whose markets come and go: a scene with its roster, and markets to put into it."""

from typing import Any

from engine.instrument import NOWHERE, Instrument, PriceBand
from engine.risk.fee_bound import NO_FEE, FeeBound
from engine.trading.universe.roster import Around, Roster
from tests.support.desks import CENTS, Scene


def market(symbol: str, event: str = "", bands: list[PriceBand] | None = None) -> Instrument:
    """Return a market that is in no table yet."""
    return Instrument(symbol, NOWHERE, CENTS if bands is None else bands, event=event)


class RollingScene(Scene):
    """RAIN and SNOW, and whatever a test adds; `bounds` says what fills in a market can cost."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.bounds: dict[str, FeeBound] = {}
        around = Around(
            market_data=self.spies["market_data"],
            orders=self.dialect,
            command=lambda commands: self.record.append(("command", *commands)),
            wall_ns=lambda: 10**18 + self.now_ns,
            bound=lambda instrument: self.bounds.get(instrument.symbol, NO_FEE),
            watch_depth=3,
        )
        self.roster = Roster(self.loop, around)

    def come(self, *instruments: Instrument) -> None:
        """Add markets, which must be taken, and give each a book."""
        assert self.roster.add(instruments) == {}
        for instrument in instruments:
            self.loop.book(instrument).snapshot([(4_500, 100)], [(4_600, 100)])

    def check(self) -> None:
        """Assert what every part says of itself, and that all have the same markets."""
        self.loop.portfolio._check()
        self.loop.risk.exposure._check()
        instruments = self.loop.instruments
        assert [position.instrument for position in self.loop.portfolio] == list(instruments)
        assert self.loop.risk.exposure.instruments == instruments
        assert [book.instrument for book in self.loop.books] == list(instruments)
