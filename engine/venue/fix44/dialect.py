"""The plain FIX 4.4 order dialect: what the standard says, and nothing of any venue's own.

Units   prices and sizes of each message in those of its Symbol(55).
Errors  DecodeError for a report that cannot be read, or whose units nobody knows.
Source  FIX 4.4 volume 4: messages D, F, G, H, q, 8, 9, r; volume 2: 3, j.
"""

from collections.abc import Iterable, Mapping

from engine import fix
from engine.codec._fields import Fields
from engine.errors import DecodeError, OrderError
from engine.instrument import Instrument
from engine.orders.options import OrderOptions, none_offered
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.venue import Verdict
from engine.venue.fix44._orders import OrderEncoder
from engine.venue.fix44._reports import decode_report


class Fix44(OrderEncoder):
    """An OrderDialect; the requests are `OrderEncoder`'s. `fixed` adds fields by MsgType, such as Account(1)."""

    closed_texts: frozenset[str] = frozenset()  # the standard has a code, OrdRejReason(103) 2, and no texts
    consequences: Mapping[str, Verdict] = {}

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        fixed: Mapping[str, Iterable[tuple[int, str]]] | None = None,
        omit: Mapping[str, Iterable[int]] | None = None,
        precision: int = 3,
        mass_cancel_request_type: str = "7",
    ) -> None:
        instruments = tuple(instruments)
        super().__init__(
            instruments,
            fixed=fixed,
            omit=omit,
            precision=precision,
            mass_cancel_request_type=mass_cancel_request_type,
        )
        self._report = ExecutionReport()
        self._decimals: dict[str, tuple[int, int]] = {}
        self._learn(instruments)

    @property
    def units(self) -> Mapping[str, tuple[int, int]]:
        """The decimals of prices and of sizes by symbol, as markets come and go."""
        return self._decimals

    def judge_options(self, options: OrderOptions, time_in_force: str, post_only: bool, ord_type: str) -> str:
        """Return that the standard has none of them."""
        return none_offered(options, time_in_force, post_only, ord_type)

    def new_order_with(self, order: Order, now_ns: int) -> bytes:
        """Return the body of an order with a tag, which no field carries; OrderError for other options."""
        if order.options is not None and order.options.asks_venue:
            raise OrderError(f"ClOrdID(11) {order.cl_ord_id}: {order.options} cannot be said")
        body: bytes = self.new_order(order, now_ns)
        return body

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Know these markets too."""
        instruments = tuple(instruments)
        super().add(instruments)
        self._learn(instruments)

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget these markets; the units that all have in common stay those of reports."""
        instruments = tuple(instruments)
        super().remove(instruments)
        for instrument in instruments:
            self._decimals.pop(instrument.symbol, None)

    def _learn(self, instruments: Iterable[Instrument]) -> None:
        self._decimals.update({one.symbol: (one.price_decimals, one.size_decimals) for one in instruments})
        units = set(self._decimals.values())
        self._common = units.pop() if len(units) == 1 else None

    def decode(self, fields: Fields) -> ExecutionReport | None:
        """Return the report, one reused object; None for a message type that says nothing about orders."""
        price_decimals, size_decimals = self._common or self._decimals_of(fields)
        return self._report if decode_report(fields, self._report, price_decimals, size_decimals) else None

    def _decimals_of(self, fields: Fields) -> tuple[int, int]:
        if fields.msg_type != fix.Msg.EXECUTION_REPORT:
            return 0, 0  # it has no prices
        decimals = self._decimals.get(fields.text(fix.Symbol))
        if decimals is None:
            raise DecodeError(f"Symbol(55) unknown: {fields.text(fix.Symbol)!r}")
        return decimals
