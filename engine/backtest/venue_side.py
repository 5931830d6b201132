"""The venue's side of a backtest: requests that arrive, frames that happen, and the answers to both, in order of time.

This one is the exchange of the simulator with captured liquidity: slow, and the reference of any other. Only it reads
what the venue knew; a desk has what it heard.

Units   times in ns since 1970.
Errors  DecodeError for a frame that contradicts the capture so far.
Cost    O(log n) of what is on its way for each request.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from engine.backtest.answers import report_of
from engine.backtest.clock import NEVER_NS
from engine.backtest.history import TimedFrame
from engine.backtest.latency import Latency
from engine.exchange.captured import CapturedMarket, LeftAhead
from engine.exchange.events import Event, NewOrder, Replace, Request
from engine.exchange.exchange import Exchange
from engine.instrument import Instrument
from engine.orders.report import ExecutionReport
from engine.venue import TradeFee


class Answer(NamedTuple):
    """What the venue did at `acted_ns` and a desk hears at `heard_ns`, numbered as the venue said it."""

    heard_ns: int
    number: int
    report: ExecutionReport
    acted_ns: int


class VenueFollower:
    """Hears what happens at the venue, as it happens; does nothing unless it is told otherwise."""

    def before(self, timed: TimedFrame) -> None:
        """Hear of a frame before it acts."""

    def after(self, events: Sequence[Event], now_ns: int) -> None:
        """Hear what came of a frame or a request."""


class VenueSide:
    """An exchange whose liquidity is captured; `answers` are on their way, the first heard first."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        fees: TradeFee,
        frames: Iterable[TimedFrame],
        latency: Latency,
        left_ahead: LeftAhead | None = None,
        followers: Sequence[VenueFollower] = (),
    ) -> None:
        instruments = tuple(instruments)
        self._followers = followers
        self._exchange = Exchange(instruments, fees)
        self._markets: Mapping[str, CapturedMarket] = {
            each.symbol: CapturedMarket(self._exchange, each.symbol, left_ahead) for each in instruments
        }
        self._latency = latency
        self._frames = iter(sorted(frames, key=lambda each: each.venue_ns))
        self._frame = next(self._frames, None)
        self._requests: list[tuple[int, int, Request]] = []
        self._numbers = count()
        self._sent, self._said = count(), count()  # of requests and answers, for their draws
        self._last_arrival_ns = self._last_heard_ns = 0
        self.answers: list[Answer] = []
        self.last_ns = 0  # when the last frame happened

    @property
    def next_ns(self) -> int:
        """When the venue acts next; `NEVER_NS` after its last frame: what arrives later is not taken."""
        if self._frame is None:
            return self._requests[0][0] if self._requests and self._requests[0][0] <= self.last_ns else NEVER_NS
        return min(self._frame.venue_ns, self._requests[0][0]) if self._requests else self._frame.venue_ns

    @property
    def next_answer_ns(self) -> int:
        """When the desk hears the next answer."""
        return self.answers[0].heard_ns if self.answers else NEVER_NS

    def send(self, request: Request, now_ns: int) -> int:
        """Take a request that leaves now, return when it arrives; one connection keeps the order of what it carries."""
        way_ns = self._latency.drawn_ns(kind_of(request), next(self._sent), now_ns)
        arrival_ns = max(now_ns + way_ns, self._last_arrival_ns)
        self._last_arrival_ns = arrival_ns
        act_ns = arrival_ns + self._latency.venue_delay_ns
        heapq.heappush(self._requests, (act_ns, next(self._numbers), request))
        return arrival_ns

    def act(self) -> None:
        """Do what is next: at one time the market moves before a request of ours is carried out."""
        frame = self._frame
        if frame is not None and (not self._requests or frame.venue_ns <= self._requests[0][0]):
            self.last_ns = frame.venue_ns
            self._frame = next(self._frames, None)
            self._happen(frame)
            return
        act_ns, _, request = heapq.heappop(self._requests)
        self._tell(self._exchange.submit(request, act_ns), act_ns)

    def _happen(self, timed: TimedFrame) -> None:
        self._tell(self._exchange.advance(timed.venue_ns), timed.venue_ns)
        market = self._markets.get(timed.frame.symbol)
        if market is None:
            return
        for each in self._followers:
            each.before(timed)
        self._tell(market.apply(timed.frame, timed.venue_ns), timed.venue_ns)

    def _tell(self, events: Sequence[Event], now_ns: int) -> None:
        if events:
            self._answer(events, now_ns)
        for each in self._followers:
            each.after(events, now_ns)

    def take_answer(self) -> Answer:
        """Return the answer that is heard next."""
        return heapq.heappop(self.answers)

    def _answer(self, events: Iterable[Event], now_ns: int) -> None:
        for event in events:
            report = report_of(event)
            if report is not None:
                way_ns = self._latency.drawn_ns("answer", next(self._said), now_ns)
                self._last_heard_ns = max(now_ns + way_ns, self._last_heard_ns)
                heapq.heappush(self.answers, Answer(self._last_heard_ns, next(self._numbers), report, now_ns))


def kind_of(request: Request) -> str:
    """Return by which way a request goes: a mass cancel and a question by that of cancels."""
    if isinstance(request, NewOrder):
        return "new"
    return "replace" if isinstance(request, Replace) else "cancel"
