"""What the ledger must know of markets, and what a trade costs an account.

Units   as in `instrument`.
Source  Kalshi market model: fees (rounding), collateral, shards.
"""

from collections.abc import Sequence
from typing import Protocol

from engine.exchange.market import RestingOrder


class Netting:
    """How the markets of an event exclude each other, in the venue's words; NONE where they do not."""

    NONE = ""
    EXCLUSIVE = "MECNET"  # at most one of them comes true
    DIRECTIONAL = "DIRECNET"  # in the order of their strikes: where one comes true, so do all before it


class MarketTerms(Protocol):
    """Where a market belongs. KeyError for one that nobody has listed."""

    def event_of(self, symbol: str) -> str:
        """Return the event of a market."""

    def shard_of(self, symbol: str) -> int:
        """Return the shard of a market."""

    def limit_of(self, symbol: str) -> int:
        """Return what a contract pays that comes true, in price units."""

    def netting_of(self, event: str) -> tuple[str, Sequence[tuple[str, bool | None]]]:
        """Return how the markets of an event exclude each other, and each of them, the lowest strike first.

        Of each also whether it came true: None while nobody knows, or where it was neither yes nor no.
        """

    def fee_of(self, symbol: str, price: int, qty: int, is_taker: bool, now_ns: int) -> int:
        """Return the trade fee, before an account's rounding."""


def charged(order: RestingOrder, trade_fee: int, revenue: int, precision: int) -> int:
    """Return what a fill costs an account whose balance is counted in units of `precision`; never negative.

    `revenue` is below 0 for who pays. The order keeps what was rounded until whole units of it are paid back.
    """
    rounding = (revenue - trade_fee) % precision
    accumulated = order.fee_rest + rounding
    gross = trade_fee + rounding
    rebate = min(accumulated, gross) // precision * precision
    order.fee_rest = accumulated - rebate
    return gross - rebate
