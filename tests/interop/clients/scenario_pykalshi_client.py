"""What pykalshi-client is asked to do: the calls of the venue's own client in its words, and the dead older form."""

from typing import Any

from tests.interop.clients.scenario import RFQS, SDK_REFUSED, Call, sdk
from tests.support.sim.kalshi_rest import GAME, RAIN

NAMED = {
    "get_series_fee_changes": "get_fee_changes",
    "batch_get_market_candlesticks": "get_batch_market_candlesticks",
    "get_market_candlesticks_by_event": "get_event_candlesticks",
    "get_event_forecast_percentiles_history": "get_forecast_percentile_history",
    "get_filters_for_sports": "get_filters_by_sport",
    "get_tags_for_series_categories": "get_tags_by_categories",
    "get_live_datas": "get_live_data_batch",
    "get_market_candlesticks_historical": "get_historical_market_candlesticks",
    "get_trades_historical": "get_historical_trades",
    "get_account_api_limits": "get_api_limits",
    "get_account_endpoint_costs": "get_endpoint_costs",
    "get_order_queue_positions": "get_queue_positions",
    "get_fills_historical": "get_historical_fills",
    "create_order_v2": "create_event_order",
    "amend_order_v2": "amend_event_order",
    "decrease_order_v2": "decrease_event_order",
    "cancel_order_v2": "cancel_event_order",
    "batch_create_orders_v2": "batch_create_event_orders",
    "batch_cancel_orders_v2": "batch_cancel_event_orders",
}
# Operations that it does not have.
LACKS = {
    "get_account_api_usage_level_volume_progress",
    "upgrade_account_api_usage_level",
    "create_subaccount",
    "update_subaccount_netting",
    "get_subaccount_netting",
    "apply_subaccount_transfer",
    "get_subaccount_transfers",
    "get_subaccount_balances",
    "intra_exchange_instance_transfer",
    "get_intra_exchange_instance_transfers",
    "get_intra_exchange_instance_transfer",
    "set_target_balance_allocation",
    "get_target_balance_allocation",
    "cancel_all_orders",
    "get_portfolio_resting_order_total_value",
    "get_historical_positions",
}
RFQ_NAMES = {name for name, _, _ in RFQS}
OLD_ORDER = {"ticker": RAIN, "side": "yes", "action": "buy", "count": 1, "yes_price": 10}
OLD_FORM: list[Call] = [
    ("old_create", "create_order", OLD_ORDER),
    ("old_cancel", "cancel_order", {"order_id": "none"}),
    ("old_amend", "amend_order", {"order_id": "none", **OLD_ORDER}),
    ("old_decrease", "decrease_order", {"order_id": "none", "reduce_by": 1}),
    ("old_batch", "batch_create_orders", {"orders_list": [OLD_ORDER]}),
    ("old_unbatch", "batch_cancel_orders", {"order_ids": ["none"]}),
    ("announcements", "get_exchange_announcements", {}),
]
# It asks for quotes, bids and accepts with fields that the venue does not know, and reads what others made.
COMMUNICATIONS: list[Call] = [
    ("my_name", "get_communications_id", {}),
    ("asked", "create_rfq", {"market_ticker": RAIN, "side": "yes", "size": 3}),
    ("all_asked", "get_rfqs", {"status": "open", "market_ticker": GAME}),
    ("one_asked", "get_rfq", {"rfq_id": "$all_asked.rfqs.0.id"}),
    ("bid", "create_quote", {"rfq_id": "$all_asked.rfqs.0.id", "price": "0.40", "size": 3}),
    ("accepted", "get_quotes", {"status": "accepted"}),
    ("one_bid", "get_quote", {"quote_id": "$accepted.quotes.0.id"}),
    ("confirmed", "confirm_quote", {"quote_id": "$accepted.quotes.0.id"}),
    ("unbid", "delete_quote", {"quote_id": "$accepted.quotes.1.id"}),
    ("offers", "get_quotes", {"status": "open"}),
    ("taken", "accept_quote", {"quote_id": "$offers.quotes.0.id"}),
    ("unasked", "delete_rfq", {"rfq_id": "$offers.quotes.0.rfq_id"}),
]
# Unlike the venue's own client it reads every error body.
REFUSED = {
    **{name: refusal for name, refusal in SDK_REFUSED.items() if name != "upgraded"},
    "unknown": (404, "not_found"),
    **dict.fromkeys(("asked", "bid", "taken"), (400, "missing_parameters")),
    "relimited": (400, "bad_request"),  # it names the limit as the venue does not
    **{name: (410, "deprecated_v1_order_endpoint") for name, _, _ in OLD_FORM[:-1]},
}


def pykalshi_client() -> list[Call]:
    """Return the calls."""
    own = [(name, NAMED.get(operation, operation), _fitted(operation, arguments))
           for name, operation, arguments in sdk() if operation not in LACKS and name not in RFQ_NAMES]  # fmt: skip
    return [*OLD_FORM, *COMMUNICATIONS, *own]


def _fitted(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the venue's own client as this one names them."""
    fitted = {name: value for name, value in arguments.items() if name not in ("exchange_index", "subaccount")}
    if operation == "batch_get_market_candlesticks":
        fitted["market_tickers"] = fitted["market_tickers"].split(",")
    if operation in ("get_market_candlesticks_by_event", "get_event_forecast_percentiles_history"):
        fitted["event_ticker"] = fitted.pop("ticker")
    if operation in ("batch_create_orders_v2", "batch_cancel_orders_v2"):
        fitted["orders_list"] = fitted.pop("orders")
    if operation == "generate_api_key":
        fitted = {"name": "made"}
    if operation == "create_order_group":
        fitted = {"contracts_limit": 100}
    if operation == "update_order_group_limit":
        fitted["limit"] = fitted.pop("contracts_limit")
    return fitted
