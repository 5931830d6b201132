"""Queue positions as a venue reported them, in a file beside the frames of the run.

Units   times in ns since 1970, by the clock that frames were heard by; positions in 0.01 contracts.
Shapes  `queues-RUN.jsonl` holds lines {"asked_ns", "heard_ns", "order_id", "market", "position": contracts as text}.
        A last line that was cut is left out.
Errors  DecodeError names file and line.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec

from engine._decimal import parse_decimal
from engine.backtest.capture.index import run_of
from engine.backtest.own.reports import SIZE_DECIMALS
from engine.errors import DecodeError


class QueueLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue said of one order: so many contracts trade before it does."""

    asked_ns: int
    heard_ns: int
    order_id: str
    market: str
    position: str


class ReportedPlace(NamedTuple):
    """The same as a number: `position` lots trade before the order."""

    asked_ns: int
    heard_ns: int
    order_id: str
    symbol: str
    position: int


_LINES = msgspec.json.Decoder(QueueLine)


def places_file(directory: Path, run: str) -> Path:
    """Return where the positions of a run are kept."""
    return directory / f"queues-{run}.jsonl"


def places_beside(recorded: Path) -> Path | None:
    """Return the file of the run that a recorded file belongs to; None where there is none."""
    path = places_file(recorded.parent, run_of(recorded))
    return path if path.exists() else None


def read_places(path: Path) -> list[ReportedPlace]:
    """Return what was reported, in the order in which it was asked for; raise DecodeError."""
    found = []
    for number, text in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            found.append(_place(_LINES.decode(text)))
        except (msgspec.DecodeError, DecodeError, ValueError) as error:
            raise DecodeError(f"{path} line {number} is no reported queue position: {error}") from None
    return sorted(found)


def _place(line: QueueLine) -> ReportedPlace:
    position = parse_decimal(line.position, SIZE_DECIMALS)
    if position < 0:
        raise ValueError(f"position {line.position} is below 0")
    if line.heard_ns < line.asked_ns:
        raise ValueError(f"heard_ns {line.heard_ns} is before asked_ns {line.asked_ns}")
    return ReportedPlace(line.asked_ns, line.heard_ns, line.order_id, line.market, position)
