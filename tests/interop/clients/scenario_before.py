"""What kalshi-python-sync 3.2.0 is asked to do: its own operations, of which the venue has since changed many."""

from typing import Any

from engine.sim.keys import make_pem_pair
from tests.interop.clients.scenario import Call, sdk
from tests.support.sim.kalshi_rest import RAIN

OPERATIONS = {
    "get_exchange_status", "get_exchange_schedule", "get_user_data_timestamp", "get_series_fee_changes",
    "get_markets", "get_market", "get_market_orderbook", "get_series", "get_series_list", "get_trades",
    "get_market_candlesticks", "batch_get_market_candlesticks", "get_market_candlesticks_by_event", "get_event",
    "get_events", "get_event_metadata", "get_multivariate_events", "get_event_forecast_percentiles_history",
    "get_incentive_programs", "get_milestones", "get_structured_targets", "get_filters_for_sports",
    "get_tags_for_series_categories", "get_multivariate_event_collections", "get_live_datas", "get_api_keys",
    "get_orders", "get_fills", "get_positions", "get_settlements", "get_balance", "get_order_queue_positions",
    "get_portfolio_resting_order_total_value", "get_order_groups",
}  # fmt: skip
OLD_ORDER = {"ticker": RAIN, "side": "yes", "action": "buy", "count": 1, "yes_price": 10}
DEAD: list[Call] = [
    ("old_create", "create_order", OLD_ORDER),
    ("old_cancel", "cancel_order", {"order_id": "none"}),
    (
        "old_amend",
        "amend_order",
        {"order_id": "none", **OLD_ORDER, "client_order_id": "a", "updated_client_order_id": "b"},
    ),
    ("old_decrease", "decrease_order", {"order_id": "none", "reduce_by": 1}),
    ("old_batch", "batch_create_orders", {"orders": [OLD_ORDER]}),
    ("old_unbatch", "batch_cancel_orders", {"ids": ["none"]}),
]  # fmt: skip
BEFORE_REFUSED = {name: 410 for name, _, _ in DEAD}
ASKS_FOR_CENTS = {
    "page1", "page2", "open_markets", "book", "candles", "many_candles", "event", "events", "event_candles",
    "resting", "final_orders", "final_positions", "final_settlements", "final_market",
}  # fmt: skip


def sdk_of_before() -> list[Call]:
    """Return the calls."""
    group: list[Call] = [
        ("group", "create_order_group", {"contracts_limit": 100}),
        ("one_group", "get_order_group", {"order_group_id": "$group.order_group_id"}),
        ("reset", "reset_order_group", {"order_group_id": "$group.order_group_id"}),
        ("deleted", "delete_order_group", {"order_group_id": "$group.order_group_id"}),
        ("announcements", "get_exchange_announcements", {}),
        ("made_key", "generate_api_key", {"name": "made"}),
        ("dropped_key", "delete_api_key", {"api_key": "$made_key.api_key_id"}),
        ("own_key", "create_api_key", {"name": "own", "public_key": make_pem_pair("rsa")[1]}),
    ]
    own = [(name, operation, _fitted(arguments)) for name, operation, arguments in sdk() if operation in OPERATIONS]
    return [*DEAD, *group, *own]


def _fitted(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in ("include_volume", "subaccount")}
