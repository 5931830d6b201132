"""Follows a recorded run with the positions that the venue reported meanwhile.

A report says where an order stood at some moment between the question and the answer. It counts only if nothing
moved at the order's price, or at a better one, from the question until `within_ns` after the answer: frames need time.

Units   as in `engine.backtest.queues.standing`.
Errors  DecodeError names file and line; ConfigError where a run has no reports of its orders beside it.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.backtest.capture.frames import markets, read_frames
from engine.backtest.core.settings import QueueModel
from engine.backtest.joins import Match, joins_of, level_of, trades_of
from engine.backtest.own.lines import WITHIN_NS, own_lines
from engine.backtest.own.reports import Move, read_moves, reports_beside
from engine.backtest.own.size import Place
from engine.backtest.queues.reported import ReportedPlace, places_beside, read_places
from engine.backtest.queues.standing import OwnPlace, QueueStep, StandingMarket, is_before
from engine.errors import ConfigError
from engine.exchange.captures import DELTA, SNAPSHOT, CapturedMessage, Frame
from engine.instrument import Instrument

NO_ORDER = "the order was not seen to join"
MOVED = "the level or a better one moved meanwhile"
TOO_FEW = "less than stands at better prices"
TOO_MANY = "more than the level shows"


class Judged(NamedTuple):
    """A report that counts: others had `shown` at the price, `ahead` of them before the order; `believed` by model."""

    reported: ReportedPlace
    price: int
    age_ns: int
    shown: int
    ahead: int
    believed: tuple[int, ...]


class Increment(NamedTuple):
    """Two reports of an order that count, and what happened at its price between them."""

    reported: ReportedPlace  # the later one
    ahead: int
    left: int
    steps: tuple[QueueStep, ...]


class Followed:
    """What the reports of some runs came to: `judged`, `increments`, and `dropped` by reason, of `reported`."""

    def __init__(self) -> None:
        self.reported = 0
        self.judged: list[Judged] = []
        self.increments: list[Increment] = []
        self.dropped: Counter[str] = Counter()


class _Asked(NamedTuple):
    until_ns: int
    order: OwnPlace
    judged: Judged


def follow(group: Sequence[Path], models: Sequence[QueueModel], within_ns: int, followed: Followed) -> bool:
    """Add what the reports of one run say; return whether it has any. Raise ConfigError and DecodeError."""
    places, reports = places_beside(group[0]), reports_beside(group[0])
    if places is None:
        return False
    if reports is None:
        raise ConfigError(f"{places} wants our own orders beside it: {places.name.replace('queues-', 'own-')}")
    _Run(group, models, within_ns, followed).run(read_places(places), list(read_moves(reports)))
    return True


class _Run:
    """One run: its frames in the order in which they were heard."""

    def __init__(self, group: Sequence[Path], models: Sequence[QueueModel], within_ns: int, followed: Followed) -> None:
        self._own = own_lines(group)
        self._frames = list(read_frames(group))
        self._instruments: Mapping[str, Instrument] = {each.symbol: each for each in markets(group)}
        self._within_ns = within_ns
        self._followed = followed
        self._markets = {symbol: StandingMarket(models) for symbol in self._instruments}
        self._asked: defaultdict[str, list[_Asked]] = defaultdict(list)  # whose levels may still move

    def run(self, places: Sequence[ReportedPlace], moves: Sequence[Move]) -> None:
        """Follow all of it."""
        own, waiting = _OwnMoves(moves), deque(places)
        self._followed.reported += len(places)
        others = [frame for number, frame in enumerate(self._frames) if not self._is_own(number)]
        joins = iter(joins_of(others, self._instruments.values()))
        traded = trades_of(others, self._instruments)
        for number, frame in enumerate(self._frames):
            while waiting and waiting[0].asked_ns < frame.recv_ns:
                self._ask(waiting.popleft())
            join = -1 if self._is_own(number) else next(joins).number
            if frame.kind in (SNAPSHOT, DELTA) and frame.symbol in self._markets:
                self._settle(frame.symbol, frame.recv_ns)
                self._take(number, frame, own, traded, join)
        for place in waiting:
            self._ask(place)
        for symbol in list(self._asked):
            self._settle(symbol, 2**63)

    def _is_own(self, number: int) -> bool:
        return number in self._own.deltas or number in self._own.makers or number in self._own.takers

    def _take(self, number: int, frame: Frame, own: "_OwnMoves", traded: dict[Match, int], join: int) -> None:
        market, instrument, message = self._markets[frame.symbol], self._instruments[frame.symbol], frame.message()
        if frame.kind == SNAPSHOT:
            self._followed.dropped[MOVED] += len(self._asked.pop(frame.symbol, ()))
            market.show(_levels(instrument, message))
            return
        place = level_of(instrument, message.side, message.price_dollars)
        change = instrument.parse_size(message.delta_fp)
        self._move(frame.symbol, place)
        if number in self._own.deltas and (move := own.take(frame, place, change)) is not None:
            market.move_own(move, frame.recv_ns)
            return
        key = (frame.symbol, message.ts_ms, *place, -change)
        is_trade = number in self._own.deltas or traded.get(key, 0) > 0
        if traded.get(key, 0) > 0:
            traded[key] -= 1
        market.move_other(place, change, is_trade, join)

    def _ask(self, place: ReportedPlace) -> None:
        """Take a report for now; whether it counts is seen by what comes next."""
        market = self._markets.get(place.symbol)
        order = market.order(place.order_id) if market is not None else None
        if market is None or order is None:
            self._followed.dropped[NO_ORDER] += 1
            return
        ahead, shown = place.position - market.before(order), market.outside(order.place)
        if not 0 <= ahead <= shown:
            self._followed.dropped[TOO_FEW if ahead < 0 else TOO_MANY] += 1
            return
        judged = Judged(place, order.place[1], place.asked_ns - order.since_ns, shown, ahead, tuple(order.ahead))
        self._asked[place.symbol].append(_Asked(place.heard_ns + self._within_ns, order, judged))

    def _move(self, symbol: str, place: Place) -> None:
        """Drop the reports of orders whose queue this place is, or stands before."""
        kept = [each for each in self._asked[symbol] if not is_before(place, each.order.place)]
        self._followed.dropped[MOVED] += len(self._asked[symbol]) - len(kept)
        self._asked[symbol] = kept

    def _settle(self, symbol: str, now_ns: int) -> None:
        """Take the reports for which nothing moved in time."""
        for each in self._asked[symbol]:
            if each.until_ns < now_ns:
                self._count(each.order, each.judged)
        self._asked[symbol] = [each for each in self._asked[symbol] if each.until_ns >= now_ns]

    def _count(self, order: OwnPlace, judged: Judged) -> None:
        self._followed.judged.append(judged)
        if order.reported is not None and any(not step.is_trade for step in order.steps):
            steps = tuple(order.steps)
            self._followed.increments.append(Increment(judged.reported, order.reported, judged.ahead, steps))
        order.reported, order.steps = judged.ahead, []


class _OwnMoves:
    """Our reports, by what a frame of theirs says."""

    def __init__(self, moves: Sequence[Move]) -> None:
        self._moves: defaultdict[tuple[str, int, int, int], list[Move]] = defaultdict(list)
        for move in moves:
            self._moves[move.symbol, move.side, move.price, move.change].append(move)
        for each in self._moves.values():
            each.sort(key=_time)

    def take(self, frame: Frame, place: Place, change: int) -> Move | None:
        """Take and return the report that was heard nearest to its frame; None where none is near."""
        moves = self._moves.get((frame.symbol, *place, change), [])
        first = bisect_left(moves, frame.recv_ns - WITHIN_NS, key=_time)
        last = bisect_right(moves, frame.recv_ns + WITHIN_NS, key=_time)
        nearest = min(range(first, last), key=lambda at: abs(moves[at].time_ns - frame.recv_ns), default=None)
        return None if nearest is None else moves.pop(nearest)


def _time(move: Move) -> int:
    return move.time_ns


def _levels(instrument: Instrument, message: CapturedMessage) -> dict[Place, int]:
    return {
        level_of(instrument, name, price): instrument.parse_size(size)
        for name, pairs in (("yes", message.yes_dollars_fp), ("no", message.no_dollars_fp))
        for price, size in pairs
    }
