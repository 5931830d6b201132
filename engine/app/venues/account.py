"""`fixlane account`: cash, positions, resting orders and fills, as the venue tells them.

Errors  EngineError where a list is incomplete: half of an account is not shown as one.
"""

import time
from argparse import Namespace
from typing import TypeVar

from engine.app.venues.connection import account_dialect, connected, section_of, warn_of_oddities
from engine.app.venues.tables import Column, Rows, moment, money, price, show, size
from engine.errors import ConfigError
from engine.fix import BUY
from engine.net.rest.client import RestClient
from engine.venue.account import AccountDialect, VenueBalance, VenueFill, VenueOrder, VenuePosition
from engine.venue.rest import PagedCall

T = TypeVar("T")

_DAY_NS = 24 * 3_600 * 10**9
_CASH = (Column("shard"), Column("cash", True))
_POSITIONS = (Column("ticker"), Column("position", True), Column("realized", True), Column("fees", True))
_ORDERS = (
    Column("ticker"), Column("side"), Column("price", True), Column("left", True), Column("filled", True),
    Column("changed"), Column("client order id"), Column("order id"), Column("shard", True),
)  # fmt: skip
_FILLS = (
    Column("time"), Column("ticker"), Column("side"), Column("price", True), Column("size", True),
    Column("fee", True), Column("role"), Column("order id"), Column("trade id"),
)  # fmt: skip


def run(arguments: Namespace) -> int:
    """Print what was asked for."""
    if arguments.form == "csv" and arguments.part is None:
        raise ConfigError("--csv takes one list: name --orders, --fills or --positions beside it")
    section = section_of(arguments)
    dialect = account_dialect(section)
    parts: dict[str, Rows] = {}

    async def work(client: RestClient) -> None:
        """Read one part, or all but the fills."""
        part = arguments.part
        if part is None:
            parts["cash"] = _cash(await client.call(dialect.balance()))
        if part in (None, "positions"):
            parts["positions"] = await _positions(client, dialect)
        if part in (None, "orders"):
            parts["orders"] = _orders(await _all(client, dialect.open_orders()))
        if part == "fills":
            since_ns = time.time_ns() - arguments.days * _DAY_NS
            parts["fills"] = _fills(await _all(client, dialect.fills(since_ns)))

    connected(section, work)
    warn_of_oddities(dialect)
    show(parts, arguments.form)
    return 0


async def _all(client: RestClient, paged: PagedCall[T]) -> list[T]:
    return (await client.all(paged)).complete()


async def _positions(client: RestClient, dialect: AccountDialect) -> Rows:
    found: list[VenuePosition] = await _all(client, dialect.positions())
    rows = [(each.symbol, size(each.net), money(each.realized), money(each.fees or 0)) for each in found]
    return Rows(_POSITIONS, rows)


def _cash(balance: VenueBalance) -> Rows:
    shards = [(str(shard), money(cash)) for shard, cash in sorted(balance.shards.items())]
    return Rows(_CASH, [*shards, ("all", money(balance.cash))])


def _orders(found: list[VenueOrder]) -> Rows:
    rows = [
        (
            each.symbol, _side(each.side), price(each.price), size(each.leaves_qty), size(each.cum_qty),
            moment(each.updated_ns), each.cl_ord_id, each.order_id, each.shard,
        )
        for each in found
    ]  # fmt: skip
    return Rows(_ORDERS, rows)


def _fills(found: list[VenueFill]) -> Rows:
    rows = [
        (
            moment(each.time_ns), each.symbol, _side(each.side), price(each.price), size(each.qty), money(each.fee),
            "taker" if each.is_taker else "maker", each.order_id, each.trade_id,
        )
        for each in found
    ]  # fmt: skip
    return Rows(_FILLS, rows)


def _side(side: int) -> str:
    return "buy" if side == BUY else "sell"
