"""Subaccounts of Kalshi, and the ways that cash moves between them and between shards.

Units   balances are dollar texts; a transfer between subaccounts counts cents, one between shards $0.0001.
Source  Kalshi REST, moving collateral between shards; operations of group portfolio; objects.
"""

import re

import msgspec

from engine.venue.kalshi.rest.numbers import RequestError
from engine.venue.kalshi.rest.reading import Reader, nothing
from engine.venue.kalshi.rest.requests import (
    MOST_ITEMS,
    MOST_SHARD,
    get,
    one_of,
    pages,
    path,
    present,
    query,
    shard_of,
    subaccount_of,
    within,
    write,
)
from engine.venue.rest import Call, Page, PagedCall

INSTANCES = ("event_contract", "margined")
MOST_TRANSFERS = 500  # of a page of those between shards
MOST_AMOUNT = 2**53

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SUBACCOUNTS = ("portfolio", "subaccounts")
_SHARD_TRANSFER = "intra_exchange_instance_transfer"


class KalshiSubaccountBalance(msgspec.Struct, frozen=True):
    """The cash of one subaccount on one shard."""

    subaccount_number: int
    exchange_index: int
    balance: str
    updated_ts: int | None = None


class KalshiSubaccountBalances(msgspec.Struct, frozen=True):
    """The cash of every subaccount."""

    subaccount_balances: list[KalshiSubaccountBalance]


class KalshiNetting(msgspec.Struct, frozen=True):
    """Whether a subaccount nets across the markets of an event."""

    subaccount_number: int
    enabled: bool
    exchange_index: int | None = None


class KalshiNettings(msgspec.Struct, frozen=True):
    """The same of every subaccount."""

    netting_configs: list[KalshiNetting]


class KalshiSubaccountTransfer(msgspec.Struct, frozen=True):
    """Cash that moved between two subaccounts."""

    transfer_id: str
    from_subaccount: int
    to_subaccount: int
    amount_cents: int
    created_ts: int | None = None
    exchange_index: int | None = None


class KalshiSubaccountTransferPage(msgspec.Struct, frozen=True):
    """A page of transfers between subaccounts."""

    transfers: list[KalshiSubaccountTransfer]
    cursor: str | None = None


class KalshiShardTransfer(msgspec.Struct, frozen=True):
    """Cash that moves between two shards, `pending` or `complete`."""

    transfer_id: str
    status: str
    amount: str
    source: str | None = None
    destination: str | None = None
    source_exchange_shard: int | None = None
    destination_exchange_shard: int | None = None
    created_ts: int | None = None


class KalshiShardTransferAnswer(msgspec.Struct, frozen=True):
    """The answer to the question for one transfer between shards."""

    transfer: KalshiShardTransfer


class KalshiShardTransferPage(msgspec.Struct, frozen=True):
    """A page of transfers between shards."""

    transfers: list[KalshiShardTransfer]
    cursor: str | None = None


class KalshiTransferBegun(msgspec.Struct, frozen=True):
    """The id of a transfer between shards."""

    transfer_id: str


class KalshiSubaccountCreated(msgspec.Struct, frozen=True):
    """The number of a new subaccount."""

    subaccount_number: int


read_balances = Reader("get_subaccount_balances", KalshiSubaccountBalances)
read_nettings = Reader("get_subaccount_netting", KalshiNettings)
read_subaccount = Reader("create_subaccount", KalshiSubaccountCreated)
read_transfers = Reader("get_subaccount_transfers", KalshiSubaccountTransferPage)
read_begun = Reader(_SHARD_TRANSFER, KalshiTransferBegun)
read_shard_transfer = Reader(f"get_{_SHARD_TRANSFER}", KalshiShardTransferAnswer)
read_shard_transfers = Reader(f"get_{_SHARD_TRANSFER}s", KalshiShardTransferPage)


def balances() -> Call[list[KalshiSubaccountBalance]]:
    """Return what asks for the cash of every subaccount and shard."""
    read = read_balances.then(lambda answer: answer.subaccount_balances)
    return get(read_balances.operation, path(*_SUBACCOUNTS, "balances"), read)


def netting() -> Call[list[KalshiNetting]]:
    """Return what asks which subaccounts net across the markets of an event."""
    read = read_nettings.then(lambda answer: answer.netting_configs)
    return get(read_nettings.operation, path(*_SUBACCOUNTS, "netting"), read)


def set_netting(subaccount: int, enabled: bool) -> Call[None]:
    """Return what switches that."""
    body = {"subaccount_number": subaccount_of(subaccount), "enabled": enabled}
    return write("update_subaccount_netting", "PUT", path(*_SUBACCOUNTS, "netting"), nothing, body)


def create_subaccount(*, shard: int | None = None) -> Call[KalshiSubaccountCreated]:
    """Return what makes another subaccount."""
    body = present({"exchange_index": shard_of(shard)})
    return write(read_subaccount.operation, "POST", path(*_SUBACCOUNTS), read_subaccount, body, status=201)


def transfer(
    client_transfer_id: str, source: int, destination: int, amount_cents: int, *, shard: int | None = None
) -> Call[None]:
    """Return what moves cash between two subaccounts; the same id never moves it twice."""
    if source == destination:
        raise RequestError(f"a transfer from subaccount {source} to itself moves nothing")
    body = {
        "client_transfer_id": _uuid(client_transfer_id),
        "from_subaccount": subaccount_of(source),
        "to_subaccount": subaccount_of(destination),
        "amount_cents": within("amount_cents", amount_cents, 1, MOST_AMOUNT),
        "exchange_index": shard_of(shard),
    }
    return write("apply_subaccount_transfer", "POST", path(*_SUBACCOUNTS, "transfer"), nothing, present(body))


def transfers(*, limit: int = MOST_ITEMS) -> PagedCall[KalshiSubaccountTransfer]:
    """Return what asks for the transfers between subaccounts."""
    read = read_transfers.then(lambda page: Page(page.transfers, page.cursor or ""))
    given = query(limit=within("limit", limit, 1, MOST_ITEMS))
    return pages(read_transfers.operation, path(*_SUBACCOUNTS, "transfers"), read, given)


def shard_transfer(
    client_transfer_id: str,
    source_shard: int,
    destination_shard: int,
    amount: int,
    *,
    source: str = INSTANCES[0],
    destination: str = INSTANCES[0],
    source_subaccount: int | None = None,
    destination_subaccount: int | None = None,
) -> Call[KalshiTransferBegun]:
    """Return what moves `amount` times $0.0001 between two shards; the same id never moves it twice."""
    if (source, source_shard) == (destination, destination_shard) and source_subaccount == destination_subaccount:
        raise RequestError(f"a transfer from shard {source_shard} to itself moves nothing")
    body = {
        "source": one_of("source", source, INSTANCES),
        "destination": one_of("destination", destination, INSTANCES),
        "amount": within("amount", amount, 1, MOST_AMOUNT),
        "client_transfer_id": _uuid(client_transfer_id),
        "source_exchange_shard": within("source_exchange_shard", source_shard, 0, MOST_SHARD),
        "destination_exchange_shard": within("destination_exchange_shard", destination_shard, 0, MOST_SHARD),
        "source_subaccount": subaccount_of(source_subaccount),
        "destination_subaccount": subaccount_of(destination_subaccount),
    }
    return write(_SHARD_TRANSFER, "POST", path("portfolio", _SHARD_TRANSFER), read_begun, present(body))


def shard_transfer_of(transfer_id: str) -> Call[KalshiShardTransfer]:
    """Return what asks for one transfer between shards."""
    read = read_shard_transfer.then(lambda answer: answer.transfer)
    return get(read_shard_transfer.operation, path("portfolio", f"{_SHARD_TRANSFER}s", transfer_id), read)


def shard_transfers(*, limit: int = MOST_TRANSFERS) -> PagedCall[KalshiShardTransfer]:
    """Return what asks for the transfers between shards."""
    read = read_shard_transfers.then(lambda page: Page(page.transfers, page.cursor or ""))
    given = query(limit=within("limit", limit, 1, MOST_TRANSFERS))
    return pages(read_shard_transfers.operation, path("portfolio", f"{_SHARD_TRANSFER}s"), read, given)


def _uuid(text: str) -> str:
    if not _UUID.fullmatch(text):
        raise RequestError(f"client_transfer_id {text[:40]!r} must be a UUID, a new one for each transfer")
    return text
