"""The fills that we had live beside those of the same strategy on the recording, one by one.

Units   times in ns since 1970, by our own clock: when each side heard of a fill.
Errors  ConfigError where no reports are beside the frames.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from engine.backtest.capture.frames import find, groups
from engine.backtest.capture.index import is_recorded
from engine.backtest.own.again import OwnFill, Stood, fill_for_fill
from engine.backtest.own.reports import Move, read_moves, reports_beside
from engine.backtest.recorder import SentRequest
from engine.backtest.results.result import Result
from engine.errors import ConfigError

_END_NS = 2**62


def against_live(result: Result, history: object, within_ns: int) -> None:
    """Put into the result how its fills compare to those that our reports tell of."""
    moves = live_moves(getattr(history, "paths", []))
    live = [
        OwnFill(move.time_ns, move.symbol, move.side, move.last_px, -move.change) for move in moves if move.is_trade
    ]
    fills = result.ended.fills
    again = [OwnFill(each.heard_ns, each.symbol, each.side, each.price, each.qty) for each in fills]
    stood = list(_stood(result.ended.told.requests))
    result.honesty.take_again(fill_for_fill(live, again, within_ns, _live_stood(moves), stood), within_ns)


def live_moves(paths: Sequence[Path]) -> list[Move]:
    """Return how our orders moved, of every run that has its reports beside it."""
    beside = [reports_beside(group[0]) for group in groups(find(paths)) if is_recorded(group[0])] if paths else []
    known = [each for each in beside if each is not None]
    if not known:
        raise ConfigError("--against-live wants a recording with our reports beside it: own-RUN.jsonl")
    return [move for each in known for move in read_moves(each)]


def _live_stood(moves: Iterable[Move]) -> Iterator[Stood]:
    """Yield where our orders stood, and from when to when."""
    since: dict[str, Move] = {}
    left: dict[str, int] = {}
    for move in moves:
        if move.begins:
            since[move.order_id], left[move.order_id] = move, move.change
            continue
        begun = since.get(move.order_id)
        left[move.order_id] = left.get(move.order_id, 0) + move.change
        if begun is not None and left[move.order_id] <= 0:
            yield Stood(begun.symbol, begun.side, begun.price, begun.time_ns, move.time_ns)
            del since[move.order_id]
    for begun in since.values():
        yield Stood(begun.symbol, begun.side, begun.price, begun.time_ns, _END_NS)


def _stood(requests: Iterable[SentRequest]) -> Iterator[Stood]:
    rows = [row for row in requests if row.answered_ns and not row.is_refused]
    ended = {row.orig_cl_ord_id: row.acted_ns for row in rows if row.orig_cl_ord_id}
    for row in rows:
        if row.kind in ("new", "replace"):
            yield Stood(row.symbol, row.side, row.price, row.acted_ns, ended.get(row.cl_ord_id, _END_NS))
