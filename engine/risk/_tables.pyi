from collections.abc import Iterable, Sequence
from typing import Self

from typing_extensions import disjoint_base

from engine.instrument import Instrument
from engine.portfolio import Portfolio
from engine.risk.fee_bound import FeeBound

@disjoint_base
class RiskTables:
    def __new__(
        cls,
        instruments: Iterable[Instrument],
        portfolio: Portfolio,
        fee_bounds: Sequence[FeeBound] = (),
        exclusive: Iterable[str] = (),
    ) -> Self: ...
    @property
    def instruments(self) -> tuple[Instrument, ...]: ...
    def set_exclusive(self, event: str, is_exclusive: bool) -> bool: ...
    def remove(self, instruments: Iterable[Instrument]) -> None: ...
    def set_fee_bound(self, instrument: Instrument, bound: FeeBound) -> None: ...
