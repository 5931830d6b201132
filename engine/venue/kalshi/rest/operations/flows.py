"""Cash that came to an account at Kalshi from outside, or left it: deposits and withdrawals.

Units   amounts and fees are whole cents, times Unix seconds.
Source  Kalshi REST operations: portfolio; objects Deposit and Withdrawal.
"""

import msgspec

from engine.venue.kalshi.rest.reading import Reader
from engine.venue.kalshi.rest.requests import pages, path, query, within
from engine.venue.rest import Page, PagedCall, Urgency

MOST_FLOWS = 500  # of a page


class KalshiFlow(msgspec.Struct, frozen=True):
    """A deposit or a withdrawal: `pending`, `applied`, `failed` or `returned`."""

    id: str
    status: str
    amount_cents: int
    fee_cents: int = 0
    type: str = ""
    created_ts: int | None = None
    finalized_ts: int | None = None


class KalshiDepositPage(msgspec.Struct, frozen=True):
    """A page of deposits."""

    deposits: list[KalshiFlow]
    cursor: str | None = None


class KalshiWithdrawalPage(msgspec.Struct, frozen=True):
    """A page of withdrawals."""

    withdrawals: list[KalshiFlow]
    cursor: str | None = None


read_deposits = Reader("get_deposits", KalshiDepositPage)
read_withdrawals = Reader("get_withdrawals", KalshiWithdrawalPage)


def deposits(*, limit: int = MOST_FLOWS) -> PagedCall[KalshiFlow]:
    """Return what asks for every deposit."""
    read, given = read_deposits.then(deposit_page), query(limit=within("limit", limit, 1, MOST_FLOWS))
    return pages(read_deposits.operation, path("portfolio", "deposits"), read, given, urgency=Urgency.RECONCILE)


def withdrawals(*, limit: int = MOST_FLOWS) -> PagedCall[KalshiFlow]:
    """Return what asks for every withdrawal."""
    read, given = read_withdrawals.then(withdrawal_page), query(limit=within("limit", limit, 1, MOST_FLOWS))
    return pages(read_withdrawals.operation, path("portfolio", "withdrawals"), read, given, urgency=Urgency.RECONCILE)


def deposit_page(page: KalshiDepositPage) -> Page[KalshiFlow]:
    """Return a page as the client reads it."""
    return Page(page.deposits, page.cursor or "")


def withdrawal_page(page: KalshiWithdrawalPage) -> Page[KalshiFlow]:
    """Return a page as the client reads it."""
    return Page(page.withdrawals, page.cursor or "")
