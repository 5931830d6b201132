"""Order groups over FIX: a cap on the contracts that their orders may match within 15 seconds.

Shapes  answers name no request: they belong to the oldest request without one, which is why `GroupRequests` keeps them.
Errors  ValueError for a request that the venue would refuse; DecodeError for an answer that is to nothing of ours.
Source  Kalshi FIX: order groups (UOG, UOH), BusinessMessageReject, Reject.
"""

from collections import deque
from enum import IntEnum
from typing import NamedTuple

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import message, needed
from engine.venue.kalshi.fix.tags import KalshiMsg

MOST_CONTRACTS = 1_000_000
MOST_OPEN = 1_000  # requests without an answer


class GroupAction(IntEnum):
    """OrderGroupAction(20131)."""

    CREATE = 1
    RESET = 2
    DELETE = 3  # cancels its orders
    TRIGGER = 4  # cancels all of them now
    UPDATE_LIMIT = 5


class GroupRequest(NamedTuple):
    """One OrderGroupRequest; `shard` is where the group lives, -1 the venue's own choice."""

    action: GroupAction
    group_id: str = ""
    limit: int = 0  # contracts
    subaccount: int = 0
    shard: int = -1

    def body(self) -> bytes:
        """Return the body of the request; ValueError for one that the venue would refuse."""
        if (self.action is GroupAction.CREATE) == bool(self.group_id):
            raise ValueError(f"{self.action.name}: OrderGroupID(20130) is for every action but CREATE")
        takes_limit = self.action in (GroupAction.CREATE, GroupAction.UPDATE_LIMIT)
        if takes_limit and not 1 <= self.limit <= MOST_CONTRACTS:
            raise ValueError(f"{self.action.name}: limit {self.limit} is not from 1 to {MOST_CONTRACTS} contracts")
        if not takes_limit and self.limit:
            raise ValueError(f"{self.action.name}: takes no limit")
        fields: list[tuple[int, str | int | None]] = [
            (tags.OrderGroupID, self.group_id),
            (tags.OrderGroupAction, int(self.action)),
            (tags.OrderGroupContractsLimit, self.limit or None),
            (tags.AllocAccount, self.subaccount or None),
            (tags.ExDestination, self.shard if self.shard >= 0 else None),
        ]
        return message(KalshiMsg.ORDER_GROUP_REQUEST, fields)


class GroupAnswer(NamedTuple):
    """What became of a request: `refusal` is the venue's text, or the words of its code; "" where it was done."""

    request: GroupRequest
    group_id: str
    limit: int
    subaccount: int
    refusal: str = ""


class GroupRequests:
    """The requests of one connection that have no answer yet, in the order of sending."""

    def __init__(self) -> None:
        self._open: deque[tuple[int, GroupRequest]] = deque()

    def sent(self, request: GroupRequest, seq_num: int) -> None:
        """Note a request that left under this MsgSeqNum(34)."""
        if len(self._open) >= MOST_OPEN:
            raise ValueError(f"{MOST_OPEN} requests about order groups have no answer: wait for them")
        self._open.append((seq_num, request))

    def take(self, fields: Fields) -> GroupAnswer | None:
        """Return the answer in a message; None for one that is about something else."""
        if fields.msg_type == KalshiMsg.ORDER_GROUP_RESPONSE:
            return self._answered(fields)
        is_refusal = fields.msg_type in (fix.Msg.REJECT, fix.Msg.BUSINESS_MESSAGE_REJECT)
        return self._refused(fields) if is_refusal else None

    def lost(self) -> list[GroupRequest]:
        """Return the requests whose outcome nobody knows after the end of a connection, and forget them."""
        left = [request for _, request in self._open]
        self._open.clear()
        return left

    def _answered(self, fields: Fields) -> GroupAnswer:
        group_id = needed(fields, tags.OrderGroupID)
        if not self._open:
            raise DecodeError(f"OrderGroupID(20130) {group_id!r}: an answer to no request of this connection")
        _, request = self._open.popleft()
        if request.group_id not in ("", group_id):
            raise DecodeError(f"OrderGroupID(20130) {group_id!r}: the answer due is about {request.group_id!r}")
        limit = fields.integer(tags.OrderGroupContractsLimit, request.limit)
        return GroupAnswer(request, group_id, limit, fields.integer(tags.AllocAccount, 0))

    def _refused(self, fields: Fields) -> GroupAnswer | None:
        number = fields.integer(fix.RefSeqNum, -1)
        found = next((each for each in self._open if each[0] == number), None)
        if found is None:
            return None
        self._open.remove(found)
        code = fields.text(fix.SessionRejectReason) or fields.text(fix.BusinessRejectReason)
        request = found[1]
        words = fields.remark() or f"reason {code}"
        return GroupAnswer(request, request.group_id, request.limit, request.subaccount, words)
