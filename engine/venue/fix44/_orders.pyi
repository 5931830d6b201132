from collections.abc import Iterable, Mapping
from typing import final

from typing_extensions import disjoint_base

from engine.instrument import Instrument
from engine.orders.order import Order

@disjoint_base
class OrderEncoder:
    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        fixed: Mapping[str, Iterable[tuple[int, str]]] | None = None,
        omit: Mapping[str, Iterable[int]] | None = None,
        precision: int = 3,
        mass_cancel_request_type: str = "7",
    ) -> None: ...
    def add(self, instruments: Iterable[Instrument]) -> None: ...
    def remove(self, instruments: Iterable[Instrument]) -> None: ...
    def new_order(self, order: Order, now_ns: int) -> bytes: ...
    def replace(self, order: Order, now_ns: int) -> bytes: ...
    def cancel(self, order: Order, now_ns: int) -> bytes: ...
    def mass_cancel(self, cl_ord_id: str, now_ns: int) -> bytes: ...
    def order_status(self, order: Order, now_ns: int) -> bytes: ...

@final
class Place:
    def __new__(cls, instrument: Instrument) -> Place: ...
