"""What changed an order last, in the words of the venue's order feed.

Source  Kalshi WebSocket: user_order, last_update_reason.
"""

from engine.exchange import refusals
from engine.exchange.events import Canceled, Expired, Replaced, Traded
from engine.exchange.ledger.records import OrderRecord

_OF_CANCELS = {
    refusals.POST_ONLY_CROSS: "PostOnlyCrossCancel",
    refusals.REDUCE_ONLY: "ReduceOnlyCancel",
    refusals.BOUNDS: "SettlementBoundsCancel",
    refusals.TAKER_STP: "SelfTradeCancel",
    refusals.MAKER_STP: "SelfTradeCancel",
    refusals.EXCHANGE_PAUSED.text: "HaltCancel",
    refusals.PAUSED.text: "HaltCancel",
}


def reason_of(event: Traded | Replaced | Canceled | Expired, before: OrderRecord) -> str:
    """Return the reason of a change to an order that stood as `before` says; empty where the venue names none."""
    if isinstance(event, Traded):
        return "Trade"
    if isinstance(event, Replaced):
        return "Decrease" if event.price == before.price and event.order_qty < before.order_qty else "Amend"
    if isinstance(event, Canceled):
        return _OF_CANCELS.get(event.text, "")
    return "ExpiryCancel" if 0 < event.expire_time_ns <= event.now_ns else "CloseCancel"
