"""Settlements of markets as KalshiPT, KalshiRT and KalshiNR report them, in fragments that belong together.

Units   the price of a contract in 10**-4 dollar, quantities in 0.01 contract, money in 10**-6 dollar.
Shapes  what is paid for a market is the sum over the parties of all its fragments; the revenue is before the fee.
Errors  DecodeError for a fragment that cannot be read, or that contradicts the others of its market.
Source  Kalshi FIX: settlement (UMS). SettlementPrice(730) is in cents whatever the Logon says, PAYOUT net of the fee.
"""

from collections.abc import Container

import msgspec

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError
from engine.venue.account import VenueSettlement
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import (
    PRICE_DECIMALS,
    Entry,
    entries,
    money_of,
    needed,
    nested,
    number,
    one_of,
    size_of,
    time_ns,
)

RESULTS = ("yes", "no", "scalar")
ONE = 10**PRICE_DECIMALS  # dollar
MOST_OPEN = 100_000  # fragments that wait for the rest of their market

_CENT_DECIMALS = PRICE_DECIMALS - 2
_COLLATERAL = (tags.CollateralAmountChange, tags.CollateralAmountType)
_FEE = (fix.MiscFeeAmt, fix.MiscFeeCurr, fix.MiscFeeType, tags.MiscFeeBasis)
_PARTY = frozenset({
    tags.MarketSettlementPartyID, tags.MarketSettlementPartyRole, tags.LongQty, tags.ShortQty,
    tags.NoCollateralAmountChanges, *_COLLATERAL, fix.NoMiscFees, *_FEE,
})  # fmt: skip


class SettledParty(msgspec.Struct, frozen=True, kw_only=True):
    """What one account had in the market, and what it was paid: `payout` is net of the fee."""

    party_id: str
    yes_qty: int
    no_qty: int
    payout: int
    fee: int


class SettlementFragment(msgspec.Struct, frozen=True, kw_only=True):
    """One MarketSettlementReport. `fragments` is how many a market has in all, 0 where it does not say."""

    report_id: str
    symbol: str
    result: str
    price: int
    business_date: str
    fragments: int
    is_last: bool
    parties: tuple[SettledParty, ...]
    sent_ns: int


def read_settlement(fields: Fields) -> SettlementFragment:
    """Return a MarketSettlementReport(UMS)."""
    result = one_of(fields, tags.MarketResult, RESULTS)
    needed(fields, tags.SettlementPrice)
    price = number(fields, tags.SettlementPrice, _CENT_DECIMALS) or 0
    if not 0 <= price <= ONE or (result != "scalar" and price != {"yes": ONE, "no": 0}[result]):
        text = fields.text(tags.SettlementPrice)
        raise DecodeError(f"MsgType(35) UMS: SettlementPrice(730) {text} cents cannot be of the result {result!r}")
    return SettlementFragment(
        report_id=needed(fields, tags.MarketSettlementReportID),
        symbol=needed(fields, fix.Symbol),
        result=result,
        price=price,
        business_date=fields.text(tags.ClearingBusinessDate),
        fragments=fields.integer(tags.TotNumMarketSettlementReports, 0),
        is_last=_is_last(fields),
        parties=tuple(_party(each) for each in entries(fields, tags.NoMarketSettlementPartyIDs, _PARTY)),
        sent_ns=time_ns(fields),
    )


def _is_last(fields: Fields) -> bool:
    """Return whether nothing follows: as it says, or where it says nothing of other fragments at all."""
    says_nothing = tags.LastFragment not in fields and tags.TotNumMarketSettlementReports not in fields
    return says_nothing or fields.text(tags.LastFragment) == "Y"


def _party(entry: Entry) -> SettledParty:
    single = {tag: text for tag, text in entry if tag not in (*_COLLATERAL, *_FEE)}
    payouts = [each for each in nested(entry, _COLLATERAL) if each.get(tags.CollateralAmountType) == "PAYOUT"]
    return SettledParty(
        party_id=single.get(tags.MarketSettlementPartyID, ""),
        yes_qty=size_of(single, tags.LongQty),
        no_qty=size_of(single, tags.ShortQty),
        payout=sum(money_of(each, tags.CollateralAmountChange) for each in payouts),
        fee=sum(money_of(each, fix.MiscFeeAmt) for each in nested(entry, _FEE)),
    )


class SettlementReports:
    """Puts the fragments of each market together; `party_ids` are those that count, all where there are none.

    A fragment that comes again, as after a resend, counts once.
    """

    def __init__(self, party_ids: Container[str] = ()) -> None:
        self._party_ids = party_ids
        self._open: dict[str, dict[str, SettlementFragment]] = {}
        self._count = 0
        self._done: dict[str, int] = {}  # price by symbol, of the latest

    def take(self, fragment: SettlementFragment) -> VenueSettlement | None:
        """Return what a market has paid once its fragments are all here; None before that, and for one known."""
        if fragment.symbol in self._done:
            self._prove_again(fragment)
            return None
        found = self._open.setdefault(fragment.symbol, {})
        self._prove_same(fragment, found)
        if fragment.report_id not in found:
            found[fragment.report_id] = fragment
            self._count += 1
        if self._count > MOST_OPEN:
            raise DecodeError(f"MsgType(35) UMS: more than {MOST_OPEN} fragments of markets that are not whole")
        return self._settled(found) if _is_whole(found) else None

    def waiting(self) -> list[str]:
        """Return the markets whose fragments are not all here."""
        return list(self._open)

    def _prove_again(self, fragment: SettlementFragment) -> None:
        if self._done[fragment.symbol] != fragment.price:
            before = self._done[fragment.symbol]
            raise DecodeError(f"MsgType(35) UMS: {fragment.symbol} pays {fragment.price}, it was settled at {before}")

    def _prove_same(self, fragment: SettlementFragment, found: dict[str, SettlementFragment]) -> None:
        for other in found.values():
            if (other.price, other.result) != (fragment.price, fragment.result):
                said = f"{fragment.result} at {fragment.price}, another fragment {other.result} at {other.price}"
                raise DecodeError(f"MsgType(35) UMS: {fragment.symbol} is {said}")

    def _settled(self, found: dict[str, SettlementFragment]) -> VenueSettlement:
        fragments = list(found.values())
        last = fragments[-1]
        del self._open[last.symbol]
        self._count -= len(fragments)
        self._done[last.symbol] = last.price
        if len(self._done) > MOST_OPEN:
            del self._done[next(iter(self._done))]
        parties = [each for one in fragments for each in one.parties if self._counts(each)]
        fee = sum(each.fee for each in parties)
        return VenueSettlement(
            symbol=last.symbol,
            payout=last.price,
            revenue=sum(each.payout for each in parties) + fee,
            fee=fee,
            time_ns=last.sent_ns,
            yes_qty=sum(each.yes_qty for each in parties),
            no_qty=sum(each.no_qty for each in parties),
        )

    def _counts(self, party: SettledParty) -> bool:
        return self._party_ids == () or party.party_id in self._party_ids


def _is_whole(found: dict[str, SettlementFragment]) -> bool:
    announced = max(each.fragments for each in found.values())
    return len(found) >= announced if announced else any(each.is_last for each in found.values())
