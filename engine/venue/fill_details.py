"""What a report says of a fill beyond what orders and money need: values to hold against ours, at each fill.

Units   prices, sizes and money as in the venue's instruments; a net position counts YES contracts, short below 0.
"""

from typing import Protocol, runtime_checkable

import msgspec

from engine.codec import Fields

NOWHERE = -1  # the shard of a report that does not say


class FillDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One fill: who it is, where it happened, what we hold after it, and what it did to the cash.

    `cash` is the change of the balance, None where the report has none; `returned` the parts inside it that netting
    gave back, within a market and across a range of them. `contradictions` says in words what of the report does not
    go together, however it is read; that of the cash stands apart, since netting it may not tell of can explain it.
    """

    trade_id: str
    symbol: str
    shard: int
    net_after: int | None
    cash: int | None
    payout: int | None
    returned: tuple[int, int]
    is_taker: bool | None
    business_date: str
    subaccount: int
    contradictions: tuple[str, ...] = ()
    cash_contradiction: str = ""


@runtime_checkable
class FillDialect(Protocol):
    """An order dialect whose reports tell more of a fill."""

    def details(self, fields: Fields) -> FillDetails | None:
        """Return what a report says of a fill beyond the report; None for one that is no fill."""
