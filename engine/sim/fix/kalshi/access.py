"""What the FIX side needs of its venue: everything behind it is reached through this.

Units   as in `wire`; times in ns since 1970.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.exchange.account_events import GroupChanged
from engine.exchange.events import Refusal, Request
from engine.exchange.market import RestingOrder
from engine.sim.fix.kalshi.admission import Rules
from engine.sim.keys import KeyRing

Levels = list[tuple[int, int]]


@dataclass(slots=True, kw_only=True)
class FixAccess:
    """One venue, as its FIX gateways see it.

    `execute` carries a request out and publishes what follows, to FIX too (`KalshiFix.take`). `find` returns an order
    by account, ClOrdID and OrderID. `change_group` carries out an action on an order group, with its account, id,
    limit in contracts and shard, and returns what became of it; it publishes the rest. `depth` returns bids and asks,
    best first, None for a market that is not listed. `may_drop_copy` says whether a member is on the allow-list.
    """

    keys: KeyRing
    now_ns: Callable[[], int]
    execute: Callable[[Request], None]
    find: Callable[[str, str, str], RestingOrder | None]
    shard_of: Callable[[str], int]
    depth: Callable[[str], tuple[Levels, Levels] | None]
    change_group: Callable[[int, str, str, int, int], GroupChanged | Refusal]
    may_drop_copy: Callable[[str], bool] = lambda member: True
    rules: Rules = field(default_factory=Rules)
