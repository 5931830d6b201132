"""The account that is compared over the session of orders, where the venue is asked for it there.

Errors  ConfigError at construction; afterwards what fails is told, and trading waits where it must.
Cost    0.3 us a report, for whether it answers a request of ours.
Thread  the loop thread.
"""

import asyncio
from collections.abc import Callable

from engine.app import loading
from engine.app.account.figures import account_facts
from engine.app.account.side import retry_backoff
from engine.app.account.watch import AccountWatch
from engine.app.seams import Seams
from engine.app.sessions.account_reader import AccountLists, SessionReader
from engine.codec import Fields
from engine.config.sections import EngineConfig
from engine.errors import ConfigError
from engine.ops.view.account import ComparedFacts
from engine.session import Session
from engine.trading.loop import TradingLoop
from engine.trading.reconcile.reconcile import Reconcile
from engine.trading.supervisor import Supervisor
from engine.venue import OrderDialect

LOOK_AGAIN_S = 0.5  # for a session that is away


class SessionAccount:
    """Compares from `start` to `close`; as the `AccountGate` of its supervisor trading waits for what it finds.

    It stands between the session and `receive`, which takes every message that answers nothing asked here.
    """

    def __init__(
        self,
        config: EngineConfig,
        desk: tuple[TradingLoop, Supervisor],
        session: Session,
        dialect: OrderDialect,
        wall_ns: Callable[[], int],
        receive: Callable[[Fields], None],
    ) -> None:
        loop, supervisor = desk
        section = config.session.account
        assert section is not None
        self._receive = receive
        self._session = session
        self._reader = SessionReader(
            session,
            loading.session_account_dialect(config, dialect),
            AccountLists(section.orders, section.positions),
            wall_ns,
            supervisor.note,
            loop.orders.nonce,
        )
        reconcile = Reconcile(loop, supervisor.note, None, config.reconcile, supervisor.record)
        every_ns = config.reconcile.every_ns
        self.watch = AccountWatch(
            self._reader,
            reconcile,
            loop,
            wall_ns,
            supervisor.note,
            every_ns,
            retry_backoff(),
            self._until_logged_on,
        )
        self._task: asyncio.Task[None] | None = None
        supervisor.account = self
        supervisor.asks_one_by_one = False

    def on_message(self, fields: Fields) -> None:
        """Take what answers a request; pass on all else."""
        if not self._reader.take(fields):
            self._receive(fields)

    # What its supervisor asks

    def logged_on(self) -> None:
        """Ask for everything anew: much may have happened meanwhile."""
        self._reader.logged_on()
        self.watch.logged_on()

    def obstacle(self) -> str:
        """Return what keeps trading from starting, empty if nothing does."""
        return self.watch.obstacle()

    def bear(self) -> None:
        """Trade on with what differs now."""
        self.watch.bear()

    # Its life

    def start(self) -> None:
        """Compare from the first logon on."""
        self._task = asyncio.get_running_loop().create_task(self.watch.run())

    async def _until_logged_on(self) -> None:
        """Wait for the session, which tells by itself why it is away; a logon begins a comparison anyway."""
        while not self._session.is_logged_on:
            await asyncio.sleep(LOOK_AGAIN_S)

    async def close(self) -> None:
        """Stop comparing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def shown(self) -> ComparedFacts:
        """Return what it does now, for status and metrics."""
        return ComparedFacts(account_facts(self.watch))


def judge_session_account(config: EngineConfig) -> None:
    """Raise ConfigError where the account cannot be compared over the session, or is compared otherwise."""
    if config.session.account is None:
        return
    rest = config.rest
    if rest is not None and (rest.carries_orders or loading.account_dialect(rest) is not None):
        raise ConfigError("session.account: [rest] tells of the account already: leave this table out")
    loading.session_account_dialect(config, loading.order_dialect(config.session, ()))


def open_session_account(
    config: EngineConfig,
    desk: tuple[TradingLoop, Supervisor],
    session: Session,
    dialect: OrderDialect,
    seams: Seams,
    receive: Callable[[Fields], None],
) -> SessionAccount | None:
    """Return what compares the account over this session; None where it is not configured, or not to be compared."""
    if config.session.account is None or not seams.compares_account:
        return None
    judge_session_account(config)
    return SessionAccount(config, desk, session, dialect, seams.wall_ns, receive)
