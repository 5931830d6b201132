"""Our reports beside the frames, as changes of the book that the frames must show too.

Units   times in ns since 1970, by the clock that frames were heard by; prices 0.0001 dollars, sizes 0.01 contracts.
Shapes  `own-RUN.jsonl` holds the journal's entries, one a line.
Errors  DecodeError names file and line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine import fix
from engine._decimal import parse_decimal
from engine.backtest.capture.index import run_of
from engine.errors import DecodeError

PRICE_DECIMALS, SIZE_DECIMALS = 4, 2
_ENDS = frozenset((fix.Exec.CANCELED, fix.Exec.EXPIRED, fix.Exec.REJECTED))


class OwnReport(msgspec.Struct, frozen=True):
    """What an entry of the journal says, as far as the book is concerned."""

    kind: str
    time_ns: int
    msg_type: str = ""
    exec_type: str = ""
    order_id: str = ""
    symbol: str = ""
    side: int = 0
    price: str = ""
    last_px: str = ""
    last_qty: str = ""
    leaves_qty: str = ""


class Move(NamedTuple):
    """Our order `order_id` moved a level, or is said to: `is_trade` if it traded, `begins` if it entered the book."""

    time_ns: int
    order_id: str
    symbol: str
    side: int
    price: int
    change: int
    begins: bool = False
    is_trade: bool = False
    last_px: int = 0


class _Standing:
    """An order as its reports left it."""

    __slots__ = ("leaves", "price")

    def __init__(self, price: int, leaves: int) -> None:
        self.price = price
        self.leaves = leaves


_REPORTS = msgspec.json.Decoder(OwnReport)


def reports_beside(recorded: Path) -> Path | None:
    """Return the file of our reports of the run that a recorded file belongs to; None where there is none."""
    path = recorded.parent / f"own-{run_of(recorded)}.jsonl"
    return path if path.exists() else None


def read_moves(path: Path) -> Iterator[Move]:
    """Yield how our orders moved levels, in the order of our reports."""
    orders: dict[str, _Standing] = {}
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            try:
                report = _REPORTS.decode(text)
                if report.kind == "REPORT" and report.msg_type == "8" and report.symbol:
                    yield from _moves(report, orders)
            except (msgspec.DecodeError, ValueError) as error:
                raise DecodeError(f"{path} line {number}: {error}") from None


def _moves(report: OwnReport, orders: dict[str, _Standing]) -> Iterator[Move]:
    place = report.time_ns, report.order_id, report.symbol, report.side
    order = orders.get(report.order_id)
    if report.exec_type == fix.Exec.NEW:
        order = orders[report.order_id] = _Standing(_price(report.price), _size(report.leaves_qty))
        yield Move(*place, order.price, order.leaves, begins=True)
    elif order is None:
        return
    elif report.exec_type == fix.Exec.REPLACED:
        price, leaves = _price(report.price), _size(report.leaves_qty)
        if price == order.price and leaves <= order.leaves:
            yield Move(*place, price, leaves - order.leaves)
        else:
            yield Move(*place, order.price, -order.leaves)
            yield Move(*place, price, leaves, begins=True)
        order.price, order.leaves = price, leaves
    elif report.exec_type == fix.Exec.TRADE:
        filled = _size(report.last_qty)
        order.leaves -= filled
        yield Move(*place, order.price, -filled, is_trade=True, last_px=_price(report.last_px))
        if order.leaves <= 0:
            del orders[report.order_id]
    elif report.exec_type in _ENDS:
        yield Move(*place, order.price, -order.leaves)
        del orders[report.order_id]


def _price(text: str) -> int:
    return parse_decimal(text, PRICE_DECIMALS)


def _size(text: str) -> int:
    return parse_decimal(text, SIZE_DECIMALS)
