"""What a report of Kalshi says of a fill beyond what orders and money need, read only when somebody asks.

Units   quantities in 0.01 contract, money in 10**-6 dollar, as in the venue's instruments.
Shapes  a position is net: YES contracts, or NO contracts below 0.
Errors  DecodeError for a number that cannot be read.
Cost    none on the path: the message is read a second time, about 9 us, while it is still there.
Source  Kalshi FIX: ExecutionReport(8).
"""

from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

from engine import fix
from engine.codec import Fields
from engine.venue.fill_details import NOWHERE, FillDetails
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import MONEY_DECIMALS, PRICE_DECIMALS, SIZE_DECIMALS, entries, money_of, number

DOLLAR = 10**PRICE_DECIMALS  # what one contract pays at most
CASH_TOLERANCE = 10**MONEY_DECIMALS // 100  # a cent: the coarser of the precisions that an account may have

_COLLATERAL = (tags.CollateralAmountChange, tags.CollateralAmountType)
_FEES = (fix.MiscFeeAmt, fix.MiscFeeCurr, fix.MiscFeeType, tags.MiscFeeBasis)
_EASTERN = ZoneInfo("America/New_York")
_S = 1_000_000_000


def fill_details(fields: Fields) -> FillDetails | None:
    """Return the details of a fill; None for a message that is no fill."""
    if fields.msg_type != fix.Msg.EXECUTION_REPORT or fields.text(fix.ExecType) != fix.Exec.TRADE:
        return None
    changes = [dict(each) for each in entries(fields, tags.NoCollateralAmountChanges, _COLLATERAL)]
    net, cash = net_of(fields), _change(changes, "BALANCE")
    returned = (
        fields.decimal(tags.SingleMarketCollateralReturn, MONEY_DECIMALS, 0),
        fields.decimal(tags.RangedMarketCollateralReturn, MONEY_DECIMALS, 0),
    )
    date = fields.text(tags.ClearingBusinessDate)
    return FillDetails(
        trade_id=fields.text(tags.TrdMatchID),
        symbol=fields.text(fix.Symbol),
        shard=fields.integer(tags.LastMkt, NOWHERE),
        net_after=net,
        cash=cash,
        payout=_change(changes, "PAYOUT"),
        returned=returned,
        is_taker={"Y": True, "N": False}.get(fields.text(fix.AggressorIndicator)),
        business_date=date,
        subaccount=fields.integer(tags.AllocAccount, 0),
        contradictions=tuple(filter(None, [_both_sides(fields), _another_date(fields, date)])),
        cash_contradiction=_another_cash(fields, net, cash, returned),
    )


def net_of(fields: Fields) -> int | None:
    """Return LongQty(704) less ShortQty(705); None where neither is there."""
    if tags.LongQty not in fields and tags.ShortQty not in fields:
        return None
    long, short = number(fields, tags.LongQty, SIZE_DECIMALS), number(fields, tags.ShortQty, SIZE_DECIMALS)
    return (long or 0) - (short or 0)


def cash_of_fill(side: int, price: int, qty: int, net_after: int) -> int:
    """Return what a fill does to the cash of an account that holds full collateral, before its fee.

    A buyer pays the price and a seller has it; a short contract binds the dollar that it may cost.
    """
    signed = qty if side == fix.BUY else -qty
    bound = max(-net_after, 0) - max(signed - net_after, 0)
    cash: int = -signed * price - bound * DOLLAR
    return cash


def _change(changes: list[dict[int, str]], kind: str) -> int | None:
    amounts = [money_of(each, tags.CollateralAmountChange) for each in changes if each.get(_COLLATERAL[1]) == kind]
    return sum(amounts) if amounts else None


def _both_sides(fields: Fields) -> str:
    """Return why the position is none: a market is held long or short."""
    long, short = number(fields, tags.LongQty, SIZE_DECIMALS), number(fields, tags.ShortQty, SIZE_DECIMALS)
    return f"LongQty(704) {long} and ShortQty(705) {short} at once" if long and short else ""


def _another_date(fields: Fields, date: str) -> str:
    """Return why ClearingBusinessDate(715) is not the Eastern date of TransactTime(60)."""
    if not date or fix.TransactTime not in fields:
        return ""
    at = datetime.fromtimestamp(fields.timestamp_ns(fix.TransactTime, 0) // _S, UTC)
    eastern = at.astimezone(_EASTERN).strftime("%Y%m%d")
    return "" if date == eastern else f"ClearingBusinessDate(715) is {date}, TransactTime(60) is of {eastern} there"


def _another_cash(fields: Fields, net: int | None, cash: int | None, returned: tuple[int, int]) -> str:
    """Return why the change of the balance is not what price, size and position make.

    Whether it has the fee and what netting gave back in it is nowhere written for certain: each reading is taken.
    """
    price, qty = number(fields, fix.LastPx, PRICE_DECIMALS), number(fields, fix.LastQty, SIZE_DECIMALS)
    if net is None or cash is None or price is None or qty is None:
        return ""
    fees = [dict(each) for each in entries(fields, fix.NoMiscFees, _FEES)]
    fee = sum(money_of(each, fix.MiscFeeAmt) for each in fees)
    plain = cash_of_fill(fields.integer(fix.Side, 0), price, qty, net)
    readings = [plain + sum(parts) for parts in product((0, -fee), (0, returned[0]), (0, returned[1]))]
    if any(abs(cash - each) <= CASH_TOLERANCE for each in readings):
        return ""
    return f"CollateralAmountChange(1704) of BALANCE is {cash}, price, size and position make {plain}, the fee is {fee}"
