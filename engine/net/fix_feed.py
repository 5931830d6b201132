"""Market data over a FIX session of their own: subscribed at each logon, watched, and begun anew when it is lost.

Nothing is ever resent here: a gap ends the session, whose books are stale from then on, and the next one begins with
whole books. The session's file says where it goes and how soon it tries again.

Units   durations and times in ns.
Errors  ConfigError for an unusable session file; afterwards `on_lost` gets the reason of each loss and failed attempt.
Thread  the loop thread only, every callable too.
Source  FIX 4.4 volume 2, session protocol; Kalshi FIX: sequence numbers and recovery, market data.
"""

import asyncio
import contextlib
from collections.abc import Callable

from engine.codec import Fields
from engine.errors import ConfigError, SessionError
from engine.net.settings import FeedCounts, FixFeedSettings
from engine.runtime._sockets import Sockets
from engine.runtime.notices import NoticeKind
from engine.session import LogonDialect
from engine.session.file.settings import SessionSettings
from engine.session.native.initiator import NativeSession
from engine.venue import FixMarketDataDialect, MarketEvent

_NS = 1_000_000_000
CHECK_S = 0.25  # between two looks at the connection
FIRST_RETRY_NS, LONGEST_RETRY_NS = 30 * _NS, 600 * _NS  # where the session itself has given up
GOODBYE_S = 1.0  # how long `close` waits for the venue's Logout


class FeedSession(NativeSession):
    """A native session that says when a read ends, and that cannot recover what it missed."""

    def __init__(
        self,
        settings: SessionSettings,
        loop: asyncio.AbstractEventLoop,
        logon_dialect: LogonDialect | None,
        sockets: Sockets | None,
    ) -> None:
        if not settings.flag("ResetOnLogon"):
            raise ConfigError(
                f"{settings.file}: ResetOnLogon: market data are never sent again, so that each session must begin"
                " at 1; set it to Y"
            )
        super().__init__(settings, loop, logon_dialect, sockets=sockets)
        self.core.offers_recovery = False
        self.bytes_read = 0
        self.on_read_end: Callable[[], object] = lambda: None

    def on_data(self, data: bytes) -> None:
        """Take what was read, then say that the read is over."""
        self.bytes_read += len(data)
        super().on_data(data)
        self.on_read_end()

    def drop(self, reason: str) -> None:
        """Close the connection; another one follows."""
        self._run(self.core.drop, reason)


class FixFeed:
    """A `MarketFeed` whose session goes by `settings`.

    `on_message` gets every message of the venue, `on_read_end` each end of a read, `on_missed` the event of a message
    that the session refused. `on_connected` follows the subscription, `on_lost` each loss and each failed attempt.
    """

    def __init__(
        self,
        settings: FixFeedSettings,
        session_settings: SessionSettings,
        dialect: FixMarketDataDialect,
        *,
        loop: asyncio.AbstractEventLoop,
        on_message: Callable[[Fields], object],
        on_missed: Callable[[MarketEvent], object],
        on_read_end: Callable[[], object],
        on_connected: Callable[[], object],
        on_lost: Callable[[str], object],
        tell: Callable[[NoticeKind, str], object],
        wall_ns: Callable[[], int],
        logon: LogonDialect | None = None,
        sockets: Sockets | None = None,
    ) -> None:
        self.dialect = dialect
        self.last_loss = ""
        self.last_loss_ns = 0
        self._settings = settings
        self._loop = loop
        self._on_message = on_message
        self._on_missed = on_missed
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._tell = tell
        self._wall_ns = wall_ns
        self._counts, self._past = FeedCounts(), FeedCounts()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closing = self._is_connected = False
        self._connected_s = self._heard_s = 0.0
        self._heard = 0  # bytes, at the last look
        self._snapshots = 0  # before this connection
        self._given_up_s = 0.0  # since when the session makes no attempt, 0 while it does
        self._retry_ns = FIRST_RETRY_NS
        host, port = session_settings.endpoints()[0]
        self.address = f"fix://{host}:{port}"
        self.session = session = FeedSession(session_settings, loop, logon, sockets)
        session.on_logon = self._logged_on
        session.on_logout = self._logged_out
        session.on_message = self._take
        session.on_read_end = on_read_end
        session.on_refused = self._refused
        session.on_fault = self._failed
        session.on_notice = self._notice

    @property
    def is_connected(self) -> bool:
        """Whether the session is logged on, subscribed and watched."""
        return self._is_connected

    @property
    def protection(self) -> str:
        """How the connection is protected, in words."""
        return self.session.protection

    @property
    def counts(self) -> FeedCounts:
        """What came over the present connection."""
        self._counts.bytes = self.session.bytes_read
        return self._counts

    @property
    def totals(self) -> FeedCounts:
        """What came over all connections."""
        totals = FeedCounts()
        totals.add(self._past)
        totals.add(self.counts)
        return totals

    def start(self) -> None:
        """Log on, and log on again after every loss, until `close`."""
        self.session.logon()
        self._look_later()

    def send(self, frames: list[bytes]) -> bool:
        """Send requests; False while logged out, and where one did not leave: the connection is then given up."""
        if not self._is_connected:
            return False
        try:
            for body in frames:
                self.session.send(body)
        except SessionError as error:
            self.reconnect(f"a request did not leave: {error}")
            return False
        return True

    def reconnect(self, reason: str) -> None:
        """Give the present session up, and begin anew; nothing happens where there is none."""
        if self._is_connected:
            self.session.drop(reason)

    def hurry(self) -> None:
        """Make the next attempt at once, such as with another key; what is logged on stays."""
        if not self._is_connected and not self._is_closing:
            self._given_up_s = 0.0
            self.session.logon()

    def abandon(self) -> None:
        """Let go of the session's store: it was never started, and will not be."""
        self.session.close()

    async def close(self) -> None:
        """Log out for good; no callback follows."""
        self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
        self.session.on_read_end = lambda: None
        self.session.on_message = lambda fields: None
        self.session.logout()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                while self.session.phase in ("logged on", "connecting"):
                    await asyncio.sleep(0.01)
        self.session.close()

    # What the session says

    def _take(self, fields: Fields) -> None:
        self._counts.frames += 1
        self._on_message(fields)

    def _refused(self, fields: Fields, reason: int, text: str) -> None:
        """Tell of a message that our session answered with a Reject, and believe no book that it is about."""
        what = f"MsgType(35) {fields.msg_type}, reason {reason}: {text}"
        self._tell(NoticeKind.SESSION_REFUSED, f"market data: {what}")
        self._on_missed(self.dialect.missed(fields, text))

    def _logged_on(self) -> None:
        self._past.add(self.counts)
        self.session.bytes_read = self._heard = 0
        self._counts = FeedCounts(connects=1)
        self._snapshots = self.dialect.counts.snapshots
        self._connected_s = self._heard_s = self._loop.time()
        self._is_connected = True
        self._given_up_s, self._retry_ns = 0.0, FIRST_RETRY_NS
        self.send(self.dialect.subscribe())
        if self._is_connected:
            self._on_connected()

    def _logged_out(self, reason: str) -> None:
        if self._is_connected:
            self._is_connected = False
            self._lost(reason or "no reason given")

    def _failed(self, text: str) -> None:
        """Begin anew after a fault; where the session gives up, try again later all the same."""
        if self.session.core.needs_operator:
            self._given_up_s = self._loop.time()
            text = f"{text}; next attempt in {self._retry_ns / _NS:g} s"
        if self._is_connected:
            self.session.drop(text)
        elif self._given_up_s:
            self._lost(text)

    def _notice(self, kind: NoticeKind, text: str) -> None:
        """Tell what the session wants told; an attempt that failed is one more loss."""
        if kind == NoticeKind.LOGON_FAILED:
            self._lost(text)
        else:
            self._tell(kind, f"market data: {text}")

    def _lost(self, reason: str) -> None:
        if self._is_closing:
            return
        self._counts.losses += 1
        self.last_loss, self.last_loss_ns = reason, self._wall_ns()
        self._on_lost(f"market data of {self.address}: {reason}")

    # The watch

    def _look_later(self) -> None:
        self._timer = self._loop.call_later(CHECK_S, self._look)

    def _look(self) -> None:
        now_s = self._loop.time()
        self._look_later()
        if self._is_connected:
            if fault := self._fault(now_s):
                self.reconnect(fault)
                return
            due = self.dialect.due(int(now_s * _NS))
            self._counts.resyncs += len(due)
            self.send(due)
        elif self._given_up_s and (now_s - self._given_up_s) * _NS >= self._retry_ns:
            self._retry_ns = min(2 * self._retry_ns, LONGEST_RETRY_NS)
            self.hurry()

    def _fault(self, now_s: float) -> str:
        """Return why the session must end; empty if it need not."""
        settings = self._settings
        if self.session.bytes_read != self._heard:
            self._heard, self._heard_s = self.session.bytes_read, now_s
        if (now_s - self._heard_s) * _NS >= settings.silence_ns:
            return f"silent for {settings.silence_ns / _NS:g} s"
        is_late = (now_s - self._connected_s) * _NS >= settings.first_snapshot_ns
        if is_late and self.dialect.counts.snapshots == self._snapshots and self.dialect.waiting():
            return f"no snapshot in {settings.first_snapshot_ns / _NS:g} s"
        return self.dialect.fault
