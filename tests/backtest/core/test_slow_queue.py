"""The slow exchange knows which order a cancel took: as conversion says it, and fill for fill as the compiled pass."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.core._pass import CompiledPass
from engine.backtest.core.left_ahead import left_ahead
from engine.backtest.core.settings import UNLIMITED, ParameterSet, QueueModel, Ways
from engine.backtest.history import TimedFrame, timed
from engine.backtest.joins import NO_JOIN, FrameJoin, joins_of
from engine.backtest.latency import Latency
from engine.backtest.matched import MatchedQueues
from engine.backtest.venue_side import VenueFollower, VenueSide
from engine.exchange import captures
from engine.exchange.captured import CapturedMarket
from engine.exchange.captures import DELTA, TRADE, Frame
from engine.exchange.events import Event, NewOrder
from engine.instrument import Instrument
from engine.orders.report import ExecutionReport
from engine.venue.kalshi.fees import QuadraticFee
from tests.backtest.rows.test_convert import event_file, rows
from tests.support.recorded import Recording, wandering
from tests.support.rows import BANDS, LEVEL, SHOT, TRADED, MadeRows, SlowVenue, Wild, grids, merged

LATE = Ways(new=5_000_000, cancel=2_000_000, replace=9_000_000, answer=4_000_000, think_ns=1_000, venue_delay_ns=500)
MODELS = ("matched", "matched/log", "matched/optimistic")


class FewSizes(Random):
    """Chance that knows three sizes, so that a cancel is often exactly an order."""

    def randint(self, a: int, b: int) -> int:
        """Return one of the sizes where the choice is wide."""
        return min(b, super().randint(1, 3) * 100) if b - a >= 99 else super().randint(a, b)


class JoinedVenue(SlowVenue):
    """The slow exchange as a backtest has it: its queues hear of each frame, and of what followed."""

    def __init__(self, columns: Mapping[str, Any], markets: int, model: QueueModel) -> None:
        super().__init__(columns, [f"M{place}" for place in range(markets)], [BANDS] * markets)
        symbols = [each.symbol for each in self._instruments]
        said = [frame for _, frame in SlowVenue(columns, symbols, [BANDS] * markets)._frames()]
        self.frames = [TimedFrame(place, 0, self._as_frame(*each)) for place, each in enumerate(said)]
        self.joins = joins_of([each.frame for each in self.frames], self._instruments)
        self.queues = MatchedQueues(model, self.frames, self._instruments)
        self._captured = [CapturedMarket(self._exchange, each.symbol, self.queues) for each in self._instruments]

    def known(self, columns: dict[str, Any]) -> None:
        """Write the numbers of the orders into the rows."""
        both = zip(self.joins, self.frames, strict=True)
        moved = iter([join for join, each in both if each.frame.kind == DELTA])
        for place, (kind, flags) in enumerate(zip(columns["kind"], columns["flags"], strict=True)):
            if kind == LEVEL and not flags & SHOT:
                columns["join"][place] = next(moved).number
            elif kind == TRADED:
                columns["join"][place] = NO_JOIN

    def _as_frame(self, market: int, kind: str, message: dict[str, Any]) -> Frame:
        symbol = self._instruments[market].symbol
        return Frame(0, symbol, kind, msgspec.json.encode({"market_ticker": symbol, **message}))

    def _frame(self, place: int, now_ns: int, market: int, kind: str, message: dict[str, Any]) -> None:
        self.queues.before(self.frames[place])
        super()._frame(place, now_ns, market, kind, message)

    def _hear(self, events: list[Event], now_ns: int, asked: int = -1) -> None:
        self.queues.after(events, now_ns)
        super()._hear(events, now_ns, asked)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 2), st.sampled_from((Ways(), LATE)), st.sampled_from(MODELS))
def test_made_rows_give_the_answers_of_the_compiled_pass(seed: int, markets: int, ways: Ways, name: str) -> None:
    made, model = MadeRows(seed, markets), QueueModel.parse(name)
    made._chance = FewSizes(seed)
    for _ in range(150):
        made.step()
    columns = made.columns()
    slow = JoinedVenue(columns, markets, model)
    slow.known(columns)
    wild = Wild(seed)
    one = ParameterSet(strategy=wild, limits=UNLIMITED, ways=ways, queue=model)
    CompiledPass(columns, grids(markets), [one], wakes_on_size=True).run_all()
    assert merged(wild.told()) == merged(slow.run(wild.sent, ways))


def test_some_cancels_are_placed_and_some_are_not() -> None:
    """What is above would hold too if no cancel had an order."""
    made = MadeRows(5)
    made._chance = FewSizes(5)
    for _ in range(400):
        made.step()
    columns = made.columns()
    slow = JoinedVenue(columns, 1, QueueModel.parse("matched"))
    moved = [join for join, each in zip(slow.joins, slow.frames, strict=True) if each.frame.kind == DELTA]
    gone = [join.number for join in moved if not join.is_new]
    assert sum(number != NO_JOIN for number in gone) > 20
    assert NO_JOIN in gone


@pytest.mark.parametrize("seed", range(5))
def test_frames_are_numbered_as_conversion_does(tmp_path: Path, seed: int) -> None:
    event_file(tmp_path)
    path = wandering(seed, 300).write(tmp_path)
    columns = rows(tmp_path)
    wanted = [
        join
        for kind, flags, join in zip(columns["kind"], columns["flags"], columns["join"], strict=True)
        if kind == LEVEL and not flags & SHOT
    ]
    frames = [each.frame for each in timed([path])]
    found = joins_of(frames, [Instrument("RAIN", 0, BANDS)])
    moved = [join.number for join, frame in zip(found, frames, strict=True) if frame.kind == DELTA]
    assert moved == wanted
    assert len(set(moved)) > 20
    assert {frame.kind for frame, join in zip(frames, found, strict=True) if join == FrameJoin()} > {TRADE}


def filled(tmp_path: Path, model: str, *, gone: int) -> int:
    """What an order of 5 gets that joins between an order of 7 and one of 4, behind 10, before `gone` is cancelled."""
    recording = Recording()
    recording.snapshot(0, {49: 10}, {51: 10})
    recording.level(100, "bid", 49, 7)
    recording.level(300, "bid", 49, 4)
    recording.level(400, "bid", 49, -gone)
    recording.trade(500, "no", 49, 13)
    recording.level(500, "bid", 49, -13)
    recording.level(900, "bid", 48, 1)
    path = recording.write(tmp_path)
    markets = captures.markets([path])
    frames = timed([path])
    ahead = left_ahead(QueueModel.parse(model), frames, markets)
    followers: list[VenueFollower] = [ahead] if isinstance(ahead, VenueFollower) else []
    venue = VenueSide(markets, QuadraticFee(), frames, Latency(), ahead, followers)
    asked = {"cl_ord_id": "1", "symbol": "RAIN", "side": 1, "order_qty": 500, "price": 4_900}
    venue.send(NewOrder(account="a", **asked), frames[1].venue_ns + 1)  # type: ignore[arg-type]
    while venue.next_ns < 2**63 - 1:
        venue.act()
    reports: list[ExecutionReport] = [venue.take_answer().report for _ in range(len(venue.answers))]
    return max(report.cum_qty for report in reports)


@pytest.mark.parametrize(
    ("model", "gone", "qty"),
    [
        ("matched", 7, 300),  # which was before it: 10 are left, and 3 of 13 reach it
        ("matched", 4, 0),  # which was behind it
        ("matched/optimistic", 5, 100),  # which nobody had: 12 are left
        ("matched", 5, 0),  # 4 are taken to be behind it
        ("risk-averse", 7, 0),
        ("optimistic", 4, 0),  # 13 are left
        ("optimistic", 7, 300),
    ],
)
def test_cancel_helps_those_behind_its_order(tmp_path: Path, model: str, gone: int, qty: int) -> None:
    assert filled(tmp_path, model, gone=gone) == qty
