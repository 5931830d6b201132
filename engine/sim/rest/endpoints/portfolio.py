"""What a member has: balance, positions, settlements, deposits.

Without a subaccount a balance is that of the first, a list that of all.

Units   as in `engine.exchange.ledger.records`.
Errors  RestRefused 400 and 403 for a subaccount that cannot be, or is not the key's.
Source  Kalshi REST: account; Kalshi REST operations: portfolio.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

from engine.exchange.ledger.records import PositionRecord, TransferRecord
from engine.sim.rest.endpoints.orders_shown import event_position_shown, position_shown, settlement_shown
from engine.sim.rest.numbers import cents, from_seconds, money, seconds
from engine.sim.rest.operations import READ, Asked, Limit500, Limit1000, Operation, Query, Seconds, csv
from engine.sim.rest.pages import last_first, newest_first, page
from engine.sim.rest.refusals import bad_request
from engine.sim.rest.whose import accounts, every_account, one_account

Answer = dict[str, Any]
_COUNTS: dict[str, Callable[[PositionRecord], int]] = {
    "position": lambda position: position.net,
    "total_traded": lambda position: position.traded,
}


class BalanceQuery(Query, frozen=True, kw_only=True):
    """Whose cash, and on which shard."""

    subaccount: int | None = None
    exchange_index: int | None = None


class PositionsQuery(Query, frozen=True, kw_only=True):
    """Which positions; `count_filter` names what must not be 0."""

    cursor: str = ""
    limit: Limit1000 = 100
    count_filter: str = ""
    settlement_status: Literal["unsettled", "settled", "all"] = "unsettled"
    ticker: str = ""
    event_ticker: str = ""
    subaccount: int | None = None
    exchange_index: int | None = None


class SettlementsQuery(Query, frozen=True, kw_only=True):
    """Which settlements."""

    limit: Limit1000 = 100
    cursor: str = ""
    ticker: str = ""
    event_ticker: str = ""
    min_ts: Seconds = 0
    max_ts: Seconds = 0
    subaccount: int | None = None


class MovesQuery(Query, frozen=True, kw_only=True):
    """A page of deposits or withdrawals."""

    limit: Limit500 = 100
    cursor: str = ""


def get_balance(asked: Asked[BalanceQuery, None]) -> Answer:
    """Return the cash of an account, by shard, and what its positions are worth."""
    account, shard = one_account(asked, asked.query.subaccount), asked.query.exchange_index
    held = [one for one in asked.venue.ledger.balances(account) if shard in (None, one.shard)]
    unseen = _unseen_cash(asked, account)
    cash = {one.shard: one.cash - unseen[one.shard] for one in held}
    total = sum(cash.values())
    return {
        "balance": cents(total),
        "balance_dollars": money(total),
        "portfolio_value": cents(asked.venue.place.worth(account)),
        "updated_ts": seconds(max((one.updated_ns for one in held), default=asked.now_ns)),
        "balance_breakdown": [{"exchange_index": shard, "balance": money(amount)} for shard, amount in cash.items()],
    }


def get_positions(asked: Asked[PositionsQuery, None]) -> Answer:
    """Return positions by market and by event; those of an event are summed over the page alone."""
    query = asked.query
    return positions_page(asked, list(_positions(asked, query)))


def positions_page(asked: Asked[Any, None], found: list[PositionRecord]) -> Answer:
    """Return a page of positions."""
    query = asked.query
    part = page(
        found,
        query.limit,
        query.cursor,
        lambda position: newest_first(position.updated_ns, f"{position.symbol} {position.account}"),
        lambda position: position,
    )
    by_event: dict[str, list[PositionRecord]] = defaultdict(list)
    for position in part.items:
        by_event[position.event].append(position)
    return {
        "market_positions": [position_shown(position, _resting(asked, position)) for position in part.items],
        "event_positions": [event_position_shown(event, positions) for event, positions in by_event.items()],
        "cursor": part.cursor,
    }


def get_settlements(asked: Asked[SettlementsQuery, None]) -> Answer:
    """Return what settled markets paid, the newest first."""
    query, ledger = asked.query, asked.venue.ledger
    found = [
        settlement
        for account in accounts(asked, query.subaccount)
        for settlement in ledger.settlements(
            account,
            symbol=query.ticker,
            event=query.event_ticker,
            min_ns=from_seconds(query.min_ts),
            max_ns=from_seconds(query.max_ts),
        )
    ]
    part = page(
        found,
        query.limit,
        query.cursor,
        lambda settlement: last_first(settlement.number),
        settlement_shown,
    )
    return {"settlements": part.items, "cursor": part.cursor}


def get_resting_value(asked: Asked[Query, None]) -> Answer:
    """Return what resting orders may need, by shard."""
    by_shard: dict[int, int] = defaultdict(int)
    for account in every_account(asked):
        for balance in asked.venue.ledger.balances(account):
            by_shard[balance.shard] += balance.resting
    return {
        "total_resting_order_value": cents(sum(by_shard.values())),
        "resting_order_value_breakdown": [
            {"exchange_index": shard, "balance": money(amount)} for shard, amount in sorted(by_shard.items())
        ],
    }


def get_deposits(asked: Asked[MovesQuery, None]) -> Answer:
    """Return the cash that came in from outside."""
    return _moves(asked, "deposits", lambda transfer: transfer.amount > 0)


def get_withdrawals(asked: Asked[MovesQuery, None]) -> Answer:
    """Return the cash that left."""
    return _moves(asked, "withdrawals", lambda transfer: transfer.amount < 0)


def _moves(asked: Asked[MovesQuery, None], name: str, is_meant: Callable[[TransferRecord], bool]) -> Answer:
    found = [
        transfer
        for account in every_account(asked)
        for transfer in asked.venue.ledger.transfers(account)
        if not transfer.source and is_meant(transfer)
    ]
    part = page(
        found,
        asked.query.limit,
        asked.query.cursor,
        lambda transfer: last_first(transfer.number),
        _move_shown,
    )
    return {name: part.items, "cursor": part.cursor}


def _move_shown(transfer: TransferRecord) -> Answer:
    return {
        "id": transfer.transfer_id,
        "status": "applied",
        "type": "wire",
        "amount_cents": cents(abs(transfer.amount)),
        "fee_cents": 0,
        "created_ts": seconds(transfer.time_ns),
        "finalized_ts": seconds(transfer.time_ns),
    }


def _positions(asked: Asked[PositionsQuery, None], query: PositionsQuery) -> list[PositionRecord]:
    counts = [_COUNTS.get(name) for name in csv(query.count_filter)]
    if None in counts:
        raise bad_request("count_filter is position, total_traded, or both", "invalid_parameters")
    events = frozenset(csv(query.event_ticker))
    found = []
    for account in accounts(asked, query.subaccount):
        for settled in {"unsettled": (False,), "settled": (True,), "all": (False, True)}[query.settlement_status]:
            found += [_seen(asked, one) for one in asked.venue.ledger.positions(account, settled=settled)]
    return [
        position
        for position in found
        if query.ticker in ("", position.symbol)
        and (not events or position.event in events)
        and query.exchange_index in (None, position.shard)
        and all(count(position) for count in counts if count)
    ]


def _seen(asked: Asked[Any, None], position: PositionRecord) -> PositionRecord:
    """Return a position without the fills that are not seen yet."""
    fills = asked.venue.ledger.fills(position.account, symbol=position.symbol) if asked.records.lag.lag_ns else ()
    unseen = asked.records.lag.unseen(fills, asked.now_ns)
    return asked.records.lag.position(position, unseen)


def _unseen_cash(asked: Asked[Any, None], account: str) -> dict[int, int]:
    """Return by shard what fills that are not seen yet made of the cash."""
    cash: dict[int, int] = defaultdict(int)
    fills = asked.venue.ledger.fills(account) if asked.records.lag.lag_ns else ()
    for fill in asked.records.lag.unseen(fills, asked.now_ns):
        cash[fill.shard] += fill.balance_change
    return cash


def _resting(asked: Asked[Any, None], position: PositionRecord) -> int:
    return len(asked.venue.ledger.open(position.account).open.get(position.symbol, {}))


def _read(name: str, path: str, run: Any, query: type[Query] = Query, scope: str = READ) -> Operation:
    return Operation(name=name, method="GET", path=path, run=run, query=query, scope=scope)


OPERATIONS = (
    _read("get_balance", "/portfolio/balance", get_balance, BalanceQuery, "read::portfolio_balance"),
    _read("get_positions", "/portfolio/positions", get_positions, PositionsQuery),
    _read("get_settlements", "/portfolio/settlements", get_settlements, SettlementsQuery),
    _read("get_portfolio_resting_order_total_value", "/portfolio/summary/total_resting_order_value",
          get_resting_value),
    _read("get_deposits", "/portfolio/deposits", get_deposits, MovesQuery),
    _read("get_withdrawals", "/portfolio/withdrawals", get_withdrawals, MovesQuery),
)  # fmt: skip
