from collections.abc import Mapping, Sequence
from typing import Any, final

from engine.backtest.core.settings import ParameterSet, PassResult, RowAnswer
from engine.instrument import PriceGrid

@final
class CompiledPass:
    def __init__(
        self,
        columns: Mapping[str, Any],
        markets: Sequence[tuple[PriceGrid, int]],
        sets: Sequence[ParameterSet],
        *,
        wakes_on_size: bool = False,
    ) -> None: ...
    @property
    def rows_done(self) -> int: ...
    def run_all(self) -> None: ...
    def result(self, account: int) -> PassResult: ...
    def fills(self, account: int) -> list[RowAnswer]: ...
    def levels(self, market: int, side: int, *, at_venue: bool = False) -> list[tuple[int, int]]: ...
