"""UMS: what a settled market paid, told to the sessions that asked for it.

Shapes  one message for each account of a member that held a position, called fragments; the last says so.
Source  Kalshi FIX: market settlement.
"""

from collections.abc import Callable, Iterable

from engine import fix
from engine._decimal import format_decimal
from engine.exchange.account_events import PositionPaid
from engine.exchange.ledger.names import member_of
from engine.sim.fix.kalshi.ports import FixClient
from engine.sim.fix.kalshi.reports import eastern_date, fee_group
from engine.sim.fix.kalshi.wire import dollars, encode, qty_text
from engine.venue.kalshi.fix import tags

PAYOUT = "PAYOUT"
CUSTOMER_ACCOUNT = 24  # PartyRole(452)
_CENT_DECIMALS = 2  # of a price in units of $0.0001


class SettlementGateway:
    """Distributes settlement reports; `clients_of` returns a member's clients."""

    def __init__(self, clients_of: Callable[[str], Iterable[FixClient]]) -> None:
        self._clients_of = clients_of

    def tell(self, paid: Iterable[PositionPaid]) -> None:
        """Report the payments of one batch."""
        groups: dict[tuple[str, str], list[PositionPaid]] = {}
        for event in paid:
            groups.setdefault((member_of(event.account), event.symbol), []).append(event)
        for (member, _), fragments in groups.items():
            bodies = [
                settlement_report(fragment, len(fragments), number == len(fragments))
                for number, fragment in enumerate(fragments, 1)
            ]
            for client in self._clients_of(member):
                if client.flags.wants_settlements:
                    for body in bodies:
                        client.send(body)


def settlement_report(paid: PositionPaid, total: int = 1, is_last: bool = True) -> bytes:
    """Return the MarketSettlementReport(UMS) of one account."""
    payout = [(tags.CollateralAmountChange, dollars(paid.revenue)), (tags.CollateralAmountType, PAYOUT)]
    party = [
        (tags.MarketSettlementPartyID, paid.account),
        (tags.MarketSettlementPartyRole, CUSTOMER_ACCOUNT),
        (tags.LongQty, qty_text(paid.long_qty)),
        (tags.ShortQty, qty_text(paid.short_qty)),
        (tags.NoCollateralAmountChanges, [payout]),
        (fix.NoMiscFees, [fee_group(paid.fee)]),
    ]
    body: list[tuple[int, object]] = [
        (tags.MarketSettlementReportID, paid.report_id),
        (fix.Symbol, paid.symbol),
        (tags.ClearingBusinessDate, eastern_date(paid.now_ns)),
        (tags.MarketResult, paid.result),
        (tags.SettlementPrice, format_decimal(paid.value, _CENT_DECIMALS)),
        (tags.NoMarketSettlementPartyIDs, [party]),
        (tags.LastFragment, "Y" if is_last else "N"),
    ]
    if total > 1:
        body.append((tags.TotNumMarketSettlementReports, total))
    return encode("UMS", body)
