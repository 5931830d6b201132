"""One engine: its parts built from a configuration and joined by callables, then run until it is stopped.

Errors  ConfigError before anything is connected; afterwards what goes wrong halts trading and is logged.
Thread  one: the loop thread. The log's listener and the watchdog have their own.
"""

import asyncio
import logging
from functools import partial

from engine.app import loading, operator, repair
from engine.app.account import acting
from engine.app.account.auditing import Audit, audited
from engine.app.account.errands import Errands
from engine.app.account.fills import fill_check
from engine.app.account.keys import Keys
from engine.app.account.side import AccountSide, RestDesk
from engine.app.account.standby.orders import orders_over_rest
from engine.app.background import Background, do_duty
from engine.app.controls.acting import limiting
from engine.app.feeds import choosing, opening
from engine.app.feeds.opening import FeedParts
from engine.app.feeds.record import record_of, record_queues
from engine.app.replay.entries import join_actions, join_session
from engine.app.replay.facts import facts_of
from engine.app.replay.recording import entries_of
from engine.app.seams import LIVE, Seams
from engine.app.sessions.account import open_session_account
from engine.app.sessions.further import Further
from engine.app.sessions.opening import open_first, open_further
from engine.app.strategies import accounts
from engine.app.strategies import acting as telling
from engine.app.takeover import take_over
from engine.app.views import Views
from engine.book import make_book
from engine.config.sections import EngineConfig
from engine.ops.control import OperatorSocket
from engine.ops.view.publisher import Publisher
from engine.orders.orders import Orders
from engine.runtime import log
from engine.runtime._sockets import Sockets
from engine.runtime.halt_word import HaltWord
from engine.runtime.notices import NoticeKind
from engine.runtime.watch.watchdog import Watchdog
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.controls.desk_state import DeskState
from engine.trading.controls.memory import RiskMemory
from engine.trading.controls.risk_desk import RiskDesk
from engine.trading.messages import join
from engine.trading.supervisor import TICK_NS, Supervisor
from engine.trading.universe.roster import Roster, RosterParts
from engine.venue import MarketDataStream, OrderDialect

LOGGER = logging.getLogger(log.LOGGER)
STOP_TIMEOUT_S = 5.0


class Engine(Views):
    """Everything of one configuration, joined but not connected; `run` connects it."""

    def __init__(self, config: EngineConfig, loop: asyncio.AbstractEventLoop, seams: Seams = LIVE) -> None:
        loading.judge_environment(config)
        self._over_rest = over_rest = orders_over_rest(config)
        self.config = config = over_rest.fitted(config) if over_rest else config
        self.clock_ns = seams.clock_ns
        lost = partial(self._told, NoticeKind.RECORD_LOST)
        self._entries = entries = seams.entries or entries_of(config, lost)
        self._mono_ns, self._wall_ns = entries.monotonic(seams.clock_ns), entries.wall(seams.wall_ns)
        self._loop = loop
        self.sockets = Sockets(loop)
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = asyncio.Event()
        self.watchdog: Watchdog | None = None  # of a process of our own
        self._word = word = operator.open_halt_word(config.engine.state_dir, seams.wall_ns, config.engine.group_id)
        instruments = config.instruments
        self._fees = fees = loading.fees(config.feed, config.fees)
        orders = Orders(seams.nonce(), fees.charge)
        account = accounts.configured(config, instruments, [fees.bound(each) for each in instruments])
        self.portfolio, risk = account.portfolio, account.risk
        market_data = choosing.stream(config.feed, instruments)
        dialect = loading.order_dialect(config.session, instruments)
        is_replaced = seams.open_session or (over_rest and not over_rest.uses_fix)
        logon = None if is_replaced else loading.logon_dialect(config.session)
        self._audit = Audit(audited(config.audit, config.rest), partial(self._told, NoticeKind.AUDIT_LOST))
        self._record = record_of(config, lost)
        sign = getattr(market_data, "handshake_headers", None)  # over WebSocket
        self._keys = Keys(config, sign, logon, choosing.logon(config.feed))
        open_fix = seams.open_session or partial(
            open_first, config, loop, self._keys.logon, self.sockets, self._audit.session
        )
        self.session = self._keys.session = over_rest.session(open_fix) if over_rest else open_fix()
        self._keys.beside = self._beside = open_further(config, loop, self.sockets, self._audit.session)
        # Last of what may fail, so that a start that fails leaves no run in the journal
        numbers = self.session.next_sender_seq_num, self.session.next_target_seq_num
        self._taken = take_over(config, orders, self.portfolio, risk, self._wall_ns(), fees.bound, numbers)
        self._journal, self._day, self._snapshots = self._taken[:3]
        if not instruments:  # those of an earlier run
            instruments = tuple([position.instrument for position in self.portfolio])
            market_data.add(instruments)
            dialect.add(instruments)
        parts = Parts(
            books=[make_book(instrument, config.feed.watch_depth) for instrument in instruments],
            market_data=market_data,
            decode_report=dialect.decode,
            orders=orders,
            **account._asdict(),
            journal=self._journal,
            feed_limits=config.feed.limits(),
            closed_texts=dialect.closed_texts,
            judge_options=dialect.judge_options,
            fees=fees,
            verdicts=over_rest.verdicts(dialect.consequences) if over_rest else dialect.consequences,
        )
        try:
            self._join(parts, dialect, seams, word)
        except BaseException:
            self.abandon()
            raise

    def _join(self, parts: Parts, dialect: OrderDialect, seams: Seams, word: HaltWord) -> None:
        self._taken.recall(word, self._wall_ns())
        self._background = Background(self._loop, lambda what, error: self.trading.guard.failed_beside(what, error))
        self.trading = assemble(parts, self._surroundings(seams, dialect, parts.market_data))
        self.supervisor = Supervisor(self.trading, self.session, self._mono_ns, self._wall_ns, LOGGER.warning, word)
        self.supervisor.stand = lambda said: self._taken.stand(said, self._wall_ns())
        self.halt = self._entries.entry("halt", self.supervisor.halt)  # from outside
        self._do = partial(do_duty, self.supervisor)
        self.account = self._open_account(parts.market_data, dialect, seams)
        record_queues(self._record, self.config, self.account, self.trading)
        self._states = accounts.keepers(self.trading, self._journal, self._snapshots)
        for state in self._states:
            state.load()
        self._taken.distrust(self.supervisor, self.account is not None and self.account.watch is not None)
        audit, kept = self._audit.feed, (self.config.engine.state_dir, self._record, self._entries)
        of_feed = FeedParts(self.trading, self.sockets, self._keys, seams.wall_ns, audit, self._loop, *kept)
        followers = [self.supervisor, *[each for each in (self.account, self._over_rest) if each is not None]]
        self.feed = opening.make_feeds(self.config.feed, parts.market_data, of_feed, followers)
        receive = seams.receive(self.trading)
        self.fills = fill_check(receive, dialect, self.trading, self.account)
        receive = self.fills.on_report if self.fills else receive
        of = self.trading, self.supervisor
        self.session_account = open_session_account(self.config, of, self.session, dialect, seams, receive)
        receive = self.session_account.on_message if self.session_account else receive
        join(self.session, self.trading, self.supervisor, receive)
        join_session(self._entries, self.session)
        self.further = Further(self._beside, self.config, of, self.session, self.account, seams.wall_ns)
        self.actions = operator.actions(self.supervisor, self.trading, self.stop)
        self.actions |= repair.actions(self.session, self.supervisor.note, self.further.sessions)
        self.actions |= telling.actions(self.trading, parts.strategy)
        remembered = RiskMemory(self.config.engine.state_dir), self._taken.has_past
        self.risk_desk = RiskDesk(self.trading, self.supervisor, *remembered, dialect.judge_options)
        self.actions |= limiting(self.risk_desk, self.supervisor, self.config)
        self._errands = Errands(self.supervisor.note)
        compared = self.session_account.watch if self.session_account else None
        self.actions |= acting.actions(self._errands, self.account, self._keys, compared)
        refused, lost = partial(self._told, NoticeKind.CONTROL_REFUSED), partial(self._told, NoticeKind.VIEW_LOST)
        self.actions = join_actions(self._entries, operator.recorded(self.actions, self._journal, self._wall_ns))
        self._control = OperatorSocket(self.actions, self.status, self.supervisor.note, refused)
        self._publisher = Publisher(self, self.config.engine, seams.wall_ns, lost)
        entry = self._entries.entry
        self._stop, self._do_due = entry("stop", self.supervisor.stop), entry("tick", self._do_what_is_due)
        self._entries.begin(facts_of(self.config, self.trading.orders.nonce, self.session, self._record.run))

    def _told(self, kind: NoticeKind, text: str) -> None:
        self.trading.notices.tell(kind, text)

    def _surroundings(self, seams: Seams, dialect: OrderDialect, market_data: MarketDataStream) -> Surroundings:
        """What the loop reaches of this engine, some of it made after the loop."""
        later = seams.call_later or (lambda delay_ns, due: self._loop.call_later(delay_ns / 1e9, due))
        fix, over_rest = partial(seams.gateway, self.session, dialect), self._over_rest
        return Surroundings(
            gateway=over_rest.gateway_beside(fix) if over_rest else fix(),
            command=seams.command or (lambda commands: self.feed.send(commands)),
            halt=lambda reason: self.supervisor.halt(reason),
            clock_ns=self._mono_ns,
            wall_ns=self._wall_ns,
            call_later=self._entries.call_later(later),
            reconnect=lambda reason: self.feed.feeds[0].reconnect(reason),
            connections=opening.connections(market_data, lambda: self.feed),
            beside=self._background if seams.call_later is None else None,
            obstacle=lambda: self.supervisor.reason,
        )

    def _open_account(self, market_data: MarketDataStream, dialect: OrderDialect, seams: Seams) -> AccountSide | None:
        """Return the REST side, None where there is none; markets come and go by it."""
        config, rest = self.config, self.config.rest
        if rest is None:
            return None
        send, depth = (lambda frames: self.feed.send(frames)), config.feed.watch_depth
        roster = Roster(self.trading, RosterParts(market_data, dialect, self._fees, send, seams.wall_ns, depth))
        desk = RestDesk(self.trading, self.supervisor, roster, seams.wall_ns, seams.clock_ns, seams.compares_account)
        side = AccountSide(config, rest, desk, self._audit.rest)
        self._keys.rest = side.key
        if self._over_rest is not None:
            self._over_rest.join(self.trading, side)
        return side

    async def run(self) -> None:
        """Connect, trade until `stop`, cancel every order, log out."""
        try:
            await self._control.start(self.config.engine.state_dir, self.config.engine.group_id)
        except BaseException:
            self.abandon()
            raise
        with self._background:
            self._publisher.open()
            self._audit.start()
            self._record.start()
            for each in (self.account, self.session_account):
                if each is not None:
                    each.start()
            self.feed.start()
            self.session.logon()
            self.further.start()
            self._tick()
            await self._until_stopped()
            await self.close()

    async def _until_stopped(self) -> None:
        """Wait for the end; a cancellation, such as of every task by a strategy, begins an orderly one."""
        while not self._stopped.is_set():
            try:
                await self._stopped.wait()
            except asyncio.CancelledError:
                if self.watchdog is None:  # no process of our own: whoever runs us may cancel
                    raise
                self.halt("the task that runs the engine was cancelled by other code")
                self.stop()

    def abandon(self) -> None:
        """Leave nothing behind: the start failed before anything was connected."""
        for session in (self.session, *(each.session for each in self._beside)):
            session.close()
        if "feed" in vars(self):  # the start may have failed before there was one
            self.feed.abandon()
        self._audit.close()
        self._word.close()
        self._journal.abandon()

    def stop(self) -> None:
        """Begin an orderly end; `run` returns when no order is alive and we are logged out, or after five seconds."""
        self._stop()
        self._loop.call_later(STOP_TIMEOUT_S, self._stopped.set)

    def tick(self) -> None:
        """Do what is due, every `TICK_NS`."""
        self._do_due()
        self._do("record", lambda: self._record.tick(self.trading.instruments))
        if self.supervisor.state is DeskState.STOPPED and not self.trading.is_connected:  # Logout is answered
            self._stopped.set()
        self._publisher.tick()

    def _do_what_is_due(self) -> None:
        self._do("supervisor", self.supervisor.tick)
        self._do("risk desk", self.risk_desk.tick)
        self._do("trading day", lambda: self._day.tick(self._wall_ns()))
        self._do("orders", self.trading.orders.tidy)
        self._do("journal", self._journal.prepare)
        self._do("session store", self.session.prepare)
        self.further.tick()
        self._do("snapshot", self._snapshots.tick)
        for state in self._states:
            self._do("saved state", partial(state.tick, self._wall_ns()))

    def _tick(self) -> None:
        if self.watchdog is not None:
            self.watchdog.turn()
            for stall in self.watchdog.stalls():
                self.trading.notices.tell(NoticeKind.LOOP_HELD, str(stall))
        self.tick()
        self._timer = self._loop.call_later(TICK_NS / 1e9, self._tick)

    async def close(self) -> None:
        """Let go of every connection and file."""
        if self.watchdog is not None:
            self.watchdog.stop()
        if self._timer is not None:
            self._timer.cancel()
        live = self.trading.orders.live()
        if live:
            LOGGER.error("%d orders may still be alive at the venue: %s", len(live), [o.cl_ord_id for o in live])
        await self._errands.close()
        await self.feed.close()
        for each in (self.account, self.session_account):
            if each is not None:
                await each.close()
        self.session.close()
        self.further.close()
        self._audit.close()
        self._control.close()
        self._publisher.close()
        self._word.close()
        self.risk_desk.close()
        for state in self._states:
            self._do("saved state", partial(state.save, self._wall_ns()))
        self._taken.close(self._wall_ns())
        self._record.close()
        self._entries.close()
