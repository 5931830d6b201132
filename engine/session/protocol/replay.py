"""What waits to be written: ranges that the peer asked for again, and behind them what was sent meanwhile.

Units   monotonic ns; sequence numbers are MsgSeqNum(34) of ours.
Shapes  a queue of ranges, each an iterator of whole messages; while it is not empty, or the socket takes no more, new
        messages stay in the store, and only the number of the first is kept here.
Errors  none; a range that cannot be is a `Fault`, one request too many is `Leave`.
Thread  the loop thread only.
Source  FIX 4.4 volume 2, ResendRequest, test cases 8 and 14.e; possible duplicates.
"""

from collections import deque
from collections.abc import Container, Iterator

from engine import fix
from engine.codec._fields import Fields
from engine.session.protocol.admin import ADMIN
from engine.session.protocol.agreed import SECOND_NS, CoreSettings
from engine.session.protocol.answers import Again, Leave
from engine.session.protocol.faults import Fault, Reason

# What may leave a second time, as PossDupFlag(43)=Y: requests that can only take orders off the market. They carry
# their old ClOrdID, so a venue that has seen them says so, and one that has not still should act on them.
REPLAYED = frozenset({fix.Msg.ORDER_CANCEL_REQUEST, fix.Msg.ORDER_MASS_CANCEL_REQUEST})

_MAX_RANGES = 64
_INFINITY = (0, 999_999)  # EndSeqNo(16): to the end, now and in older versions

# Fields that a replayed message gets anew
_RENEWED = frozenset({
    fix.BeginString, fix.BodyLength, fix.MsgType, fix.MsgSeqNum, fix.SenderCompID, fix.TargetCompID,
    fix.SendingTime, fix.PossDupFlag, fix.OrigSendingTime, fix.LastMsgSeqNumProcessed, fix.CheckSum,
})  # fmt: skip


class Replay:
    """One session's queue of messages to write; `is_waiting` is True while new messages must wait behind it."""

    def __init__(self, settings: CoreSettings, replayed: Container[str] | None = None) -> None:
        """`replayed` holds the MsgTypes of the application that are sent again, None for all."""
        self.is_waiting = False
        self.is_paused = False  # the socket takes no more
        self._most_a_second = settings.max_resend_requests_a_second
        self._replayed = replayed
        self._renewed = _RENEWED | {tag for tag, _ in settings.header}
        self._ranges: deque[Iterator[bytes]] = deque()
        self._unwritten_from = 0  # first message that is in the store alone
        self._second = self._requests = 0  # of the peer: the second, and how many in it

    @property
    def has_ranges(self) -> bool:
        """Say whether a range waits to be written."""
        return len(self._ranges) > 0

    def judge(self, first: int, end: int, next_out: int, now_ns: int) -> Again | Fault | Leave:
        """Decide about a ResendRequest(2) for `first` to `end`; our next message will be number `next_out`."""
        if not 0 < first < next_out:
            return Fault(Reason.VALUE_INCORRECT, fix.BeginSeqNo, f"BeginSeqNo(7) is not of 1 to {next_out - 1}")
        if 0 < end < first:
            return Fault(Reason.VALUE_INCORRECT, fix.EndSeqNo, "EndSeqNo(16) is below BeginSeqNo(7)")
        second = now_ns // SECOND_NS
        self._requests = self._requests + 1 if second == self._second else 1
        self._second = second
        if self._requests > self._most_a_second or len(self._ranges) >= _MAX_RANGES:
            return Leave("more ResendRequests than can be served")
        last = next_out - 1
        return Again(first, last if end in _INFINITY else min(end, last))

    def may_go_again(self, msg_type: str) -> bool:
        """Say whether a message of this type is sent again; one that is not is skipped by a gap fill."""
        if msg_type in ADMIN:
            return msg_type == fix.Msg.REJECT
        return self._replayed is None or msg_type in self._replayed

    def body(self, stored: Fields) -> bytes:
        """Return the body of a stored message, without the fields that it gets anew."""
        kept = b"".join(b"%d=%b\x01" % field for field in stored if field[0] not in self._renewed)
        return b"35=%b\x01" % (stored.get(fix.MsgType) or b"") + kept

    def add(self, messages: Iterator[bytes]) -> bool:
        """Queue a range; say whether it is the only one."""
        self._ranges.append(messages)
        self.is_waiting = True
        return len(self._ranges) == 1

    def postpone(self, seq_num: int) -> None:
        """Learn that a new message is in the store and must wait."""
        self._unwritten_from = self._unwritten_from or seq_num

    def next(self) -> bytes | None:
        """Return the next message to write, None after the last range."""
        while self._ranges:
            message = next(self._ranges[0], None)
            if message is not None:
                return message
            self._ranges.popleft()
        self._judge()
        return None

    def take_unwritten(self) -> int:
        """Return the first message that waits in the store, 0 for none; from it on they are the next range to add."""
        first, self._unwritten_from = self._unwritten_from, 0
        self._judge()
        return first

    def pause(self) -> None:
        """Learn that the socket takes no more."""
        self.is_paused = self.is_waiting = True

    def resume(self) -> None:
        """Learn that the socket takes messages again."""
        self.is_paused = False
        self._judge()

    def clear(self) -> None:
        """Drop everything that waits; it stays in the store."""
        self._ranges.clear()
        self._unwritten_from = 0
        self._judge()

    def _judge(self) -> None:
        self.is_waiting = self.is_paused or len(self._ranges) > 0 or self._unwritten_from > 0
