from typing import Protocol

from typing_extensions import disjoint_base

from engine.instrument import Instrument
from engine.orders.order import Order
from engine.risk._bounds import RiskBounds
from engine.runtime._halt_page import HaltPage

class _Book(Protocol):
    @property
    def is_stale(self) -> bool: ...
    @property
    def best_bid(self) -> int: ...
    @property
    def best_ask(self) -> int: ...

@disjoint_base
class Risk(RiskBounds):
    heard_ns: int
    def check_time_in_force(self, time_in_force: str, expire_time_ns: int) -> int: ...
    def check_reduces(self, instrument: Instrument, side: int, qty: int) -> int: ...
    def check_new(
        self,
        instrument: Instrument,
        side: int,
        price: int,
        qty: int,
        ord_type: str,
        book: _Book | None,
        now_ns: int,
    ) -> int: ...
    def check_replace(self, order: Order, price: int, qty: int, book: _Book | None, now_ns: int) -> int: ...
    def check_cancel(self, order: Order, now_ns: int) -> int: ...
    def is_within_loss(self) -> bool: ...
    def obey(self, page: HaltPage) -> None: ...
