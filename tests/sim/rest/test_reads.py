"""What a member reads of himself: orders, fills, positions, cash; in pages, filtered, late, and from the archive."""

from typing import Any

import pytest

from engine import fix
from engine.exchange.ledger.history import Cutoffs
from engine.sim.rest.faults import RestFault, RestFaultKind
from engine.sim.rest.settings import RestServerSettings
from tests.support.sim.kalshi_rest import COIN, DAY_NS, DOLLAR, GAME, HOUR_NS, RAIN, SECOND_NS, SNOW, KalshiSite
from tests.support.sim.rest_site import SignedClient

B, S = fix.BUY, fix.SELL
ORDERS = "/portfolio/events/orders"


def ids(client: SignedClient, query: str = "") -> list[str]:
    return [order["client_order_id"] for order in client.get(f"/portfolio/orders{query}")["orders"]]


def pages(client: SignedClient, path: str, key: str, limit: int) -> list[Any]:
    """Return a whole list, read in pages."""
    found: list[Any] = []
    cursor = ""
    for _ in range(100):
        answer = client.get(f"{path}limit={limit}&cursor={cursor}")
        assert len(answer[key]) <= limit
        found += answer[key]
        cursor = answer["cursor"]
        if not cursor:
            return found
    raise AssertionError("the list has no end")


@pytest.fixture
def traded(site: KalshiSite) -> KalshiSite:
    """ann-1 rests, ann-2 is executed by bob-3, ann-4 is cancelled, ann-5 rests on another shard and event."""
    site.order("ann", B, 100, 3_000)
    site.order("ann", B, 200, 4_000)
    site.order("bob", S, 200, 4_000)
    site.order("ann", B, 100, 9_000, SNOW, time_in_force=fix.Tif.IOC)
    site.order("ann", B, 100, 4_000, COIN)
    return site


def test_orders_are_filtered(traded: KalshiSite) -> None:
    client = traded.client()
    assert ids(client) == ["ann-5", "ann-4", "ann-2", "ann-1"]
    assert ids(client, "?status=resting") == ["ann-5", "ann-1"]
    assert ids(client, "?status=executed") == ["ann-2"]
    assert ids(client, "?status=canceled") == ["ann-4"]
    assert ids(client, f"?ticker={RAIN}") == ["ann-2", "ann-1"]
    assert ids(client, "?event_ticker=KXCOIN15M-1,KXGAME-1") == ["ann-5"]
    assert ids(client, "?exchange_index=2") == ["ann-5"]
    assert ids(client, "?subaccount=1") == []
    assert ids(client, f"?min_ts={traded.now_ns() // SECOND_NS + 60}") == []
    assert ids(client, f"?max_ts={traded.now_ns() // SECOND_NS - 60}") == []
    assert ids(traded.client("bob")) == ["bob-3"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "status=open", "min_ts=-1", "subaccount=a", "subaccount=64"]
)
def test_filter_that_cannot_be_is_refused(site: KalshiSite, query: str) -> None:
    assert site.client().send("GET", f"/portfolio/orders?{query}").status == 400


def test_too_many_names_are_refused(site: KalshiSite) -> None:
    client = site.client()
    assert client.send("GET", "/portfolio/orders?event_ticker=" + ",".join("abcdefghijk")).status == 400
    assert client.send("GET", "/portfolio/fills?ticker=" + ",".join(str(n) for n in range(101))).status == 400


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_are_the_whole_list(site: KalshiSite, limit: int) -> None:
    for number in range(7):
        site.order("ann", B, 100, 3_000 + 10 * number)
        site.order("bob", S, 50, 3_000 + 10 * number)
    client = site.client()
    assert [order["client_order_id"] for order in pages(client, "/portfolio/orders?", "orders", limit)] == ids(client)
    assert len({fill["trade_id"] for fill in pages(client, "/portfolio/fills?", "fills", limit)}) == 7
    trades = pages(client, "/markets/trades?", "trades", limit)
    assert [trade["yes_price_dollars"] for trade in trades] == [f"0.30{number}0" for number in range(6, -1, -1)]


def test_order_that_comes_between_pages_repeats_nothing(site: KalshiSite) -> None:
    for _ in range(4):
        site.order("ann", B, 100, 3_000)
    client = site.client()
    first = client.get("/portfolio/orders?limit=2")
    site.order("ann", B, 100, 3_000)
    second = client.get(f"/portfolio/orders?limit=2&cursor={first['cursor']}")
    names = [order["client_order_id"] for order in first["orders"] + second["orders"]]
    assert names == ["ann-4", "ann-3", "ann-2", "ann-1"]


def test_page_that_repeats_is_a_fault(site: KalshiSite) -> None:
    for _ in range(4):
        site.order("ann", B, 100, 3_000)
    client = site.client()
    fault = RestFault(kind=RestFaultKind.REPEAT_PAGE, operation="get_orders", count=2)
    site.site.do(lambda: site.site.server.faults.inject(fault))
    first = client.get("/portfolio/orders?limit=2")
    second = client.get(f"/portfolio/orders?limit=2&cursor={first['cursor']}")
    assert second["orders"] == first["orders"]
    assert second["cursor"] == first["cursor"]


def test_records_that_are_not_so_are_faults(site: KalshiSite) -> None:
    for _ in range(2):
        site.order("ann", B, 100, 3_000)
    client = site.client()
    one, change = {"client_order_id": "ann-1"}, {"fill_count_fp": "7.00"}

    def told(kind: RestFaultKind) -> list[tuple[str, str]]:
        fault = RestFault(kind=kind, operation="get_orders", where=one, change=change)
        site.site.do(lambda: site.site.server.faults.inject(fault))
        return [(each["client_order_id"], each["fill_count_fp"]) for each in client.get("/portfolio/orders")["orders"]]

    second, first = ("ann-2", "0.00"), ("ann-1", "0.00")
    assert told(RestFaultKind.ALTERED) == [second, ("ann-1", "7.00")]
    assert told(RestFaultKind.OMITTED) == [second]
    assert told(RestFaultKind.DOUBLED) == [second, first, ("ann-1", "7.00")]
    assert told(RestFaultKind.SLOW) == [second, first]
    fault = RestFault(kind=RestFaultKind.ALTERED, operation="get_balance", change={"balance_dollars": "1.0000"})
    site.site.do(lambda: site.site.server.faults.inject(fault))
    assert client.get("/portfolio/balance")["balance_dollars"] == "1.0000"


def test_fills_say_what_was_acquired(traded: KalshiSite) -> None:
    (fill,) = traded.client().get("/portfolio/fills")["fills"]
    assert (fill["side"], fill["action"], fill["book_side"], fill["outcome_side"]) == ("yes", "buy", "bid", "yes")
    assert (fill["count_fp"], fill["yes_price_dollars"], fill["is_taker"]) == ("2.00", "0.4000", False)
    (other,) = traded.client("bob").get(f"/portfolio/fills?ticker={RAIN},{SNOW}")["fills"]
    assert (other["side"], other["action"], other["book_side"], other["outcome_side"]) == ("no", "buy", "ask", "no")
    assert other["trade_id"] == fill["trade_id"] == fill["fill_id"]
    assert other["fee_cost"] == "0.0336"
    client = traded.client()
    assert client.get(f"/portfolio/fills?order_id={fill['order_id']}")["fills"] == [fill]
    for query in ("order_id=none", f"ticker={SNOW}", "exchange_index=2", "subaccount=2"):
        assert client.get(f"/portfolio/fills?{query}")["fills"] == []


def test_places_in_the_queue_count_what_trades_before(site: KalshiSite) -> None:
    site.order("bob", B, 300, 4_100)
    site.order("bob", B, 200, 4_000)
    site.order("ann", B, 100, 4_000)
    site.order("bob", B, 900, 4_000)
    site.order("ann", B, 100, 3_000, COIN)
    client = site.client()
    (place,) = client.get(f"/portfolio/orders/queue_positions?market_tickers={RAIN}")["queue_positions"]
    assert (place["market_ticker"], place["queue_position_fp"]) == (RAIN, "5.00")
    one = client.get(f"/portfolio/orders/{place['order_id']}/queue_position")
    assert one == {"queue_position_fp": "5.00"}
    assert len(client.get("/portfolio/orders/queue_positions?event_ticker=KXCOIN15M-1")["queue_positions"]) == 1
    assert len(client.get("/portfolio/orders/queue_positions")["queue_positions"]) == 2
    client.send("DELETE", f"{ORDERS}/{place['order_id']}")
    assert client.send("GET", f"/portfolio/orders/{place['order_id']}/queue_position").status == 404


# Positions and cash


def test_balance_is_the_cash_to_the_last_digit(traded: KalshiSite) -> None:
    traded.order("bob", B, 900, 3_900)
    balance = traded.client().get("/portfolio/balance")
    assert balance["balance_dollars"] == "1999.2000"
    assert balance["balance"] == 199_920
    assert balance["portfolio_value"] == 78  # 2 contracts at the best bid of others
    assert balance["balance_breakdown"] == [
        {"exchange_index": 0, "balance": "999.2000"},
        {"exchange_index": 2, "balance": "1000.0000"},
    ]
    assert traded.client().get("/portfolio/balance?exchange_index=2")["balance_dollars"] == "1000.0000"
    assert traded.client().get("/portfolio/balance?subaccount=5")["balance_dollars"] == "0.0000"
    bob = traded.client("bob").get("/portfolio/balance?exchange_index=0")
    assert bob["balance_dollars"] == "998.7664"  # 2 NO contracts at 0.60, and the fee of 0.0336


def test_scope_of_the_balance_is_enough_for_it_and_nothing_else(site: KalshiSite) -> None:
    client = site.client(scopes=frozenset(("read::portfolio_balance",)))
    assert client.send("GET", "/portfolio/balance").status == 200
    assert client.send("GET", "/portfolio/positions").status == 403


def test_positions_are_filtered(traded: KalshiSite) -> None:
    traded.order("bob", S, 100, 4_000, COIN)
    client = traded.client()
    answer = client.get("/portfolio/positions")
    assert [(one["ticker"], one["position_fp"]) for one in answer["market_positions"]] == [
        (COIN, "1.00"),
        (RAIN, "2.00"),
    ]
    assert [one["event_ticker"] for one in answer["event_positions"]] == ["KXCOIN15M-1", "KXDEMORAIN-26DEC01"]
    (rain,) = client.get(f"/portfolio/positions?ticker={RAIN}")["market_positions"]
    assert (rain["market_exposure_dollars"], rain["total_traded_dollars"]) == ("0.8000", "0.8000")
    assert rain["resting_orders_count"] == 1
    for query, count in (
        ("event_ticker=KXCOIN15M-1", 1), ("exchange_index=2", 1), ("subaccount=1", 0), ("settlement_status=settled", 0),
        ("settlement_status=all", 2), ("count_filter=position", 2), ("count_filter=position,total_traded", 2),
    ):  # fmt: skip
        assert len(client.get(f"/portfolio/positions?{query}")["market_positions"]) == count
    traded.order("bob", B, 200, 4_100)
    client.send("POST", ORDERS, {"ticker": RAIN, "side": "ask", "count": "2", "price": "0.4100",
                                 "time_in_force": "fill_or_kill", "self_trade_prevention_type": "maker"})  # fmt: skip
    flat = client.get(f"/portfolio/positions?ticker={RAIN}")["market_positions"]
    assert [(one["position_fp"], one["realized_pnl_dollars"]) for one in flat] == [("0.00", "0.0200")]
    assert client.get(f"/portfolio/positions?ticker={RAIN}&count_filter=position")["market_positions"] == []
    assert client.send("GET", "/portfolio/positions?count_filter=size").status == 400
    (short,) = traded.client("bob").get(f"/portfolio/positions?ticker={COIN}")["market_positions"]
    assert short["position_fp"] == "-1.00"


def test_settlement_pays_and_moves_the_position(traded: KalshiSite) -> None:
    client = traded.client()
    traded.life("determine", RAIN, "yes", 0)
    assert client.get(f"/markets/{RAIN}")["market"]["status"] == "determined"
    traded.advance(61 * SECOND_NS)
    (paid,) = client.get("/portfolio/settlements")["settlements"]
    assert (paid["ticker"], paid["market_result"], paid["revenue"], paid["value"]) == (RAIN, "yes", 200, 100)
    assert (paid["yes_count_fp"], paid["no_count_fp"], paid["yes_total_cost_dollars"]) == ("2.00", "0.00", "0.8000")
    (lost,) = traded.client("bob").get(f"/portfolio/settlements?ticker={RAIN}&event_ticker=KXDEMORAIN-26DEC01")[
        "settlements"
    ]
    assert (lost["revenue"], lost["no_count_fp"]) == (0, "2.00")
    assert client.get("/portfolio/balance?exchange_index=0")["balance_dollars"] == "1001.2000"
    assert client.get(f"/portfolio/positions?ticker={RAIN}")["market_positions"] == []
    (old,) = client.get(f"/portfolio/positions?ticker={RAIN}&settlement_status=settled")["market_positions"]
    assert old["realized_pnl_dollars"] == "1.2000"
    assert client.get(f"/portfolio/settlements?max_ts={traded.now_ns() // SECOND_NS - 90}")["settlements"] == []


def test_resting_orders_are_worth_what_they_may_need(site: KalshiSite) -> None:
    site.order("ann", B, 100, 4_000)
    site.order("ann", S, 100, 9_000, COIN)
    assert site.client().get("/portfolio/summary/total_resting_order_value") == {
        "total_resting_order_value": 50,
        "resting_order_value_breakdown": [
            {"exchange_index": 0, "balance": "0.4000"},
            {"exchange_index": 2, "balance": "0.1000"},
        ],
    }


def test_deposits_and_withdrawals_are_told_apart(site: KalshiSite) -> None:
    site.site.do(lambda: site.place.ledger.deposit("ann", 0, -5 * DOLLAR, site.now_ns()))
    client = site.client()
    assert [one["amount_cents"] for one in pages(client, "/portfolio/deposits?", "deposits", 1)] == [100_000, 100_000]
    (taken,) = client.get("/portfolio/withdrawals")["withdrawals"]
    assert (taken["amount_cents"], taken["status"]) == (500, "applied")


# Late, and old


def test_reads_lag_behind_what_was_done(tmp_path: Any) -> None:
    with KalshiSite(tmp_path, RestServerSettings(lag_ms=400), stepped=True) as site:
        client = site.client()
        site.order("ann", B, 500, 4_000)
        assert ids(client) == []
        site.ahead_ns += SECOND_NS
        (order,) = client.get("/portfolio/orders")["orders"]
        site.order("bob", S, 200, 4_000)
        assert client.get("/portfolio/fills")["fills"] == []
        (position,) = client.get("/portfolio/positions")["market_positions"]
        assert position["position_fp"] == "0.00"
        assert client.get("/portfolio/balance")["balance_dollars"] == "2000.0000"
        assert client.send("DELETE", f"{ORDERS}/{order['order_id']}").json["reduced_by"] == "3.00"
        seen = client.get(f"/portfolio/orders/{order['order_id']}")["order"]
        assert (seen["status"], seen["remaining_count_fp"]) == ("resting", "3.00")
        assert ids(client, "?status=resting") == ["ann-1"]
        assert client.send("DELETE", f"{ORDERS}/{order['order_id']}").status == 404
        site.ahead_ns += SECOND_NS
        assert client.get(f"/portfolio/orders/{order['order_id']}")["order"]["status"] == "canceled"
        assert ids(client, "?status=resting") == []
        assert len(client.get("/portfolio/fills")["fills"]) == 1
        assert client.get("/portfolio/balance")["balance_dollars"] == "1999.2000"


def test_what_is_old_is_read_from_the_archive(traded: KalshiSite) -> None:
    client = traded.client()
    (fill,) = client.get("/portfolio/fills")["fills"]
    executed = client.get("/portfolio/orders?status=executed")["orders"][0]
    traded.life("determine", RAIN, "yes", 0)
    traded.advance(61 * SECOND_NS)
    traded.ahead_ns += HOUR_NS
    now_ns = traded.now_ns()
    cutoffs = Cutoffs(orders_ns=now_ns, trades_ns=now_ns, settled_ns=0, positions_ns=now_ns)
    traded.site.do(lambda: traded.place.ledger.archive(cutoffs))
    assert ids(client) == ["ann-5"]  # resting orders never move
    assert client.send("GET", f"/portfolio/orders/{executed['order_id']}").status == 404
    assert client.get("/portfolio/fills")["fills"] == []
    assert client.get("/markets/trades")["trades"] == []
    assert executed in client.get("/historical/orders")["orders"]
    assert client.get(f"/historical/fills?ticker={RAIN}")["fills"] == [fill]
    assert client.get(f"/historical/fills?max_ts={now_ns // SECOND_NS - 4_000}")["fills"] == []
    (trade,) = client.get(f"/historical/trades?ticker={RAIN}")["trades"]
    assert trade["trade_id"] == fill["trade_id"]
    assert client.get(f"/historical/trades?max_ts={now_ns // SECOND_NS - 4_000}")["trades"] == []
    (position,) = client.get("/historical/positions")["market_positions"]
    assert position["ticker"] == RAIN
    assert [one["ticker"] for one in pages(client, "/historical/markets?", "markets", 1)] == [RAIN]
    assert client.get(f"/historical/markets/{RAIN}")["market"]["result"] == "yes"
    assert client.send("GET", f"/markets/{RAIN}").status == 404
    assert client.send("GET", f"/historical/markets/{GAME}").status == 404
    cutoff = client.get("/historical/cutoff")
    assert cutoff["orders_updated_ts"] == cutoff["trades_created_ts"] > cutoff["market_settled_ts"]


def test_time_passes_for_the_venue_alone(site: KalshiSite) -> None:
    site.advance(3 * DAY_NS)
    assert site.client().get(f"/markets/{RAIN}")["market"]["status"] == "closed"
