from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from engine.backtest.core.settings import ParameterSet
from engine.backtest.fast._pass_clock import PassClock
from engine.instrument import Instrument
from engine.trading.gateway import Gateway
from engine.trading.loop import TradingLoop

@final
class PassGateway(Gateway):
    unsupported: str

@final
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
