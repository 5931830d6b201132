"""The initiator of the native session: connects, logs on, and connects again after a loss.

Errors  SessionError from `send` while logged out; ConfigError and SessionError (a damaged store) at construction. An
        exception in a callable is caught and reported by `on_fault`.
Cost    a send takes 0.3 us without the kernel; see the stage table of `fixlane bench order`.
Thread  the loop thread only.
Source  FIX 4.4 volume 2; the session file's keys as in QuickFIX.
"""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Callable, Container

from engine.errors import SessionError
from engine.runtime._sockets import Sockets
from engine.runtime.audit import AuditSink
from engine.runtime.notices import NoticeKind
from engine.session import LogonDialect
from engine.session.attempts import Attempts
from engine.session.dictionary.dictionary import read_dictionary
from engine.session.file.schedule import read_schedule
from engine.session.file.settings import SessionSettings
from engine.session.native.addresses import CONNECT_TIMEOUT_NS, Addresses
from engine.session.native.connection import Connection
from engine.session.native.dialling import speak
from engine.session.native.driver import SessionDriver
from engine.session.native.message_log import open_log
from engine.session.native.settings import core_settings, ignored
from engine.session.native.socket_options import tuner
from engine.session.native.tls import client_context, protection, server_name
from engine.session.protocol.replay import REPLAYED
from engine.session.protocol.session import FixSession
from engine.session.refusal import LogonRefusal, of_tls
from engine.session.store.file_store import open_store, stem
from engine.session.store.repair import prove_possible

_logger = logging.getLogger(__name__)
_LONGEST_SLEEP_NS = 60 * 1_000_000_000  # the wall clock may be set


class NativeSession(SessionDriver):
    """Initiator side of one session; satisfies `engine.session.Session`."""

    def __init__(
        self,
        settings: SessionSettings,
        loop: asyncio.AbstractEventLoop,
        logon_dialect: LogonDialect | None = None,
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
        replayed: Container[str] | None = REPLAYED,
        sockets: Sockets | None = None,
        audit: AuditSink | None = None,
    ) -> None:
        agreed = core_settings(settings)
        for text in ignored(settings):
            _logger.warning("%s", text)
        name = stem(
            agreed.begin_string, agreed.sender_comp_id, agreed.target_comp_id, settings.text("SessionQualifier")
        )
        log = open_log(settings.path("FileLogPath"), name, wall_ns, settings.secret_tags(), audit)
        super().__init__(loop, clock_ns, wall_ns, log)
        self.core = FixSession(
            agreed,
            self,
            open_store(settings, name, wall_ns()),
            dictionary=read_dictionary(settings),
            schedule=read_schedule(settings),
            logon_dialect=logon_dialect,
            replayed=replayed,
        )
        self.core.on_garbled = lambda text: self.on_notice(NoticeKind.SESSION_GARBLED, f"{self.name}: {text}")
        self._sockets = sockets or Sockets(loop)
        self._addresses = Addresses(settings)
        reconnect_ns = settings.integer("ReconnectInterval", 30) * 1_000_000_000
        self._attempts = Attempts(reconnect_ns, len(settings.endpoints()))
        self._address = ""  # of the last attempt, in words
        self._tune = tuner(settings)
        self._settings = settings
        self._tls = client_context(settings)
        has_own = any(settings.text(key) for key in ("ClientCertificateFile", "SocketCertificateFile"))
        self._hint = "" if self._tls is None or has_own else "; the venue may want a client certificate, we have none"
        self._protection = protection(settings)
        self._task: asyncio.Task[None] | None = None
        self._closed: asyncio.Event = asyncio.Event()
        self._is_dialling = False
        self._connected_ns = 0
        self._hurry: asyncio.Event = asyncio.Event()  # an operator does not want to wait
        self._next_name = agreed.sender_comp_id  # of the next connection

    @property
    def last_error(self) -> str:
        """Why it last went down or did not come up."""
        return self.core.needs_operator or self._attempts.last_error

    @property
    def is_behind(self) -> bool:
        """Whether messages of the peer are missing that came before others."""
        return self.core.gap.is_open

    @property
    def protection(self) -> str:
        """How the connection is protected."""
        return self._protection

    def logon(self, *, resets: bool = False) -> None:
        """Connect and log on; connect again after a loss until `logout` or `close`.

        `resets` makes the next Logon start both numbers at 1: an operator's answer to a lost store.
        """
        self.core.reset_pending |= resets
        self.core.needs_operator = ""
        self._attempts.allowed()
        self._hurry.set()
        if self._task is None or self._task.done():
            self._task = self.loop.create_task(self._keep_connected())

    @property
    def phase(self) -> str:
        """Where it stands, in words."""
        if self.is_logged_on:
            return "logged on"
        if self._connection is not None or self._is_dialling:
            return "connecting"
        if self.core.needs_operator:
            return "given up"
        return "logged out" if self._task is None or self._task.done() else "waiting"

    def reset(self) -> None:
        """Begin both numbers at 1, and ask for the same in the next Logon; SessionError unless it is disconnected."""
        self.set_next(1, 1)
        self.core.reset_pending = self.core.settings.has_reset_flag

    def set_next(self, next_out: int, next_in: int) -> None:
        """Set both numbers, by agreement with the peer; SessionError unless it is disconnected."""
        prove_possible(next_out, next_in)
        if self.phase in ("logged on", "connecting"):
            raise SessionError(f"{self.name}: is {self.phase}: log out first, or wait for the attempt to end")
        self._set_wall()
        self.core.reset_pending = False
        self.core.renumber(next_out, next_in, self.clock.now_ns())

    def rename(self, sender_comp_id: str) -> None:
        """Be another SenderCompID(49) from the next connection on; SessionError unless each Logon begins at 1."""
        if not self._settings.flag("ResetOnLogon"):
            raise SessionError(
                f"{self.name}: its numbers go on over connections, so that it keeps its SenderCompID(49): agree on a"
                " new session with the venue, and start the engine with it"
            )
        self._next_name = sender_comp_id

    def test_request(self) -> None:
        """Send a TestRequest; SessionError while logged out."""
        self.core.test_request(self.clock.now_ns())

    def logout(self, text: str = "") -> None:
        """Send Logout, answer what the peer still asks for, then disconnect; do not connect again."""
        self._stop()
        super().logout(text)

    def close(self) -> None:
        """Release the connection and the store at once."""
        self._stop()
        super().close()

    def on_connected(self, connection: Connection) -> None:
        """Start the session on a connection that is read through `sockets`."""
        connection.watch(self._sockets, self.on_data)
        self._connected_ns = self.clock.now_ns()
        super().on_connected(connection)

    def on_closed(self, reason: str) -> None:
        """Tell the session, and judge the attempt; the connecting task goes on."""
        was_answered = self.core.is_answered
        super().on_closed(reason)
        if was_answered:
            self._lost(self.core.logout_reason or self.dropped_for or reason)
        elif self._task is not None and not self._is_closing:
            self._failed(self.dropped_for or f"{reason} before the Logon was answered{self._hint}", of_tls(reason))
        self._closed.set()

    def _lost(self, reason: str) -> None:
        """Note the end of a session; one more that does not hold leads to the next address."""
        attempts = self._attempts
        was_storm = attempts.is_storm
        attempts.lost(reason, self.clock.now_ns() - self._connected_ns, was_used=self.is_used)
        if attempts.vain > 1:
            self._addresses.failed()
        self._tell_storm(was_storm)

    def _failed(self, text: str, refusal: LogonRefusal | None = None) -> None:
        """Note that a Logon was not answered by a Logon; give up where another would fare no better."""
        refusal = refusal or self.core.refusal
        attempts = self._attempts
        was_storm = attempts.is_storm
        attempts.failed(refusal.text if refusal is not None else text, refusal)
        self._addresses.failed()
        self.on_notice(NoticeKind.LOGON_FAILED, f"{self.name}: {self._address}: {attempts.last_error}")
        self._tell_storm(was_storm)
        if attempts.given_up and not self.core.needs_operator:
            self.core.needs_operator = attempts.given_up
            self.alert(attempts.given_up)

    def _tell_storm(self, was_storm: bool) -> None:
        if self._attempts.is_storm and not was_storm:
            self.on_notice(NoticeKind.LOGON_STORM, f"{self.name}: {self._attempts.storm}")

    def _not_connected(self, error: Exception) -> None:
        """Note an attempt that no Logon left for."""
        if isinstance(error, ssl.SSLError):  # repeated as slowly as a Logon that fails: it is no passing trouble
            self._failed(f"TLS: {error}", of_tls(str(error)))
            return
        text = "no connection in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        self._attempts.not_sent(text)
        self._addresses.failed()
        self.on_notice(NoticeKind.LOGON_FAILED, f"{self.name}: {self._address}: {self._attempts.last_error}")

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep_connected(self) -> None:
        self.on_timer()
        while not self.core.needs_operator:
            await self._session_time()
            if self._connection is not None:  # of the session that was logged out, not gone yet
                await self._closed.wait()
            begun_ns = self.clock.now_ns()
            self._hurry.clear()
            await self._attempt()
            if not self.core.needs_operator:
                await self._pause(begun_ns + self._attempts.wait_ns - self.clock.now_ns())
        _logger.error("%s: not connecting again before an operator has looked", self.name)

    async def _attempt(self) -> None:
        """Connect, and wait until the connection is gone."""
        self._closed.clear()
        self._is_dialling = True
        if self._next_name != self.core.settings.sender_comp_id:
            self.core.rename(self._next_name)
        try:
            await self._connect()
        except Exception as error:  # whatever stops an attempt, the next one may succeed
            self._not_connected(error)
        else:
            if self._task is not asyncio.current_task():
                raise asyncio.CancelledError  # while it connected, which nobody else says
            await self._closed.wait()
        finally:
            self._is_dialling = False

    async def _pause(self, wait_ns: int) -> None:
        """Wait before the next attempt, unless an operator hurries it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0, wait_ns) / 1_000_000_000):
                await self._hurry.wait()

    async def _session_time(self) -> None:
        """Wait until the schedule lets us log on."""
        schedule = self.core.schedule
        while schedule is not None and not schedule.may_log_on(now_ns := self.wall.now_ns()):
            wait_ns = min(schedule.next_change(now_ns) - now_ns, _LONGEST_SLEEP_NS)
            await asyncio.sleep(wait_ns / 1_000_000_000)

    async def _connect(self) -> None:
        host, port = self._addresses.next(self.clock.now_ns())
        self._address = f"{host} port {port}"
        self.log(f"connecting to {self._address}, {self._protection}")
        # Not asyncio.wait_for: before Python 3.12 it can lose a cancellation, and this task would never end.
        async with asyncio.timeout(CONNECT_TIMEOUT_NS / 1_000_000_000):
            sock = await self._addresses.connect()
            name = "" if self._tls is None else server_name(self._settings, host)
            await speak(self.loop, Connection(self, self._tune), sock, self._tls, name)
