"""What each client is asked to do: every operation of the groups that trade, in an order in which they make sense.

The last calls of each list, named `final_...`, are reads: whoever runs it compares them with the venue.
"""

import time
from typing import Any

from engine.sim.keys import make_pem_pair
from tests.support.sim.kalshi_rest import COIN, GAME, RAIN, SNOW

Call = tuple[str, str, dict[str, Any]]
RAIN_EVENT, RAIN_SERIES = "KXDEMORAIN-26DEC01", "KXDEMORAIN"
TRANSFER = "b81d4c02-77aa-4c35-8f19-5e0d93a6c7f4"
GTC = {"time_in_force": "good_till_canceled", "self_trade_prevention_type": "taker_at_cross"}
HOUR = 3_600


def times(period: int | str) -> dict[str, Any]:
    """Return the arguments for the candlesticks of the hours around now."""
    now = int(time.time())
    return {"start_ts": now - HOUR, "end_ts": now + 24 * HOUR, "period_interval": period}


def order(**more: Any) -> dict[str, Any]:
    """Return the arguments of an order that rests."""
    return {"ticker": RAIN, "side": "bid", "count": "25.00", "price": "0.4150", **GTC, **more}


PUBLIC: list[Call] = [
    ("status", "get_exchange_status", {}),
    ("schedule", "get_exchange_schedule", {}),
    ("timestamp", "get_user_data_timestamp", {}),
    ("series_fees", "get_series_fee_changes", {"show_historical": True}),
    ("page1", "get_markets", {"limit": 1}),
    ("page2", "get_markets", {"limit": 1, "cursor": "$page1.cursor"}),
    ("open_markets", "get_markets", {"status": "open", "series_ticker": RAIN_SERIES}),
    ("book", "get_market_orderbook", {"ticker": RAIN, "depth": 1}),
    ("books", "get_market_orderbooks", {"tickers": [RAIN, COIN]}),
    ("series", "get_series", {"series_ticker": RAIN_SERIES, "include_volume": True}),
    ("all_series", "get_series_list", {"category": "Climate"}),
    ("candles", "get_market_candlesticks", {"series_ticker": RAIN_SERIES, "ticker": RAIN, **times(1)}),
    ("many_candles", "batch_get_market_candlesticks", {"market_tickers": f"{RAIN},{COIN}", **times(60)}),
    ("event", "get_event", {"event_ticker": RAIN_EVENT, "with_nested_markets": True}),
    ("events", "get_events", {"with_nested_markets": True, "limit": 200}),
    ("event_fees", "get_event_fee_changes", {}),
    ("combinations", "get_multivariate_events", {}),
    ("dressed", "get_event_metadata", {"event_ticker": RAIN_EVENT}),
    ("event_candles", "get_market_candlesticks_by_event",
     {"series_ticker": RAIN_SERIES, "ticker": RAIN_EVENT, **times(60)}),
    ("forecast", "get_event_forecast_percentiles_history",
     {"series_ticker": RAIN_SERIES, "ticker": RAIN_EVENT, "percentiles": [2500, 5000], **times(60)}),
    ("programs", "get_incentive_programs", {}),
    ("milestones", "get_milestones", {"limit": 5}),
    ("targets", "get_structured_targets", {}),
    ("sports", "get_filters_for_sports", {}),
    ("tags", "get_tags_for_series_categories", {}),
    ("collections", "get_multivariate_event_collections", {}),
    ("live", "get_live_datas", {"milestone_ids": ["none"]}),
    ("cutoff", "get_historical_cutoff", {}),
    ("old_markets", "get_historical_markets", {}),
    ("old_market", "get_historical_market", {"ticker": SNOW}),
    ("old_candles", "get_market_candlesticks_historical", {"ticker": SNOW, **times(1)}),
    ("old_trades", "get_trades_historical", {}),
]  # fmt: skip
ACCOUNT: list[Call] = [
    ("limits", "get_account_api_limits", {}),
    ("costs", "get_account_endpoint_costs", {}),
    ("progress", "get_account_api_usage_level_volume_progress", {}),
    ("upgrade", "upgrade_account_api_usage_level", {}),
    ("upgraded", "upgrade_account_api_usage_level", {}),
    ("keys", "get_api_keys", {}),
    ("made_key", "generate_api_key", {"name": "made", "key_type": "ed25519", "scopes": ["read"]}),
    ("dropped_key", "delete_api_key", {"api_key": "$made_key.api_key_id"}),
    ("sub", "create_subaccount", {}),
    ("netting", "update_subaccount_netting", {"subaccount_number": 1, "enabled": True}),
    ("nettings", "get_subaccount_netting", {}),
    ("moved", "apply_subaccount_transfer",
     {"client_transfer_id": TRANSFER, "from_subaccount": 0, "to_subaccount": 1, "amount_cents": 500}),
    ("moves", "get_subaccount_transfers", {}),
    ("shard_move", "intra_exchange_instance_transfer",
     {"source": "event_contract", "destination": "event_contract", "amount": 10_000, "destination_exchange_shard": 2}),
    ("shard_moves", "get_intra_exchange_instance_transfers", {}),
    ("one_move", "get_intra_exchange_instance_transfer", {"transfer_id": "$shard_move.transfer_id"}),
    ("spread", "set_target_balance_allocation",
     {"allocations": [{"exchange_index": 0, "percent": 60}, {"exchange_index": 2, "percent": 40}]}),
    ("spreads", "get_target_balance_allocation", {}),
    ("deposits", "get_deposits", {}),
    ("withdrawals", "get_withdrawals", {}),
]  # fmt: skip
ORDERS: list[Call] = [
    ("rests", "create_order_v2", order(client_order_id="eng-0101", post_only=True, exchange_index=0)),
    ("trades", "create_order_v2", order(client_order_id="eng-0102", price="0.4300", count="3.50")),
    ("again", "create_order_v2", order(client_order_id="eng-0101")),
    ("dear", "create_order_v2", order(client_order_id="eng-0103", count="250000.00")),
    ("crossing", "create_order_v2", order(client_order_id="eng-0104", price="0.4300", post_only=True)),
    ("unknown", "create_order_v2", order(client_order_id="eng-0105", ticker="KXNONE")),
    ("sold", "create_order_v2", order(client_order_id="eng-0106", ticker=COIN, side="ask", price="0.6100", count="2")),
    ("amended", "amend_order_v2",
     {"order_id": "$rests.order_id", "ticker": RAIN, "side": "bid", "price": "0.4200", "count": "30.00",
      "updated_client_order_id": "eng-0107"}),
    ("decreased", "decrease_order_v2", {"order_id": "$rests.order_id", "reduce_to": "10.00"}),
    ("places", "get_order_queue_positions", {"market_tickers": RAIN}),
    ("place", "get_order_queue_position", {"order_id": "$rests.order_id"}),
    ("batch", "batch_create_orders_v2",
     {"orders": [order(client_order_id="eng-0108", price="0.1000", count="1"),
                 order(client_order_id="eng-0109", price="0.10005", count="1")]}),
    ("unbatch", "batch_cancel_orders_v2",
     {"orders": [{"order_id": "$batch.orders.0.order_id"}, {"order_id": "none"}]}),
    ("group", "create_order_group", {"contracts_limit_fp": "100.00"}),
    ("groups", "get_order_groups", {}),
    ("grouped", "create_order_v2",
     order(client_order_id="eng-0110", price="0.1000", count="1", order_group_id="$group.order_group_id")),
    ("one_group", "get_order_group", {"order_group_id": "$group.order_group_id"}),
    ("relimited", "update_order_group_limit", {"order_group_id": "$group.order_group_id", "contracts_limit": 5}),
    ("triggered", "trigger_order_group", {"order_group_id": "$group.order_group_id"}),
    ("stopped", "create_order_v2",
     order(client_order_id="eng-0111", price="0.1000", order_group_id="$group.order_group_id")),
    ("reset", "reset_order_group", {"order_group_id": "$group.order_group_id"}),
    ("deleted", "delete_order_group", {"order_group_id": "$group.order_group_id"}),
    ("canceled", "cancel_order_v2", {"order_id": "$rests.order_id", "exchange_index": 0}),
    ("canceled_again", "cancel_order_v2", {"order_id": "$rests.order_id"}),
    ("for_all", "create_order_v2", order(client_order_id="eng-0112", ticker=GAME, price="0.2000")),
    ("all_canceled", "cancel_all_orders", {}),
    ("left", "create_order_v2", order(client_order_id="eng-0113", ticker=GAME, price="0.2100", count="7")),
]  # fmt: skip
# Of the two requests and quotes that wait on each side: see what the venue has when a client comes.
RFQS: list[Call] = [
    ("my_name", "get_communications_id", {}),
    ("asked", "create_rfq", {"market_ticker": GAME, "contracts_fp": "3.00", "rest_remainder": False}),
    ("all_asked", "get_rfqs", {"status": "open"}),
    ("one_asked", "get_rfq", {"rfq_id": "$asked.id"}),
    ("unasked", "delete_rfq", {"rfq_id": "$asked.id"}),
    ("of_others", "get_rfqs", {"status": "open", "market_ticker": GAME}),
    ("bid", "create_quote",
     {"rfq_id": "$of_others.rfqs.0.id", "yes_bid": "0.4000", "no_bid": "0.5500", "rest_remainder": False}),
    ("one_bid", "get_quote", {"quote_id": "$bid.id"}),
    ("same_bid", "get_rfq_quote", {"rfq_id": "$of_others.rfqs.0.id", "quote_id": "$bid.id"}),
    ("unbid", "delete_quote", {"quote_id": "$bid.id"}),
    ("bid_again", "create_quote",
     {"rfq_id": "$of_others.rfqs.0.id", "yes_bid": "0.4000", "no_bid": "0.5500", "rest_remainder": False}),
    ("unbid_again", "delete_rfq_quote", {"rfq_id": "$of_others.rfqs.0.id", "quote_id": "$bid_again.id"}),
    ("accepted", "get_quotes", {"status": "accepted"}),
    ("confirmed", "confirm_quote", {"quote_id": "$accepted.quotes.0.id"}),
    ("confirmed_too", "confirm_rfq_quote",
     {"rfq_id": "$accepted.quotes.1.rfq_id", "quote_id": "$accepted.quotes.1.id"}),
    ("offers", "get_quotes", {"status": "open"}),
    ("taken", "accept_quote", {"quote_id": "$offers.quotes.0.id", "accepted_side": "no"}),
    ("taken_too", "accept_rfq_quote",
     {"rfq_id": "$offers.quotes.1.rfq_id", "quote_id": "$offers.quotes.1.id", "accepted_side": "yes"}),
]  # fmt: skip
FINAL: list[Call] = [
    ("old_orders", "get_historical_orders", {}),
    ("old_fills", "get_fills_historical", {}),
    ("old_positions", "get_historical_positions", {}),
    ("resting_value", "get_portfolio_resting_order_total_value", {}),
    ("sub_balances", "get_subaccount_balances", {}),
    ("resting", "get_orders", {"status": "resting"}),
    ("one_order", "get_order", {"order_id": "$left.order_id"}),
    ("final_orders", "get_orders", {}),
    ("final_fills", "get_fills", {}),
    ("final_positions", "get_positions", {}),
    ("final_settlements", "get_settlements", {}),
    ("final_balance", "get_balance", {"subaccount": 0}),
    ("final_trades", "get_trades", {}),
    ("final_market", "get_market", {"ticker": RAIN}),
]


def sdk() -> list[Call]:
    """Return the calls of the venue's own client."""
    registered = ("registered", "create_api_key", {"name": "own", "public_key": make_pem_pair("ed25519")[1]})
    return [*PUBLIC, *ACCOUNT, registered, *ORDERS, *RFQS, *FINAL]


# What these answer is an error; the others must be taken by the client's own models.
SDK_REFUSED = {
    "upgraded": (403, None),  # the client does not read this operation's error body
    "again": (409, "order_already_exists"),
    "dear": (400, "available_balance_too_low"),
    "crossing": (400, "invalid_order"),
    "unknown": (404, None),
    "stopped": (400, "exceeded_order_group_risk_limit"),
    "canceled_again": (404, "not_found"),
}
