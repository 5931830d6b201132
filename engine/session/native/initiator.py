"""The initiator of the native session: connects, logs on, and connects again after a loss.

Errors  SessionError from `send` while logged out; ConfigError and SessionError (a damaged store) at construction. An
        exception in a callable is caught and reported by `on_fault`.
Cost    a send takes 0.3 us without the kernel; see the stage table of `fixlane bench order`.
Thread  the loop thread only.
Source  FIX 4.4 volume 2; the session file's keys as in QuickFIX.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Container

from engine.runtime._sockets import Sockets
from engine.session import LogonDialect
from engine.session.dictionary.dictionary import read_dictionary
from engine.session.file.schedule import read_schedule
from engine.session.file.settings import SessionSettings
from engine.session.native.addresses import Addresses
from engine.session.native.connection import Connection
from engine.session.native.driver import SessionDriver
from engine.session.native.message_log import MessageLog
from engine.session.native.settings import core_settings, ignored
from engine.session.native.socket_options import tuner
from engine.session.native.tls import client_context, protection, server_name
from engine.session.protocol.replay import REPLAYED
from engine.session.protocol.session import FixSession
from engine.session.store.file_store import open_store, stem

_logger = logging.getLogger(__name__)
_CONNECT_TIMEOUT = 10  # seconds
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
    ) -> None:
        agreed = core_settings(settings)
        for text in ignored(settings):
            _logger.warning("%s", text)
        name = stem(
            agreed.begin_string, agreed.sender_comp_id, agreed.target_comp_id, settings.text("SessionQualifier")
        )
        folder = settings.path("FileLogPath")
        log = None if folder is None else MessageLog(folder, name, wall_ns, settings.secret_tags())
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
        self._sockets = sockets or Sockets(loop)
        self._addresses = Addresses(settings)
        self._reconnect_ns = settings.integer("ReconnectInterval", 30) * 1_000_000_000
        self._tune = tuner(settings)
        self._settings = settings
        self._tls = client_context(settings)
        self._protection = protection(settings)
        self._local_address = _local_address(settings)
        self._task: asyncio.Task[None] | None = None
        self._closed: asyncio.Event = asyncio.Event()

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
        if self._task is None or self._task.done():
            self._task = self.loop.create_task(self._keep_connected())

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
        super().on_connected(connection)

    def on_closed(self, reason: str) -> None:
        """Tell the session; the connecting task goes on."""
        super().on_closed(reason)
        self._closed.set()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep_connected(self) -> None:
        self.on_timer()
        while True:
            await self._session_time()
            if self._connection is not None:  # of the session that was logged out, not gone yet
                await self._closed.wait()
            begun_ns = self.clock.now_ns()
            self._closed.clear()
            try:
                await self._connect()
            except (OSError, TimeoutError) as error:
                self._addresses.failed()
                self.last_error = f"not connected: {error or 'no answer in time'}"
                _logger.info("%s: %s", self.name, self.last_error)
            else:
                if self._task is not asyncio.current_task():
                    return  # cancelled while it connected, which `wait_for` keeps to itself
                await self._closed.wait()
            if self.core.needs_operator:
                break
            await asyncio.sleep(max(0, begun_ns + self._reconnect_ns - self.clock.now_ns()) / 1_000_000_000)
        _logger.error("%s: not connecting again before an operator has looked", self.name)

    async def _session_time(self) -> None:
        """Wait until the schedule lets us log on."""
        schedule = self.core.schedule
        while schedule is not None and not schedule.may_log_on(now_ns := self.wall.now_ns()):
            wait_ns = min(schedule.next_change(now_ns) - now_ns, _LONGEST_SLEEP_NS)
            await asyncio.sleep(wait_ns / 1_000_000_000)

    async def _connect(self) -> None:
        host, port = self._addresses.next(self.clock.now_ns())
        _logger.info("%s: connecting to %s port %d, %s", self.name, host, port, self._protection)
        # Not asyncio.wait_for: before Python 3.12 it can lose a cancellation, and this task would never end.
        async with asyncio.timeout(_CONNECT_TIMEOUT):
            await self.loop.create_connection(
                Connection(self, self._tune).as_protocol,
                host,
                port,
                ssl=self._tls,
                server_hostname=None if self._tls is None else server_name(self._settings, host),
                local_addr=self._local_address,
            )


def _local_address(settings: SessionSettings) -> tuple[str, int] | None:
    """Return the address to bind to before connecting; None leaves it to the system."""
    host = settings.text("SocketLocalHost") or settings.text("SocketConnectSourceHost")
    port = settings.integer("SocketLocalPort") or settings.integer("SocketConnectSourcePort")
    any_address = "::" if ":" in settings.text("SocketConnectHost") else "0.0.0.0"
    return (host or any_address, port) if host or port else None
