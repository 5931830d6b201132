"""When trading may happen, and how it ends with no order left alive.

States  WAITING (session or feed lost, books stale, orders of an earlier run), TRADING, HALTED (until a person resumes),
        STOPPING.
Errors  nothing is raised: what goes wrong halts trading, is noted in the journal and reported by `report`.
Thread  the loop thread; `tick` is called every `TICK_NS`.
"""

from collections.abc import Callable
from enum import Enum

from engine.risk import TradingState
from engine.session import Session
from engine.trading.live_orders import LiveOrders
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop

TICK_NS = 50_000_000


class DeskState(Enum):
    """What a supervisor lets its loop do; the value is the word for people."""

    WAITING = "waiting"
    TRADING = "trading"
    HALTED = "halted"
    STOPPING = "stopping"
    STOPPED = "stopped"


class Supervisor:
    """Starts, pauses, halts and stops one loop."""

    def __init__(
        self,
        loop: TradingLoop,
        session: Session,
        clock_ns: Callable[[], int],
        wall_ns: Callable[[], int],
        report: Callable[[str], None],
    ) -> None:
        self.state = DeskState.WAITING
        self.reason = "starting"
        self._loop = loop
        self._session = session
        self._clock_ns = clock_ns
        self._wall_ns = wall_ns
        self._report = report
        self._live = LiveOrders(loop, wall_ns, report)
        self._has_started = False
        self._must_sweep = True  # orders of an earlier run may still live at the venue
        self._is_confirmed = False
        loop.markets.is_quiet = True

    # The connections

    def on_logon(self) -> None:
        """Learn that the venue can be reached."""
        self._loop.is_connected = True
        self._live.forget()
        self._report("session logged on")

    def on_logout(self, reason: str) -> None:
        """The venue can no longer be heard: what is unanswered is unknown from now on."""
        self._loop.is_connected = False
        self.pause(f"session down: {reason or 'no reason given'}")
        self._live.record(lambda: self._loop.journal.append_disconnect(self._wall_ns()))
        for order in self._loop.orders.on_disconnect():
            self._loop.risk.update(order)
            self._loop.doubts.await_answer(order, f"ClOrdID(11) {order.cl_ord_id}: outcome unknown")
            self._report(f"ClOrdID(11) {order.cl_ord_id}: outcome unknown until reconciled")
            self._loop.guard.call("on_order", order)
        self._live.forget()

    def on_feed(self) -> None:
        """Learn that market data come again."""
        self._loop.watch.connected()
        self._report("market data connected")

    def on_feed_lost(self, reason: str) -> None:
        """No market can be seen until the feed is there again."""
        self._loop.watch.lost(reason)
        self.pause(reason)

    def pause(self, reason: str) -> None:
        """Send no new order until `tick` finds nothing in the way."""
        if self.state is DeskState.TRADING:
            self.state, self.reason = DeskState.WAITING, reason
        self._loop.is_trading = False
        self._report(reason)

    # Kill switch

    def halt(self, reason: str) -> None:
        """Refuse new orders and cancel every live one, until `resume`."""
        if self.state in (DeskState.HALTED, DeskState.STOPPING, DeskState.STOPPED):
            self._report(f"{self.state.value} already when: {reason}")
            return
        self._loop.risk.set_state(TradingState.HALT, reason)
        self._loop.is_trading = False
        self._loop.is_halted = True
        self.state, self.reason = DeskState.HALTED, reason
        self._is_confirmed = False
        self._live.forget()
        self._note(f"HALT: {reason}")
        self._loop.guard.call("on_halt", reason)
        self._cancel_all()

    def reduce_only(self, reason: str) -> None:
        """Let only orders through that bring a position nearer to zero; ends a halt as `resume` does."""
        self._leave_halt(TradingState.REDUCE_ONLY, f"REDUCE_ONLY: {reason}")

    def resume(self, reason: str) -> None:
        """Allow trading again, by a person's decision, which also opens the markets that nothing else would open."""
        self._loop.doubts.bear()
        self._loop.markets.lift_all(Stop.REJECTS | Stop.INACTIVE)
        self._leave_halt(TradingState.ACTIVE, f"RESUME: {reason}")

    def _leave_halt(self, state: TradingState, note: str) -> None:
        self._loop.risk.set_state(state, note)
        self._loop.is_halted = False
        if self.state is DeskState.HALTED:
            self.state, self.reason = DeskState.WAITING, note
        self._note(note)

    def _note(self, note: str) -> None:
        """Tell the operator and the journal."""
        self._report(note)
        self._live.record(lambda: self._loop.journal.append_note(note, self._wall_ns()))

    def stop(self) -> None:
        """Begin an orderly end: cancel everything, then log out; `state` becomes STOPPED when that is done."""
        if self.state in (DeskState.STOPPING, DeskState.STOPPED):
            return
        if self._has_started:
            self._loop.guard.call("on_stop")
        self._loop.is_trading = False
        self.state, self.reason = DeskState.STOPPING, "stopping"
        self._live.forget()
        self._cancel_all()

    # Time

    def tick(self) -> None:
        """Do what the state wants now."""
        now_ns = self._clock_ns()
        self._loop.notices.tick()
        self._loop.doubts.review()
        self._loop.watch.look(now_ns)
        if self.state is DeskState.WAITING:
            self._try_to_trade(now_ns)
            self._pull_stopped(now_ns)
        elif self.state is DeskState.TRADING:
            self._live.ask_for_unknown(now_ns)
            self._pull_stopped(now_ns)
            if self._loop.markets.are_unseen():
                self.pause(self._loop.watch.obstacle(now_ns))
        elif self.state is DeskState.HALTED:
            self._cancel_all()
            self._confirm_halt()
        elif self.state is DeskState.STOPPING:
            self._cancel_all()
            if not self._loop.orders.live_count or not self._session.is_logged_on:
                self.state = DeskState.STOPPED
                self._session.logout()

    def _try_to_trade(self, now_ns: int) -> None:
        self.reason = self._obstacle(now_ns)
        if self.reason:
            return
        self.state = DeskState.TRADING
        self._loop.is_trading = True
        self._report("trading")
        if not self._has_started:
            self._has_started = True
            self._loop.guard.call("on_start")
            self._loop.markets.start()

    def _obstacle(self, now_ns: int) -> str:
        """What keeps trading from starting; asks the venue about whatever is unknown."""
        if not self._session.is_logged_on:
            return "session is not logged on"
        if self._must_sweep:
            self._must_sweep = not self._live.sweep()
        if self._must_sweep:
            return "orders of an earlier run may be alive"
        if self._loop.orders.live_count and not self._has_started:
            self._cancel_all()
            return "orders of an earlier run are being cancelled"
        self._live.ask_for_unknown(now_ns)
        return self._loop.watch.obstacle(now_ns)

    def _pull_stopped(self, now_ns: int) -> None:
        """Cancel what rests in markets where nothing of ours may."""
        if self._session.is_logged_on and self._loop.orders.live_count:
            self._live.cancel_in(self._loop.markets.pulled(), now_ns)

    def _cancel_all(self) -> None:
        if self._session.is_logged_on:
            self._live.cancel_all(self._clock_ns())

    def _confirm_halt(self) -> None:
        if not self._is_confirmed and not self._loop.orders.live_count:
            self._is_confirmed = True
            self._report("HALT confirmed: no order is alive")
