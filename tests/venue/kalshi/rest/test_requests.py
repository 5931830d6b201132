"""Requests: where each goes, and what never leaves because the venue would refuse it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.venue.kalshi.rest.numbers import RequestError
from engine.venue.kalshi.rest.operations import (
    candlesticks,
    entry,
    events,
    groups,
    historical,
    markets,
    orders,
    portfolio,
    subaccounts,
)
from engine.venue.kalshi.rest.requests import path
from engine.venue.rest import Call, PagedCall, Urgency

S = 10**9
UUID = "9a7e0000-0000-4000-8000-0000000000f1"
ROOT = "/trade-api/v2"


def order(**fields: Any) -> entry.KalshiNewOrder:
    whole = {"ticker": "M", "side": "bid", "count": "1.00", "price": "0.4200", "time_in_force": entry.GTC}
    return entry.KalshiNewOrder(**whole | {"self_trade_prevention_type": entry.MAKER} | fields)


def amendment(**fields: Any) -> entry.KalshiAmendment:
    return entry.KalshiAmendment(**{"ticker": "M", "side": "ask", "price": "0.42", "count": "3"} | fields)


def sent(call: Call[Any] | PagedCall[Any]) -> str:
    """Return a request in one line."""
    request = call.request if isinstance(call, Call) else call.following("")
    query = "&".join(f"{name}={value}" for name, value in request.query)
    line = f"{request.method} {request.path.removeprefix(ROOT)}" + (f"?{query}" if query else "")
    return line + (f" {request.body.decode()}" if request.body else "")


REQUESTS: list[tuple[Call[Any] | PagedCall[Any], str]] = [
    (markets.orderbooks(["A", "B"]), "GET /markets/orderbooks?tickers=A&tickers=B"),
    (markets.orderbook("A"), "GET /markets/A/orderbook?depth=0"),
    (markets.markets(series="S", status="open"), "GET /markets?limit=1000&series_ticker=S&status=open"),
    (markets.markets(tickers=["A", "B"], combos="exclude"), "GET /markets?limit=1000&tickers=A,B&mve_filter=exclude"),
    (
        markets.markets(period=markets.Period("close", 5 * S + 1, 6 * S + 1), status="closed"),
        "GET /markets?limit=1000&status=closed&min_close_ts=5&max_close_ts=7",
    ),
    (markets.trades(ticker="A", since_ns=S, until_ns=S), "GET /markets/trades?limit=1000&ticker=A&min_ts=1&max_ts=1"),
    (
        candlesticks.batch(["A", "B"], S, 2 * S, 5, with_previous=True),
        "GET /markets/candlesticks?market_tickers=A,B&start_ts=1&end_ts=2&period_interval=5"
        "&include_latest_before_start=true",
    ),
    (
        candlesticks.of_event("S", "E", S, 2 * S, 1),
        "GET /series/S/events/E/candlesticks?start_ts=1&end_ts=2&period_interval=1",
    ),
    (events.series_list(category="Climate"), "GET /series?category=Climate"),
    (events.events(series="S", status="open", with_markets=True), "GET /events?limit=200&with_nested_markets=true"
     "&status=open&series_ticker=S"),
    (events.event("E", with_markets=True), "GET /events/E?with_nested_markets=true"),
    (events.series_fee_changes("S", with_past=False), "GET /series/fee_changes?series_ticker=S&show_historical=false"),
    (events.event_fee_changes("E"), "GET /events/fee_changes?event_ticker=E&limit=1000"),
    (portfolio.resting_value(), "GET /portfolio/summary/total_resting_order_value"),
    (portfolio.balance(subaccount=0, shard=2), "GET /portfolio/balance?subaccount=0&exchange_index=2"),
    (portfolio.fills(tickers=["A", "B"], since_ns=S), "GET /portfolio/fills?limit=1000&ticker=A,B&min_ts=1"),
    (portfolio.settlements(event="E"), "GET /portfolio/settlements?limit=1000&event_ticker=E"),
    (orders.orders(events=["E", "F"]), "GET /portfolio/orders?limit=1000&event_ticker=E,F"),
    (orders.queue_position("o/1"), "GET /portfolio/orders/o%2F1/queue_position"),
    (entry.create(order()), 'POST /portfolio/events/orders {"ticker":"M","side":"bid","count":"1.00","price":"0.4200",'
     '"time_in_force":"good_till_canceled","self_trade_prevention_type":"maker"}'),
    (entry.cancel("o1", subaccount=3, shard=-1, ticker="M"),
     "DELETE /portfolio/events/orders/o1?subaccount=3&exchange_index=-1&market_ticker=M"),
    (entry.cancel_all(subaccount=1), "DELETE /portfolio/events/orders?subaccount=1"),
    (entry.decrease("o1", by="0.5"), 'POST /portfolio/events/orders/o1/decrease {"reduce_by":"0.5"}'),
    (entry.amend("o1", amendment(expiration_time=0)), 'POST /portfolio/events/orders/o1/amend {"ticker":"M",'
     '"side":"ask","price":"0.42","count":"3","expiration_time":0}'),
    (groups.order_groups(subaccount=2), "GET /portfolio/order_groups?subaccount=2"),
    (groups.limit_group("g", "5"), 'PUT /portfolio/order_groups/g/limit {"contracts_limit_fp":"5"}'),
    (groups.reset_group("g"), "PUT /portfolio/order_groups/g/reset {}"),
    (groups.delete_group("g", shard=1), "DELETE /portfolio/order_groups/g?exchange_index=1"),
    (subaccounts.balances(), "GET /portfolio/subaccounts/balances"),
    (subaccounts.netting(), "GET /portfolio/subaccounts/netting"),
    (subaccounts.set_netting(1, True), 'PUT /portfolio/subaccounts/netting {"subaccount_number":1,"enabled":true}'),
    (subaccounts.create_subaccount(), "POST /portfolio/subaccounts {}"),
    (subaccounts.transfers(), "GET /portfolio/subaccounts/transfers?limit=1000"),
    (subaccounts.transfer(UUID, 0, 1, 500), f'POST /portfolio/subaccounts/transfer {{"client_transfer_id":"{UUID}",'
     '"from_subaccount":0,"to_subaccount":1,"amount_cents":500}'),
    (subaccounts.shard_transfer(UUID, 0, 2, 12_345), 'POST /portfolio/intra_exchange_instance_transfer '
     f'{{"source":"event_contract","destination":"event_contract","amount":12345,"client_transfer_id":"{UUID}",'
     '"source_exchange_shard":0,"destination_exchange_shard":2}'),
    (subaccounts.shard_transfers(), "GET /portfolio/intra_exchange_instance_transfers?limit=500"),
    (subaccounts.shard_transfer_of("t"), "GET /portfolio/intra_exchange_instance_transfers/t"),
    (historical.market("M"), "GET /historical/markets/M"),
    (historical.markets(series="S"), "GET /historical/markets?limit=1000&series_ticker=S"),
    (historical.candlesticks("M", S, 2 * S, 1_440),
     "GET /historical/markets/M/candlesticks?start_ts=1&end_ts=2&period_interval=1440"),
    (historical.trades(ticker="M"), "GET /historical/trades?limit=1000&ticker=M"),
    (historical.orders(since_ns=S), "GET /historical/orders?limit=1000&min_ts=1"),
    (historical.fills(subaccount=1), "GET /historical/fills?limit=1000&subaccount=1"),
    (historical.positions(event="E"), "GET /historical/positions?limit=1000&event_ticker=E"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "line"), REQUESTS, ids=[line.split(" {")[0] for _, line in REQUESTS])
def test_request_goes_where_the_venue_serves_it(call: Call[Any] | PagedCall[Any], line: str) -> None:
    assert sent(call) == line


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: markets.markets(limit=1_001), "limit 1001 must be 1 to 1000"),
    (lambda: markets.markets(limit=0), "limit 0 must be 1 to 1000"),
    (lambda: markets.markets(status="active"), "status 'active' must be one of unopened, open"),
    (lambda: markets.markets(period=markets.Period("close"), status="open"), "does not go with a period of 'close'"),
    (lambda: markets.markets(period=markets.Period("updated", S)), "goes with combos='exclude'"),
    (lambda: markets.markets(tickers=["A,B"]), "holds a comma"),
    (lambda: markets.markets(tickers=["A"] * 201), "201 are too many"),
    (lambda: markets.market(""), "a part of the path '' must be 1 to"),
    (lambda: markets.orderbook("M", 101), "depth 101 must be 0 to 100"),
    (lambda: markets.orderbook("M", -1), "depth -1"),
    (lambda: markets.orderbooks([]), "0 must be 1 to 100"),
    (lambda: markets.orderbooks(["M"] * 101), "101 must be 1 to 100"),
    (lambda: markets.trades(since_ns=2 * S, until_ns=S), "ends before it begins"),
    (lambda: candlesticks.candlesticks("S", "M", S, 2 * S, 5), "period_interval 5 must be 1, 60 or 1440"),
    (lambda: candlesticks.candlesticks("S", "M", 0, 2 * S, 1), "need a begin and an end"),
    (lambda: candlesticks.candlesticks("S", "M", 2 * S, S, 1), "need a begin and an end"),
    (lambda: candlesticks.batch(["M"] * 101, S, S, 1), "101 are too many"),
    (lambda: candlesticks.batch([], S, S, 1), "name at least one"),
    (lambda: candlesticks.batch(["M"], S, S, 0), "period_interval 0"),
    (lambda: events.events(limit=201), "limit 201 must be 1 to 200"),
    (lambda: events.events(status="paused"), "status 'paused'"),
    (lambda: portfolio.fills(tickers=["M"] * 101), "101 are too many"),
    (lambda: portfolio.positions(count_filter="all"), "count_filter 'all'"),
    (lambda: portfolio.positions(settlement_status="open"), "settlement_status 'open'"),
    (lambda: portfolio.balance(subaccount=64), "subaccount 64 must be 0 to 63"),
    (lambda: portfolio.balance(shard=-1), "exchange_index -1"),
    (lambda: orders.orders(events=["E"] * 11), "11 are too many"),
    (lambda: orders.orders(status="open"), "status 'open' must be one of resting, canceled, executed"),
    (lambda: order(side="yes"), "side 'yes' must be one of bid, ask"),
    (lambda: order(side=""), "side is missing"),
    (lambda: order(price="1.00"), "price '1.00' must be dollars"),
    (lambda: order(count="0"), "count '0' must be contracts"),
    (lambda: order(ticker=" "), "ticker ' ' must be 1 to"),
    (lambda: order(time_in_force="day"), "time_in_force 'day'"),
    (lambda: order(self_trade_prevention_type=""), "self_trade_prevention_type is missing"),
    (lambda: order(client_order_id=""), "client_order_id '' must be 1 to 64 of A-Z"),
    (lambda: order(client_order_id="a" * 65), "client_order_id 'a"),
    (lambda: order(client_order_id="a b"), "client_order_id 'a b'"),
    (lambda: order(client_order_id="ä"), "client_order_id 'ä'"),
    (lambda: order(expiration_time=5, time_in_force=entry.IOC), "expiration_time must be"),
    (lambda: order(expiration_time=0), "expiration_time must be"),
    (lambda: order(reduce_only=True), "reduce_only goes with immediate_or_cancel alone"),
    (lambda: order(post_only=True, time_in_force=entry.FOK), "post_only goes with good_till_canceled alone"),
    (lambda: order(subaccount=-1), "subaccount -1"),
    (lambda: order(exchange_index=-2), "exchange_index -2 must be -1 to 100"),
    (lambda: order(order_group_id=""), "order_group_id ''"),
    (lambda: amendment(updated_client_order_id="ü"), "updated_client_order_id 'ü'"),
    (lambda: amendment(expiration_time=-1), "expiration_time -1"),
    (lambda: amendment(count="1.001"), "count '1.001'"),
    (lambda: entry.decrease("o"), "exactly one of `by` and `to`"),
    (lambda: entry.decrease("o", by="1", to="1"), "exactly one of `by` and `to`"),
    (lambda: entry.decrease("o", by="0"), "reduce_by '0'"),
    (lambda: entry.decrease("o", to="-1"), "reduce_to '-1'"),
    (lambda: entry.cancel(""), "a part of the path ''"),
    (lambda: entry.batch_create([]), "at least one order"),
    (lambda: entry.batch_create([order(client_order_id="a")] * 2), "stands twice in one batch"),
    (lambda: entry.batch_cancel([]), "at least one order"),
    (lambda: entry.KalshiCancel(order_id=""), "order_id ''"),
    (lambda: groups.create_group("0.99"), "contracts_limit '0.99' must be contracts with up to 2 decimals, 1.00"),
    (lambda: groups.create_group("1000000.01"), "at most 1000000 contracts"),
    (lambda: subaccounts.transfer("t1", 0, 1, 5), "client_transfer_id 't1' must be a UUID"),
    (lambda: subaccounts.transfer(UUID, 1, 1, 5), "to itself moves nothing"),
    (lambda: subaccounts.transfer(UUID, 0, 1, 0), "amount_cents 0"),
    (lambda: subaccounts.shard_transfer(UUID, 0, 101, 5), "destination_exchange_shard 101"),
    (lambda: subaccounts.shard_transfer(UUID, 1, 1, 5), "to itself moves nothing"),
    (lambda: subaccounts.shard_transfer(UUID, 0, 1, 5, source="cash"), "source 'cash' must be one of"),
    (lambda: subaccounts.shard_transfers(limit=501), "limit 501 must be 1 to 500"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_request_that_the_venue_would_refuse_never_leaves(ask: Callable[[], object], text: str) -> None:
    with pytest.raises(RequestError) as raised:
        ask()
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("call", "tokens", "shard", "urgency"),
    [
        (entry.create(order()), 10, 0, Urgency.ORDER),
        (entry.create(order(exchange_index=2)), 10, 2, Urgency.ORDER),
        (entry.create(order(exchange_index=-1)), 10, 0, Urgency.ORDER),
        (entry.amend("o", amendment(exchange_index=3)), 10, 3, Urgency.ORDER),
        (entry.decrease("o", by="1", shard=1), 10, 1, Urgency.ORDER),
        (entry.cancel("o", shard=1), 2, 1, Urgency.CANCEL),
        (entry.cancel_all(), 2, 0, Urgency.CANCEL),
        (entry.batch_create([order(exchange_index=1)] * 3), 30, 0, Urgency.ORDER),
        (entry.batch_cancel([entry.KalshiCancel(order_id="o", exchange_index=1)] * 3), 6, 0, Urgency.CANCEL),
        (groups.trigger_group("g"), 10, 0, Urgency.CANCEL),
    ],
)
def test_write_spends_the_tokens_of_its_shard(call: Call[Any], tokens: int, shard: int, urgency: Urgency) -> None:
    request = call.request
    assert (request.tokens, request.shard, request.urgency, request.is_write) == (tokens, shard, urgency, True)


def test_cursor_stands_behind_the_filters() -> None:
    following = orders.orders(status="resting", limit=5).following
    assert following("").query == (("limit", "5"), ("status", "resting"))
    assert following("c1==").query == (("limit", "5"), ("status", "resting"), ("cursor", "c1=="))


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40))
def test_path_has_unreserved_characters_alone(part: str) -> None:
    encoded = path("markets", part).removeprefix(f"{ROOT}/markets/")
    assert set(encoded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")


def test_body_has_no_null() -> None:
    for call, _ in REQUESTS:
        if isinstance(call, Call) and call.request.body:
            assert None not in json.loads(call.request.body).values()
