from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.backtest.core.settings import ParameterSet
from engine.instrument import Instrument
from engine.trading.gateway import Gateway
from engine.trading.loop import TradingLoop

class PassClock:
    now_ns: int
    @property
    def next_ns(self) -> int: ...
    def __init__(self, now_ns: int) -> None: ...
    def __call__(self) -> int: ...
    def call_later(self, delay_ns: int, callback: Callable[[], None]) -> None: ...
    def ring(self) -> None: ...

class PassOrder: ...

class PassGateway(Gateway):
    unsupported: str

class StrategyPass:
    @property
    def gateway(self) -> PassGateway: ...
    def __init__(
        self,
        columns: Mapping[str, Any],
        instruments: Sequence[Instrument],
        one: ParameterSet,
        fee: Callable[[Instrument, int, int, bool], int],
        sent: Callable[..., object],
        heard: Callable[..., object],
        look: Callable[[int], object],
        is_mapped: bool = False,
    ) -> None: ...
    def join(self, loop: TradingLoop, clock: PassClock) -> None: ...
    def run_all(self) -> None: ...
    def finish(self) -> None: ...
