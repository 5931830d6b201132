"""What a report of Kalshi says of a fill beyond what orders and money need, read only when somebody asks.

Units   quantities in 0.01 contract, money in 10**-6 dollar, as in the venue's instruments.
Shapes  a position is net: YES contracts, or NO contracts below 0.
Errors  DecodeError for a number that cannot be read.
Cost    none on the path: the message is read a second time, about 5 us, while it is still there.
Source  Kalshi FIX: ExecutionReport(8).
"""

import msgspec

from engine import fix
from engine.codec import Fields
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import MONEY_DECIMALS, SIZE_DECIMALS, entries, money_of, number

NOWHERE = -1  # the shard of a report that does not say

_COLLATERAL = (tags.CollateralAmountChange, tags.CollateralAmountType)


class FillDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One fill: who it is, where it happened, what we hold after it, and what it did to the cash.

    `cash` is the change of the balance, None where the report has none; `returned` the parts inside it that netting
    gave back, within a market and across a range of them.
    """

    trade_id: str
    shard: int
    net_after: int | None
    cash: int | None
    payout: int | None
    returned: tuple[int, int]
    is_taker: bool | None
    business_date: str
    subaccount: int


def fill_details(fields: Fields) -> FillDetails | None:
    """Return the details of a fill; None for a message that is no fill."""
    if fields.msg_type != fix.Msg.EXECUTION_REPORT or fields.text(fix.ExecType) != fix.Exec.TRADE:
        return None
    changes = [dict(each) for each in entries(fields, tags.NoCollateralAmountChanges, _COLLATERAL)]
    return FillDetails(
        trade_id=fields.text(tags.TrdMatchID),
        shard=fields.integer(tags.LastMkt, NOWHERE),
        net_after=net_of(fields),
        cash=_change(changes, "BALANCE"),
        payout=_change(changes, "PAYOUT"),
        returned=(
            fields.decimal(tags.SingleMarketCollateralReturn, MONEY_DECIMALS, 0),
            fields.decimal(tags.RangedMarketCollateralReturn, MONEY_DECIMALS, 0),
        ),
        is_taker={"Y": True, "N": False}.get(fields.text(fix.AggressorIndicator)),
        business_date=fields.text(tags.ClearingBusinessDate),
        subaccount=fields.integer(tags.AllocAccount, 0),
    )


def net_of(fields: Fields) -> int | None:
    """Return LongQty(704) less ShortQty(705); None where neither is there."""
    if tags.LongQty not in fields and tags.ShortQty not in fields:
        return None
    long, short = number(fields, tags.LongQty, SIZE_DECIMALS), number(fields, tags.ShortQty, SIZE_DECIMALS)
    return (long or 0) - (short or 0)


def _change(changes: list[dict[int, str]], kind: str) -> int | None:
    amounts = [money_of(each, tags.CollateralAmountChange) for each in changes if each.get(_COLLATERAL[1]) == kind]
    return sum(amounts) if amounts else None
