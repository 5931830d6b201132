"""The six kinds of session that Kalshi serves: where each is, what it carries, and how its Logon begins.

Errors  none: a name or port that is of no kind gives None.
Source  Kalshi FIX: endpoints, message matrix, Logon, sequence numbers.
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.fix import Msg
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.tags import KalshiMsg

DEMO, PROD = "demo", "prod"
ENVIRONMENTS = (DEMO, PROD)

_ORDER_HOSTS = {DEMO: "fix.demo.kalshi.co", PROD: "mm.fix.elections.kalshi.com"}
_DATA_HOSTS = {DEMO: "marketdata.fix.demo.kalshi.co", PROD: "marketdata.fix.elections.kalshi.com"}
_ADMIN = frozenset({Msg.LOGON, Msg.HEARTBEAT, Msg.TEST_REQUEST, Msg.REJECT, Msg.LOGOUT, Msg.BUSINESS_MESSAGE_REJECT})
_RESENDS = frozenset({Msg.RESEND_REQUEST, Msg.SEQUENCE_RESET})
_ORDERS = frozenset({Msg.NEW_ORDER_SINGLE, Msg.ORDER_CANCEL_REQUEST, Msg.ORDER_CANCEL_REPLACE_REQUEST})
_REPORTS = frozenset({Msg.EXECUTION_REPORT, Msg.ORDER_CANCEL_REJECT})
_GROUPS = frozenset({KalshiMsg.ORDER_GROUP_REQUEST, KalshiMsg.ORDER_GROUP_RESPONSE})
_MASS = frozenset({Msg.ORDER_MASS_CANCEL_REQUEST, Msg.ORDER_MASS_CANCEL_REPORT})
_DROP_COPY = frozenset({
    KalshiMsg.EVENT_RESEND_REQUEST, KalshiMsg.EVENT_RESEND_COMPLETE, KalshiMsg.EVENT_RESEND_REJECT,
})  # fmt: skip
_SETTLEMENT = frozenset({KalshiMsg.MARKET_SETTLEMENT_REPORT})
_DATA = frozenset({
    KalshiMsg.MARKET_DATA_REQUEST, KalshiMsg.MARKET_DATA_SNAPSHOT, KalshiMsg.MARKET_DATA_INCREMENT,
    KalshiMsg.MARKET_DATA_REJECT, KalshiMsg.SECURITY_STATUS_REQUEST, KalshiMsg.SECURITY_STATUS,
})  # fmt: skip
_CREATOR = frozenset({
    KalshiMsg.QUOTE_REQUEST, KalshiMsg.QUOTE_REQUEST_ACK, KalshiMsg.QUOTE, KalshiMsg.ACCEPT_QUOTE,
    KalshiMsg.ACCEPT_QUOTE_STATUS, KalshiMsg.RFQ_CANCEL, KalshiMsg.RFQ_CANCEL_STATUS, KalshiMsg.QUOTE_REQUEST_REJECT,
})  # fmt: skip
_MAKER = frozenset({
    KalshiMsg.QUOTE_REQUEST, KalshiMsg.QUOTE, KalshiMsg.QUOTE_STATUS_REPORT, KalshiMsg.QUOTE_CANCEL,
    KalshiMsg.QUOTE_CANCEL_STATUS, KalshiMsg.QUOTE_CONFIRM, KalshiMsg.QUOTE_CONFIRM_STATUS,
    KalshiMsg.QUOTE_REQUEST_REJECT,
})  # fmt: skip

# What the order dialect counts on; the last three change when reports come, the others what they say.
_FORM = (tags.UseDollars, tags.PreserveOriginalOrderQty, tags.UseExpiredOrdStatus)
_ORDER_FLAGS = (
    tags.CancelOrdersOnDisconnect,
    tags.UseDollars,
    tags.EnableIocCancelReport,  # else a partly filled IOC just stops
    tags.PreserveOriginalOrderQty,  # else OrderQty(38) is LeavesQty + CumQty
    tags.UseExpiredOrdStatus,
    tags.AlwaysEmitNewBeforeTrade,  # else the acknowledgement may hide in the first fill
)
_ANYWHERE = frozenset({*_ORDER_FLAGS, tags.SkipPendingExecReports, tags.SplitCollateralReturn, tags.UseCapReservation})


class KalshiKind(NamedTuple):
    """One kind. `flags` are the fields of Logon that it may have beside the standard, `recommended` those it gets.

    `resets` says that its Logon must ask for numbers from 1, ResetSeqNumFlag(141)=Y, and that nothing is ever resent.
    """

    name: str
    target_comp_id: str
    port: int
    hosts: Mapping[str, str]  # by environment
    resets: bool
    messages: frozenset[str]  # MsgType(35) of either direction
    flags: frozenset[int]
    recommended: tuple[int, ...]

    @property
    def takes_orders(self) -> bool:
        """Whether orders are placed here."""
        return Msg.NEW_ORDER_SINGLE in self.messages

    @property
    def can_listen(self) -> bool:
        """Whether it can be a read-only copy of the account's reports, ListenerSession(20126)=Y."""
        return tags.ListenerSession in self.flags


KINDS = (
    KalshiKind(
        "NR", "KalshiNR", 8228, _ORDER_HOSTS, True, _ADMIN | _ORDERS | _MASS | _REPORTS | _GROUPS | _SETTLEMENT,
        _ANYWHERE | {tags.ListenerSession, tags.ReceiveSettlementReports}, _ORDER_FLAGS,
    ),
    KalshiKind(
        "DC", "KalshiDC", 8229, _ORDER_HOSTS, True, _ADMIN | _DROP_COPY | {Msg.EXECUTION_REPORT}, _ANYWHERE, _FORM
    ),
    KalshiKind(
        "RT", "KalshiRT", 8230, _ORDER_HOSTS, False,
        _ADMIN | _RESENDS | _ORDERS | _REPORTS | _GROUPS | _SETTLEMENT | _CREATOR,
        _ANYWHERE | {tags.ListenerSession, tags.ReceiveSettlementReports, tags.MessageRetentionPeriod}, _ORDER_FLAGS,
    ),
    KalshiKind(
        "PT", "KalshiPT", 8231, _ORDER_HOSTS, False, _ADMIN | _RESENDS | _SETTLEMENT,
        _ANYWHERE | {tags.ReceiveSettlementReports, tags.MessageRetentionPeriod}, (tags.ReceiveSettlementReports,),
    ),
    KalshiKind("RFQ", "KalshiRFQ", 8232, _ORDER_HOSTS, True, _ADMIN | _MAKER, _ANYWHERE, (tags.UseDollars,)),
    KalshiKind("MD", "KalshiMD", 8233, _DATA_HOSTS, True, _ADMIN | _DATA, _ANYWHERE, ()),
)  # fmt: skip
BY_NAME = {kind.name: kind for kind in KINDS}
BY_COMP_ID = {kind.target_comp_id: kind for kind in KINDS}
BY_PORT = {kind.port: kind for kind in KINDS}


def is_sender(comp_id: str, kind: KalshiKind) -> bool:
    """Return whether SenderCompID(49) of a message is that of a session's venue: one page says the plain name."""
    return comp_id in (kind.target_comp_id, "Kalshi")
