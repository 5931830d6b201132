"""What a person holds in hand of one desk: limits, holds, flatten; and what the engine remembers of it.

Units   times in ns: `repeats.now_ns` monotonic, `wall_ns` since 1970.
Errors  EngineError for what is refused; ConfigError for a memory that cannot be understood.
Thread  the loop thread; `tick` is called with the supervisor's.
"""

from engine.errors import EngineError
from engine.instrument import Instrument
from engine.orders.options import Judge, none_offered
from engine.runtime.notices import NoticeKind
from engine.runtime.person import the_engine
from engine.trading.controls.flatten import Flatten
from engine.trading.controls.holds import ALL, MARKET, STRATEGY, Holds
from engine.trading.controls.limit_watch import LimitWatch
from engine.trading.controls.live_orders import LiveOrders
from engine.trading.controls.market_ratios import MarketRatios
from engine.trading.controls.memory import Hold, LimitChange, Remembered, RiskMemory
from engine.trading.controls.run_limits import RunLimits
from engine.trading.loop import TradingLoop
from engine.trading.supervisor import Supervisor

HIGH_EVERY_NS = 1_000_000_000
FORGOTTEN = (
    "risk.json is not in the state directory, and the journal has earlier runs: limits and halts that a person set"
    " then, and the day's high, are not known: set them again"
)
AGAIN = "it does not go on after a restart, `fixlane flatten` begins it again"


class RiskDesk:
    """Joins the controls of one desk; made after the supervisor, before anything is connected."""

    def __init__(
        self,
        loop: TradingLoop,
        supervisor: Supervisor,
        memory: RiskMemory,
        has_past: bool = False,
        judge_options: Judge = none_offered,
    ) -> None:
        self._loop = loop
        self._supervisor = supervisor
        self._memory = memory
        self._is_unkept = False
        assert loop.guard.repeats is not None  # of every loop that `assembly` made
        self.repeats = loop.guard.repeats
        self._kept_high, self._kept_ns = loop.risk.day_high, self.repeats.now_ns
        self.limits = RunLimits(
            loop.risk, lambda: loop.portfolio.decimals, self._keep, lambda: loop.portfolio.day_start_ns
        )
        self.holds = Holds(loop, self._keep, lambda instrument: self.flatten.is_closing(instrument))
        self._live = LiveOrders(loop, loop.wall.now_ns, supervisor.note)
        self.flatten = Flatten(loop, self._live, supervisor.note, judge_options, self.holds.apply)
        if loop.team is not None:
            loop.team.note, loop.team.stop_member = supervisor.note, self._strategy_failed
        self.ratios = MarketRatios(loop.risk, self._throttled)
        self.watch = LimitWatch(
            loop.risk, self.repeats, self.ratios, lambda: loop.portfolio.decimals, self.limits.all, loop.notices.tell
        )
        failed = {} if loop.team is None else loop.team.stopped
        is_forgotten = has_past and not memory.is_there
        self._take_over(memory.load())
        if not memory.is_there:
            self._keep()  # so that the next start can tell whether it is missing
        if is_forgotten:
            self._tell(FORGOTTEN)
        loop.markets.listed = self._listed
        self.repeats.stop_market = self._throttled
        supervisor.lift_throttles = self.holds.lift_ours
        for name, reason in failed.items():  # before there was anybody who remembers it
            self._strategy_failed(name, reason)

    def _take_over(self, found: Remembered) -> None:
        """Go on with what an earlier run remembered."""
        if self._memory.is_there:
            self._loop.risk.restore_high(found.high, found.day_start_ns)
        ended = self.limits.restore(found.changes)
        for line in ended:
            self._tell(line)
        self.holds.restore(found.holds)
        if ended:
            self._keep()  # so that a file that is changed back does not bring it back
        for change in self.limits.all():
            self._tell(self.limits.words(change))
        for instrument in self._loop.instruments:
            hold, net = self.holds.of(instrument), self._loop.portfolio[instrument].net
            if hold is not None and hold.is_flat and net:
                size = instrument.format_size(net)
                self._supervisor.note(f"FLATTEN: {instrument.symbol}: {size} held, {hold.words}: {AGAIN}")

    def _tell(self, line: str) -> None:
        self._loop.notices.tell(NoticeKind.LIMIT_CHANGED, line)
        self._supervisor.note(f"LIMIT: {line}")

    def _listed(self, instrument: Instrument) -> None:
        self.holds.apply(instrument)
        self.limits.apply_to(instrument)
        self.ratios.begin_anew(instrument)

    def _throttled(self, instrument: Instrument, text: str) -> None:
        """Hold a market where the same thing came again and again."""
        self.hold(MARKET, instrument.symbol, str(the_engine()), text, is_ours=True)

    def _strategy_failed(self, name: str, text: str) -> None:
        """Stop one of several strategies by itself, over restarts too, until a person resumes."""
        self.hold(STRATEGY, name, str(the_engine()), text, is_ours=True)

    # What a person asks for

    def hold(
        self, scope: str, name: str, by: str, reason: str, *, is_ours: bool = False, is_flat: bool = False
    ) -> list[Instrument]:
        """Let no new order leave in a market or an event, or of a strategy; return the markets."""
        when_ns = self.wall_ns
        hold = Hold(scope=scope, name=name, by=by, reason=reason, when_ns=when_ns, is_ours=is_ours, is_flat=is_flat)
        found = self.holds.add(hold)
        self._supervisor.note(f"HOLD {scope} {name}: {hold.words}")
        return found

    def lift(self, scope: str, name: str, by: str, reason: str) -> list[Instrument]:
        """End a hold; return the markets that are open to orders again."""
        opened = self.holds.lift(scope, name)
        self._supervisor.note(f"LIFT {scope} {name} by {by}: {reason}")
        return opened

    def close_out(self, scope: str, name: str, by: str, reason: str) -> list[str]:
        """Hold a scope and close what is held there; return the lines of the plan."""
        if self._loop.is_halted:
            raise EngineError(
                "trading is halted: `fixlane reduce-only` lets what reduces a position pass, then flatten"
            )
        lines = self.flatten.start(self.holds.find(scope, name), self.repeats.now_ns)
        self.hold(scope, name if scope != ALL else "", by, reason, is_flat=True)
        return lines

    def change(self, change: LimitChange) -> str:
        """Judge by another limit from now on; return what was done, in words."""
        done = self.limits.set(change) + self.unkept()
        self._tell(done)
        self._judge_loss()
        return done

    def unkept(self) -> str:
        """Return what to add to an answer where what was asked for could not be written down."""
        return "; it cannot be written down, so that a restart would not know of it" if self._is_unkept else ""

    def reset(self, name: str, symbol: str, by: str, reason: str) -> str:
        """Go back to the configuration's limit; return what was done, in words."""
        done = self.limits.reset(name, symbol) + self.unkept()
        self._tell(f"{done}, by {by}: {reason}")
        self._judge_loss()
        return done

    def _judge_loss(self) -> None:
        """Halt if the day has lost more than the limits that count now, without waiting for a book that moves."""
        if not self._loop.risk.is_within_loss():
            self._loop.guard.halt(self._loop.risk.reason)

    @property
    def day_start_ns(self) -> int:
        """Return when the trading day began."""
        return self._loop.portfolio.day_start_ns

    @property
    def decimals(self) -> tuple[int, int]:
        """Return the decimals of a price and of a size."""
        return self._loop.portfolio.decimals

    @property
    def wall_ns(self) -> int:
        """Return the time since 1970."""
        return self._loop.wall.now_ns()

    # Time

    def tick(self) -> None:
        """Do what is due."""
        now_ns = self.repeats.now_ns
        if self._loop.is_trading:  # which waits for the books
            self._loop.risk.trust_marks()
        for line in self.limits.turn_day():
            self._tell(line)
        self.flatten.tick(now_ns)
        if self._loop.team is not None and self._loop.is_connected and (left := self._loop.team.left_over()):
            self._live.cancel(left, now_ns)
        self.watch.tick(now_ns)
        if (ratios := self._loop.risk.limits.ratios) is not None:
            self.repeats.judge_ratios(ratios)
            self.ratios.tick(now_ns)
        self._keep_high(now_ns)

    def _keep_high(self, now_ns: int) -> None:
        """Write the day's high down where it rose, once a second."""
        if now_ns - self._kept_ns >= HIGH_EVERY_NS and (self._is_unkept or self._loop.risk.day_high != self._kept_high):
            self._write(is_sure=False)

    def close(self) -> None:
        """Write down what there is, for the next start."""
        if self._is_unkept or self._loop.risk.day_high != self._kept_high:
            self._write(is_sure=True)

    def _keep(self) -> None:
        self._write(is_sure=True)

    def _write(self, is_sure: bool) -> None:
        high = self._loop.risk.day_high
        self._kept_ns = self.repeats.now_ns
        try:
            kept = Remembered(
                high=high[0],
                day_start_ns=high[1],
                changes=tuple(self.limits.all()),
                holds=tuple(self.holds.all()),
            )
            self._memory.save(kept, is_sure)
            self._kept_high, self._is_unkept = high, False
        except OSError as error:
            if not self._is_unkept:  # told once, and tried again every second
                self._supervisor.note(f"a restart would not know of limits and holds: they cannot be written: {error}")
            self._is_unkept = True
