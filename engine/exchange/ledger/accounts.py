"""Accounts: their cash, their records, and the queries of both.

Units   as in `records`. A filter's `min_ns` counts and its `max_ns` does not; an empty text and 0 filter nothing.
Errors  none: an account that was never opened has nothing.
Cost    a query O(records of the account).
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import count

from engine.exchange.account_events import AccountEvent, BalanceChanged
from engine.exchange.ledger.archive import newest_first
from engine.exchange.ledger.history import Cutoffs, History
from engine.exchange.ledger.holdings import Holdings
from engine.exchange.ledger.records import (
    BalanceRecord,
    FillRecord,
    OrderRecord,
    PositionRecord,
    SettlementRecord,
    TransferRecord,
)

PRECISION = 100  # of a direct member's balance: $0.0001


class Accounts:
    """Accounts by name. Those of the house have neither history nor bounds: they trade on credit."""

    def __init__(self, *, house: Iterable[str] = ()) -> None:
        self.holdings: dict[str, Holdings] = {}
        self.histories: defaultdict[str, History] = defaultdict(History)
        self.order_records: dict[str, OrderRecord] = {}  # by OrderID(37), those that are not in the archive
        self.cutoffs = Cutoffs()
        self._house = frozenset(house)
        self._numbers = count(1)

    def open(self, account: str, precision: int = PRECISION) -> Holdings:
        """Open an account, or return the one that there is. `precision` is that of its balance, in money."""
        holdings = self.holdings.get(account)
        if holdings is None:
            holdings = self.holdings[account] = Holdings(account, precision)
        return holdings

    def is_house(self, account: str) -> bool:
        """Return whether an account is the venue's own, and trades on credit."""
        return account in self._house

    # Cash

    def balance(self, account: str, shard: int) -> BalanceRecord:
        """Return the cash of an account on one shard."""
        holdings = self.open(account)
        cash, resting = holdings.cash.get(shard, 0), holdings.resting(shard)
        return BalanceRecord(account=account, shard=shard, cash=cash, resting=resting, updated_ns=holdings.updated_ns)

    def balances(self, account: str) -> list[BalanceRecord]:
        """Return the cash of an account on every shard that it has been on, by shard."""
        return [self.balance(account, shard) for shard in sorted(self.open(account).cash)]

    def deposit(self, account: str, shard: int, amount: int, now_ns: int) -> list[AccountEvent]:
        """Bring cash in, or below 0 take it out."""
        self.histories[account].transfers.add(self._transfer(("", shard), (account, shard), amount, "", now_ns))
        return [self._add_cash(account, shard, amount, now_ns)]

    def transfer(
        self, source: tuple[str, int], destination: tuple[str, int], amount: int, transfer_id: str, now_ns: int
    ) -> list[AccountEvent]:
        """Move cash between two places, each (account, shard); do nothing unless the source has as much free."""
        if not 0 < amount <= self.balance(*source).free:
            return []
        record = self._transfer(source, destination, amount, transfer_id, now_ns)
        for account in {source[0], destination[0]}:
            self.histories[account].transfers.add(record)
        return [self._add_cash(*source, -amount, now_ns), self._add_cash(*destination, amount, now_ns)]

    def _transfer(
        self, source: tuple[str, int], destination: tuple[str, int], amount: int, transfer_id: str, now_ns: int
    ) -> TransferRecord:
        number = next(self._numbers)
        return TransferRecord(
            number=number,
            transfer_id=transfer_id or f"transfer-{number}",
            source=source[0],
            source_shard=source[1],
            destination=destination[0],
            destination_shard=destination[1],
            amount=amount,
            time_ns=now_ns,
        )

    def _add_cash(self, account: str, shard: int, amount: int, now_ns: int) -> BalanceChanged:
        holdings = self.open(account)
        holdings.cash[shard] += amount
        holdings.updated_ns = now_ns
        return BalanceChanged(account=account, shard=shard, cash=holdings.cash[shard], now_ns=now_ns)

    # Records, newest first

    def order(self, account: str, order_id: str) -> OrderRecord | None:
        """Return an order of the account that is not in the archive; None if it has no such."""
        record = self.order_records.get(order_id)
        return record if record is not None and record.account == account else None

    def orders(
        self,
        account: str,
        *,
        status: str = "",
        symbol: str = "",
        min_ns: int = 0,
        max_ns: int = 0,
        archived: bool = False,
    ) -> list[OrderRecord]:
        """Return orders by when they were entered; `status` is one of `RestingStatus`."""
        shelf = self.histories[account].orders
        records = list(shelf.archived if archived else shelf.recent)
        if not archived and account in self.holdings:
            records += [record for market in self.holdings[account].open.values() for record in market.values()]
        records.sort(key=lambda record: record.number)
        return newest_first(
            records,
            lambda record: (
                status in ("", record.rest_status)
                and symbol in ("", record.symbol)
                and _is_within(record.created_ns, min_ns, max_ns)
            ),
        )

    def fills(
        self,
        account: str,
        *,
        symbol: str = "",
        order_id: str = "",
        min_ns: int = 0,
        max_ns: int = 0,
        archived: bool = False,
    ) -> list[FillRecord]:
        """Return fills."""
        shelf = self.histories[account].fills
        return newest_first(
            shelf.archived if archived else shelf.recent,
            lambda record: (
                symbol in ("", record.symbol)
                and order_id in ("", record.order_id)
                and _is_within(record.time_ns, min_ns, max_ns)
            ),
        )

    def settlements(
        self, account: str, *, symbol: str = "", event: str = "", min_ns: int = 0, max_ns: int = 0
    ) -> list[SettlementRecord]:
        """Return the settlements of positions."""
        return newest_first(
            self.histories[account].settlements.recent,
            lambda record: (
                symbol in ("", record.symbol)
                and event in ("", record.event)
                and _is_within(record.time_ns, min_ns, max_ns)
            ),
        )

    def positions(
        self, account: str, *, symbol: str = "", event: str = "", settled: bool = False, archived: bool = False
    ) -> list[PositionRecord]:
        """Return the positions of markets that are not settled, or of those that are, by when they changed last."""
        shelf = self.histories[account].positions
        held = list(self.open(account).positions.values())
        records = list(shelf.archived) if archived else list(shelf.recent) if settled else held
        records.sort(key=lambda record: record.updated_ns)
        return newest_first(records, lambda record: symbol in ("", record.symbol) and event in ("", record.event))

    def transfers(self, account: str) -> list[TransferRecord]:
        """Return how cash was moved."""
        return newest_first(self.histories[account].transfers.recent, lambda record: True)

    def archive(self, cutoffs: Cutoffs) -> None:
        """Move what was over before these times into the archive; open orders and unsettled positions never go."""
        self.cutoffs = cutoffs
        for history in self.histories.values():
            self._forget(history.orders.archive(lambda record: record.updated_ns < cutoffs.orders_ns))
            history.fills.archive(lambda record: record.time_ns < cutoffs.trades_ns)
            history.settlements.archive(lambda record: record.time_ns < cutoffs.settled_ns)
            history.positions.archive(lambda record: record.updated_ns < cutoffs.positions_ns)

    def _forget(self, records: Iterable[OrderRecord]) -> None:
        for record in records:
            del self.order_records[record.order_id]


def _is_within(time_ns: int, min_ns: int, max_ns: int) -> bool:
    return min_ns <= time_ns and (not max_ns or time_ns < max_ns)
