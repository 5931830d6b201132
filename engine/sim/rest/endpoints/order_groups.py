"""Order groups: how much of a group's orders may trade in 15 seconds.

Errors  RestRefused 404 for a group that is unknown, 400 for a limit that cannot be.
Source  Kalshi REST: order groups; Kalshi REST operations: order groups.
"""

from typing import Any

import msgspec

from engine.exchange.account_events import GroupChanged
from engine.exchange.events import Refusal
from engine.exchange.ledger.names import subaccount_of
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.rulebook.groups import OrderGroup
from engine.sim.rest.endpoints.refused_orders import refusal_of
from engine.sim.rest.numbers import count, parse_count
from engine.sim.rest.operations import TRADE, Asked, Operation, Query
from engine.sim.rest.refusals import bad_request, not_found
from engine.sim.rest.whose import accounts, one_account

Answer = dict[str, Any]
_CONTRACT = 100  # size units


class GroupQuery(Query, frozen=True, kw_only=True):
    """Whose group, and where."""

    subaccount: int | None = None
    exchange_index: int | None = None


class GroupLimit(msgspec.Struct, kw_only=True):
    """How much may trade, in whole contracts or as text."""

    contracts_limit: int | None = None
    contracts_limit_fp: str | None = None

    @property
    def size(self) -> int:
        """Return it in size units."""
        if (self.contracts_limit is None) == (self.contracts_limit_fp is None):
            raise bad_request("give either contracts_limit or contracts_limit_fp")
        if self.contracts_limit_fp is not None:
            return parse_count(self.contracts_limit_fp, "contracts_limit_fp")
        return (self.contracts_limit or 0) * _CONTRACT


class CreateGroup(GroupLimit, kw_only=True):
    """A new group."""

    subaccount: int | None = None
    exchange_index: int | None = None


class Nothing(msgspec.Struct):
    """A body that says nothing."""


def get_groups(asked: Asked[GroupQuery, None]) -> Answer:
    """Return all groups."""
    groups = [
        {
            "id": group.id,
            "is_auto_cancel_enabled": True,
            "contracts_limit_fp": count(group.limit),
            "exchange_index": group.shard,
        }
        for account in accounts(asked, asked.query.subaccount)
        for group in asked.venue.place.groups.of_account(account)
    ]
    return {"order_groups": groups}


def get_group(asked: Asked[GroupQuery, None]) -> Answer:
    """Return one group and its live orders."""
    group = _group(asked)
    return {
        "is_auto_cancel_enabled": True,
        "contracts_limit_fp": count(group.limit),
        "orders": list(group.orders),
        "exchange_index": group.shard,
    }


def create_group(asked: Asked[Query, CreateGroup]) -> Answer:
    """Make a group."""
    body = asked.body
    account, shard = one_account(asked, body.subaccount), max(0, body.exchange_index or 0)
    events = _done(asked, asked.venue.place.create_group(account, body.size, asked.now_ns, shard))
    made = next(event for event in events if isinstance(event, GroupChanged))
    return {"order_group_id": made.group, "subaccount": subaccount_of(account), "exchange_index": shard}


def delete_group(asked: Asked[GroupQuery, None]) -> Answer:
    """Cancel a group's orders and forget it."""
    group = _group(asked)
    _done(asked, asked.venue.place.delete_group(group.account, group.id, asked.now_ns))
    return {}


def limit_group(asked: Asked[GroupQuery, GroupLimit]) -> Answer:
    """Give a group another limit."""
    group = _group(asked)
    _done(asked, asked.venue.place.limit_group(group.account, group.id, asked.body.size, asked.now_ns))
    return {}


def reset_group(asked: Asked[GroupQuery, Nothing]) -> Answer:
    """Let a group take orders again."""
    group = _group(asked)
    _done(asked, asked.venue.place.reset_group(group.account, group.id, asked.now_ns))
    return {}


def trigger_group(asked: Asked[GroupQuery, Nothing]) -> Answer:
    """Cancel a group's orders and take no more."""
    group = _group(asked)
    _done(asked, asked.venue.place.trigger_group(group.account, group.id, asked.now_ns))
    return {}


def _group(asked: Asked[GroupQuery, Any]) -> OrderGroup:
    """Return the group of the path."""
    query = asked.query
    for account in accounts(asked, query.subaccount):
        group = asked.venue.place.groups.find(account, asked.path["order_group_id"])
        if group is not None and query.exchange_index in (None, -1, group.shard):
            return group
    raise not_found("order group")


def _done(asked: Asked[Any, Any], answer: list[VenueEvent] | Refusal) -> list[VenueEvent]:
    """Tell what was done, or refuse."""
    if isinstance(answer, Refusal):
        raise refusal_of(answer.text)
    asked.venue.tell(answer)
    return answer


_ONE = "/portfolio/order_groups/{order_group_id}"
OPERATIONS = (
    Operation(name="get_order_groups", method="GET", path="/portfolio/order_groups", run=get_groups, query=GroupQuery),
    Operation(name="get_order_group", method="GET", path=_ONE, run=get_group, query=GroupQuery),
    Operation(name="create_order_group", method="POST", path="/portfolio/order_groups/create", run=create_group,
              body=CreateGroup, status=201, scope=TRADE),
    Operation(name="delete_order_group", method="DELETE", path=_ONE, run=delete_group, query=GroupQuery, scope=TRADE),
    Operation(name="update_order_group_limit", method="PUT", path=f"{_ONE}/limit", run=limit_group, query=GroupQuery,
              body=GroupLimit, scope=TRADE),
    Operation(name="reset_order_group", method="PUT", path=f"{_ONE}/reset", run=reset_group, query=GroupQuery,
              body=Nothing, is_body_optional=True, scope=TRADE),
    Operation(name="trigger_order_group", method="PUT", path=f"{_ONE}/trigger", run=trigger_group, query=GroupQuery,
              body=Nothing, is_body_optional=True, scope=TRADE),
)  # fmt: skip
