"""Order writes over REST: what the exchange makes of them, and what it refuses in the venue's words."""

from decimal import Decimal
from typing import Any

import pytest

from engine import fix
from engine.exchange.events import Canceled, Traded
from engine.sim.keys import READ
from engine.sim.rest.operations import TRADE
from tests.support.sim.kalshi_rest import COIN, DAY_NS, GAME, RAIN, SECOND_NS, SNOW, KalshiSite
from tests.support.sim.rest_site import Answered, SignedClient

ORDERS = "/portfolio/events/orders"
B, S = fix.BUY, fix.SELL


def body(**more: Any) -> dict[str, Any]:
    """Return a body that rests; a field of None is left out."""
    fields = {
        "ticker": RAIN,
        "side": "bid",
        "count": "25.00",
        "price": "0.4150",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        **more,
    }
    return {name: value for name, value in fields.items() if value is not None}


def create(client: SignedClient, **more: Any) -> Answered:
    return client.send("POST", ORDERS, body(**more))


def entered(client: SignedClient, **more: Any) -> str:
    """Enter an order that is taken, and return its id."""
    answer = create(client, **more)
    assert answer.status == 201, answer
    order_id: str = answer.json["order_id"]
    return order_id


def code(answer: Answered) -> tuple[int, str]:
    return answer.status, answer.json["code"]


def order(client: SignedClient, order_id: str) -> Any:
    return client.get(f"/portfolio/orders/{order_id}")["order"]


# Create


def test_order_that_rests_is_answered_and_shown(site: KalshiSite) -> None:
    client = site.client()
    answer = create(client, client_order_id="eng-0101", post_only=True, cancel_order_on_pause=True, exchange_index=0)
    told = answer.json
    assert answer.status == 201
    assert (told["client_order_id"], told["fill_count"], told["remaining_count"]) == ("eng-0101", "0.00", "25.00")
    assert "average_fill_price" not in told
    shown = order(client, told["order_id"])
    assert (shown["side"], shown["action"], shown["book_side"], shown["outcome_side"]) == ("yes", "buy", "bid", "yes")
    assert (shown["yes_price_dollars"], shown["no_price_dollars"]) == ("0.4150", "0.5850")
    assert (shown["status"], shown["cancel_order_on_pause"]) == ("resting", True)
    assert shown["self_trade_prevention_type"] == "taker_at_cross"


def test_order_that_trades_says_at_what(site: KalshiSite) -> None:
    site.order("bob", S, 300, 4_000)
    site.order("bob", S, 700, 4_100)
    told = create(site.client(), price="0.4200", count="15", client_order_id="a").json
    assert (told["fill_count"], told["remaining_count"]) == ("10.00", "5.00")
    assert told["average_fill_price"] == "0.4070"
    (first, second) = [event for event in site.told if isinstance(event, Traded) and event.account == "ann"]
    assert Decimal(told["average_fee_paid"]) == Decimal(first.fee + second.fee) / 10 / 10**6


@pytest.mark.parametrize("time_in_force", ["immediate_or_cancel", "fill_or_kill"])
def test_order_that_does_not_rest_is_answered_with_nothing_remaining(site: KalshiSite, time_in_force: str) -> None:
    site.order("bob", S, 300, 4_000)
    client = site.client()
    told = create(client, time_in_force=time_in_force, count="5").json
    filled = "3.00" if time_in_force == "immediate_or_cancel" else "0.00"
    assert (told["fill_count"], told["remaining_count"]) == (filled, "0.00")
    assert order(client, told["order_id"])["status"] == "canceled"


def test_order_without_an_id_gets_one(site: KalshiSite) -> None:
    client = site.client()
    ids = {create(client).json["client_order_id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(len(one) == 36 for one in ids)


def test_order_expires_at_its_time(site: KalshiSite) -> None:
    client = site.client()
    at = site.now_ns() // SECOND_NS + 100
    order_id = entered(client, expiration_time=at)
    assert order(client, order_id)["expiration_time"].startswith("20")
    site.advance(101 * SECOND_NS)
    assert order(client, order_id)["status"] == "canceled"


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"ticker": None}, (400, "missing_parameters"), "ticker"),
        ({"side": "yes"}, (400, "bad_request"), "side"),
        ({"count": 25}, (400, "bad_request"), "count"),
        ({"price": 0.415}, (400, "bad_request"), "price"),
        ({"count": "0"}, (400, "invalid_order_size"), "count"),
        ({"count": "1.001"}, (400, "invalid_order_size"), "count"),
        ({"price": "0.41555"}, (400, "invalid_order"), "price"),
        ({"price": "0.4155"}, (400, "invalid_order"), "grid"),
        ({"price": "1.0000"}, (400, "invalid_order"), "grid"),
        ({"price": "0.0000"}, (400, "invalid_order"), "grid"),
        ({"time_in_force": "day"}, (400, "bad_request"), "time_in_force"),
        ({"self_trade_prevention_type": None}, (400, "missing_parameters"), "self_trade"),
        ({"client_order_id": "a b"}, (400, "invalid_order"), ""),
        ({"client_order_id": "a" * 65}, (400, "invalid_order"), ""),
        ({"expiration_time": 1}, (400, "invalid_order"), "passed"),
        ({"expiration_time": 2**33, "time_in_force": "fill_or_kill"}, (400, "invalid_order"), "good_till_canceled"),
        ({"reduce_only": True}, (400, "invalid_order"), ""),
        ({"ticker": "KXNONE"}, (404, "not_found"), "market"),
        ({"exchange_index": 2}, (404, "not_found"), ""),
        ({"order_group_id": "none"}, (404, "not_found"), "group"),
        ({"count": "1000000"}, (400, "available_balance_too_low"), "free"),
        ({"subaccount": 64}, (400, "bad_request"), "subaccount"),
        ({"subaccount": 7}, (400, "available_balance_too_low"), ""),
    ],
)
def test_order_that_cannot_be_is_refused_in_words(
    site: KalshiSite, more: dict[str, Any], status: tuple[int, str], words: str
) -> None:
    answer = create(site.client(), **more)
    assert code(answer) == status
    assert words in answer.json["details"]


def test_id_that_was_used_is_refused_even_of_a_cancelled_order(site: KalshiSite) -> None:
    client = site.client()
    order_id = entered(client, client_order_id="a")
    assert code(create(client, client_order_id="a")) == (409, "order_already_exists")
    assert client.send("DELETE", f"{ORDERS}/{order_id}").status == 200
    assert code(create(client, client_order_id="a")) == (409, "order_already_exists")
    assert create(site.client("bob"), client_order_id="a").status == 201


def test_post_only_order_that_would_trade_is_refused(site: KalshiSite) -> None:
    site.order("bob", S, 300, 4_000)
    answer = create(site.client(), post_only=True)
    assert (code(answer), answer.json["details"]) == ((400, "invalid_order"), "post only cross")


def test_order_that_would_trade_with_itself_stops_or_cancels_the_other(site: KalshiSite) -> None:
    client = site.client()
    resting = entered(client)
    told = create(client, side="ask", price="0.4000", count="5").json
    assert (told["fill_count"], told["remaining_count"]) == ("0.00", "0.00")
    told = create(client, side="ask", price="0.4000", count="5", self_trade_prevention_type="maker").json
    assert told["remaining_count"] == "5.00"
    assert order(client, resting)["status"] == "canceled"


@pytest.mark.parametrize(
    ("hours", "status"),
    [
        ({"is_trading": False}, (400, "trading_paused")),
        ({"is_open": False}, (400, "exchange_paused")),
    ],
)
def test_pause_is_told(site: KalshiSite, hours: dict[str, bool], status: tuple[int, str]) -> None:
    client = site.client()
    order_id = entered(client)
    site.site.do(lambda: site.place.set_hours(site.now_ns(), **hours))
    assert code(create(client)) == status
    cancel = client.send("DELETE", f"{ORDERS}/{order_id}")
    assert cancel.status == (200 if "is_trading" in hours else 400)


@pytest.mark.parametrize("is_applied", [False, True])
def test_shard_that_is_lost_leaves_the_outcome_open(site: KalshiSite, is_applied: bool) -> None:
    client = site.client()
    site.site.do(lambda: site.place.hours.lose(0, is_applied=is_applied))
    assert code(create(client, client_order_id="a")) == (503, "exchange_unavailable")
    site.site.do(lambda: site.place.hours.find(0))
    assert len(client.get("/portfolio/orders")["orders"]) == is_applied
    assert create(client, client_order_id="a").status == (409 if is_applied else 201)


def test_market_that_is_not_open_takes_nothing(site: KalshiSite) -> None:
    client = site.client()
    site.life("pause", SNOW)
    assert create(client, ticker=SNOW, price="0.4100").status == 400
    site.life("determine", COIN, "yes", 0)
    answer = create(client, ticker=COIN, price="0.4100")
    assert code(answer) == (400, "market_already_closed")


def test_key_whose_location_has_lapsed_does_not_trade_sports(site: KalshiSite) -> None:
    lapsed = site.client(region_expires_ns=site.now_ns() - 1)
    assert code(create(lapsed, ticker=GAME, price="0.4100")) == (403, "location_attestation_expired")
    assert create(lapsed).status == 201
    assert create(site.client(region_expires_ns=site.now_ns() + DAY_NS), ticker=GAME, price="0.4100").status == 201


def test_key_of_a_subaccount_trades_there_alone(site: KalshiSite) -> None:
    site.site.do(lambda: site.place.ledger.deposit("ann/3", 0, 10**8, site.now_ns()))
    locked = site.client(subaccount=3)
    order_id = entered(locked)
    assert order(locked, order_id)["subaccount_number"] == 3
    assert code(create(locked, subaccount=0)) == (403, "subaccount_restricted")
    assert [one["order_id"] for one in site.client().get("/portfolio/orders?subaccount=3")["orders"]] == [order_id]
    assert site.client("bob").send("GET", f"/portfolio/orders/{order_id}").status == 404


def test_key_that_may_only_read_does_not_trade(site: KalshiSite) -> None:
    assert code(create(site.client(scopes=frozenset((READ,))))) == (403, "insufficient_scope")
    assert create(site.client(scopes=frozenset((READ, TRADE)))).status == 201


def test_reduce_only_order_closes_and_no_more(site: KalshiSite) -> None:
    site.order("bob", S, 300, 4_000)
    client = site.client()
    entered(client, price="0.4000", count="3")
    site.order("bob", B, 900, 3_900)
    reduce = {"side": "ask", "price": "0.3900", "count": "9", "time_in_force": "immediate_or_cancel"}
    assert create(client, **reduce, reduce_only=True).json["fill_count"] == "3.00"
    assert create(client, **reduce, reduce_only=True).json["fill_count"] == "0.00"


# Amend and decrease


def amend(client: SignedClient, order_id: str, query: str = "", **more: Any) -> Answered:
    fields = {"ticker": RAIN, "side": "bid", "price": "0.4200", "count": "30.00", **more}
    return client.send("POST", f"{ORDERS}/{order_id}/amend{query}", fields)


def test_amend_changes_price_total_and_id(site: KalshiSite) -> None:
    client = site.client()
    order_id = entered(client, client_order_id="a")
    told = amend(client, order_id, client_order_id="a", updated_client_order_id="b").json
    assert (told["order_id"], told["client_order_id"], told["remaining_count"]) == (order_id, "b", "30.00")
    assert told["fill_count"] == "0.00"
    assert amend(client, order_id, price="0.4300").json["client_order_id"] == "b"
    shown = order(client, order_id)
    assert (shown["client_order_id"], shown["yes_price_dollars"], shown["initial_count_fp"]) == ("b", "0.4300", "30.00")
    assert code(create(client, client_order_id="b")) == (409, "order_already_exists")


def test_amend_that_trades_says_at_what(site: KalshiSite) -> None:
    client = site.client()
    order_id = entered(client)
    site.order("bob", S, 500, 4_100)  # trades 5 at once, at 0.4150
    site.order("bob", S, 300, 4_200)
    told = amend(client, order_id).json
    assert (told["fill_count"], told["remaining_count"], told["average_fill_price"]) == ("3.00", "22.00", "0.4200")


def test_amend_sets_and_clears_the_expiry(site: KalshiSite) -> None:
    client = site.client()
    order_id = entered(client)
    at = site.now_ns() // SECOND_NS + 100
    assert amend(client, order_id, expiration_time=at).status == 200
    assert "expiration_time" in order(client, order_id)
    assert amend(client, order_id).status == 200
    assert "expiration_time" in order(client, order_id)  # left out, it stays
    assert amend(client, order_id, expiration_time=0).status == 200
    assert "expiration_time" not in order(client, order_id)
    assert code(amend(client, order_id, expiration_time=5)) == (400, "invalid_order")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"ticker": SNOW}, (400, "order_ticker_mismatch")),
        ({"side": "ask"}, (400, "order_side_mismatch")),
        ({"client_order_id": "z"}, (400, "order_id_and_client_order_id_mismatch")),
        ({"updated_client_order_id": "taken"}, (409, "order_already_exists")),
        ({"count": "1"}, (400, "invalid_order_size")),  # below what is filled
        ({"price": "0.41555"}, (400, "invalid_order")),
        ({"price": "0.4155"}, (400, "invalid_order")),
        ({"count": "1000000"}, (400, "available_balance_too_low")),
    ],
)
def test_amend_that_cannot_be_is_refused_and_changes_nothing(
    site: KalshiSite, more: dict[str, Any], status: tuple[int, str]
) -> None:
    client = site.client()
    entered(client, client_order_id="taken", price="0.1000")
    order_id = entered(client, client_order_id="a")
    site.order("bob", S, 500, 4_150)
    before = order(client, order_id)
    assert code(amend(client, order_id, **more)) == status
    assert order(client, order_id) == before


def test_decrease_takes_a_part_or_leaves_one(site: KalshiSite) -> None:
    client = site.client()
    order_id = entered(client)
    path = f"{ORDERS}/{order_id}/decrease"
    assert client.send("POST", path, {"reduce_by": "5"}).json["remaining_count"] == "20.00"
    told = client.send("POST", path, {"reduce_to": "10.50", "market_ticker": RAIN, "exchange_index": 0}).json
    assert (told["order_id"], told["remaining_count"]) == (order_id, "10.50")
    for wrong in ({}, {"reduce_by": "1", "reduce_to": "1"}):
        assert code(client.send("POST", path, wrong)) == (400, "bad_request")
    for wrong in ({"reduce_by": "11"}, {"reduce_to": "10.50"}, {"reduce_to": "-1"}, {"reduce_by": "0"}):
        assert code(client.send("POST", path, wrong)) == (400, "invalid_order_size")
    assert code(client.send("POST", path, {"reduce_by": "1", "market_ticker": SNOW})) == (400, "order_ticker_mismatch")
    assert client.send("POST", path, {"reduce_to": "0"}).json["remaining_count"] == "0.00"
    assert order(client, order_id)["status"] == "canceled"
    assert client.send("POST", path, {"reduce_by": "1"}).status == 404


# Cancel


def test_cancel_says_what_it_took_and_again_finds_nothing(site: KalshiSite) -> None:
    client = site.client()
    order_id = entered(client, client_order_id="a")
    told = client.send("DELETE", f"{ORDERS}/{order_id}?exchange_index=0&market_ticker={RAIN}", {}).json
    assert (told["order_id"], told["client_order_id"], told["reduced_by"]) == (order_id, "a", "25.00")
    assert client.send("DELETE", f"{ORDERS}/{order_id}").status == 404
    assert client.send("DELETE", f"{ORDERS}/none").status == 404
    assert order(client, order_id)["remaining_count_fp"] == "0.00"


def test_order_of_somebody_else_is_unknown(site: KalshiSite) -> None:
    order_id = entered(site.client())
    other = site.client("bob")
    for method, path in (("DELETE", ""), ("POST", "/amend"), ("POST", "/decrease")):
        fields = {"ticker": RAIN, "side": "bid", "price": "0.5", "count": "1", "reduce_by": "1"}
        assert other.send(method, f"{ORDERS}/{order_id}{path}", fields).status == 404


def test_cancel_all_takes_every_order_of_every_subaccount(site: KalshiSite) -> None:
    site.site.do(lambda: site.place.ledger.deposit("ann/1", 0, 10**8, site.now_ns()))
    client = site.client()
    mine = [entered(client), entered(client, ticker=COIN, price="0.4100"), entered(client, subaccount=1)]
    theirs = entered(site.client("bob"), price="0.1000")
    assert client.send("DELETE", f"{ORDERS}?subaccount=1").status == 204
    assert [order(client, one)["status"] for one in mine] == ["resting", "resting", "canceled"]
    answer = client.send("DELETE", ORDERS)
    assert (answer.status, answer.body) == (204, b"")
    assert [order(client, one)["status"] for one in mine] == ["canceled"] * 3
    assert order(site.client("bob"), theirs)["status"] == "resting"
    assert len([event for event in site.told if isinstance(event, Canceled)]) == 3


# Batches


def test_batch_answers_each_order_for_itself(site: KalshiSite) -> None:
    client = site.client()
    orders = [body(client_order_id="a"), body(client_order_id="b", price="0.4155"), body(client_order_id="a")]
    answer = client.send("POST", f"{ORDERS}/batched", {"orders": orders})
    first, second, third = answer.json["orders"]
    assert answer.status == 201
    assert (first["client_order_id"], first["remaining_count"]) == ("a", "25.00")
    assert (second["client_order_id"], second["error"]["code"]) == ("b", "invalid_order")
    assert third["error"] == {
        "code": "order_already_exists",
        "message": "order already exists",
        "details": "client_order_id was used before",
    }
    named = [{"order_id": first["order_id"], "exchange_index": 0}, {"order_id": "x"}]
    canceled = client.send("DELETE", f"{ORDERS}/batched", {"orders": named}).json["orders"]
    assert (canceled[0]["reduced_by"], "error" in canceled[0]) == ("25.00", False)
    assert (canceled[1]["order_id"], canceled[1]["reduced_by"]) == ("x", "0.00")
    assert canceled[1]["error"]["code"] == "not_found"


def test_batch_costs_the_sum_and_is_refused_as_a_whole(site: KalshiSite) -> None:
    site.tokens.set_tier("ann", "basic")
    client = site.client()
    orders = {"orders": [body(count="0.01", price="0.0100")] * 31}
    assert client.send("POST", f"{ORDERS}/batched", orders).status == 429
    orders["orders"].pop()
    assert client.send("POST", f"{ORDERS}/batched", orders).status == 201
    assert create(client).status == 429


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/portfolio/orders"),
        ("POST", "/portfolio/orders/batched"),
        ("DELETE", "/portfolio/orders/batched"),
        ("DELETE", "/portfolio/orders/x"),
        ("POST", "/portfolio/orders/x/amend"),
        ("POST", "/portfolio/orders/x/decrease"),
    ],
)
def test_older_form_is_gone(site: KalshiSite, method: str, path: str) -> None:
    assert code(site.client().send(method, path, {"any": "thing"})) == (410, "deprecated_v1_order_endpoint")
