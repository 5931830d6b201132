from collections.abc import Iterable, Sequence
from typing import Self

from typing_extensions import disjoint_base

from engine.instrument import Instrument
from engine.orders.order import Order
from engine.portfolio import Portfolio
from engine.risk._exposure import Exposure
from engine.risk.fee_bound import FeeBound
from engine.risk.limits import Limits

@disjoint_base
class RiskMarkets:
    def __new__(
        cls,
        limits: Limits,
        instruments: Iterable[Instrument],
        portfolio: Portfolio,
        fee_bounds: Sequence[FeeBound] = (),
    ) -> Self: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def exposure(self) -> Exposure: ...
    def add(self, instruments: Iterable[Instrument], fee_bounds: Sequence[FeeBound] = ()) -> None: ...
    def remove(self, instruments: Iterable[Instrument]) -> None: ...
    def update(self, order: Order) -> None: ...
    def refresh(self, instrument: Instrument) -> None: ...
    def restore(self, orders: Iterable[Order]) -> None: ...
    def set_stops(self, instrument: Instrument, causes: int) -> None: ...
