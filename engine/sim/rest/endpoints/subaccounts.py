"""A member's subaccounts, and cash that moves between them and between shards.

A transfer with the client's own id is done once; asked for again it is refused as done.

Units   amounts in cents, or hundredths of one (`amount` between shards).
Errors  RestRefused 400 for what is not there to be moved, 404 for a transfer that is unknown, 409 for one that is done.
Source  Kalshi REST: moving collateral; Kalshi REST operations: portfolio.
"""

import uuid
from typing import Annotated, Any, Literal

import msgspec

from engine.exchange.ledger.names import MOST_SUBACCOUNTS, account_of, member_of, subaccount_of
from engine.exchange.ledger.records import TransferRecord
from engine.sim.rest.numbers import cents, money, seconds
from engine.sim.rest.operations import WRITE, Asked, Limit500, Limit1000, Operation, Query
from engine.sim.rest.pages import last_first, page
from engine.sim.rest.refusals import bad_request, conflict, forbidden, not_found
from engine.sim.rest.whose import every_account, one_account

Answer = dict[str, Any]
Instance = Literal["event_contract", "margined"]
Shard = Annotated[int, msgspec.Meta(ge=0, le=100)]
TRANSFER = "write::transfer"
_LEVEL_TOO_LOW = "subaccount_creation_requires_advanced_api_usage_level"
_MONEY_PER_CENT, _MONEY_PER_CENTICENT = 10_000, 100


class Empty(msgspec.Struct, kw_only=True):
    """A new subaccount."""

    exchange_index: int | None = None


class SetNetting(msgspec.Struct, kw_only=True):
    """Whether positions of a subaccount free collateral across an event."""

    subaccount_number: int
    enabled: bool


class SubaccountMove(msgspec.Struct, kw_only=True):
    """Cash from one subaccount to another, on one shard."""

    client_transfer_id: str
    from_subaccount: int
    to_subaccount: int
    amount_cents: Annotated[int, msgspec.Meta(gt=0)]
    exchange_index: int | None = None


class ShardMove(msgspec.Struct, kw_only=True):
    """Cash from one shard to another."""

    source: Instance
    destination: Instance
    amount: Annotated[int, msgspec.Meta(gt=0)]
    client_transfer_id: str | None = None
    source_exchange_shard: Shard = 0
    destination_exchange_shard: Shard = 0
    source_subaccount: int = 0
    destination_subaccount: int = 0


class Share(msgspec.Struct, kw_only=True):
    """The part of the cash that a shard is to have."""

    exchange_index: int
    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]


class Shares(msgspec.Struct, kw_only=True):
    """The parts of all shards; none switches it off."""

    allocations: list[Share]
    resting_margin_reservation: Literal["none", "max", "sum"] = "none"


class MovesOfSubaccounts(Query, frozen=True, kw_only=True):
    """A page of transfers between subaccounts."""

    limit: Limit1000 = 100
    cursor: str = ""


class MovesOfShards(Query, frozen=True, kw_only=True):
    """A page of transfers between shards."""

    limit: Limit500 = 100
    cursor: str = ""


def create_subaccount(asked: Asked[Query, Empty]) -> Answer:
    """Open the next subaccount."""
    if not asked.venue.tokens.has_subaccounts(asked.member):
        raise forbidden("subaccounts need usage level advanced or above", _LEVEL_TOO_LOW)
    number = 1 + max(subaccount_of(account) for account in every_account(asked))
    if number >= MOST_SUBACCOUNTS:
        raise bad_request(f"there are {MOST_SUBACCOUNTS} subaccounts, the most that can be", "too_many_subaccounts")
    asked.venue.ledger.open(account_of(asked.member, number))
    return {"subaccount_number": number}


def get_balances(asked: Asked[Query, None]) -> Answer:
    """Return the cash of each subaccount on each shard."""
    balances = [
        {
            "subaccount_number": subaccount_of(account),
            "exchange_index": balance.shard,
            "balance": money(balance.cash),
            "updated_ts": seconds(balance.updated_ns),
        }
        for account in every_account(asked)
        for balance in asked.venue.ledger.balances(account)
    ]
    return {"subaccount_balances": balances}


def get_netting(asked: Asked[Query, None]) -> Answer:
    """Return which subaccounts net."""
    configs = [
        {"subaccount_number": subaccount_of(account), "enabled": asked.venue.ledger.open(account).is_netting,
         "exchange_index": 0}
        for account in every_account(asked)
    ]  # fmt: skip
    return {"netting_configs": configs}


def set_netting(asked: Asked[Query, SetNetting]) -> Answer:
    """Let a subaccount net, or not."""
    asked.venue.ledger.set_netting(_known(asked, asked.body.subaccount_number), asked.body.enabled)
    return {}


def move_between_subaccounts(asked: Asked[Query, SubaccountMove]) -> Answer:
    """Move cash between two subaccounts."""
    body, shard = asked.body, max(0, asked.body.exchange_index or 0)
    source, destination = _known(asked, body.from_subaccount), _known(asked, body.to_subaccount)
    amount = body.amount_cents * _MONEY_PER_CENT
    _move(asked, (source, shard), (destination, shard), amount, body.client_transfer_id)
    return {}


def get_moves_between_subaccounts(asked: Asked[MovesOfSubaccounts, None]) -> Answer:
    """Return the transfers between subaccounts."""
    found = [transfer for transfer in _transfers(asked) if transfer.source != transfer.destination]
    return _page(asked, found, _subaccount_move_shown)


def move_between_shards(asked: Asked[Query, ShardMove]) -> Answer:
    """Move cash between two shards."""
    body = asked.body
    if body.source != body.destination or body.source != "event_contract":
        raise bad_request("there is no margined exchange here: move within event_contract")
    source = one_account(asked, body.source_subaccount), body.source_exchange_shard
    destination = one_account(asked, body.destination_subaccount), body.destination_exchange_shard
    transfer_id = body.client_transfer_id or str(uuid.uuid4())
    _move(asked, source, destination, body.amount * _MONEY_PER_CENTICENT, transfer_id)
    return {"transfer_id": transfer_id}


def get_moves_between_shards(asked: Asked[MovesOfShards, None]) -> Answer:
    """Return the transfers between shards."""
    return _page(asked, _between_shards(asked), _shard_move_shown)


def get_move_between_shards(asked: Asked[Query, None]) -> Answer:
    """Return one of them."""
    for transfer in _between_shards(asked):
        if transfer.transfer_id == asked.path["transfer_id"]:
            return {"transfer": _shard_move_shown(transfer)}
    raise not_found("transfer")


def get_shares(asked: Asked[Query, None]) -> Answer:
    """Return how the cash is to be spread over the shards."""
    shares = asked.records.shares.get(asked.member) or Shares(allocations=[])
    return {
        "allocations": [{"exchange_index": one.exchange_index, "percent": one.percent} for one in shares.allocations],
        "resting_margin_reservation": shares.resting_margin_reservation,
    }


def set_shares(asked: Asked[Query, Shares]) -> Answer:
    """Take down how the cash is to be spread; nothing moves it here."""
    if asked.body.allocations and sum(one.percent for one in asked.body.allocations) != 100:
        raise bad_request("percents must sum to 100")
    asked.records.shares[asked.member] = asked.body
    return {}


def _move(
    asked: Asked[Any, Any], source: tuple[str, int], destination: tuple[str, int], amount: int, transfer_id: str
) -> None:
    if any(transfer.transfer_id == transfer_id for transfer in _transfers(asked)):
        raise conflict("transfer_already_exists", "client_transfer_id was used before: the transfer is done")
    if source == destination:
        raise bad_request("source and destination are the same")
    events = asked.venue.ledger.transfer(source, destination, amount, transfer_id, asked.now_ns)
    if not events:
        raise bad_request("less than that is free", "available_balance_too_low")
    asked.venue.tell(events)


def _known(asked: Asked[Any, Any], subaccount: int) -> str:
    """Return an account of the member that was opened."""
    account = one_account(asked, subaccount)
    if account not in every_account(asked):
        raise bad_request(f"there is no subaccount {subaccount}: create it first")
    return account


def _transfers(asked: Asked[Any, Any]) -> list[TransferRecord]:
    """Return the transfers between accounts of the member, each once."""
    found = {
        transfer.number: transfer
        for account in every_account(asked)
        for transfer in asked.venue.ledger.transfers(account)
        if member_of(transfer.source) == member_of(transfer.destination)
    }
    return list(found.values())


def _between_shards(asked: Asked[Any, Any]) -> list[TransferRecord]:
    return [one for one in _transfers(asked) if one.source_shard != one.destination_shard]


def _page(asked: Asked[Any, None], found: list[TransferRecord], show: Any) -> Answer:
    query = asked.query
    part = page(found, query.limit, query.cursor, _key, show)
    return {"transfers": part.items, "cursor": part.cursor}


def _key(transfer: TransferRecord) -> tuple[int, str]:
    return last_first(transfer.number)


def _subaccount_move_shown(transfer: TransferRecord) -> Answer:
    return {
        "transfer_id": transfer.transfer_id,
        "from_subaccount": subaccount_of(transfer.source),
        "to_subaccount": subaccount_of(transfer.destination),
        "amount_cents": cents(transfer.amount),
        "created_ts": seconds(transfer.time_ns),
        "exchange_index": transfer.source_shard,
    }


def _shard_move_shown(transfer: TransferRecord) -> Answer:
    return {
        "transfer_id": transfer.transfer_id,
        "source": "event_contract",
        "destination": "event_contract",
        "source_exchange_shard": transfer.source_shard,
        "destination_exchange_shard": transfer.destination_shard,
        "amount": money(transfer.amount),
        "status": "complete",
        "created_ts": seconds(transfer.time_ns),
    }


def _operation(name: str, method: str, path: str, run: Any, **more: Any) -> Operation:
    return Operation(name=name, method=method, path=f"/portfolio/{path}", run=run, **more)


OPERATIONS = (
    _operation("create_subaccount", "POST", "subaccounts", create_subaccount, body=Empty, is_body_optional=True,
               status=201, scope=WRITE),
    _operation("get_subaccount_balances", "GET", "subaccounts/balances", get_balances),
    _operation("get_subaccount_netting", "GET", "subaccounts/netting", get_netting),
    _operation("update_subaccount_netting", "PUT", "subaccounts/netting", set_netting, body=SetNetting, scope=WRITE),
    _operation("apply_subaccount_transfer", "POST", "subaccounts/transfer", move_between_subaccounts,
               body=SubaccountMove, scope=TRANSFER),
    _operation("get_subaccount_transfers", "GET", "subaccounts/transfers", get_moves_between_subaccounts,
               query=MovesOfSubaccounts),
    _operation("intra_exchange_instance_transfer", "POST", "intra_exchange_instance_transfer", move_between_shards,
               body=ShardMove, scope=TRANSFER),
    _operation("get_intra_exchange_instance_transfers", "GET", "intra_exchange_instance_transfers",
               get_moves_between_shards, query=MovesOfShards),
    _operation("get_intra_exchange_instance_transfer", "GET", "intra_exchange_instance_transfers/{transfer_id}",
               get_move_between_shards),
    _operation("get_target_balance_allocation", "GET", "target_balance_allocation", get_shares),
    _operation("set_target_balance_allocation", "POST", "target_balance_allocation", set_shares, body=Shares,
               scope=TRANSFER),
)  # fmt: skip
