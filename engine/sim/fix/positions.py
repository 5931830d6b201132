"""RequestForPositions(AN) of FIX 4.4 and what answers it: an ack, then a report for each market that is held.

Units   sizes as in `instrument`; times in ns since 1970.
Shapes  bodies as in `reports`; an account is its CompID, and may ask for itself alone.
Source  FIX 4.4 volume 5: RequestForPositions(AN), RequestForPositionsAck(AO), PositionReport(AP).
"""

from collections.abc import Mapping

from engine import fix
from engine._decimal import format_decimal
from engine.codec import Fields
from engine.instrument import Instrument
from engine.sim.fix.reports import decimals, utc_timestamp

POSITIONS = "0"  # PosReqType(724)
VALID, INVALID, NONE_FOUND, NOT_AUTHORIZED = 0, 1, 2, 3  # PosReqResult(728)
COMPLETED, REJECTED = 0, 2  # PosReqStatus(729)


def answer_positions(
    fields: Fields, held: Mapping[str, int], instruments: Mapping[str, Instrument], now_ns: int
) -> list[str]:
    """Return the bodies that answer a request of one who holds so many contracts by market, short below 0."""
    request_id, account = fields.text(fix.PosReqID), fields.text(fix.SenderCompID)
    named = f"710={request_id}\x01"
    whose = f"453=1\x01448={account}\x01447=D\x01452=24\x011={account}\x01581=1\x01"
    if fields.text(fix.Account) != account:
        return [_ack(named, whose, NOT_AUTHORIZED, f"Account(1) {fields.text(fix.Account)} is another's")]
    if fields.text(fix.PosReqType) != POSITIONS:
        return [_ack(named, whose, INVALID, f"PosReqType(724) unsupported: {fields.text(fix.PosReqType)}")]
    shown = {symbol: net for symbol, net in sorted(held.items()) if net}
    named += f"727={len(shown)}\x01"
    day = utc_timestamp(now_ns).partition("-")[0]
    reports = [
        f"35=AP\x01721={request_id}-{number}\x01{named}724=0\x01728={VALID}\x01715={day}\x01{whose}55={symbol}\x01"
        f"730=0\x01731=2\x01734=0\x01{_quantity(net, instruments.get(symbol))}753=1\x01707=CASH\x01708=0\x01"
        for number, (symbol, net) in enumerate(shown.items(), 1)
    ]
    return [_ack(named, whose, VALID if shown else NONE_FOUND), *reports]


def _ack(named: str, whose: str, result: int, text: str = "") -> str:
    request_id = named.partition("\x01")[0].removeprefix("710=")
    status = REJECTED if result in (INVALID, NOT_AUTHORIZED) else COMPLETED
    body = f"35=AO\x01721={request_id}-0\x01{named}728={result}\x01729={status}\x01{whose}"
    return body + (f"58={text}\x01" if text else "")


def _quantity(net: int, instrument: Instrument | None) -> str:
    """Return PositionQty of a net position."""
    long, short = (format_decimal(max(qty, 0), decimals(instrument)[1]) for qty in (net, -net))
    return f"702=1\x01703=TQ\x01704={long}\x01705={short}\x01"
