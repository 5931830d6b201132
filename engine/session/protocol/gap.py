"""The gap in the peer's messages: which are missing, which were requested, and which are held beyond it.

Units   monotonic ns; sequence numbers are MsgSeqNum(34) of the peer.
Shapes  the held messages are bounded in number and bytes; one for which there is no room is requested later.
Errors  none; `Leave` is returned for a peer that does not fill the gap.
Thread  the loop thread only.
Source  FIX 4.4 volume 2, message recovery, ResendRequest; test cases 2.b, 2.c.
"""

from collections.abc import Mapping
from enum import Enum

from engine.codec._fields import Fields
from engine.codec._frame import Frame, FrameReader
from engine.session.protocol.agreed import CoreSettings
from engine.session.protocol.answers import Ask, Leave
from engine.session.protocol.states import NEVER_NS

_ASK_AT_MOST = 3  # times for the same message on one connection
_FRUITLESS_AT_MOST = 10  # connections
_ABSENT = b""


class Held(Enum):
    """What `Gap.take` returns instead of a message."""

    NOTHING = 0
    NUMBER_ONLY = 1  # the message was acted on when it arrived; only its number is left to count


class Gap:
    """One session's gap. Arguments: `next_in` is the next number expected, `next_out` the next that we send.

    `last_garbled` says what was wrong with the last garbled message: it may be the missing one.
    `is_open` is True while messages are missing or held. `end` is the last number requested, 0 for none.
    `deadline_ns` is when to call `on_overdue`.
    """

    def __init__(self, settings: CoreSettings, data_fields: Mapping[int, int] | None = None) -> None:
        self.is_open = False
        self.last_garbled = ""
        self.end = 0
        self.deadline_ns = NEVER_NS
        self._settings = settings
        self._data_fields = data_fields
        self._reader: FrameReader | None = None  # made when first needed
        self._queue: dict[int, bytes | None] = {}  # None where only the number is needed
        self._queued_bytes = 0
        self._asked_to = 0  # last number of the chunk asked for
        self._asked_from = self._times = 0  # BeginSeqNo(7) of the last request, and how often in a row
        self._request_seq_num = 0  # MsgSeqNum(34) of the request that is open
        self._fruitless = 0  # connections in a row that ended before the first message requested had arrived

    def __len__(self) -> int:
        """Return how many messages are held."""
        return len(self._queue)

    def holds(self, seq_num: int) -> bool:
        """Say whether the message with this number is held."""
        return seq_num in self._queue

    def hold(self, seq_num: int, message: bytes | None) -> None:
        """Hold a message until it is next, None if only its number is needed; drop it if there is no room."""
        settings, queue = self._settings, self._queue
        has_room = len(queue) < settings.max_queued and self._queued_bytes < settings.max_queued_bytes
        if has_room and seq_num not in queue:
            queue[seq_num] = message
            self._queued_bytes += len(message or b"")
            self.is_open = True

    def take(self, next_in: int) -> Fields | Held:
        """Remove and return the held message `next_in`; the fields are valid until the next call."""
        message = self._queue.pop(next_in, _ABSENT)
        self._judge()
        if message == _ABSENT:
            return Held.NOTHING
        if message is None:
            return Held.NUMBER_ONLY
        self._queued_bytes -= len(message)
        if self._reader is None:
            self._reader = self._settings.new_reader(self._data_fields)
        return self._reader.fields if self._reader.scan(message) == Frame.SOUND else Held.NOTHING

    def request(self, last: int, next_in: int, next_out: int, now_ns: int) -> Ask | Leave | None:
        """Request what is missing up to `last`, unless it has been requested."""
        settings = self._settings
        if self.end < next_in:
            self.end = last
            return self._ask(next_in, next_out, now_ns)
        if self._asked_to == self.end and not settings.closed_resend_interval:
            self._asked_to = max(self._asked_to, last)  # an open range includes this one
        self.end = max(self.end, last)
        if settings.send_redundant_resend_requests:
            return self._ask(next_in, next_out, now_ns)
        return None

    def expect(self, last: int, now_ns: int) -> None:
        """Wait for messages up to `last` that the peer sends unasked."""
        self.end = self._asked_to = last
        self.is_open = True
        self.deadline_ns = now_ns + self._settings.resend_timeout_ns

    def on_progress(self, next_in: int, next_out: int, now_ns: int) -> Ask | Leave | None:
        """Request what is still missing after messages have arrived: the next chunk, the next gap, or nothing."""
        if not self.end:
            return None
        if next_in <= self._asked_to:
            self.deadline_ns = now_ns + self._settings.resend_timeout_ns
            return None
        if next_in <= self.end:
            return self._ask(next_in, next_out, now_ns)
        self._close()
        self.discard_below(next_in)
        if self._queue:
            return self.request(min(self._queue) - 1, next_in, next_out, now_ns)
        return None

    def on_overdue(self, next_in: int, next_out: int, now_ns: int) -> Ask | Leave | None:
        """Repeat the request if there has been progress since; otherwise give up."""
        self.deadline_ns = NEVER_NS
        if self.end < next_in:
            return None
        if next_in > self._asked_from:
            return self._ask(next_in, next_out, now_ns)
        return Leave(f"messages from {next_in} were asked for and did not come{self._suspect()}")

    def was_asked_by(self, seq_num: int | None) -> bool:
        """Say whether our message `seq_num` is the last ResendRequest."""
        return seq_num == self._request_seq_num

    def discard_below(self, next_in: int) -> None:
        """Drop the held messages below `next_in`."""
        for stale in [queued for queued in self._queue if queued < next_in]:
            self._queued_bytes -= len(self._queue.pop(stale) or b"")
        self._judge()

    def skip_to(self, next_in: int) -> None:
        """Close the gap after a SequenceReset(4) to `next_in`; keep what is held from there on."""
        self._close()
        self.discard_below(next_in)

    def forget(self) -> None:
        """Drop what is held and the open request."""
        self._queue.clear()
        self._queued_bytes = 0
        self._close()

    def end_connection(self, next_in: int) -> str:
        """Clear the state of the connection; return why an operator must act if too many ended over one gap."""
        is_fruitless = self.end >= next_in == self._asked_from
        self._fruitless = self._fruitless + 1 if is_fruitless else 0
        self._asked_from = self._times = 0
        suspect = self._suspect()
        self.forget()
        if self._fruitless < _FRUITLESS_AT_MOST:
            return ""
        self._fruitless = 0
        return f"{_FRUITLESS_AT_MOST} connections ended before message {next_in} was sent again{suspect}"

    def _ask(self, first: int, next_out: int, now_ns: int) -> Ask | Leave:
        settings = self._settings
        self.is_open = True
        times = self._times + 1 if self._asked_from == first else 1
        if times > _ASK_AT_MOST and not settings.send_redundant_resend_requests:
            return Leave(f"message {first} was asked for {_ASK_AT_MOST} times in vain{self._suspect()}")
        self._asked_from, self._times = first, times
        self._asked_to = self.end
        end = self.end if settings.closed_resend_interval else settings.to_the_end
        chunk = settings.resend_request_chunk_size
        if chunk and self.end - first >= chunk:
            end = self._asked_to = first + chunk - 1
        self._request_seq_num = next_out
        self.deadline_ns = now_ns + settings.resend_timeout_ns
        return Ask(first, end)

    def _suspect(self) -> str:
        return f"; a message came garbled: {self.last_garbled}" if self.last_garbled else ""

    def _close(self) -> None:
        self.end = self._asked_to = 0
        self.last_garbled = ""
        self.deadline_ns = NEVER_NS
        self._judge()

    def _judge(self) -> None:
        self.is_open = self.end > 0 or len(self._queue) > 0
