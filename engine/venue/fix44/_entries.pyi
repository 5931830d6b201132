from collections.abc import Callable
from typing import final

from engine.codec._fields import Fields
from engine.instrument import Instrument
from engine.venue import MarketEvent

@final
class Entries:
    @property
    def event(self) -> MarketEvent: ...
    def __init__(
        self,
        markets: dict[str, Instrument],
        level: MarketEvent,
        unusual: Callable[[dict[int, str], int], MarketEvent],
    ) -> None: ...
    def begin(self, fields: Fields) -> tuple[int, int]: ...
    def __iter__(self) -> Entries: ...
    def __next__(self) -> MarketEvent: ...
