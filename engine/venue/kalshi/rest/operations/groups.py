"""Order groups of Kalshi: once `contracts_limit` are matched within 15 seconds, every order of the group is cancelled.

Source  Kalshi REST, order groups; operations of group order groups; market model, limits.
"""

import msgspec

from engine._decimal import parse_decimal
from engine.venue.kalshi.rest.numbers import SIZE_DECIMALS, RequestError, check_count_text
from engine.venue.kalshi.rest.reading import Reader, nothing
from engine.venue.kalshi.rest.requests import Query, get, path, present, query, shard_of, subaccount_of, write
from engine.venue.rest import Call, Urgency

MOST_CONTRACTS = 1_000_000
_GROUPS = ("portfolio", "order_groups")


class KalshiGroup(msgspec.Struct, frozen=True):
    """One group of a list."""

    id: str
    is_auto_cancel_enabled: bool
    contracts_limit_fp: str | None = None
    exchange_index: int | None = None


class KalshiGroups(msgspec.Struct, frozen=True):
    """Every group; the list is absent where there is none."""

    order_groups: list[KalshiGroup] | None = None


class KalshiGroupAnswer(msgspec.Struct, frozen=True):
    """One group and the ids of its orders."""

    is_auto_cancel_enabled: bool
    orders: list[str]
    contracts_limit_fp: str | None = None
    exchange_index: int | None = None


class KalshiGroupCreated(msgspec.Struct, frozen=True):
    """The id of a new group."""

    order_group_id: str
    subaccount: int | None = None
    exchange_index: int | None = None


read_groups = Reader("get_order_groups", KalshiGroups)
read_group = Reader("get_order_group", KalshiGroupAnswer)
read_group_created = Reader("create_order_group", KalshiGroupCreated)


def order_groups(*, subaccount: int | None = None) -> Call[list[KalshiGroup]]:
    """Return what asks for every group."""
    read = read_groups.then(lambda answer: answer.order_groups or [])
    return get(read_groups.operation, path(*_GROUPS), read, query(subaccount=subaccount_of(subaccount)))


def order_group(group_id: str, *, subaccount: int | None = None) -> Call[KalshiGroupAnswer]:
    """Return what asks for one group."""
    where = path(*_GROUPS, group_id)
    return get(read_group.operation, where, read_group, query(subaccount=subaccount_of(subaccount)))


def create_group(
    contracts_limit: str, *, subaccount: int | None = None, shard: int | None = None
) -> Call[KalshiGroupCreated]:
    """Return what makes a group, on one shard."""
    _check_limit(contracts_limit)
    body = present(
        {
            "contracts_limit_fp": contracts_limit,
            "subaccount": subaccount_of(subaccount),
            "exchange_index": shard_of(shard),
        }
    )
    where = path(*_GROUPS, "create")
    return write(read_group_created.operation, "POST", where, read_group_created, body, status=201)


def delete_group(group_id: str, *, subaccount: int | None = None, shard: int | None = None) -> Call[None]:
    """Return what ends a group and cancels its orders."""
    where, given = path(*_GROUPS, group_id), _of(subaccount, shard)
    return write("delete_order_group", "DELETE", where, nothing, given=given, urgency=Urgency.CANCEL)


def limit_group(
    group_id: str, contracts_limit: str, *, subaccount: int | None = None, shard: int | None = None
) -> Call[None]:
    """Return what sets another limit."""
    _check_limit(contracts_limit)
    where, body = path(*_GROUPS, group_id, "limit"), {"contracts_limit_fp": contracts_limit}
    return write("update_order_group_limit", "PUT", where, nothing, body, _of(subaccount, shard))


def reset_group(group_id: str, *, subaccount: int | None = None, shard: int | None = None) -> Call[None]:
    """Return what lets a group that hit its limit take orders again."""
    return write("reset_order_group", "PUT", path(*_GROUPS, group_id, "reset"), nothing, {}, _of(subaccount, shard))


def trigger_group(group_id: str, *, subaccount: int | None = None, shard: int | None = None) -> Call[None]:
    """Return what cancels every order of a group, as if it had hit its limit."""
    where, given = path(*_GROUPS, group_id, "trigger"), _of(subaccount, shard)
    return write("trigger_order_group", "PUT", where, nothing, {}, given, urgency=Urgency.CANCEL)


def _of(subaccount: int | None, shard: int | None) -> Query:
    return query(subaccount=subaccount_of(subaccount), exchange_index=shard_of(shard))


def _check_limit(text: str) -> None:
    check_count_text(text, "contracts_limit", least=100)
    if parse_decimal(text, SIZE_DECIMALS) > MOST_CONTRACTS * 100:
        raise RequestError(f"contracts_limit {text!r} must be at most {MOST_CONTRACTS} contracts")
