"""The venue of a paper desk: requests arrive after their way, and trade with what the live feed shows.

The rules of fills are those of a backtest with captured liquidity. A frame moves the market when it is heard, before
the desk hears it; nothing of the venue's side is told to the desk but answers, after their way back.

Units   prices and sizes as in `instrument`; times in ns since 1970.
Errors  none: what the feed contradicts is told, and its market fills nothing until its next snapshot.
Thread  the loop thread only.
"""

from collections import deque
from collections.abc import Callable, Iterable
from itertools import count

import msgspec

from engine.backtest.answers import report_of
from engine.backtest.latency import Latency
from engine.backtest.venue_side import kind_of
from engine.errors import DecodeError
from engine.exchange.captured import CapturedMarket
from engine.exchange.captures import Frame
from engine.exchange.events import Event, Request
from engine.exchange.exchange import Exchange
from engine.instrument import Instrument
from engine.orders.report import ExecutionReport
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.venue import EventKind, MarketEvent, MarketState, TradeFee

MARKET_DATA = (EventKind.SNAPSHOT, EventKind.DELTA, EventKind.TRADE)


class _Told(msgspec.Struct):
    type: str
    msg: msgspec.Raw = msgspec.Raw(b"{}")


_TOLD = msgspec.json.Decoder(_Told)


class PaperVenue:
    """Fills the requests of one loop by the frames that it decodes; `call_later` takes ns."""

    def __init__(
        self,
        fees: TradeFee,
        latency: Latency,
        wall_ns: Callable[[], int],
        call_later: Callable[[int, Callable[[], None]], object],
        use_yes_price: bool = False,
    ) -> None:
        self._exchange = Exchange((), fees)
        self._markets: dict[str, CapturedMarket] = {}
        self._blind: set[str] = set()  # markets whose book the feed has contradicted
        self._latency = latency
        self._wall_ns = wall_ns
        self._call_later = call_later
        self._use_yes_price = use_yes_price
        self._requests: deque[tuple[int, Request]] = deque()
        self._answers: deque[tuple[int, ExecutionReport]] = deque()
        self._sent, self._said = count(), count()  # of requests and answers, for their draws
        self._is_called = False

    def join(self, loop: TradingLoop) -> None:
        """Hear what the loop hears, before it does, and answer its requests."""
        self._loop = loop
        decode = loop._decode_frame

        def heard(frame: bytes) -> MarketEvent:
            """Decode one frame, and let it move the market."""
            event: MarketEvent = decode(frame)
            if event.kind in MARKET_DATA:
                self._move(event.instrument, frame)
            return event

        loop._decode_frame = heard
        loop.news.followers.append(self._hear)

    def post(self, request: Request) -> None:
        """Take a request that leaves now; one connection keeps the order of what it carries."""
        now_ns = self._wall_ns()
        way_ns = self._latency.drawn_ns(kind_of(request), next(self._sent), now_ns)
        due_ns = now_ns + way_ns + self._latency.venue_delay_ns
        last_ns = self._requests[-1][0] if self._requests else 0
        self._requests.append((max(due_ns, last_ns), request))
        self._wait()

    # Time

    def _wait(self) -> None:
        """Have what is due next done when it is due; never within the call of a strategy."""
        due = [queue[0][0] for queue in (self._requests, self._answers) if queue]
        if due and not self._is_called:
            self._is_called = True
            self._call_later(max(min(due) - self._wall_ns(), 0), self._turn)

    def _turn(self) -> None:
        """Carry out what has arrived and hand over what has come back, in order of time."""
        self._is_called = False
        now_ns = self._wall_ns()
        self._say(self._exchange.advance(now_ns), now_ns)
        while self._requests and self._requests[0][0] <= now_ns:
            at_ns, request = self._requests.popleft()
            self._say(self._exchange.submit(request, at_ns), now_ns)
        while self._answers and self._answers[0][0] <= now_ns:
            report = self._answers.popleft()[1]
            self._loop.counters.reports += 1
            self._loop.apply(report)
        self._wait()

    def _say(self, events: Iterable[Event], now_ns: int) -> None:
        for event in events:
            report = report_of(event)
            if report is not None:
                due_ns = now_ns + self._latency.drawn_ns("answer", next(self._said), now_ns)
                last_ns = self._answers[-1][0] if self._answers else 0
                self._answers.append((max(due_ns, last_ns), report))
        self._wait()

    # The market

    def _move(self, instrument: Instrument, frame: bytes) -> None:
        """Apply one frame of market data that the desk is about to hear."""
        symbol, now_ns = instrument.symbol, self._wall_ns()
        told = _TOLD.decode(frame)
        captured = Frame(now_ns, symbol, told.type, bytes(told.msg))
        if self._use_yes_price:  # the other way round is the same change
            captured = Frame(now_ns, symbol, told.type, captured.msg(True))
        if symbol in self._blind and told.type != "orderbook_snapshot":
            return
        self._blind.discard(symbol)
        self._say(self._exchange.advance(now_ns), now_ns)
        try:
            self._say(self._market(instrument).apply(captured, now_ns), now_ns)
        except DecodeError as error:
            self._blind.add(symbol)
            self._loop.notices.tell(NoticeKind.BOOK_CONTRADICTED, f"paper: {error}: no fills until its next snapshot")

    def _market(self, instrument: Instrument) -> CapturedMarket:
        market = self._markets.get(instrument.symbol)
        if market is None:
            self._exchange.add_market(instrument)
            market = self._markets[instrument.symbol] = CapturedMarket(self._exchange, instrument.symbol)
        return market

    def _hear(self, event: MarketEvent) -> None:
        """Open, pause or end a market as the venue does; one that is paid is forgotten with its orders."""
        if event.kind != EventKind.STATE or event.state == MarketState.UNCHANGED:
            return
        symbol, now_ns = event.instrument.symbol, self._wall_ns()
        if symbol in self._markets:
            self._say(self._exchange.set_state(symbol, event.state, now_ns), now_ns)
