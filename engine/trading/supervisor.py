"""When trading may happen, and how it ends with no order left alive.

States  WAITING (session or feed lost, books stale, or orders unknown), TRADING, HALTED (until a person resumes),
        STOPPING.
Errors  nothing is raised: what goes wrong halts trading, is noted in the journal and reported by `report`.
Thread  the loop thread; `tick` is called every `TICK_NS`.
"""

from collections.abc import Callable
from enum import Enum

from engine import fix
from engine.errors import JournalError, SessionError
from engine.orders.order import Order
from engine.risk import TradingState
from engine.session import Session
from engine.trading.loop import TradingLoop

TICK_NS = 50_000_000
RETRY_NS = 1_000_000_000


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
        self._has_started = False
        self._must_sweep = True  # orders of an earlier run may still live at the venue
        self._asked_ns: dict[str, int] = {}  # ClOrdID -> when its status or cancel was last asked for
        self._is_confirmed = False

    # The connections

    def on_logon(self) -> None:
        """Learn that the venue can be reached."""
        self._loop.is_connected = True
        self._asked_ns.clear()
        self._report("session logged on")

    def on_logout(self, reason: str) -> None:
        """The venue can no longer be heard: what is unanswered is unknown from now on."""
        self._loop.is_connected = False
        self.pause(f"session down: {reason or 'no reason given'}")
        self._record(lambda: self._loop.journal.append_disconnect(self._wall_ns()))
        for order in self._loop.orders.on_disconnect():
            self._loop.risk.update(order)
            self._report(f"ClOrdID(11) {order.cl_ord_id}: outcome unknown until reconciled")
            self._loop.guard.call("on_order", order)
        self._asked_ns.clear()

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
        self._asked_ns.clear()
        self.note(f"HALT: {reason}")
        self._loop.guard.call("on_halt", reason)
        self._cancel_live(self._clock_ns())

    def reduce_only(self, reason: str) -> None:
        """Let only orders through that bring a position nearer to zero; ends a halt as `resume` does."""
        self._leave_halt(TradingState.REDUCE_ONLY, f"REDUCE_ONLY: {reason}")

    def resume(self, reason: str) -> None:
        """Allow trading again, by a person's decision."""
        self._leave_halt(TradingState.ACTIVE, f"RESUME: {reason}")

    def _leave_halt(self, state: TradingState, note: str) -> None:
        self._loop.risk.set_state(state, note)
        self._loop.is_halted = False
        if self.state is DeskState.HALTED:
            self.state, self.reason = DeskState.WAITING, note
        self.note(note)

    def note(self, note: str) -> None:
        """Tell the operator and the journal."""
        self._report(note)
        self._record(lambda: self._loop.journal.append_note(note, self._wall_ns()))

    def _record(self, append: Callable[[], object]) -> None:
        """Write to the journal; one that cannot be written holds up nothing that takes risk away."""
        try:
            append()
        except (JournalError, OSError) as error:
            self._report(f"not in the journal: {error}")

    def stop(self) -> None:
        """Begin an orderly end: cancel everything, then log out; `state` becomes STOPPED when that is done."""
        if self.state in (DeskState.STOPPING, DeskState.STOPPED):
            return
        if self._has_started:
            self._loop.guard.call("on_stop")
        self._loop.is_trading = False
        self.state, self.reason = DeskState.STOPPING, "stopping"
        self._asked_ns.clear()
        self._cancel_live(self._clock_ns())

    # Time

    def tick(self) -> None:
        """Do what the state wants now."""
        now_ns = self._clock_ns()
        if self.state is DeskState.WAITING:
            self._try_to_trade(now_ns)
        elif self.state is DeskState.TRADING:
            self._ask_for_unknown(now_ns)
        elif self.state is DeskState.HALTED:
            self._cancel_live(now_ns)
            self._confirm_halt()
        elif self.state is DeskState.STOPPING:
            self._cancel_live(now_ns)
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

    def _obstacle(self, now_ns: int) -> str:
        """What keeps trading from starting; asks the venue about whatever is unknown."""
        if not self._session.is_logged_on:
            return "session is not logged on"
        if self._must_sweep:
            self._must_sweep = not self._sweep()
        if self._must_sweep:
            return "orders of an earlier run may be alive"
        if self._loop.orders.live_count and not self._has_started:
            self._cancel_live(now_ns)
            return "orders of an earlier run are being cancelled"
        if unknown := self._ask_for_unknown(now_ns):
            return f"{unknown} orders are unknown until reconciled"
        stale = [book.instrument.symbol for book in self._loop.books if book.is_stale]
        return f"no fresh book for {stale[0]}" if stale else ""

    def _sweep(self) -> bool:
        """Cancel whatever lives at the venue, known to us or not; False if that could not be sent."""
        cl_ord_id, wall_ns = self._loop.orders.next_cl_ord_id(), self._wall_ns()
        self._record(lambda: self._loop.journal.append_request(cl_ord_id, wall_ns))
        try:
            self._loop.gateway.mass_cancel(cl_ord_id, wall_ns)
        except SessionError as error:
            self._report(f"not sent: {error}")
            return False
        return True

    def _cancel_live(self, now_ns: int) -> None:
        """Ask for the cancel of every live order, again each `RETRY_NS` until the venue has answered.

        A cancel that stays unanswered is followed by a status request, or else by a mass cancel.
        """
        if not self._session.is_logged_on:
            return
        is_unanswered = False
        for order in self._loop.orders.live():
            if self._is_due(order, now_ns):
                is_in_doubt = order.ord_status == fix.Status.UNKNOWN  # it may not exist: then no cancel ends it
                is_sent = self._loop.cancel(order)
                if not is_sent or is_in_doubt:
                    is_unanswered |= not (self._ask(order) or is_sent)
        if is_unanswered:
            self._sweep()

    def _ask_for_unknown(self, now_ns: int) -> int:
        """Ask what became of every order in doubt, or cancel it, again each `RETRY_NS`; return how many there are."""
        unknown = [order for order in self._loop.orders.live() if order.ord_status == fix.Status.UNKNOWN]
        for order in unknown:
            if self._is_due(order, now_ns) and not self._ask(order):
                self._loop.cancel(order)
        return len(unknown)

    def _ask(self, order: Order) -> bool:
        """Ask what became of an order; False where the venue has no such request."""
        try:
            return self._loop.gateway.order_status(order, self._wall_ns())
        except SessionError as error:
            self._report(f"not sent: {error}")
            return True

    def _is_due(self, order: Order, now_ns: int) -> bool:
        """Return whether this order may be asked for now, and note that it is."""
        if now_ns - self._asked_ns.get(order.cl_ord_id, -RETRY_NS) < RETRY_NS:
            return False
        self._asked_ns[order.cl_ord_id] = now_ns
        return True

    def _confirm_halt(self) -> None:
        if not self._is_confirmed and not self._loop.orders.live_count:
            self._is_confirmed = True
            self._report("HALT confirmed: no order is alive")
