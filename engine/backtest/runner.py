"""One desk on history: the loop, risk, orders and portfolio of a live engine, an exchange behind them, and no socket.

Nothing of the venue's side is within the desk's reach: it hears frames when they were received, and answers when they
come back. What happens at one time happens in this order: the market, our requests, answers, frames, timers.

Units   prices, sizes and money as in `instrument`; times in ns since 1970.
Errors  what its parts raise; a halt of the desk ends the run as it ends trading, and is told in the result.
Thread  one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.backtest.clock import NEVER_NS, MovedClock
from engine.backtest.feed import CapturedFeed
from engine.backtest.gateway import RequestGateway
from engine.backtest.history import TimedFrame
from engine.backtest.latency import Latency
from engine.backtest.recorder import HeardFill, Recorder
from engine.backtest.venue_side import Answer, VenueSide
from engine.exchange.captured import LeftAhead
from engine.exchange.events import Request
from engine.instrument import Instrument
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.gateway import Gateway
from engine.trading.loop import TradingLoop
from engine.trading.serving.timers import CallLater
from engine.venue import TradeFee


class Ended(NamedTuple):
    """What a run came to."""

    loop: TradingLoop
    told: Recorder
    open_at_end: int
    halted: str
    first_ns: int
    last_ns: int

    @property
    def fills(self) -> list[HeardFill]:
        """Return every execution in the order in which the desk heard of it."""
        return self.told.fills


class DeskRun:
    """A desk assembled on a clock that is moved; those who move it are below and in `engine.backtest.fast`."""

    def __init__(
        self,
        parts: Parts,
        clock_ns: Callable[[], int],
        call_later: CallLater,
        gateway: Gateway,
        results: Mapping[str, int],
    ) -> None:
        self._results = results
        self._halted = ""
        self.loop = assemble(
            parts,
            Surroundings(
                gateway=gateway,
                command=lambda commands: None,
                halt=self._halt,
                clock_ns=clock_ns,
                wall_ns=clock_ns,
                call_later=call_later,
                log=lambda line: None,
                reconnect=lambda reason: None,
            ),
        )
        self._told = Recorder(self.loop.portfolio)

    def _begin(self) -> None:
        """Say that there is a connection, and let trading begin."""
        loop = self.loop
        loop.is_connected = True
        loop.guard.tell("on_load", None)
        loop.guard.tell("on_connected")
        loop.is_trading = True
        loop.guard.call("on_start")

    def _end(self, now_ns: int, first_ns: int, last_ns: int) -> Ended:
        """Tell the strategy that it is over, and pay what is known."""
        loop = self.loop
        loop.guard.call("on_stop")
        open_at_end = len(list(loop.orders.live()))
        for instrument in loop.instruments:
            if instrument.symbol in self._results:
                loop.settlements.pay(instrument, self._results[instrument.symbol], "the venue")
        self._told.look(now_ns)
        return Ended(loop, self._told, open_at_end, self._halted, first_ns, last_ns)

    def _halt(self, reason: str) -> None:
        """End trading as a halt does: every order is cancelled, and none is sent."""
        if self._halted:
            return
        self._halted = reason
        self.loop.is_halted, self.loop.is_trading = True, False
        self.loop.guard.call("on_halt", reason)
        for order in list(self.loop.orders.live()):
            self.loop.cancel(order)


class Runner(DeskRun):
    """Runs `parts` over `frames`; `results` are what markets turned out to be worth, by symbol."""

    def __init__(
        self,
        make_parts: Callable[[Sequence[Instrument]], Parts],
        instruments: Sequence[Instrument],
        frames: Sequence[TimedFrame],
        fees: TradeFee,
        latency: Latency,
        results: Mapping[str, int] = {},
        use_yes_price: bool = False,
        left_ahead: LeftAhead | None = None,
    ) -> None:
        self.clock = MovedClock(frames[0].recv_ns - 1)
        self._frames = frames
        self._venue = VenueSide(instruments, fees, frames, latency, left_ahead)
        self._feed = CapturedFeed(frames, use_yes_price)
        parts = make_parts(instruments)
        super().__init__(parts, self.clock, self.clock.call_later, RequestGateway(self._post), results)
        self._subscriptions = parts.market_data.subscribe()

    def _post(self, request: Request) -> None:
        sent_ns = self.clock.now_ns
        self._told.sent(request, sent_ns, self._venue.send(request, sent_ns))

    def run(self) -> Ended:
        """Run from the first frame to the last."""
        self._feed.greet(self._subscriptions, self.loop.on_frame)
        self._begin()
        while (due_ns := self._feed.next_ns(NEVER_NS)) != NEVER_NS:
            self._step(due_ns)
        return self._finish()

    def _step(self, feed_ns: int) -> None:
        """Do whatever comes first."""
        venue, clock = self._venue, self.clock
        venue_ns, answer_ns, timer_ns = venue.next_ns, venue.next_answer_ns, clock.next_ns
        first_ns = min(venue_ns, answer_ns, feed_ns, timer_ns)
        if venue_ns == first_ns:
            venue.act()
        elif answer_ns == first_ns:
            self._hear(venue.take_answer())
        elif feed_ns == first_ns:
            clock.now_ns = feed_ns
            self._feed.deliver(self.loop.on_frame)
        else:
            clock.move(timer_ns - clock.now_ns)
        self._told.look(clock.now_ns)

    def _hear(self, answer: Answer) -> None:
        self.clock.now_ns = answer.heard_ns
        self._told.heard(answer.report, answer.acted_ns, answer.heard_ns)
        self.loop.apply(answer.report)

    def _finish(self) -> Ended:
        """Take no more requests, hear what is on its way, pay what is known."""
        venue = self._venue
        self.loop.is_trading = False
        last_ns = self.clock.now_ns
        while venue.next_ns != NEVER_NS:
            venue.act()
        while venue.next_answer_ns != NEVER_NS:
            self._hear(venue.take_answer())
            self._told.look(self.clock.now_ns)
        return self._end(self.clock.now_ns, self._frames[0].recv_ns, last_ns)


def instruments_of(frames: Iterable[TimedFrame], known: Sequence[Instrument]) -> list[Instrument]:
    """Return those of the known instruments that the frames are about."""
    symbols = {each.frame.symbol for each in frames}
    return [each for each in known if each.symbol in symbols]
