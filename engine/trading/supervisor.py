"""When trading may happen, and how it ends with no order left alive.

States  WAITING (session or feed lost, books stale, earlier orders), TRADING, HALTED (until a person resumes), STOPPING.
Errors  nothing is raised: what goes wrong halts trading, is noted in the journal and reported by `report`.
Thread  the loop thread; `tick` is called every `TICK_NS`.
"""

from collections.abc import Callable

from engine.orders.order import Order
from engine.risk import TradingState
from engine.runtime.halt_word import FREE, HALT, REDUCE_ONLY, HaltWord, Word
from engine.runtime.person import Person, the_engine
from engine.session import Session
from engine.trading.controls.account_gate import AccountGate
from engine.trading.controls.desk_state import DeskState
from engine.trading.controls.live_orders import LiveOrders
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop

TICK_NS = 50_000_000
BEHIND = "messages of the venue are missing, and are asked for"


class Supervisor:
    """Starts, pauses, halts and stops one loop."""

    def __init__(
        self,
        loop: TradingLoop,
        session: Session,
        clock_ns: Callable[[], int],
        wall_ns: Callable[[], int],
        report: Callable[[str], None],
        word: HaltWord | None = None,
    ) -> None:
        self.state = DeskState.WAITING
        self.reason = "starting"
        self._loop = loop
        self._session = session
        self._clock_ns = clock_ns
        self._wall_ns = wall_ns
        self._report = report
        self._live = LiveOrders(loop, wall_ns, report)
        self.record = self._live.record  # writes something to the journal, now
        self._has_started = False
        self.account: AccountGate | None = None  # where the venue's account can be read
        self.asks_one_by_one = True  # what became of each order, after a logon
        self.cancel_beside: Callable[[str], object] = lambda reason: None  # by another way than the session
        self.lift_throttles: Callable[[], object] = lambda: loop.markets.lift_all(Stop.HALTED)
        self._must_sweep = True  # orders of an earlier run may still live at the venue
        self._is_confirmed = False
        self._pulled: list[Order] = []  # what was alive when every order had to go
        self._word = word or HaltWord()
        self.stand: Callable[[HaltWord], object] = lambda word: None  # keeps what it says in the journal too
        loop.risk.obey(self._word.page)
        loop.markets.is_quiet = True
        loop.settlements.close_settled()
        self._begin(self._word.word)

    def _begin(self, word: Word) -> None:
        """Start as an earlier run, or a person since, left the halt word."""
        if word.state == FREE:
            return
        self._loop.risk.set_state(TradingState(word.state), word.advice)
        if word.state == HALT:
            self._loop.is_halted = True
            self.state, self.reason = DeskState.HALTED, word.advice
        self._report(word.advice)

    # The connections

    def on_logon(self) -> None:
        """Learn that the venue can be reached."""
        self._loop.is_connected = True
        self._live.reconnected(self.asks_one_by_one)
        if self.account is not None:
            self.account.logged_on()
        self._report("session logged on")
        self._loop.guard.tell("on_connected")

    def on_logout(self, reason: str) -> None:
        """The venue can no longer be heard: what is unanswered is unknown from now on."""
        self._loop.is_connected = False
        self.pause(f"session down: {reason or 'no reason given'}")
        self.record(lambda journal, now_ns: journal.append_disconnect(now_ns))
        for order in self._loop.orders.on_disconnect():
            self._loop.risk.update(order)
            self._loop.doubts.await_answer(order, f"ClOrdID(11) {order.cl_ord_id}: outcome unknown")
            self._report(f"ClOrdID(11) {order.cl_ord_id}: outcome unknown until reconciled")
            self._loop.guard.call("on_order", order)
        self._live.forget()

    def on_forsaken(self, reason: str) -> None:
        """Cancel everything over whatever works: the session is given up, and what leaves over it must leave now."""
        self.pause(f"the session is given up: {reason}")
        self.cancel_all()
        self._live.sweep()
        self.cancel_beside(reason)

    def on_feed(self, connection: int = 0) -> None:
        """Learn that market data come again over a connection."""
        self._loop.watch.connected(connection)
        self._report("market data connected")

    def on_feed_lost(self, reason: str, connection: int = 0) -> None:
        """No market of this connection can be seen until it is there again; the others trade on."""
        self._loop.watch.lost(reason, connection)
        (self.pause if self._loop.watch.is_blind else self._report)(reason)

    def pause(self, reason: str) -> None:
        """Send no new order until `tick` finds nothing in the way."""
        self._loop.is_trading = False
        self._report(reason)
        if self.state is DeskState.TRADING:
            self.state, self.reason = DeskState.WAITING, reason
            self._loop.guard.tell("on_pause", reason)

    # Kill switch

    def halt(self, reason: str, by: Person | None = None) -> None:
        """Refuse new orders and cancel every live one, until `resume`, whatever restarts in between."""
        if self._word.word.state != HALT:
            self._say(HALT, reason, by)
        if by is not None:
            reason = f"{reason} (by {by})"
        if self.state in (DeskState.HALTED, DeskState.STOPPING, DeskState.STOPPED):
            self._report(f"{self.state.value} already when: {reason}")
            return
        self._loop.risk.set_state(TradingState.HALT, reason)
        self._loop.is_trading = False
        self._loop.is_halted = True
        self.state, self.reason = DeskState.HALTED, reason
        self._is_confirmed = False
        self.note(f"HALT: {reason}")
        self._loop.guard.call("on_halt", reason)
        self.cancel_all()

    def reduce_only(self, reason: str, by: Person | None = None) -> None:
        """Let only orders through that bring a position nearer to zero; ends a halt as `resume` does."""
        self._say(REDUCE_ONLY, reason, by)
        self._leave_halt(TradingState.REDUCE_ONLY, f"REDUCE_ONLY: {reason}")

    def resume(self, reason: str, by: Person | None = None) -> None:
        """Allow trading again, by a person's decision, which also opens the markets that nothing else would open."""
        self._say(FREE, reason, by)
        self._resume(f"RESUME: {reason}")

    def _resume(self, note: str) -> None:
        self._loop.doubts.bear()
        self._loop.watch.trust()
        if self.account is not None:
            self.account.bear()
        self._loop.markets.lift_all(Stop.REJECTS | Stop.INACTIVE | Stop.ACCOUNT | Stop.BALANCE)
        self.lift_throttles()
        self._leave_halt(TradingState.ACTIVE, note)

    def cancel_all(self) -> None:
        """Cancel every live order now, and go on as before."""
        self._pulled = self._loop.orders.live()
        self._live.forget()
        self._cancel_all()

    @property
    def pulled(self) -> list[Order]:
        """Return the orders that were alive when every one of them had to go for the last time."""
        return self._pulled

    def _leave_halt(self, state: TradingState, note: str) -> None:
        self._loop.risk.set_state(state, note)
        self._loop.is_halted = False
        self._pulled = []
        if self.state is DeskState.HALTED:
            self.state, self.reason = DeskState.WAITING, note
        self.note(note)

    def _say(self, state: int, reason: str, by: Person | None) -> None:
        """Set the halt word, for the next start and for whoever looks."""
        try:
            self._word.set(Word(state, self._wall_ns(), by or the_engine(), reason))
        except OSError as error:
            self._report(f"the halt word cannot be written, a restart knows from the journal alone: {error}")
        self.record(lambda journal, now_ns: self.stand(self._word))

    def heed(self) -> bool:
        """Do what another process asks for by the halt word; say whether one did."""
        word = self._word.news()
        if word is None:
            return False
        self.record(lambda journal, now_ns: self.stand(self._word))
        if word.state == HALT:
            self.halt(str(word))
        elif word.state == REDUCE_ONLY:
            self._leave_halt(TradingState.REDUCE_ONLY, f"REDUCE_ONLY: {word}")
        else:
            self._resume(f"RESUME: {word}")
        return True

    def note(self, note: str) -> None:
        """Tell the operator and the journal."""
        self._report(note)
        self.record(lambda journal, now_ns: journal.append_note(note, now_ns))

    def stop(self) -> None:
        """Begin an orderly end: cancel everything, then log out; `state` becomes STOPPED when that is done."""
        if self.state in (DeskState.STOPPING, DeskState.STOPPED):
            return
        if self._has_started:
            self._loop.guard.call("on_stop")
        self._loop.is_trading = False
        self.state, self.reason = DeskState.STOPPING, "stopping"
        self.cancel_all()

    # Time

    def tick(self) -> None:
        """Do what the state wants now."""
        now_ns = self._clock_ns()
        self._loop.notices.tick()
        self.heed()
        self._loop.doubts.review()
        self._live.take_overdue(now_ns)
        self._loop.settlements.review(now_ns)
        self._loop.watch.look(now_ns)
        if self.state is DeskState.WAITING:
            self._pull(now_ns)
            self._try_to_trade(now_ns)
            self._pull_stopped(now_ns)
        elif self.state is DeskState.TRADING:
            self._pull(now_ns)
            self._live.ask_for_unknown(now_ns)
            self._pull_stopped(now_ns)
            if self._session.is_behind:
                self.pause(BEHIND)
            elif self._loop.markets.are_unseen():
                self.pause(self._loop.watch.obstacle(now_ns))
        elif self.state is DeskState.HALTED:
            self._sweep_once()
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
        else:
            self._loop.guard.tell("on_resume")

    def _obstacle(self, now_ns: int) -> str:
        """What keeps trading from starting; asks the venue about whatever is unknown."""
        if not self._session.is_logged_on:
            return "session is not logged on"
        if self._session.is_behind:
            return BEHIND
        self._sweep_once()
        if self._must_sweep:
            return "orders of an earlier run may be alive"
        if self._loop.orders.live_count and not self._has_started:
            self._cancel_all()
            return "orders of an earlier run are being cancelled"
        self._live.ask_for_unknown(now_ns)
        return (self.account.obstacle() if self.account else "") or self._loop.watch.obstacle(now_ns)

    def _pull_stopped(self, now_ns: int) -> None:
        """Cancel what rests in markets where nothing of ours may."""
        if self._session.is_logged_on and self._loop.orders.live_count:
            self._live.cancel_in(self._loop.markets.pulled(), now_ns)

    def _sweep_once(self) -> None:
        """Cancel what an earlier run may have left, as soon as the venue can be reached."""
        if self._must_sweep and self._session.is_logged_on:
            self._must_sweep = not self._live.sweep()

    def _pull(self, now_ns: int) -> None:
        """Follow up the cancels of `cancel_all` while trading goes on."""
        if self._pulled and self._session.is_logged_on:
            self._live.cancel([order for order in self._pulled if not order.is_done], now_ns)

    def _cancel_all(self) -> None:
        if self._session.is_logged_on:
            self._live.cancel_all(self._clock_ns())

    def _confirm_halt(self) -> None:
        if not self._is_confirmed and not self._loop.orders.live_count:
            self._is_confirmed = True
            self._report("HALT confirmed: no order is alive")
