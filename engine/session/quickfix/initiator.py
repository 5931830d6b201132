"""A FIX session on QuickFIX, run by the trading loop without a thread of its own.

QuickFIX does the framing, sequence numbers, heartbeats, resends and the file store. We poll it from the loop, refuse
to send while logged out, and resend nothing stale: QuickFIX would replay an old order after the next logon, so only
cancels are resent, and the rest is gap-filled.

Errors  SessionError from `send`; ConfigError at construction. An exception in a callable is caught and reported by
        `on_fault`, because one that leaves a QuickFIX callback ends the process.
Cost    `send` 9 us and 10 more for the three writes of the file store; about 1 us of it is ours.
Thread  the loop thread only; the sequence numbers are read from QuickFIX at each call.
"""

import asyncio
import atexit
import logging
import time
from typing import Any

import quickfix

from engine.codec import Fields
from engine.errors import ConfigError, DecodeError, SessionError
from engine.runtime._sockets import Sockets
from engine.runtime.audit import AuditSink
from engine.runtime.notices import NoticeKind, Notices
from engine.session import LogonDialect
from engine.session.file.settings import SessionSettings
from engine.session.protocol import admin
from engine.session.protocol.faults import Reason
from engine.session.quickfix.callbacks import Callbacks
from engine.session.quickfix.driver import Driver
from engine.session.quickfix.held_store import HeldStore
from engine.session.quickfix.log import LogFactory, SessionLog
from engine.session.quickfix.logons import Logons
from engine.session.quickfix.operated import OperatedSession
from engine.session.quickfix.pacing import Pacing
from engine.session.quickfix.relay import open_route
from engine.session.quickfix.settings import prepared, protection, quickfix_settings, read_dictionaries, session_id

_logger = logging.getLogger(__name__)

_SOH = 1
_TRAILER = "10=0\x01"  # QuickFIX drops a repeating group that nothing follows; it writes the true CheckSum later


class QuickfixSession(OperatedSession):
    """Initiator side of one session; satisfies `engine.session.Session`, and `Owner` for its callbacks."""

    _driver: Driver
    _log: SessionLog
    _callbacks: Callbacks
    _dictionaries: list[quickfix.DataDictionary]

    def __init__(
        self,
        settings: SessionSettings,
        loop: asyncio.AbstractEventLoop,
        logon_dialect: LogonDialect | None = None,
        *,
        sockets: Sockets | None = None,
        audit: AuditSink | None = None,
    ) -> None:
        super().__init__()
        self.name = settings.name
        self.protection = protection(settings)
        self._loop = loop
        self._sockets = sockets or Sockets(loop)
        self._logons = Logons(settings.logon_tags(), logon_dialect)
        self.on_notice = Notices(time.time_ns, _logger.warning).tell
        self._resets = settings.flag("ResetOnLogon")
        self._store: HeldStore | None = None
        self._may_send = False
        self._is_dropping = False
        self.logout_text = ""  # why the session ends, where a Logout says so
        self._escaped: BaseException | None = None  # raised in a callback; raised again after the poll
        self._parts: tuple[Any, ...] = ()  # kept alive because QuickFIX refers to them without owning them
        self._message = quickfix.Message()  # reused: a new one costs 2 us more
        try:
            self._open(settings, audit)
        except quickfix.FIXException as error:
            if self._store is not None:
                self._store.close()
            raise ConfigError(f"{settings.file}: QuickFIX refuses it: {error}; correct the session file") from None
        atexit.register(self.close)  # QuickFIX must be destroyed before Python shuts down

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of messages received, sent, garbled, and rejected by us with Reject(3) or (j)."""
        return self._log.counts | {"rejected": self._callbacks.rejected}

    def logon(self) -> None:
        """Connect and log on; connect again after a loss until `logout` or `close`."""
        if self._session is None:
            raise SessionError(f"{self.name}: is closed; make a new session")
        self.logout_text = ""
        self._pacing.allow()
        self._driver.start()

    def send(self, body: bytes) -> None:
        """Send one application message: `35=D<SOH>`, then its body fields, each closed by SOH."""
        if not self._may_send:
            raise SessionError(f"{self.name}: is logged out; wait for on_logon before sending")
        callbacks = self._callbacks
        callbacks.is_sending = True
        try:
            if body[-1] == _SOH:
                self._message.setString(body.decode("ascii") + _TRAILER, False, *self._dictionaries)
                if self._session.send(self._message):
                    return
                raise SessionError(f"{self.name}: not sent: {self._log.reason}; see to the message store")
        except (quickfix.FIXException, UnicodeDecodeError) as error:
            raise SessionError(f"{self.name}: cannot send {body!r}: {error}; correct the body") from None
        finally:
            callbacks.is_sending = False
        raise SessionError(f"{self.name}: cannot send {body!r}: no SOH at its end; add it")

    def prepare(self) -> None:
        """Look, once a second, whether the store's disk has room; SessionError while some is left for cancels."""
        if self._store is not None:
            self._store.prepare(self._loop.time())

    def refuse(self, fields: Fields) -> None:
        """Answer a message whose MsgType(35) the application does not take."""
        if self.is_logged_on:
            self.send(admin.unsupported(fields, None))
            self.on_refused(fields, Reason.INVALID_MSG_TYPE, admin.not_taken(fields))

    def logout(self, text: str = "") -> None:
        """Send Logout, then disconnect; do not connect again."""
        if self._session is None:
            return
        self._may_send = False
        self._pacing.stop()
        self.logout_text = "logged out as asked"
        self._session.logout(text)
        if not self.is_logged_on:
            self._drop()  # QuickFIX would leave an unanswered Logon open
        self._driver.poll_soon()

    def close(self) -> None:
        """Release the connection and the store at once, or as soon as QuickFIX is off the stack."""
        self._may_send = False
        self._pacing.stop()
        if self._driver.is_polling or self._is_dropping:
            self._loop.call_soon(self.close)  # QuickFIX is on the stack and must not be destroyed under itself
        elif self._session is not None:
            atexit.unregister(self.close)
            self._session.logout("")
            self._drop()
            self._last_seq_nums = (self.next_sender_seq_num, self.next_target_seq_num)
            self._session = None
            self._driver.close()
            self._route.close()
            self._parts = ()
            self._log.thisown = True  # QuickFIX has let go of it
            self._log.close()
            if self._store is not None:
                self._store.close()

    def _open(self, settings: SessionSettings, audit: AuditSink | None) -> None:
        """Make QuickFIX's session; it opens its store and does not connect yet."""
        identity = session_id(settings)
        if quickfix.Session.doesSessionExist(identity):
            raise ConfigError(f"{settings.file}: {self.name} runs in this process already; close that one first")
        settings = prepared(settings)
        self._store = HeldStore(settings)
        self._dictionaries = read_dictionaries(settings)
        self._route = open_route(settings, self._loop, self._sockets, lambda kind, text: self.on_notice(kind, text))
        configured = quickfix_settings(self._route.settings)
        self._log = SessionLog(self.name, settings.path("FileLogPath"), settings.secret_tags(), audit)
        self._log.protection, self._log.on_attempt = protection(settings), self._route.begin
        self._log.on_event = self._gap.on_event
        self._log.on_garbled = lambda text: self.on_notice(NoticeKind.SESSION_GARBLED, text)
        self._callbacks = Callbacks(self, self._log)
        self._pacing = Pacing(settings, self._log, self._route, self._loop)
        self._parts = (self._callbacks, quickfix.FileStoreFactory(configured), configured, LogFactory(self._log))
        try:
            self._driver = Driver(
                self._loop, lambda: quickfix.SocketInitiator(*self._parts), self._route.ports, self._log, self._sockets
            )
        except quickfix.FIXException:
            self._log.close()
            self._route.close()
            raise
        self._driver.on_failure = self._poll_failed
        self._driver.on_turn = self._after_poll
        self._session = self._pacing.session = quickfix.Session.lookupSession(identity)

    def _after_poll(self) -> None:
        is_refused = self._log.refused and not self.is_logged_on and self._pacing.refusal() is not None
        if is_refused and not self._session.isLoggedOn():  # else it is given up, and its Logout still to come
            self._drop()  # QuickFIX would wait on for a Logon
        if self._gap.is_open and (text := self._gap.overdue(self.next_target_seq_num)):
            self._forsake(text)
        if self._logons.unsent:
            self._logons.take_back(self._session)
        if self._escaped is not None:
            escaped, self._escaped = self._escaped, None
            raise escaped

    def _forsake(self, text: str) -> None:
        """Give the session up until an operator has looked: what it lacks will not come."""
        try:
            self.on_forsaken(text)
        except Exception as error:
            self.caught("on_forsaken", error)
        self.is_logged_on = self._may_send = False
        self._pacing.give_up(text)
        self._session.logout(text)
        self._driver.poll_soon()
        self.on_fault(text)
        self.on_logout(text)

    def _drop(self) -> None:
        self._is_dropping = True
        try:
            self._session.disconnect()
        finally:
            self._is_dropping = False

    def _poll_failed(self, error: Exception) -> None:
        """Report that QuickFIX raised while it read, and reconnect: its place in the stream is in doubt."""
        self.caught("reading", error)
        self._drop()

    # For Callbacks

    def fill_logon(self, message: quickfix.Message, header: quickfix.Header) -> None:
        """Complete a Logon; drop the connection if that fails."""
        try:
            self._logons.fill(message, header, is_connected=self._driver.seek())
        except Exception:
            self._drop()
            raise

    def logged_on(self) -> None:
        """Let the application send."""
        self._session.setResetOnLogon(self._resets)
        self.is_logged_on = self._may_send = True
        if not self._driver.is_watching:
            _logger.warning("%s: connection not found in /proc/self/fd: reports wait for the timer", self.name)
        self.on_logon()

    def logged_out(self) -> None:
        """Tell the application why the session ended; judge an attempt that failed."""
        was_logged_on, self.is_logged_on, self._may_send = self.is_logged_on, False, False
        self._gap.forget()
        reason, self.logout_text = self.logout_text or self._log.reason, ""
        if was_logged_on:
            self._pacing.ended(reason, self._callbacks.began_ns, was_used=self._callbacks.is_used)
            self.on_logout(reason)
        elif self._pacing.is_wanted:
            self._pacing.failed(reason, is_sent=self._logons.has_left(is_there=self._route.fault is None))
            if self._pacing.needs_operator:
                self.on_fault(self._pacing.needs_operator)

    def resend_refused(self, text: str) -> None:
        """Give the session up once QuickFIX is off the stack."""
        self._gap.refused(text)

    def caught(self, where: str, error: BaseException) -> None:
        """Report an exception that must not reach QuickFIX."""
        if not isinstance(error, Exception):
            self._escaped = error
        if isinstance(error, DecodeError):
            self._log.garbled += 1  # sound for QuickFIX, not for us
        try:
            _logger.error("%s: %s failed", self.name, where, exc_info=error)
            self.on_fault(f"{self.name}: {where} failed: {type(error).__name__}: {error}")
        except BaseException as second:
            _logger.error("%s: on_fault failed", self.name, exc_info=second)
