"""A log of every report, written before it is sent, from which a venue that was killed recovers.

A restarted venue has lost its book. It reads this log, sends each account the reports it has not had, and cancels every
order that was open. Account and venue then agree.

Errors  DecodeError for a line that is no report; a last line that was cut off by a crash is dropped.
Cost    one line written and flushed per report.
"""

from collections.abc import Set
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import DecodeError
from engine.exchange.events import (
    Accepted,
    Busted,
    Canceled,
    Corrected,
    Event,
    Expired,
    MassCancel,
    OrderState,
    Rejected,
    Replaced,
    Report,
    Traded,
)
from engine.exchange.exchange import Exchange
from engine.exchange.market import RestingOrder

KINDS: dict[str, type[Report]] = {
    kind.exec_type: kind for kind in (Accepted, Rejected, Traded, Busted, Corrected, Replaced, Canceled, Expired)
}
RESTARTED = "VENUE_RESTARTED"  # Text(58) of the cancels after a start
_LOST = "lost"  # the order is unknown from here on
_START = "start"  # stands in place of an ExecType: everything before it has been told
_STATE = (
    "price", "order_qty", "cum_qty", "leaves_qty", "cum_cost", "ord_status", "ord_type", "time_in_force",
    "expire_time_ns",
)  # fmt: skip
Row = dict[str, Any]


class OrderLog:
    """An append-only file of reports; those of earlier runs stay in memory until `restart`."""

    def __init__(self, path: Path) -> None:
        rows = _read(path)
        starts = [place for place, row in enumerate(rows) if row["exec_type"] == _START]
        self._untold_from = starts[-1] if starts else 0
        self._rows = rows
        self._encoder = msgspec.json.Encoder()
        self._file = path.open("ab")

    def record(self, report: Report) -> None:
        """Write a report that is about to be sent; answers to status requests are not kept."""
        if not isinstance(report, OrderState):
            self._write({"exec_type": report.exec_type, **msgspec.structs.asdict(report)})

    def lose(self, order_id: str) -> None:
        """Note that nothing is known of an order any more."""
        self._write({"exec_type": _LOST, "order_id": order_id})

    def untold(self, account: str, told: Set[str]) -> list[Report]:
        """Return the reports of the last run that are not among those `told` (by ExecID), oldest first."""
        rows = (row for row in self._rows[self._untold_from :] if row.get("account") == account)
        return [_report(row) for row in rows if row["exec_id"] not in told]

    def restart(self, exchange: Exchange, now_ns: int) -> list[Event]:
        """Register every order with `exchange`, cancel those that were open, and return the cancels."""
        lost = {row["order_id"] for row in self._rows if row["exec_type"] == _LOST}
        for row in self._rows:
            if row.get("order_id", "") not in ("", *lost) and row["symbol"] in exchange.markets:
                _replay(row, exchange)
        events: list[Event] = []
        for account in exchange.orders.accounts():
            events += exchange.mass_cancel(MassCancel(account=account, cl_ord_id=""), now_ns)
        self._rows = []
        self._write({"exec_type": _START})
        return [msgspec.structs.replace(event, text=RESTARTED) for event in events if isinstance(event, Canceled)]

    def close(self) -> None:
        """Close the file; every line is on it already."""
        self._file.close()

    def _write(self, row: Row) -> None:
        self._file.write(self._encoder.encode(row) + b"\n")
        self._file.flush()


def _replay(row: Row, exchange: Exchange) -> None:
    """Register one order with `exchange` as a report left it, without putting it into a book."""
    order = exchange.orders.find(row["account"], order_id=row["order_id"])
    if order is None:
        number = exchange.next_number()
        order = RestingOrder(number, row["account"], row["symbol"], row["side"], row["price"], row["order_qty"])
        order.order_id, order.cl_ord_id = row["order_id"], row["cl_ord_id"]
        exchange.orders.add(order)
    elif order.cl_ord_id != row["cl_ord_id"]:
        exchange.orders.rename(order, row["cl_ord_id"])
    for name in _STATE:
        setattr(order, name, row[name])
    if not order.is_live:
        exchange.orders.finish(order)


def _report(row: Row) -> Report:
    fields = {name: value for name, value in row.items() if name != "exec_type"}
    return msgspec.convert(fields, KINDS[row["exec_type"]])


def _read(path: Path) -> list[Row]:
    if not path.exists():
        return []
    rows: list[Row] = []
    decoder = msgspec.json.Decoder(Row)
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    for number, line in enumerate(content[:whole].splitlines(), 1):
        try:
            row = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise DecodeError(f"{path} line {number} is no report: {error}") from None
        if row.get("exec_type") not in (*KINDS, _START, _LOST):
            raise DecodeError(f"{path} line {number} is no report: ExecType(150) {row.get('exec_type')!r}")
        rows.append(row)
    with path.open("r+b") as file:
        file.truncate(whole)
    return rows
