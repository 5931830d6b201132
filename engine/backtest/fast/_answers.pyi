from collections.abc import Callable
from typing import final

from engine.instrument import Instrument
from engine.orders.order import Order

@final
class PassOrder:
    def __init__(self, order: Order) -> None: ...

@final
class AnswerWriter:
    def __init__(self, fee: Callable[[Instrument, int, int, bool], int]) -> None: ...
