"""The state of one session, and the basic steps of the protocol: number, store, send, refuse, leave, end.

It decides nothing: `session` receives calls from outside, and the modules in between act on a `SessionCore`.

Units   `now_ns` is a monotonic time; `wall_offset_ns` makes UTC of it and is set by the caller.
Errors  SessionError for a message that is longer than the peer takes.
Thread  the loop thread only.
Source  FIX 4.4 volume 2, session protocol; FIXT 1.1.
"""

from collections.abc import Callable, Container
from dataclasses import replace

from engine import fix
from engine.codec._encode import FrameEncoder
from engine.codec._fields import Fields
from engine.errors import SessionError
from engine.runtime.notices import NoticeKind
from engine.session import LogonDialect
from engine.session.protocol import admin
from engine.session.protocol._fast_path import FastPath
from engine.session.protocol.agreed import CoreSettings
from engine.session.protocol.faults import Fault
from engine.session.protocol.gap import Gap
from engine.session.protocol.host import Host, MessageRules, Schedule
from engine.session.protocol.replay import Replay
from engine.session.protocol.states import NEVER_NS, SessionState, SessionStatus
from engine.session.protocol.versions import Versions
from engine.session.refusal import LogonRefusal
from engine.session.store.store import Store


class SessionCore:
    """One session, initiator or acceptor; the names without underscore are for the other modules of the protocol."""

    def __init__(
        self,
        settings: CoreSettings,
        host: Host,
        store: Store,
        *,
        is_initiator: bool = True,
        dictionary: MessageRules | None = None,
        logon_dialect: LogonDialect | None = None,
        authenticate: Callable[[Fields], str] = lambda fields: "",
        schedule: Schedule | None = None,
        replayed: Container[str] | None = None,
    ) -> None:
        """`authenticate` returns why a Logon is refused; `replayed` holds the MsgTypes to resend, None for all."""
        self.settings, self.host, self.store = settings, host, store
        self.is_initiator = is_initiator
        self.dictionary = dictionary
        self.logon_dialect = logon_dialect
        self.authenticate = authenticate
        self.schedule = schedule
        self.encoder = _encoder(settings)
        self.data_fields = None if dictionary is None else dictionary.data_fields
        self.gap = Gap(settings, self.data_fields)
        self.replay = Replay(settings, replayed)
        self.versions: Versions | None = None  # of the peer's Logon, FIXT.1.1
        self._fast_path = fast_path(settings)
        self._passes = None if dictionary is None else dictionary.passes
        self._reader = settings.new_reader(self.data_fields)
        self._tail = b""
        self._tells_last_processed = settings.enable_last_msg_seq_num_processed

        self.state = SessionState.DISCONNECTED
        self.is_logged_on = False
        self.was_up = False  # logged on, and the application has not been told of the end
        self.is_answered = False  # this connection has seen a Logon from each side
        self.is_orderly = False  # both sides said Logout
        self.needs_operator = ""  # why an operator must act before the next Logon
        self.next_in, self.next_out = store.next_in, store.next_out
        self.now_ns = 0
        self.wall_offset_ns = 0
        self.peer_limit = settings.max_message_size  # MaxMessageSize(383) of the peer's Logon
        self.logout_reason = ""
        self.refusal: LogonRefusal | None = None  # what came on this connection in place of the answer to our Logon
        # an application message was refused: the message, SessionRejectReason(373), Text(58)
        self.on_refused: Callable[[Fields, int, str], None] = lambda fields, reason, text: None
        self.on_garbled: Callable[[str], None] = lambda text: None  # bytes were ignored; the text says why

        self.heart_bt_ns = 0
        self.last_sent_ns = self.last_received_ns = 0
        self.last_test_ns = -1
        self.tests = self.tests_second = 0  # of the peer's last TestRequest: how many came in its second
        self.test_req_id = ""  # of the TestRequest that is open
        self.state_deadline_ns = self.armed_ns = NEVER_NS

        self.offers_recovery = True  # False: ResendRequest and SequenceReset do not exist, a gap ends the session
        self.look_back_ns = 0  # how old a message may be that is sent again; 0 for no limit
        self.reset_pending = False  # the next Logon shall reset both numbers
        self.reset_asked = False  # by our ResetSeqNumFlag(141)
        self.reset_wanted = False  # while logged on, once the peer has answered a TestRequest

    @property
    def wall_ns(self) -> int:
        """The time of the current call, ns UTC."""
        return self.now_ns + self.wall_offset_ns

    def rename(self, sender_comp_id: str) -> None:
        """Be another SenderCompID(49) from now on; call it while disconnected, where both numbers begin again."""
        self.settings = replace(self.settings, sender_comp_id=sender_comp_id)
        self.encoder, self._fast_path = _encoder(self.settings), fast_path(self.settings)

    def transmit(self, body: bytes) -> None:
        """Number, store and write a message: in this order, so that a crash loses none."""
        seq_num = self.next_out
        header_fields = b"369=%d\x01" % (self.next_in - 1) if self._tells_last_processed else b""
        message = self.encoder.encode(body, seq_num, self.now_ns + self.wall_offset_ns, header_fields)
        if len(message) > self.peer_limit:
            raise SessionError(f"message of {len(message)} bytes: the peer takes {self.peer_limit} (MaxMessageSize)")
        self.store.append(seq_num, message)
        self.next_out = seq_num + 1
        self.last_sent_ns = self.now_ns
        if self.replay.is_waiting:
            self.replay.postpone(seq_num)
        else:
            self.host.write(message)

    def advance(self, next_in: int) -> None:
        """Count messages up to `next_in` as received."""
        self.next_in = next_in
        self.store.set_next_in(next_in)

    def use_versions(self, versions: Versions) -> None:
        """Learn which application versions the peer's messages have on this connection."""
        self.versions = versions
        if self.dictionary is not None:
            self.dictionary = self.dictionary.with_versions(versions)
            self._passes = self.dictionary.passes

    def refuse(self, fields: Fields, seq_num: int, fault: Fault) -> None:
        """Answer a message with Reject(3), and count it if it is the next in sequence."""
        msg_type = fields.msg_type
        self.host.log(f"message {seq_num} refused: {fault.text}")
        if msg_type != fix.Msg.REJECT:
            answer = admin.reject(fields, seq_num, fault, self.settings.last_reject_reason, self.versions)
            self.transmit(answer)
        if seq_num >= self.next_in:  # a lower number was told or taken before
            if msg_type == fix.Msg.REJECT:
                self.on_refused(fields, fault.reason, f"{fault.text}; it says: {fields.remark()}")
            elif msg_type not in admin.ADMIN:
                self.on_refused(fields, fault.reason, fault.text)
        if seq_num == self.next_in:
            self.advance(seq_num + 1)

    def leave(
        self, text: str, *, wait: bool = False, status: int = 0, operator: bool = False, lost: bool = False
    ) -> None:
        """End the session over an error with Logout(text); close at once, or with `wait` after its answer.

        `status` is SessionStatus(1409), 0 for none; with `operator` an operator must act before the next Logon, with
        `lost` messages of the peer are. For either the application sends its last words before the Logout.
        """
        if operator:
            self.needs_operator = text
        if self.is_logged_on and (operator or lost):
            self.host.on_forsaken(text)
            if not self.state:  # what it sent could not be stored
                self.host.alert(text)
                return
        self.is_logged_on = False  # nothing leaves after the Logout
        if self.state not in (SessionState.LOGOUT_SENT, SessionState.LOGOUT_ANSWERED, SessionState.FAREWELL):
            self.transmit(self._farewell(text, status))
        self.host.alert(text)
        if wait:
            self.logout_reason = text
            self.enter(SessionState.FAREWELL, self.settings.farewell_ns)
            self.tell_end(text)
        else:
            self.drop(text)

    def drop(self, reason: str) -> None:
        """Close the connection without a Logout."""
        if self.state:
            self.host.disconnect(reason)
            self.end(reason)

    def end(self, reason: str) -> None:
        """Clear the state of the connection that ended, and reset the numbers if so configured."""
        settings = self.settings
        self.enter(SessionState.DISCONNECTED)
        self.reset_wanted = False
        self._tail, self.test_req_id = b"", ""
        if text := self.gap.end_connection(self.next_in):
            self.needs_operator = text
            self.host.alert(text)
        self.replay.resume()
        self.replay.clear()
        if settings.reset_on_logout if self.is_orderly else settings.reset_on_disconnect:
            self.reset_store()
        self.tell_end(reason)

    def enter(self, state: SessionState, timeout_ns: int = 0) -> None:
        """Change the state, for `timeout_ns` at most; 0 for no limit."""
        self.state = state
        self.is_logged_on = state is SessionState.LOGGED_ON
        self.state_deadline_ns = self.now_ns + timeout_ns if timeout_ns else NEVER_NS
        self.arm(self.state_deadline_ns)

    def arm(self, deadline_ns: int) -> None:
        """Have `timer` called at this time at the latest."""
        if deadline_ns < self.armed_ns:
            self.armed_ns = deadline_ns
            self.host.arm(deadline_ns)

    def reset_store(self, next_in: int = 1) -> None:
        """Start with number 1 again, without the messages sent so far; the peer's number becomes `next_in`."""
        if (self.next_out, self.next_in) != (1, next_in):
            were = f"{self.next_out} out and {self.next_in} in"
            self.host.tell(NoticeKind.SESSION_RESET, f"numbers begin at 1 out and {next_in} in, and were {were}")
        self.store.reset(self.wall_ns, next_in)
        self.next_in, self.next_out = next_in, 1
        self.gap.forget()
        self.replay.clear()

    def tell_end(self, reason: str) -> None:
        """Tell the application, once, that it can send no more."""
        if self.was_up:
            self.was_up = False
            self.host.on_logout(self.logout_reason or reason)

    def _farewell(self, text: str, status: int) -> bytes:
        """Return the body of a Logout that ends the session over an error."""
        settings, fields = self.settings, list[tuple[int, object]]()
        if settings.is_fixt and status:
            fields.append((fix.SessionStatus, status))
            if status == SessionStatus.TOO_LOW and settings.send_next_expected_msg_seq_num:
                fields.append((fix.NextExpectedMsgSeqNum, self.next_in))
        return admin.body(fix.Msg.LOGOUT, [*fields, (fix.Text, text)])


def _encoder(settings: CoreSettings) -> FrameEncoder:
    return FrameEncoder(
        settings.begin_string,
        settings.sender_comp_id,
        settings.target_comp_id,
        header=settings.header,
        precision=settings.timestamp_precision,
    )


def fast_path(settings: CoreSettings) -> FastPath:
    """Return the fast path for the rules that `header` checks one by one."""
    return FastPath(
        settings.begin_string,
        settings.target_comp_id if settings.check_comp_id else None,
        settings.sender_comp_id if settings.check_comp_id else None,
        settings.max_latency_ns if settings.check_latency else None,
        settings.on_behalf_of,
        settings.deliver_to,
    )


def too_low(expected: int, received: int) -> str:
    """Return Text(58) for a MsgSeqNum(34) that was used already."""
    return f"MsgSeqNum too low, expecting {expected} but received {received}"
