"""The six kinds of session: port, CompID, what each takes, and whether it sends messages again.

Source  Kalshi FIX: endpoints, message matrix, sequence numbers and recovery.
"""

from typing import NamedTuple

from engine import fix

BEGIN_STRING, APPL_VER_ID = "FIXT.1.1", "9"  # FIX 5.0 SP2


class GatewayKind(NamedTuple):
    """One kind: `takes` holds the MsgTypes of its application messages; `recovers` says whether they are sent again."""

    comp_id: str
    port: int
    recovers: bool
    takes: frozenset[str]
    has_orders: bool = False  # 8013, 20126 and the flags of execution reports mean something here
    on_request: bool = False  # an account has it only where the venue has enabled it


_ORDERS = ("D", "F", "G", "UOG")
NR = GatewayKind("KalshiNR", 8228, False, frozenset((*_ORDERS, fix.Msg.ORDER_MASS_CANCEL_REQUEST, "U1")), True)
DC = GatewayKind("KalshiDC", 8229, False, frozenset(("U1",)))
RT = GatewayKind("KalshiRT", 8230, True, frozenset((*_ORDERS, "R", "UA", "UE")), True, True)
PT = GatewayKind("KalshiPT", 8231, True, frozenset(), False, True)
RFQ = GatewayKind("KalshiRFQ", 8232, False, frozenset(("S", "Z", "U7")))
MD = GatewayKind("KalshiMD", 8233, False, frozenset(("V", "e")))
KINDS = (NR, DC, RT, PT, RFQ, MD)
