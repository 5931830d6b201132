"""The venue's own record: each accepted order and each fill as a JSON line, and their totals.

Units   as in `instrument`; positions count YES contracts, cash is what came in less what went out, fees included.
Errors  DecodeError for a line that is no entry; a last line that was cut off by a crash is dropped.
Cost    one line written and flushed per entry.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import msgspec

from engine import fix
from engine.errors import DecodeError
from engine.exchange.events import Accepted, Corrected, Event, Traded, Undone


class EnteredOrder(msgspec.Struct, frozen=True, tag="order", tag_field="entry"):
    """An order that the venue accepted."""

    now_ns: int
    account: str
    cl_ord_id: str
    order_id: str
    symbol: str
    side: int
    price: int
    qty: int


class TradePart(msgspec.Struct, frozen=True):
    """What an account bought or sold, by which order and report, and what it paid for that."""

    now_ns: int
    account: str
    cl_ord_id: str
    order_id: str
    exec_id: str
    symbol: str
    side: int
    price: int
    qty: int
    fee: int
    is_taker: bool


class Fill(TradePart, frozen=True, tag="fill", tag_field="entry"):
    """One account's part in one trade."""


class UndoneFill(TradePart, frozen=True, tag="undone", tag_field="entry"):
    """One account's part in a trade that was taken back, under the ExecID(17) that says so."""


Entry = EnteredOrder | Fill | UndoneFill


class Summary(msgspec.Struct):
    """What one account's entries add up to."""

    orders: int = 0
    fills: int = 0
    cash: int = 0
    fees: int = 0
    positions: dict[str, int] = {}

    def add(self, entry: Entry) -> None:
        """Count one entry of the account."""
        if isinstance(entry, EnteredOrder):
            self.orders += 1
            return
        sign = -1 if isinstance(entry, UndoneFill) else 1
        signed = sign * (entry.qty if entry.side == fix.BUY else -entry.qty)
        self.fills += sign
        self.fees += sign * entry.fee
        self.cash -= signed * entry.price + sign * entry.fee
        self.positions[entry.symbol] = self.positions.get(entry.symbol, 0) + signed

    def pnl(self, marks: dict[str, int]) -> int:
        """Return cash and positions together, each position worth its market's mark price."""
        return self.cash + sum(qty * marks[symbol] for symbol, qty in self.positions.items() if qty)


class Blotter:
    """An append-only file; an existing one is read first, so that totals survive a restart."""

    def __init__(self, path: Path, *, ignore: Iterable[str] = ()) -> None:
        self._ignore = frozenset(ignore)
        self._summaries: defaultdict[str, Summary] = defaultdict(Summary)
        if path.exists():
            for entry in read_blotter(path):
                self._summaries[entry.account].add(entry)
        self._file = path.open("ab")
        self._encoder = msgspec.json.Encoder()
        _cut_torn_line(path)

    def record(self, events: Iterable[Event]) -> None:
        """Record the accepted orders and fills among `events`, except those of ignored accounts."""
        for event in events:
            if isinstance(event, Accepted):
                self.order(event)
            elif isinstance(event, Traded):
                self.fill(event)
            elif isinstance(event, Undone):
                self.undo(event)

    def order(self, event: Accepted) -> None:
        """Record an accepted order."""
        entry = EnteredOrder(
            event.now_ns,
            event.account,
            event.cl_ord_id,
            event.order_id,
            event.symbol,
            event.side,
            event.price,
            event.order_qty,
        )
        self._write(entry)

    def undo(self, event: Undone) -> None:
        """Record that an account's part in a trade was taken back, and what it is instead."""
        entry = UndoneFill(
            event.now_ns,
            event.account,
            event.cl_ord_id,
            event.order_id,
            event.exec_id,
            event.symbol,
            event.side,
            event.undo_px,
            event.undo_qty,
            event.undo_fee,
            isinstance(event, Corrected) and event.is_taker,
        )
        self._write(entry)
        if isinstance(event, Corrected):
            self.fill(event)

    def fill(self, event: Traded | Corrected) -> None:
        """Record one account's part in a trade."""
        entry = Fill(
            event.now_ns,
            event.account,
            event.cl_ord_id,
            event.order_id,
            event.exec_id,
            event.symbol,
            event.side,
            event.last_px,
            event.last_qty,
            event.fee,
            event.is_taker,
        )
        self._write(entry)

    def summary(self, account: str) -> Summary:
        """Return the account's totals, earlier runs on the same file included."""
        return self._summaries[account]

    def close(self) -> None:
        """Close the file; every line is on it already."""
        self._file.close()

    def __enter__(self) -> "Blotter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, entry: Entry) -> None:
        if entry.account in self._ignore:
            return
        self._summaries[entry.account].add(entry)
        self._file.write(self._encoder.encode(entry) + b"\n")
        self._file.flush()


def read_blotter(path: Path) -> list[Entry]:
    """Return every entry of a blotter file, in order."""
    decoder = msgspec.json.Decoder(Entry)
    entries: list[Entry] = []
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            break
        try:
            entries.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            raise DecodeError(f"{path} line {number} is no blotter entry: {error}") from None
    return entries


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.truncate(content.rfind(b"\n") + 1)
