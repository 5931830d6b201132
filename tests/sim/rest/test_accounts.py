"""Order groups, token limits, API keys, subaccounts, transfers."""

from typing import Any

import pytest

from engine import fix
from engine.sim.keys import make_pem_pair, parse_public_key
from engine.venue.kalshi.signing import SigningKey, parse_private_key
from tests.sim.rest.test_order_writes import code, create, entered, order
from tests.support.sim.kalshi_rest import COIN, RAIN, SECOND_NS, KalshiSite
from tests.support.sim.rest_site import Answered, SignedClient

GROUPS = "/portfolio/order_groups"
TRANSFER = "b81d4c02-77aa-4c35-8f19-5e0d93a6c7f4"


def new_group(client: SignedClient, **more: Any) -> str:
    answer = client.send("POST", f"{GROUPS}/create", more or {"contracts_limit_fp": "10.00"})
    assert answer.status == 201, answer
    group: str = answer.json["order_group_id"]
    return group


# Order groups


def test_group_that_reaches_its_limit_cancels_its_orders(site: KalshiSite) -> None:
    client = site.client()
    group = new_group(client)
    orders = [entered(client, order_group_id=group, count="8") for _ in range(2)]
    apart = entered(client, count="8")
    assert client.get(f"{GROUPS}/{group}")["orders"] == orders
    assert order(client, orders[0])["order_group_id"] == group
    site.order("bob", fix.SELL, 1_000, 4_150)
    assert [order(client, one)["status"] for one in (*orders, apart)] == ["executed", "canceled", "resting"]
    assert code(create(client, order_group_id=group)) == (400, "exceeded_order_group_risk_limit")
    assert client.send("PUT", f"{GROUPS}/{group}/reset").json == {}
    assert create(client, order_group_id=group).status == 201


def test_matches_count_for_15_seconds(site: KalshiSite) -> None:
    client = site.client()
    group = new_group(client)
    order_id = entered(client, order_group_id=group, count="20")
    site.order("bob", fix.SELL, 900, 4_150)
    site.advance(16 * SECOND_NS)
    site.order("bob", fix.SELL, 900, 4_150)
    assert order(client, order_id)["status"] == "resting"


def test_group_is_triggered_limited_and_deleted(site: KalshiSite) -> None:
    client = site.client()
    group = new_group(client, contracts_limit=10, subaccount=0, exchange_index=0)
    order_id = entered(client, order_group_id=group)
    assert client.send("PUT", f"{GROUPS}/{group}/limit?subaccount=0", {"contracts_limit": 7}).json == {}
    assert client.get(f"{GROUPS}/{group}") == {
        "is_auto_cancel_enabled": True,
        "contracts_limit_fp": "7.00",
        "orders": [order_id],
        "exchange_index": 0,
    }
    assert client.send("PUT", f"{GROUPS}/{group}/trigger", {}).json == {}
    assert order(client, order_id)["status"] == "canceled"
    assert [one["id"] for one in client.get(GROUPS)["order_groups"]] == [group]
    assert client.send("DELETE", f"{GROUPS}/{group}?exchange_index=0").json == {}
    assert client.get(GROUPS) == {"order_groups": []}
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/reset"), ("PUT", "/trigger")):
        assert client.send(method, f"{GROUPS}/{group}{path}").status == 404


@pytest.mark.parametrize(
    "fields",
    [{}, {"contracts_limit": 0}, {"contracts_limit": 1, "contracts_limit_fp": "1"}, {"contracts_limit_fp": "x"},
     {"contracts_limit": 1_000_001}],
)  # fmt: skip
def test_limit_that_cannot_be_is_refused(site: KalshiSite, fields: dict[str, Any]) -> None:
    client = site.client()
    assert client.send("POST", f"{GROUPS}/create", fields).status == 400
    assert client.send("PUT", f"{GROUPS}/{new_group(client)}/limit", fields).status == 400


def test_group_of_somebody_else_or_of_another_shard_is_unknown(site: KalshiSite) -> None:
    client = site.client()
    group = new_group(client)
    assert site.client("bob").send("GET", f"{GROUPS}/{group}").status == 404
    assert client.send("DELETE", f"{GROUPS}/{group}?exchange_index=2").status == 404
    assert code(create(client, order_group_id=group, ticker=COIN, price="0.4100")) == (404, "not_found")


# Limits


def test_limits_and_costs_are_those_of_the_buckets(site: KalshiSite) -> None:
    site.tokens.set_tier("ann", "advanced")
    client = site.client()
    limits = client.get("/account/limits")
    assert limits["usage_tier"] == "advanced"
    assert limits["read"] == limits["write"] == {"refill_rate": 300, "bucket_capacity": 900}
    assert [grant["level"] for grant in limits["grants"]] == ["advanced"]
    costs = site.client_of(None).get("/account/endpoint_costs")
    assert costs["default_cost"] == 10
    assert {"method": "DELETE", "path": "/trade-api/v2/portfolio/events/orders/:order_id", "cost": 2} in costs[
        "endpoint_costs"
    ]


def test_cancel_costs_less_than_an_order(site: KalshiSite) -> None:
    site.tokens.set_tier("ann", "basic")
    client = site.client()
    orders = [entered(client, count="1") for _ in range(29)]  # 290 of 300 tokens
    statuses = [client.send("DELETE", f"/portfolio/events/orders/{one}").status for one in orders]
    assert statuses == [200] * 5 + [429] * 24


def test_lowest_level_is_raised_once(site: KalshiSite) -> None:
    site.tokens.set_tier("ann", "basic")
    client = site.client()
    assert client.get("/account/limits")["grants"] == []
    assert client.send("POST", "/account/api_usage_level/upgrade").status == 201
    assert client.get("/account/limits")["usage_tier"] == "advanced"
    assert client.send("POST", "/account/api_usage_level/upgrade").status == 403
    assert len(client.get("/account/api_usage_level/volume_progress")["volume_progress"][0]["goals"]) == 5


# Keys


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_key_that_was_made_signs_until_it_is_deleted(site: KalshiSite, kind: str) -> None:
    client = site.client()
    made = client.send("POST", "/api_keys/generate", {"name": "made", "key_type": kind, "scopes": ["read"]}).json
    own = site.client_of(SigningKey(made["api_key_id"], parse_private_key(made["private_key"].encode())))
    assert own.send("GET", "/portfolio/orders").status == 200
    assert code(create(own)) == (403, "insufficient_scope")
    (shown,) = [key for key in client.get("/api_keys")["api_keys"] if key["name"] == "made"]
    assert shown == {"api_key_id": made["api_key_id"], "name": "made", "scopes": ["read"]}
    assert site.client("bob").send("DELETE", f"/api_keys/{made['api_key_id']}").status == 404
    assert client.send("DELETE", f"/api_keys/{made['api_key_id']}").status == 204
    assert own.send("GET", "/portfolio/orders").status == 401
    assert client.send("DELETE", f"/api_keys/{made['api_key_id']}").status == 404


def test_key_of_ones_own_is_registered_once(site: KalshiSite) -> None:
    client = site.client()
    private, public = make_pem_pair("ed25519")

    def register(**more: Any) -> Answered:
        return client.send("POST", "/api_keys", {"name": "own", "public_key": public, **more})

    assert register(scopes=["write"]).json["code"] == "invalid_scopes"
    assert register(scopes=["everything"]).status == 400
    assert register(public_key=private).json["code"] == "invalid_public_key"
    answer = register(subaccount=2)
    assert answer.status == 201
    known = site.keys.get(answer.json["api_key_id"])
    assert known is not None
    assert (known.member, known.subaccount, known.public_key) == ("ann", 2, parse_public_key(public))
    assert register().status == 409


def test_lapse_of_the_location_is_told(site: KalshiSite) -> None:
    at = site.now_ns() // SECOND_NS
    assert site.client(region_expires_ns=at * SECOND_NS).get("/api_keys")["api_key_region_expiration_ts"] == at
    assert "api_key_region_expiration_ts" not in site.client().get("/api_keys")


# Subaccounts and transfers


def test_subaccounts_are_numbered_up_to_their_bound(site: KalshiSite) -> None:
    client = site.client()
    numbers = [client.send("POST", "/portfolio/subaccounts", {}).json["subaccount_number"] for _ in range(63)]
    assert numbers == list(range(1, 64))
    assert code(client.send("POST", "/portfolio/subaccounts")) == (400, "too_many_subaccounts")
    site.tokens.set_tier("bob", "basic")
    assert site.client("bob").send("POST", "/portfolio/subaccounts").status == 403


def test_cash_moves_between_subaccounts_once(site: KalshiSite) -> None:
    client = site.client()
    path = "/portfolio/subaccounts/transfer"
    move = {"client_transfer_id": TRANSFER, "from_subaccount": 0, "to_subaccount": 1, "amount_cents": 12_345}
    assert client.send("POST", path, move).status == 400  # there is none yet
    client.send("POST", "/portfolio/subaccounts")
    assert client.send("POST", path, move).json == {}
    assert code(client.send("POST", path, move)) == (409, "transfer_already_exists")
    balances = client.get("/portfolio/subaccounts/balances")["subaccount_balances"]
    assert {(one["subaccount_number"], one["exchange_index"]): one["balance"] for one in balances} == {
        (0, 0): "876.5500", (0, 2): "1000.0000", (1, 0): "123.4500",
    }  # fmt: skip
    (told,) = client.get("/portfolio/subaccounts/transfers")["transfers"]
    assert (told["from_subaccount"], told["to_subaccount"], told["amount_cents"]) == (0, 1, 12_345)
    for wrong in ({"amount_cents": 0}, {"amount_cents": 100_000}, {"to_subaccount": 0}, {"to_subaccount": 9}):
        assert client.send("POST", path, {**move, "client_transfer_id": str(wrong), **wrong}).status == 400


def test_cash_that_orders_may_need_does_not_move(site: KalshiSite) -> None:
    client = site.client()
    entered(client, count="1000", price="0.5000")
    client.send("POST", "/portfolio/subaccounts")
    move = {"client_transfer_id": TRANSFER, "from_subaccount": 0, "to_subaccount": 1, "amount_cents": 50_001}
    assert code(client.send("POST", "/portfolio/subaccounts/transfer", move)) == (400, "available_balance_too_low")


def test_cash_moves_between_shards(site: KalshiSite) -> None:
    client = site.client()
    path = "/portfolio/intra_exchange_instance_transfer"
    move = {"source": "event_contract", "destination": "event_contract", "amount": 12_345,
            "client_transfer_id": TRANSFER, "source_exchange_shard": 0, "destination_exchange_shard": 2}  # fmt: skip
    assert client.send("POST", path, move).json == {"transfer_id": TRANSFER}
    assert client.send("POST", path, move).status == 409
    assert client.get("/portfolio/balance?exchange_index=2")["balance_dollars"] == "1001.2345"
    (told,) = client.get(f"{path}s")["transfers"]
    assert (told["transfer_id"], told["amount"], told["status"]) == (TRANSFER, "1.2345", "complete")
    assert client.get(f"{path}s/{TRANSFER}")["transfer"] == told
    assert client.send("GET", f"{path}s/none").status == 404
    for wrong in ({"source": "margined"}, {"source_exchange_shard": 101}, {"destination_exchange_shard": 0}):
        assert client.send("POST", path, {**move, "client_transfer_id": str(wrong), **wrong}).status == 400
    assert client.get("/portfolio/subaccounts/transfers")["transfers"] == []


def test_key_that_may_only_trade_moves_nothing(site: KalshiSite) -> None:
    trader = site.client(scopes=frozenset(("read", "write::trade")))
    assert trader.send("POST", "/portfolio/subaccounts/transfer", {}).status == 403
    assert trader.send("POST", "/api_keys/generate", {"name": "more"}).status == 403


def test_netting_and_shares_are_taken_down(site: KalshiSite) -> None:
    client = site.client()
    assert client.send("PUT", "/portfolio/subaccounts/netting", {"subaccount_number": 0, "enabled": True}).status == 200
    assert client.get("/portfolio/subaccounts/netting")["netting_configs"][0]["enabled"] is True
    assert site.place.ledger.open("ann").is_netting
    path = "/portfolio/target_balance_allocation"
    shares = [{"exchange_index": 0, "percent": 60}, {"exchange_index": 2, "percent": 40}]
    assert client.send("POST", path, {"allocations": shares, "resting_margin_reservation": "max"}).json == {}
    assert client.get(path) == {"allocations": shares, "resting_margin_reservation": "max"}
    assert client.send("POST", path, {"allocations": shares[:1]}).status == 400
    assert client.send("POST", path, {"allocations": []}).json == {}
    assert client.get(path)["allocations"] == []


def test_what_the_venue_has_none_of_is_empty_or_unknown(site: KalshiSite) -> None:
    client = site.client()
    assert client.get("/milestones?limit=5") == {"milestones": [], "cursor": ""}
    assert client.send("GET", "/milestones").status == 400
    assert client.send("GET", "/milestones/one").status == 404
    assert client.get("/incentive_programs") == {"incentive_programs": []}
    percentiles = "percentiles=5000&percentiles=2500&start_ts=1&end_ts=2&period_interval=60"
    path = "/series/KXDEMORAIN/events/KXDEMORAIN-26DEC01/forecast_percentile_history"
    assert client.get(f"{path}?{percentiles}") == {"forecast_history": []}
    assert client.send("GET", f"{path}?percentiles=10000&start_ts=1&end_ts=2&period_interval=60").status == 400
    assert client.send("GET", f"/series/KXGAME/events/KXNONE/forecast_percentile_history?{percentiles}").status == 404
    assert RAIN in {market["ticker"] for market in client.get("/markets")["markets"]}
