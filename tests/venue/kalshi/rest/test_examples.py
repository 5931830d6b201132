"""Every example of the venue's operations: the request that we make for it, and its answer, field by field."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import msgspec
import pytest

from engine.venue.kalshi.rest.operations import (
    candlesticks,
    entry,
    events,
    exchange,
    groups,
    historical,
    limits,
    markets,
    orders,
    portfolio,
)
from engine.venue.kalshi.rest.reading import Oddities, Reader
from engine.venue.rest import Call, PagedCall, RestRequest

EXAMPLES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "examples.json").read_text())
MARKET, EVENT, SERIES = "KXDEMORAIN-26DEC01-T2", "KXDEMORAIN-26DEC01", "KXDEMORAIN"
ORDER = "b81d4c02-77aa-4c35-8f19-5e0d93a6c7f4"
GROUP = "3c0f5e1a-1111-4222-8333-944455566677"
NS = 10**9
HOUR = (1795438800 * NS, 1795442400 * NS, 60)


def new(cl_ord_id: str) -> entry.KalshiNewOrder:
    return entry.KalshiNewOrder(
        ticker=MARKET,
        client_order_id=cl_ord_id,
        side="bid",
        count="25.00",
        price="0.4150",
        time_in_force=entry.GTC,
        self_trade_prevention_type=entry.TAKER_AT_CROSS,
        post_only=True,
        exchange_index=0,
    )


AMENDED = entry.KalshiAmendment(ticker=MARKET, side="bid", price="0.4200", count="30.00", exchange_index=0)
CALLS: dict[str, tuple[Call[Any] | PagedCall[Any], Reader[Any] | None]] = {
    "get_exchange_status": (exchange.status(), Reader("", exchange.KalshiStatus)),
    "get_exchange_schedule": (exchange.schedule(), exchange.read_schedule),
    "get_user_data_timestamp": (exchange.user_data_timestamp(), exchange.read_freshness),
    "get_account_api_limits": (limits.account_limits(), limits.read_limits),
    "get_account_endpoint_costs": (limits.endpoint_costs(), limits.read_costs),
    "get_markets": (markets.markets(tickers=[MARKET], limit=100), markets.read_markets),
    "get_market": (markets.market(MARKET), markets.read_market),
    "get_market_orderbook": (markets.orderbook(MARKET, 10), markets.read_book),
    "get_market_orderbooks": (markets.orderbooks([MARKET]), markets.read_books),
    "get_trades": (markets.trades(ticker=MARKET, limit=1), markets.read_trades),
    "get_market_candlesticks": (candlesticks.candlesticks(SERIES, MARKET, *HOUR), candlesticks.read_candles),
    "get_event": (events.event(EVENT), events.read_event),
    "get_series": (events.series(SERIES), events.read_one_series),
    "get_balance": (portfolio.balance(), portfolio.read_balance),
    "get_positions": (portfolio.positions(limit=100), portfolio.read_positions),
    "get_orders": (orders.orders(status="resting", limit=100), orders.read_orders),
    "get_order": (orders.order(ORDER), orders.read_order),
    "get_order_queue_positions": (orders.queue_positions(tickers=[MARKET]), orders.read_queue_positions),
    "get_fills": (portfolio.fills(order_id=ORDER, limit=100), portfolio.read_fills),
    "get_settlements": (portfolio.settlements(limit=100), portfolio.read_settlements),
    "create_order_v2": (entry.create(new("eng-0101")), entry.read_created),
    "amend_order_v2": (entry.amend(ORDER, AMENDED), entry.read_amended),
    "decrease_order_v2": (entry.decrease(ORDER, to="10.00", shard=0), entry.read_decreased),
    "cancel_order_v2": (entry.cancel(ORDER, shard=0), entry.read_canceled),
    "batch_create_orders_v2": (entry.batch_create([new("eng-0101"), new("eng-0102")]), entry.read_batch_created),
    "batch_cancel_orders_v2": (
        entry.batch_cancel([entry.KalshiCancel(order_id=ORDER, exchange_index=0)]),
        entry.read_batch_canceled,
    ),
    "cancel_all_orders": (entry.cancel_all(), None),
    "create_order_group": (groups.create_group("100.00"), groups.read_group_created),
    "get_order_group": (groups.order_group(GROUP), groups.read_group),
    "trigger_order_group": (groups.trigger_group(GROUP), None),
    "get_historical_cutoff": (historical.cutoff(), historical.read_cutoff),
}


def request_of(call: Call[Any] | PagedCall[Any]) -> RestRequest:
    return call.request if isinstance(call, Call) else call.following("")


def target(request: RestRequest) -> tuple[str, set[str]]:
    return request.path.removeprefix("/trade-api/v2"), set(unquote(urlencode(request.query)).split("&")) - {""}


def differences(told: Any, kept: Any, where: str) -> list[str]:
    """Return where what was kept is not what was told."""
    if isinstance(told, dict):
        found = [name for name in told if not isinstance(kept, dict) or name not in kept]
        return [f"{where}.{name} is lost" for name in found] + [
            each for name in told.keys() - set(found) for each in differences(told[name], kept[name], f"{where}.{name}")
        ]
    if isinstance(told, list):
        if not isinstance(kept, (list, tuple)) or len(kept) != len(told):
            return [f"{where}: {kept}"]
        return [each for at, one in enumerate(told) for each in differences(one, kept[at], f"{where}[{at}]")]
    if isinstance(kept, Decimal):
        return [] if kept == Decimal(str(told)) else [f"{where}: {kept}"]
    return [] if type(kept) is type(told) and kept == told else [f"{where}: {kept!r}"]


def test_every_example_is_asked_for() -> None:
    assert CALLS.keys() == EXAMPLES.keys()
    assert len(EXAMPLES) == 31


@pytest.mark.parametrize("name", EXAMPLES)
def test_request_is_that_of_the_example(name: str) -> None:
    example, call = EXAMPLES[name], CALLS[name][0]
    request = request_of(call)
    path, _, query = example["target"].partition("?")
    assert request.operation == name
    assert request.method == example["method"]
    assert target(request) == (path, set(query.split("&")) - {""})
    assert request.is_write == (example["method"] != "GET")
    if isinstance(call, Call):
        assert example["status"] in call.statuses
    sent = json.loads(request.body) if request.body not in (b"", b"{}") else None
    assert sent == example["sent"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_answer_is_read_field_by_field(name: str) -> None:
    answer, (call, reader) = EXAMPLES[name]["answer"], CALLS[name]
    body = json.dumps(answer).encode() if answer != "" else b""
    if reader is None:
        assert call.read(body) is None
        return
    oddities = Oddities()
    kept = msgspec.to_builtins(reader.read(body, oddities), builtin_types=(Decimal,))
    assert differences(answer, kept, name) == []
    assert oddities.counts == {}
    call.read(body)


@pytest.mark.parametrize("name", [name for name, (_, reader) in CALLS.items() if reader is not None])
def test_fields_of_tomorrow_cost_nothing(name: str) -> None:
    answer, reader = EXAMPLES[name]["answer"], CALLS[name][1]
    assert reader is not None

    def grown(value: Any) -> Any:
        if isinstance(value, dict):
            return {"brand_new": {"deep": [1, None]}, **{key: grown(each) for key, each in value.items()}}
        return [grown(each) for each in value] if isinstance(value, list) else value

    oddities = Oddities()
    grown_answer = reader.read(json.dumps(grown(answer)).encode(), oddities)
    assert grown_answer == reader(json.dumps(answer).encode())
    assert oddities.counts == {}
