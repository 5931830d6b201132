"""Order groups: how much may trade in any 15 seconds, before all orders of the group are cancelled.

Units   quantities in size units; times in ns, passed in.
Errors  none: a refusal is a value.
Cost    O(1) for a trade, and O(orders) when a group is cancelled.
Source  Kalshi FIX: order groups; Kalshi REST: order groups.
"""

from collections import deque

from engine.exchange import refusals
from engine.exchange.account_events import GroupChanged, GroupStep
from engine.exchange.events import Refusal

WINDOW_NS = 15_000_000_000
MOST_GROUPS = 100_000  # of an account
LEAST_LIMIT, MOST_LIMIT = 1, 1_000_000  # contracts

WRONG_LIMIT = Refusal(11, "INVALID_ORDER_GROUP_LIMIT")  # the venue's own word is not known
TOO_MANY = Refusal(11, "TOO_MANY_ORDER_GROUPS")


class OrderGroup:
    """One group. `is_triggered` until it is reset: it takes no order."""

    __slots__ = ("account", "id", "is_triggered", "limit", "orders", "shard", "_matched", "_trades")

    def __init__(self, group_id: str, account: str, shard: int, limit: int) -> None:
        self.id = group_id
        self.account = account
        self.shard = shard
        self.limit = limit
        self.is_triggered = False
        self.orders: dict[str, None] = {}  # OrderIDs of those that are live, oldest first
        self._trades: deque[tuple[int, int]] = deque()
        self._matched = 0

    def matched(self, now_ns: int) -> int:
        """Return how much traded in the last 15 seconds."""
        while self._trades and self._trades[0][0] <= now_ns - WINDOW_NS:
            self._matched -= self._trades.popleft()[1]
        return self._matched

    def trade(self, qty: int, now_ns: int) -> bool:
        """Count a trade; return whether the group has reached its limit."""
        self._trades.append((now_ns, qty))
        self._matched += qty
        return self.matched(now_ns) >= self.limit

    def clear(self) -> None:
        """Forget what traded."""
        self._trades.clear()
        self._matched = 0


class OrderGroups:
    """Every group of every account."""

    def __init__(self) -> None:
        self._groups: dict[str, OrderGroup] = {}
        self._of_account: dict[str, dict[str, None]] = {}

    def find(self, account: str, group_id: str) -> OrderGroup | None:
        """Return an account's group; None if it has none of that id."""
        group = self._groups.get(group_id)
        return group if group is not None and group.account == account else None

    def of_account(self, account: str) -> list[OrderGroup]:
        """Return the account's groups, oldest first."""
        return [self._groups[group_id] for group_id in self._of_account.get(account, ())]

    def create(self, group_id: str, account: str, shard: int, limit: int, now_ns: int) -> GroupChanged | Refusal:
        """Make a group; refuse a limit outside the venue's bounds, or one group too many."""
        if len(self._of_account.get(account, ())) >= MOST_GROUPS:
            return TOO_MANY
        if not _is_valid(limit):
            return WRONG_LIMIT
        group = self._groups[group_id] = OrderGroup(group_id, account, shard, limit)
        self._of_account.setdefault(account, {})[group_id] = None
        return _told(group, GroupStep.CREATED, now_ns)

    def set_limit(self, account: str, group_id: str, limit: int, now_ns: int) -> GroupChanged | Refusal:
        """Give a group another limit."""
        group = self.find(account, group_id)
        if group is None:
            return refusals.UNKNOWN_GROUP
        if not _is_valid(limit):
            return WRONG_LIMIT
        group.limit = limit
        return _told(group, GroupStep.LIMIT_UPDATED, now_ns)

    def reset(self, account: str, group_id: str, now_ns: int) -> GroupChanged | Refusal:
        """Forget what traded, and take orders again."""
        group = self.find(account, group_id)
        if group is None:
            return refusals.UNKNOWN_GROUP
        group.is_triggered = False
        group.clear()
        return _told(group, GroupStep.RESET, now_ns)

    def trigger(self, account: str, group_id: str, now_ns: int) -> GroupChanged | Refusal:
        """Take no more orders until a reset; whoever calls cancels those that are live."""
        group = self.find(account, group_id)
        if group is None:
            return refusals.UNKNOWN_GROUP
        group.is_triggered = True
        return _told(group, GroupStep.TRIGGERED, now_ns)

    def delete(self, account: str, group_id: str, now_ns: int) -> GroupChanged | Refusal:
        """Forget a group; whoever calls cancels its orders first."""
        group = self.find(account, group_id)
        if group is None:
            return refusals.UNKNOWN_GROUP
        del self._groups[group_id]
        del self._of_account[account][group_id]
        return _told(group, GroupStep.DELETED, now_ns)


def _is_valid(limit: int) -> bool:
    return LEAST_LIMIT * 100 <= limit <= MOST_LIMIT * 100


def _told(group: OrderGroup, step: str, now_ns: int) -> GroupChanged:
    limit = group.limit if step in (GroupStep.CREATED, GroupStep.LIMIT_UPDATED) else 0
    return GroupChanged(account=group.account, group=group.id, shard=group.shard, step=step, limit=limit, now_ns=now_ns)
