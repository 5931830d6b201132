"""All sessions beside that of orders, joined to a desk: what each tells goes to whoever understands it.

Their failure is told and never stops trading, beyond a moment after a logon in which the drop copy is asked.

Errors  none after construction.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from engine.app import loading
from engine.app.account.side import AccountSide
from engine.app.sessions.copies import Copies
from engine.app.sessions.drop_copy import MissedReports
from engine.app.sessions.figures import further_facts
from engine.app.sessions.first_source import FirstSource
from engine.app.sessions.opening import FurtherSession
from engine.app.sessions.post_trade import Ask, PostTrade
from engine.codec import Fields
from engine.config.sections import EngineConfig
from engine.errors import DecodeError, EngineError
from engine.ops.view.further import FurtherFacts
from engine.runtime.notices import NoticeKind
from engine.session import Session
from engine.trading.controls.account_gate import AccountGate
from engine.trading.loop import TradingLoop
from engine.trading.supervisor import Supervisor
from engine.venue.account import VenueSettlement


class Further:
    """The sessions of one engine beside `session`, that of orders; as an `AccountGate` it stands before `account`."""

    def __init__(
        self,
        opened: Sequence[FurtherSession],
        config: EngineConfig,
        desk: tuple[TradingLoop, Supervisor],
        session: Session,
        account: AccountSide | None,
        wall_ns: Callable[[], int],
    ) -> None:
        self.copies: Copies | None = None
        self.drop_copy: MissedReports | None = None
        self.post_trade: PostTrade | None = None
        self._opened = opened
        self._loop, supervisor = desk
        self._account = account
        self._wall_ns = wall_ns
        self._tasks: list[asyncio.Task[None]] = []
        self._gate: AccountGate | None = supervisor.account
        by_name = {each.name: each.session for each in opened}
        if not by_name:
            return
        self._dialect = loading.further_dialect(config.session)
        self._first = FirstSource(session.on_message, wall_ns)
        if "drop_copy" in by_name or "listener" in by_name:
            self.copies = Copies(self._loop, self._first, wall_ns, self._look_soon())
            self._follow(session, self.copies)
        for name, one in by_name.items():
            self._tell_of(one)
            {"drop_copy": self._join_drop_copy, "listener": self._join_listener, "settlement": self._join_settlement}[
                name
            ](one, config)
        supervisor.account = self

    @property
    def sessions(self) -> dict[str, Session]:
        """The sessions by their name in the configuration."""
        return {each.name: each.session for each in self._opened}

    @property
    def keys(self) -> Sequence[FurtherSession]:
        """What has a key that can be read again."""
        return self._opened

    # Joining

    def _look_soon(self) -> Callable[[str], object] | None:
        watch = self._account.watch if self._account is not None else None
        return None if watch is None else watch.look_soon

    def _follow(self, session: Session, copies: Copies) -> None:
        """Hear of the session of orders what it tells, and when it comes and goes."""
        on_logon, on_logout = session.on_logon, session.on_logout

        def logged_on() -> None:
            """Ask for what was missed, then go on as without further sessions."""
            copies.connected()
            if self.drop_copy is not None:
                self.drop_copy.connected()
            on_logon()

        def logged_out(reason: str) -> None:
            """Note where the gap begins."""
            if self.drop_copy is not None:
                self.drop_copy.disconnected()
            on_logout(reason)

        session.on_message = self._first.take
        session.on_logon, session.on_logout = logged_on, logged_out

    def _tell_of(self, session: Session) -> None:
        """Tell of what happens to a session, which stops nothing."""
        tell = self._loop.notices.tell
        session.on_notice = tell
        session.on_fault = lambda text: tell(NoticeKind.FURTHER_SESSION, f"{session.name}: {text}")
        session.on_logout = lambda reason: tell(
            NoticeKind.FURTHER_SESSION, f"{session.name}: lost: {reason or 'no reason given'}"
        )
        session.on_refused = lambda fields, reason, text: self._refused(session, fields, reason, text)

    def _refused(self, session: Session, fields: Fields, reason: int, text: str) -> None:
        what = f"{session.name}: MsgType(35) {fields.msg_type}, reason {reason}: {text}"
        self._loop.notices.tell(NoticeKind.SESSION_REFUSED, what)
        self._learn_elsewhere(f"a message of {what} could not be taken")

    def _learn_elsewhere(self, reason: str) -> None:
        look_soon = self._look_soon()
        if look_soon is not None:
            look_soon(reason)
        else:
            self._loop.notices.tell(NoticeKind.FURTHER_SESSION, f"{reason}; without [rest] nobody else is asked")

    def _join_drop_copy(self, session: Session, config: EngineConfig) -> None:
        assert self.copies is not None
        self.drop_copy = drop_copy = MissedReports(
            session,
            self._dialect.past(),
            self._dialect.read_copy,
            self.copies,
            self._first,
            self._wall_ns,
            self._loop.notices.tell,
            self._learn_elsewhere,
        )
        drop_copy.begin(self._loop.orders.live())
        session.on_logon = drop_copy.logged_on
        session.on_message = partial(self._take, session, drop_copy.take)

    def _join_listener(self, session: Session, config: EngineConfig) -> None:
        session.on_message = partial(self._take, session, self._hear)

    def _hear(self, fields: Fields) -> None:
        copied = self._dialect.read_copy(fields)
        if copied is not None and self.copies is not None:
            self.copies.hear(copied)

    def _join_settlement(self, session: Session, config: EngineConfig) -> None:
        self.post_trade = PostTrade(self._loop, self._dialect.settlements(), self._wall_ns, self._settlements(config))
        session.on_message = partial(self._take, session, self.post_trade.take)

    def _settlements(self, config: EngineConfig) -> Ask | None:
        """Return what asks REST for settlements, None where it cannot be asked."""
        account = self._account
        dialect = loading.account_dialect(config.rest) if config.rest else None
        if account is None or dialect is None:
            return None

        async def ask(since_ns: int) -> list[VenueSettlement]:
            """Ask for every one since then."""
            return list((await account.client.all(dialect.settlements(since_ns))).complete())

        return ask

    def _take(self, session: Session, receive: Callable[[Fields], object], fields: Fields) -> None:
        """Have a message understood; one that cannot be read is told, and what it may have said learnt elsewhere."""
        try:
            receive(fields)
        except (DecodeError, ValueError) as error:
            text = f"{session.name}: unreadable: {error}"
            self._loop.notices.tell(NoticeKind.FURTHER_SESSION, text)
            self._learn_elsewhere(text)

    # What its supervisor asks

    def logged_on(self) -> None:
        """Hand on that the session of orders is up."""
        if self._gate is not None:
            self._gate.logged_on()

    def obstacle(self) -> str:
        """Return what keeps trading from starting, empty if nothing does."""
        asked = self.drop_copy.obstacle() if self.drop_copy is not None else ""
        return asked or (self._gate.obstacle() if self._gate is not None else "")

    def bear(self) -> None:
        """Trade on with what differs now."""
        if self._gate is not None:
            self._gate.bear()

    # Its life

    def start(self) -> None:
        """Connect every session, and compare settlements from now on."""
        for each in self._opened:
            each.session.logon()
        duties: list[Coroutine[Any, Any, None]] = [self.post_trade.run()] if self.post_trade is not None else []
        self._tasks = [asyncio.get_running_loop().create_task(duty) for duty in duties]

    def tick(self) -> None:
        """Do what is due; what fails is told."""
        for each in self._opened:
            try:
                each.session.prepare()
            except EngineError as error:
                self._loop.notices.tell(NoticeKind.FURTHER_SESSION, str(error))
        if self.copies is not None:
            self.copies.look()
        if self.drop_copy is not None:
            self.drop_copy.tick()
        if self.post_trade is not None:
            self.post_trade.look()

    def close(self) -> None:
        """Say goodbye to the venue, and let go of every connection and file."""
        for task in self._tasks:
            task.cancel()
        for each in self._opened:
            each.session.logout()
            each.session.close()

    def shown(self) -> FurtherFacts:
        """Return what it does now, for status and metrics."""
        return further_facts(self.copies, self.drop_copy, self.post_trade)
