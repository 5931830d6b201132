"""The session protocol without a socket or a clock: bytes and time in, bytes and events out.

An application message that is in sequence and has a valid header takes the fast path through `receive`; all others go
through `dispatch`.

Units   `now_ns` is a monotonic time; `wall_offset_ns` makes UTC of it and is set by the caller.
Errors  SessionError from `send` while logged out. What the peer does wrong is answered, never raised.
Cost    with the file store and a dictionary some 1 500 instructions for a send, 5 400 for a message received.
Thread  the loop thread only. Fields handed to `deliver` are valid during the call.
Source  FIX 4.4 volume 2, session protocol and its test cases; FIXT 1.1.
"""

from engine.codec._frame import Frame
from engine.errors import SessionError
from engine.runtime.notices import NoticeKind
from engine.session.protocol import dispatch, liveness, logon, logout, recovery, resend
from engine.session.protocol.core import SessionCore
from engine.session.protocol.states import SessionState

SOUND, INCOMPLETE = int(Frame.SOUND), int(Frame.INCOMPLETE)


class FixSession(SessionCore):
    """One session, initiator or acceptor, as its driver calls it."""

    def connected(self, now_ns: int) -> None:
        """Start on a fresh connection."""
        self.now_ns = self.last_received_ns = self.last_sent_ns = now_ns
        self.needs_operator = self.logout_reason = ""
        self.refusal = None
        self.is_answered = self.is_orderly = False
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
        """End on the connection that is gone."""
        self.now_ns = now_ns
        if self.state:
            self.end(reason)

    def receive(self, data: bytes, now_ns: int) -> None:
        """Process bytes that were read: any number of messages, or parts of them."""
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
                if not self.is_logged_on or not self._fast_path.admit(
                    fields, self.next_in, now_ns + self.wall_offset_ns
                ):
                    dispatch.on_message(self, fields)
                elif self._passes is not None and not self._passes(fields):
                    dispatch.take(self, fields, fields.msg_type, self.next_in)
                    dispatch.drain(self)
                else:
                    self.host.deliver(fields)
                    self.next_in += 1
                    self.store.set_next_in(self.next_in)
                    if self.gap.is_open:
                        dispatch.drain(self)
            elif code == INCOMPLETE:
                self._tail = data[offset:] if offset else data
                return
            else:
                dispatch.on_garbled(self, code, data[offset : reader.end])
                offset = reader.end
        fields.clear()

    def send(self, body: bytes, now_ns: int) -> None:
        """Send one application message; SessionError while logged out."""
        if not self.is_logged_on:
            raise SessionError(f"{self.settings.name}: logged out; send after on_logon")
        self.now_ns = now_ns
        self.transmit(body)

    def keep(self, body: bytes, now_ns: int) -> None:
        """Number and store one application message while the peer is away; it is sent when the peer requests it."""
        self.now_ns = now_ns
        self.store.append(self.next_out, self.encoder.encode(body, self.next_out, self.wall_ns))
        self.next_out += 1

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

    def renumber(self, next_out: int, next_in: int, now_ns: int) -> None:
        """Begin a new run with these numbers while there is no connection; the messages sent so far are not resent."""
        self.now_ns = now_ns
        were = f"{self.next_out} out and {self.next_in} in"
        self.store.reset(self.wall_ns, next_in, next_out)
        self.host.tell(NoticeKind.SESSION_RESET, f"numbers are set to {next_out} out and {next_in} in, and were {were}")
        self.next_in, self.next_out = next_in, next_out
        self.gap.forget()
        self.replay.clear()

    def test_request(self, now_ns: int) -> None:
        """Send a TestRequest; SessionError while logged out."""
        if not self.is_logged_on:
            raise SessionError(f"{self.settings.name}: logged out; ask after on_logon")
        self.now_ns = now_ns
        liveness.send_test_request(self)

    def sequence_reset(self, new_seq_no: int, now_ns: int) -> None:
        """Make the peer expect `new_seq_no` next; SessionError while logged out and for a number that is too low."""
        self.now_ns = now_ns
        recovery.send_sequence_reset(self, new_seq_no)

    def pause(self) -> bool:
        """Stop writing while the socket is full; False if messages are not stored, so that we cannot catch up later."""
        if self.store.keeps_messages:
            self.replay.pause()
        return self.replay.is_paused

    def resume(self, now_ns: int) -> None:
        """Continue writing, first what has waited."""
        self.now_ns = now_ns
        self.replay.resume()
        resend.pump(self)
