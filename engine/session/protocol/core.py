"""The session protocol without a socket or a clock: bytes and time in, bytes and events out.

A message that is in sequence, of the application and right in its header takes the short way through `receive`; every
other goes to the module of its subject (logon, gaps, replay, logout, liveness), whose functions work on the core.

Units   `now_ns` is a monotonic time; `wall_offset_ns` makes UTC of it and is set by the caller.
Errors  SessionError from `send` while logged out. What the peer does wrong is answered, never raised.
Cost    with the file store and a dictionary some 1 500 instructions a send, 5 400 a message that is handed on.
Thread  the loop thread only. Fields handed to `deliver` are valid during the call.
Source  FIX 4.4 volume 2, session protocol and its test cases; FIXT 1.1.
"""

from collections import deque
from collections.abc import Callable, Container, Iterator

from engine import fix
from engine.codec._encode import FrameEncoder
from engine.codec._fields import Fields
from engine.codec._frame import Frame, FrameReader
from engine.errors import SessionError
from engine.session import LogonDialect
from engine.session.protocol import admin, dispatch, gaps, header, liveness, logon, logout, replay
from engine.session.protocol.agreed import CoreSettings
from engine.session.protocol.faults import Fault
from engine.session.protocol.host import Host, MessageRules, Schedule
from engine.session.protocol.states import NEVER_NS, SessionState
from engine.session.protocol.versions import Versions
from engine.session.store.store import Store

SOUND, INCOMPLETE = int(Frame.SOUND), int(Frame.INCOMPLETE)


class SessionCore:
    """One session, initiator or acceptor. The names without underscore serve the modules of the subjects."""

    def __init__(
        self,
        settings: CoreSettings,
        sink: Host,
        store: Store,
        *,
        is_initiator: bool = True,
        dictionary: MessageRules | None = None,
        logon_dialect: LogonDialect | None = None,
        authenticate: Callable[[Fields], str] = lambda fields: "",
        schedule: Schedule | None = None,
        replayed: Container[str] | None = None,
    ) -> None:
        """`authenticate` answers why a Logon is refused; `replayed` holds the MsgTypes sent again, None for all."""
        self.settings, self.sink, self.store = settings, sink, store
        self.is_initiator = is_initiator
        self.dictionary = dictionary
        self.logon_dialect = logon_dialect
        self.authenticate = authenticate
        self.schedule = schedule
        self.replayed = replayed
        self.encoder = FrameEncoder(
            settings.begin_string,
            settings.sender_comp_id,
            settings.target_comp_id,
            header=settings.header,
            precision=settings.timestamp_precision,
        )
        self._passes = None if dictionary is None else dictionary.passes
        self.data_fields = None if dictionary is None else dictionary.data_fields
        self.versions: Versions | None = None  # of the peer's Logon, FIXT.1.1
        self.constant_tags = frozenset(tag for tag, _ in settings.header)
        self._gate = header.gate(settings)
        self._reader = self.new_reader()
        self.queue_reader: FrameReader | None = None  # made when first needed
        self._tail = b""
        self._tells_last_processed = settings.enable_last_msg_seq_num_processed

        self.state = SessionState.DISCONNECTED
        self.is_logged_on = False
        self.was_up = False  # and the application has not heard that this is over
        self.is_orderly = False  # both sides said Logout
        self.needs_operator = ""  # why there is no logging on again before a person has looked
        self.next_in, self.next_out = store.next_in, store.next_out
        self.now_ns = 0
        self.wall_offset_ns = 0
        self.peer_limit = settings.max_message_size  # MaxMessageSize(383) of the peer's Logon
        self.logout_reason = ""

        self.heart_bt_ns = 0
        self.last_sent_ns = self.last_received_ns = 0
        self.last_test_ns = -1
        self.test_req_id = ""  # of the TestRequest that is open
        self.state_deadline_ns = self.gap_deadline_ns = NEVER_NS
        self.armed_ns = NEVER_NS

        self.reset_pending = False  # the next Logon shall reset both numbers
        self.reset_asked = False  # by our ResetSeqNumFlag(141)
        self.reset_wanted = False  # while logged on, once the peer has answered a TestRequest
        self.queue: dict[int, bytes | None] = {}  # beyond a gap; None where the number alone counts
        self.queued_bytes = 0
        self.gap_end = 0  # last number of the gap that was asked for; below next_in when none is open
        self.asked_to = 0  # last number of the chunk asked for
        self.asked = (0, 0)  # BeginSeqNo(7) of the last ResendRequest, and how often in a row on this connection
        self.fruitless = 0  # connections in a row that ended before the first message asked for had come
        self.request_seq_num = 0  # of the ResendRequest that is open
        self.resend_requests = (0, 0)  # of the peer: the second, and how many in it
        self.backlog: deque[Iterator[bytes]] = deque()  # messages to write before any other
        self.unwritten_from = 0  # first message that is in the store alone
        self.is_paused = False  # the socket takes no more

    @property
    def wall_ns(self) -> int:
        return self.now_ns + self.wall_offset_ns

    def connected(self, now_ns: int) -> None:
        """Start on a fresh connection."""
        self.now_ns = self.last_received_ns = self.last_sent_ns = now_ns
        self.needs_operator = self.logout_reason = ""
        self.is_orderly = False
        self._reader.reset()
        if self.settings.refresh_on_logon:
            self.store.reload()
            self.next_in, self.next_out = self.store.next_in, self.store.next_out
        self.enter(SessionState.AWAITING_LOGON, self.settings.logon_timeout_ns)
        if self.schedule is not None and self.schedule.is_new(self.store.created_ns, self.wall_ns):
            self.reset_store()
        if self.is_initiator:
            logon.send_logon(self)

    def disconnected(self, now_ns: int, reason: str) -> None:
        """Learn that the connection is gone."""
        self.now_ns = now_ns
        if self.state:
            self._end(reason)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take what a read brought, any part of any number of messages."""
        self.now_ns = now_ns
        if self._tail:
            data = self._tail + data
            self._tail = b""
        reader = self._reader
        fields = reader.fields
        offset = 0
        while offset < len(data) and self.state:
            code = reader.scan(data, offset)
            if code == SOUND:
                offset = reader.end
                self.last_received_ns = now_ns
                if not self.is_logged_on or not self._gate.admit(fields, self.next_in, now_ns + self.wall_offset_ns):
                    dispatch.on_message(self, fields)
                elif self._passes is not None and not self._passes(fields):
                    dispatch.take(self, fields, fields.msg_type, self.next_in)
                    gaps.drain(self)
                else:
                    self.sink.deliver(fields)
                    self.next_in += 1
                    self.store.set_next_in(self.next_in)
                    if self.queue or self.gap_end:
                        gaps.drain(self)
            elif code == INCOMPLETE:
                self._tail = data[offset:] if offset else data
                return
            else:
                dispatch.on_garbled(self, code, data[offset : reader.end])
                offset = reader.end
        fields.clear()

    def send(self, body: bytes, now_ns: int) -> None:
        """Send one application message."""
        if not self.is_logged_on:
            raise SessionError(f"{self.settings.name}: logged out; send after on_logon")
        self.now_ns = now_ns
        self.transmit(body)

    def keep(self, body: bytes, now_ns: int) -> None:
        """Number and store one application message for a peer that is away: it is sent when he asks for it."""
        self.now_ns = now_ns
        self.store.append(self.next_out, self.encoder.encode(body, self.next_out, self.wall_ns))
        self.next_out += 1

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
        if self.backlog or self.is_paused:
            self.unwritten_from = self.unwritten_from or seq_num
        else:
            self.sink.write(message)

    def timer(self, now_ns: int) -> int:
        """Do what is due; return when to call again."""
        self.now_ns = now_ns
        return liveness.on_timer(self)

    def logout(self, text: str, now_ns: int) -> None:
        """End the session in order."""
        self.now_ns = now_ns
        logout.log_out(self, text)

    def reset_numbers(self, now_ns: int) -> None:
        """Start both numbers at 1 while logged on: TestRequest, its Heartbeat, then a Logon that resets."""
        self.now_ns = now_ns
        self.reset_wanted = True
        liveness.send_test_request(self)

    def pause(self) -> None:
        """Stop writing: the socket takes no more. What is sent meanwhile waits in the store."""
        self.is_paused = self.store.keeps_messages

    def resume(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self.is_paused = False
        replay.pump(self)

    # For the modules of the subjects

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
        """Reject(3) a message, and count it if its turn has come."""
        msg_type = fields.msg_type
        self.sink.log(f"message {seq_num} refused: {fault.text}")
        if msg_type != fix.Msg.REJECT:
            answer: list[tuple[int, object]] = [(fix.RefSeqNum, seq_num)]
            if fault.tag:
                answer.append((fix.RefTagID, fault.tag))
            answer.append((fix.RefMsgType, msg_type))
            if self.versions is not None and msg_type not in admin.ADMIN:
                answer += self.versions.named(fields)
            answer += [(fix.SessionRejectReason, fault.reason), (fix.Text, fault.text)]
            self.transmit(admin.body(fix.Msg.REJECT, answer))
        if seq_num == self.next_in:
            self.advance(seq_num + 1)

    def leave(self, text: str, *, wait: bool = False, status: int = 0, operator: bool = False) -> None:
        """Give the session up with Logout(text); close at once, or after the answer to it if `wait`."""
        if operator:
            self.needs_operator = text
        if self.state not in (SessionState.LOGOUT_SENT, SessionState.LOGOUT_ANSWERED, SessionState.FAREWELL):
            self.transmit(logout.farewell(self, text, status))
        self.sink.alert(text)
        if wait:
            self.logout_reason = text
            self.enter(SessionState.FAREWELL, self.settings.farewell_ns)
            self.tell_end(text)
        else:
            self.drop(text)

    def drop(self, reason: str) -> None:
        """Close the connection without a word."""
        if self.state:
            self.sink.disconnect(reason)
            self._end(reason)

    def enter(self, state: SessionState, timeout_ns: int = 0) -> None:
        """Change the state; `timeout_ns` bounds the stay."""
        self.state = state
        self.is_logged_on = state is SessionState.LOGGED_ON
        self.state_deadline_ns = self.now_ns + timeout_ns if timeout_ns else NEVER_NS
        self.arm(self.state_deadline_ns)

    def arm(self, deadline_ns: int) -> None:
        """Have `timer` called at this time at the latest."""
        if deadline_ns < self.armed_ns:
            self.armed_ns = deadline_ns
            self.sink.arm(deadline_ns)

    def reset_store(self, next_in: int = 1) -> None:
        """Drop the messages sent, start with number 1 again; the peer's number becomes `next_in`."""
        self.store.reset(self.wall_ns, next_in)
        self.next_in, self.next_out = next_in, 1
        gaps.forget(self)
        self.backlog.clear()
        self.unwritten_from = 0

    def tell_end(self, reason: str) -> None:
        """Tell the application, once, that it can send no more."""
        if self.was_up:
            self.was_up = False
            self.sink.on_logout(self.logout_reason or reason)

    def _end(self, reason: str) -> None:
        settings = self.settings
        self.enter(SessionState.DISCONNECTED)
        self.is_paused = self.reset_wanted = False
        self._tail, self.test_req_id = b"", ""
        gaps.on_end(self)
        self.backlog.clear()
        self.unwritten_from = 0
        if settings.reset_on_logout if self.is_orderly else settings.reset_on_disconnect:
            self.reset_store()
        self.tell_end(reason)

    def new_reader(self) -> FrameReader:
        settings = self.settings
        return FrameReader(
            max_message_size=settings.max_message_size,
            max_fields=settings.max_fields,
            data_fields=self.data_fields,
            check=settings.validate_length_and_checksum,
        )
