"""Runs a `FixSession`: gives it a clock, a timer and a connection, and passes its events to the application.

Errors  what a callable raises is caught and reported by `on_fault`; a store that cannot be written ends the connection.
Thread  the loop thread only.
"""

import asyncio
import logging
from collections.abc import Callable

from engine.codec._fields import Fields
from engine.errors import SessionError
from engine.runtime._clock import Clock
from engine.runtime.notices import NoticeKind, Notices
from engine.session.native.connection import Connection
from engine.session.native.lines import Lines
from engine.session.native.message_log import MessageLog
from engine.session.protocol import admin
from engine.session.protocol.faults import Reason
from engine.session.protocol.host import Host
from engine.session.protocol.session import FixSession
from engine.session.protocol.states import NEVER_NS

_logger = logging.getLogger(__name__)
_LONGEST_WAIT_NS = 60_000_000_000  # the wall clock may be adjusted: check again after a minute
_LATE_NS, _READ_FIRST_S = 50_000_000, 0.01
FULL_SECONDS = 30.0  # that a peer may leave its socket full


class SessionDriver(Host):
    """The host of `core` as long as a session lives, for initiator and acceptor; a subclass sets `core`."""

    core: FixSession

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock_ns: Callable[[], int],
        wall_ns: Callable[[], int],
        message_log: MessageLog | None,
    ) -> None:
        self.on_logon: Callable[[], None] = lambda: None
        self.on_logout: Callable[[str], None] = lambda reason: None
        self.on_forsaken: Callable[[str], None] = lambda reason: None
        self.on_message: Callable[[Fields], None] = lambda fields: None
        self.on_fault: Callable[[str], None] = lambda text: None
        self._notices = Notices(wall_ns, _logger.warning)
        self.on_notice: Callable[[NoticeKind, str], None] = self._notices.tell
        self.loop = loop
        self.clock, self.wall = Clock(clock_ns), Clock(wall_ns)
        self._lines = Lines(_logger.info)
        self.dropped_for = ""  # why we closed the connection that is or was there, empty if the peer did
        self._message_log = message_log
        self._connection: Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._giving_up: asyncio.TimerHandle | None = None  # a peer that does not read
        self.is_used = False  # the connection brought a message for the application
        self._is_busy = False  # inside the session
        self._is_closing = False

    @property
    def name(self) -> str:
        """The session's identity as QuickFIX writes it."""
        return self.core.settings.name

    @property
    def is_logged_on(self) -> bool:
        """Whether `send` takes messages now."""
        return self.core.is_logged_on

    @property
    def on_refused(self) -> Callable[[Fields, int, str], None]:
        """What is told of an application message that the session refuses: reason as in 373, and the text."""
        return self.core.on_refused

    @on_refused.setter
    def on_refused(self, told: Callable[[Fields, int, str], None]) -> None:
        """Set what is told."""
        self.core.on_refused = told

    @property
    def next_sender_seq_num(self) -> int:
        """MsgSeqNum(34) of the next message that we send."""
        return self.core.next_out

    @property
    def next_target_seq_num(self) -> int:
        """MsgSeqNum(34) of the next message that we expect."""
        return self.core.next_in

    def send(self, body: bytes) -> None:
        """Send one application message: `35=D` SOH, then its body fields, each closed by SOH.

        SessionError while logged out, for a message longer than the peer takes and for a store that cannot be written.
        """
        try:
            self.core.send(body, self.clock.now_ns())
        except OSError as error:
            self.core.drop(f"the store cannot be written: {error}")
            raise SessionError(f"{self.name}: not sent: the store cannot be written: {error}") from error

    def refuse(self, fields: Fields) -> None:
        """Answer a message whose MsgType(35) the application does not take; no answer while logged out."""
        if not self.is_logged_on:
            return
        try:
            self.send(admin.unsupported(fields, self.core.versions))
        except SessionError as error:  # too long for the peer: trading goes on without it
            self.log(f"a message of an unsupported type got no answer: {error}")
        self.core.on_refused(fields, Reason.INVALID_MSG_TYPE, admin.not_taken(fields))

    def prepare(self) -> None:
        """Make room for what will be sent; SessionError where the store cannot grow, while it still has some left."""
        try:
            self.core.store.prepare()
        except OSError as error:
            raise SessionError(f"{self.name}: the store cannot grow: {error}") from error

    def reset_numbers(self) -> None:
        """Start both numbers at 1 without logging out, by agreement with the peer; SessionError in FIX.4.0."""
        if not self.core.settings.has_reset_flag:
            raise SessionError(f"{self.name}: FIX.4.0 has no ResetSeqNumFlag(141); log out and reset on both sides")
        self._run(self.core.reset_numbers, self.clock.now_ns())

    def sequence_reset(self, new_seq_no: int) -> None:
        """Make the peer expect `new_seq_no` next, a number above all that were used; agree on it with the peer first.

        What was sent and has not arrived is lost. SessionError while logged out and for a number that is too low.
        """
        self.core.sequence_reset(new_seq_no, self.clock.now_ns())

    def logout(self, text: str = "") -> None:
        """Send Logout, answer what the peer still asks for, then disconnect."""
        self._run(self.core.logout, text, self.clock.now_ns())

    def close(self) -> None:
        """Release connection and store at once, or as soon as the session is done with the message at hand."""
        if self._is_closing:
            return
        self._is_closing = True
        if self._is_busy:
            self.loop.call_soon(self._release)
        else:
            self._release()

    # Connection

    def on_connected(self, connection: Connection) -> None:
        """Start the session on a fresh connection."""
        self._connection = connection
        self.is_used = False
        self.dropped_for = ""
        self._set_wall()
        self._run(self.core.connected, self.clock.now_ns())
        self.on_timer()

    def on_data(self, data: bytes) -> None:
        """Hand the session what was read; its answers leave together at the end."""
        if self._message_log is not None:
            self._message_log.write(b"<", data)
        self._is_busy = True
        if self._connection is not None:
            self._connection.hold()
        try:
            self.core.receive(data, self.clock.now_ns())
        except Exception as error:
            self._fail(error)
        finally:
            self._is_busy = False
            if self._connection is not None:
                self._connection.release()

    def on_full(self) -> None:
        """Stop writing for a while; a session that does not store its messages cannot catch up later."""
        patience_s = FULL_SECONDS if self.core.pause() else 0
        self._giving_up = self.loop.call_later(patience_s, self._run, self.core.drop, "the peer does not read")

    def on_writable(self) -> None:
        """Write on."""
        self._bear()
        self._run(self.core.resume, self.clock.now_ns())

    def on_closed(self, reason: str) -> None:
        """Tell the session that the connection is gone."""
        self._connection = None
        self._bear()
        if not self._is_closing:
            self._run(self.core.disconnected, self.clock.now_ns(), reason)
            self.on_timer()

    def _bear(self) -> None:
        """Give a peer up no more: it reads, or has gone."""
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    # Host of the session

    def write(self, message: bytes) -> None:
        """Log a message and write it to the connection."""
        if self._message_log is not None:
            self._message_log.write(b">", message)
        if self._connection is not None:
            self._connection.write(message)

    def disconnect(self, reason: str) -> None:
        """Close the connection after what was written."""
        self.log(f"disconnect: {reason}")
        self.dropped_for = reason
        if self._connection is not None:
            self._connection.close()

    def arm(self, deadline_ns: int) -> None:
        """Set the timer to this time, at most a minute ahead."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._is_closing and (deadline_ns < NEVER_NS or self._connection is not None):
            wait_ns = min(max(0, deadline_ns - self.clock.now_ns()), _LONGEST_WAIT_NS)
            self._timer = self.loop.call_later(wait_ns / 1_000_000_000, self._on_due, self.clock.now_ns() + wait_ns)

    def deliver(self, fields: Fields) -> None:
        """Hand a message to the application; an exception there is a fault."""
        self.is_used = True
        try:
            self.on_message(fields)
        except Exception as error:
            _logger.exception("%s: a message was not taken", self.name)
            self.on_fault(f"{type(error).__name__} while taking a message: {error}")

    def alert(self, text: str) -> None:
        """Give notice; report a fault where the session stays down until an operator has looked."""
        self.tell(NoticeKind.SESSION_ALERT, text)
        if self.core.needs_operator:
            self.on_fault(self.core.needs_operator)

    def tell(self, kind: NoticeKind, text: str) -> None:
        """Give notice."""
        self.on_notice(kind, f"{self.name}: {text}")

    def log(self, text: str) -> None:
        """Log what happened; what comes faster than anybody reads is counted."""
        if left_out := self._lines.write(f"{self.name}: {text}", self.clock.now_ns()):
            self.tell(NoticeKind.LINES_LEFT_OUT, f"{left_out} lines left out")

    def on_timer(self) -> None:
        """Let the session do what is due, and set the timer to when it wants to be called again."""
        if self._is_closing:
            return
        self._set_wall()
        self._run(lambda: self.arm(self.core.timer(self.clock.now_ns())))
        self._notices.tick()
        if self._message_log is not None:
            self._message_log.flush()

    def _on_due(self, due_ns: int) -> None:
        """Let the session do what is due; if the process was suspended, read first what the peer sent meanwhile."""
        if self.clock.now_ns() - due_ns > _LATE_NS:
            self.read_first()
        else:
            self.on_timer()

    def read_first(self) -> None:
        """Run the timer only after the data waiting in the socket has been read."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(_READ_FIRST_S, self.on_timer)

    def _set_wall(self) -> None:
        self.core.wall_offset_ns = self.wall.now_ns() - self.clock.now_ns()

    def _run(self, step: Callable[..., object], *args: object) -> None:
        """Call into the session; an exception ends the connection, never the loop."""
        self._is_busy = True
        try:
            step(*args)
        except Exception as error:
            self._fail(error)
        finally:
            self._is_busy = False

    def _fail(self, error: Exception) -> None:
        _logger.exception("%s: the session failed", self.name)
        self.on_fault(f"{type(error).__name__} in the session: {error}")
        self.core.drop(f"failed: {error}")
        if self._connection is not None and not self.core.state:  # it failed before the session had begun on it
            self.disconnect(f"failed: {error}")

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is not None:
            self._connection.abort()
        self.core.disconnected(self.clock.now_ns(), "closed")
        self.core.store.close()
        if self._message_log is not None:
            self._message_log.close()
