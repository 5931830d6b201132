"""When QuickFIX may connect: it knows one interval only, and would dial for ever, a MsgSeqNum(34) each time.

Units   ns.
Thread  the loop thread only.
"""

import asyncio
import ssl
import time
from typing import Any

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError
from engine.runtime.notices import NoticeKind
from engine.session.attempts import Attempts
from engine.session.file.settings import SessionSettings
from engine.session.quickfix.log import SessionLog
from engine.session.quickfix.relay import Route
from engine.session.quickfix.settings import prove_resolvable
from engine.session.refusal import LogonRefusal, of_tls, read

_CLOSED = "Socket Error: Connection reset by peer."  # as QuickFIX calls the end of a stream; a reset has its errno
_NOT_CONNECTED = "Initiated logon request"  # its last word before a connection that is refused


class Pacing:
    """Judges the attempts of one session, and holds QuickFIX back; `session` is QuickFIX's own, set once it is made."""

    def __init__(
        self,
        settings: SessionSettings,
        log: SessionLog,
        route: Route,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.session: Any = None
        self.needs_operator = ""  # why an operator must act before the next Logon
        self.is_wanted = False  # between `allow` and `stop`
        self._settings, self._name = settings, settings.name
        self._log, self._loop, self._notice = log, loop, route.notice
        self._route = route
        self._reconnect_ns = settings.integer("ReconnectInterval", 30) * 1_000_000_000
        self._attempts = Attempts(self._reconnect_ns, len(settings.endpoints()))
        self._next: asyncio.TimerHandle | None = None  # the next attempt, where QuickFIX would make it too soon

    @property
    def last_error(self) -> str:
        """Why the last attempt or connection ended."""
        return self.needs_operator or self._attempts.last_error

    @property
    def phase(self) -> str:
        """Where a session stands that is not connected."""
        return "given up" if self.needs_operator else "waiting" if self.is_wanted else "logged out"

    def allow(self) -> None:
        """Let QuickFIX connect, as the application or an operator wants; ConfigError for a host it would wait for."""
        prove_resolvable(self._route.settings)
        self.is_wanted = True
        self.needs_operator = ""
        self._attempts.allowed()
        self._resume()

    def stop(self) -> None:
        """Make no attempt before `allow`."""
        self.is_wanted = False
        self._forget()

    def give_up(self, reason: str) -> None:
        """Make no attempt before an operator allows it."""
        self.stop()
        self.needs_operator = reason

    def ended(self, reason: str, began_ns: int, *, was_used: bool) -> None:
        """Note the end of a session that was logged on; slow the next ones down where again and again none holds."""
        was_storm = self._attempts.is_storm
        self._attempts.lost(reason, time.monotonic_ns() - began_ns, was_used=was_used)
        if self.is_wanted:
            self._slow_down(was_storm)

    def failed(self, reason: str, *, is_sent: bool) -> None:
        """Note an attempt that failed; slow the next ones down, or make none where it would fare no better."""
        attempts = self._attempts
        was_storm = attempts.is_storm
        self._route.failed()
        if fault := self._route.fault:
            self._not_reached(fault)
        elif is_sent:
            refusal = self.refusal()
            ended = "connection closed" if reason == _CLOSED else reason
            attempts.failed(refusal.text if refusal else f"{ended} before the Logon was answered", refusal)
        else:
            attempts.not_sent("not connected" if reason == _NOT_CONNECTED else reason)
        self._log.refused = ""
        self._notice(NoticeKind.LOGON_FAILED, f"{self._name}: {self._log.address}: {attempts.last_error}")
        self.needs_operator = attempts.given_up
        self._slow_down(was_storm)

    def _not_reached(self, fault: Exception) -> None:
        """Note why the venue was not reached; TLS that failed is repeated as slowly as a Logon in vain."""
        text = str(fault) or type(fault).__name__
        refusal = of_tls(text)
        if refusal is not None or isinstance(fault, ssl.SSLError):
            self._attempts.failed(refusal.text if refusal else f"TLS: {text}", refusal)
        else:
            self._attempts.not_sent(text)

    def _slow_down(self, was_storm: bool) -> None:
        """Hold QuickFIX back where its own interval is too short."""
        attempts = self._attempts
        if attempts.is_storm and not was_storm:
            self._notice(NoticeKind.LOGON_STORM, f"{self._name}: {attempts.storm}")
        if self.needs_operator or attempts.wait_ns > self._reconnect_ns:
            self.session.logout("")
            if not self.needs_operator:
                self._next = self._loop.call_later(attempts.wait_ns / 1_000_000_000, self._resume)

    def refusal(self) -> LogonRefusal | None:
        """Return what came in place of the answer to our Logon."""
        try:
            fields = Fields(self._log.refused.encode("utf-8", "surrogateescape"))
        except DecodeError:  # nothing came, or nothing that can be read
            return None
        return None if fields.msg_type == fix.Msg.LOGON else read(fields)

    def _resume(self) -> None:
        self._forget()
        self.session.logon()

    def _forget(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
