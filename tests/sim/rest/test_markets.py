"""What everybody reads: markets, books, trades, candlesticks, events, series, fees, hours."""

from typing import Any

import pytest

from engine import fix
from engine.exchange.rulebook.hours import PlannedPause
from engine.sim.rest.faults import RestFault, RestFaultKind
from tests.support.sim.kalshi_rest import COIN, DAY_NS, GAME, HOUR_NS, RAIN, SECOND_NS, SNOW, KalshiSite
from tests.support.sim.rest_site import SignedClient

B, S = fix.BUY, fix.SELL
EVENT, SERIES = "KXDEMORAIN-26DEC01", "KXDEMORAIN"


@pytest.fixture
def client(site: KalshiSite) -> SignedClient:
    return site.client_of(None)


def tickers(client: SignedClient, query: str = "") -> list[str]:
    return sorted(market["ticker"] for market in client.get(f"/markets{query}")["markets"])


def seconds(site: KalshiSite, offset: int = 0) -> int:
    return site.now_ns() // SECOND_NS + offset


def test_markets_are_filtered(site: KalshiSite, client: SignedClient) -> None:
    assert tickers(client) == sorted([COIN, RAIN, SNOW, GAME])
    assert tickers(client, f"?tickers={RAIN},{COIN}") == [COIN, RAIN]
    assert tickers(client, f"?event_ticker={EVENT}") == [RAIN, SNOW]
    assert tickers(client, "?series_ticker=KXGAME") == [GAME]
    assert tickers(client, "?mve_filter=only") == []
    assert tickers(client, "?limit=0&mve_filter=exclude") == sorted([COIN, RAIN, SNOW, GAME])
    site.life("pause", SNOW)
    site.life("determine", COIN, "no", 0)
    site.life("determine", GAME, "yes", 0)
    assert tickers(client, "?status=open") == [RAIN]
    assert tickers(client, "?status=paused") == [SNOW]
    assert tickers(client, "?status=closed") == sorted([COIN, GAME])
    assert tickers(client, "?status=unopened") == tickers(client, "?status=settled") == []


def test_time_filters_select_by_their_family(site: KalshiSite, client: SignedClient) -> None:
    everything = sorted([COIN, RAIN, SNOW, GAME])
    close = seconds(site) + 2 * 86_400
    assert tickers(client, f"?min_close_ts={close - 60}&max_close_ts={close + 60}") == everything
    assert tickers(client, f"?min_close_ts={close + 60}") == []
    assert tickers(client, f"?max_created_ts={seconds(site, 60)}&status=open") == everything
    assert tickers(client, f"?min_created_ts={seconds(site, 60)}") == []
    assert tickers(client, "?min_settled_ts=1") == []
    site.ahead_ns += HOUR_NS
    site.life("pause", SNOW)
    assert tickers(client, f"?min_updated_ts={seconds(site, -60)}&mve_filter=exclude") == [SNOW]


@pytest.mark.parametrize(
    "query",
    [
        "min_close_ts=5&min_created_ts=5",
        "min_close_ts=5&status=open",
        "min_created_ts=5&status=settled",
        "min_settled_ts=5&status=open",
        "min_updated_ts=5",
        "status=active",
        "limit=1001",
        "limit=-1",
        "mve_filter=some",
    ],
)
def test_filters_that_exclude_each_other_are_refused(client: SignedClient, query: str) -> None:
    answer = client.send("GET", f"/markets?{query}")
    assert (answer.status, answer.json["code"]) == (400, "invalid_parameters")


def test_market_shows_its_book_and_its_grid(site: KalshiSite, client: SignedClient) -> None:
    empty = client.get(f"/markets/{RAIN}")["market"]
    assert [empty[f"{name}_dollars"] for name in ("yes_bid", "yes_ask", "no_bid", "no_ask")] == [
        "0.0000", "1.0000", "0.0000", "1.0000",
    ]  # fmt: skip
    site.order("ann", B, 1_250, 4_150)
    site.order("bob", S, 800, 4_300)
    site.order("bob", S, 250, 4_150)
    market = client.get(f"/markets/{RAIN}")["market"]
    assert [market[f"{name}_dollars"] for name in ("yes_bid", "yes_ask", "no_bid", "no_ask", "last_price")] == [
        "0.4150", "0.4300", "0.5700", "0.5850", "0.4150",
    ]  # fmt: skip
    sizes = ("yes_bid_size", "yes_ask_size", "volume", "volume_24h", "open_interest")
    assert [market[f"{name}_fp"] for name in sizes] == ["10.00", "8.00", "2.50", "2.50", "2.50"]
    assert market["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]
    assert (market["price_level_structure"], market["strike_type"]) == ("deci_cent", "greater")
    assert market["floor_strike"] == 2.5
    assert (market["status"], market["result"], market["settlement_timer_seconds"]) == ("active", "", 60)
    tapered = client.get(f"/markets/{COIN}")["market"]
    assert [band["step"] for band in tapered["price_ranges"]] == ["0.0010", "0.0100", "0.0010"]
    assert tapered["exchange_index"] == 2


def test_market_shows_its_end(site: KalshiSite, client: SignedClient) -> None:
    site.life("determine", RAIN, "scalar", 2_500)
    decided = client.get(f"/markets/{RAIN}")["market"]
    assert (decided["status"], decided["result"]) == ("determined", "scalar")
    assert decided["settlement_value_dollars"] == "0.2500"
    assert "settlement_ts" not in decided
    site.life("change_grid", SNOW, "center_deci_edge_centi_cent")
    assert len(client.get(f"/markets/{SNOW}")["market"]["price_ranges"]) == 3


def test_book_has_bids_of_both_outcomes_the_best_last(site: KalshiSite, client: SignedClient) -> None:
    for side, price in ((B, 4_000), (B, 4_150), (S, 4_300), (S, 4_500)):
        site.order("bob", side, 1_000 + price, price)
    book = {
        "yes_dollars": [["0.4000", "50.00"], ["0.4150", "51.50"]],
        "no_dollars": [["0.5500", "55.00"], ["0.5700", "53.00"]],
    }
    assert client.get(f"/markets/{RAIN}/orderbook") == {"orderbook_fp": book}
    assert client.get(f"/markets/{RAIN}/orderbook?depth=1")["orderbook_fp"] == {
        "yes_dollars": [["0.4150", "51.50"]],
        "no_dollars": [["0.5700", "53.00"]],
    }
    both = client.get(f"/markets/orderbooks?tickers={RAIN}&tickers={COIN}&tickers=KXNONE")["orderbooks"]
    nothing: dict[str, list[Any]] = {"yes_dollars": [], "no_dollars": []}
    assert both == [{"ticker": RAIN, "orderbook_fp": book}, {"ticker": COIN, "orderbook_fp": nothing}]
    for path in (f"{RAIN}/orderbook?depth=101", "orderbooks", "orderbooks?" + "&".join(["tickers=A"] * 101)):
        assert client.send("GET", f"/markets/{path}").status == 400
    assert client.send("GET", "/markets/KXNONE/orderbook").status == 404


def test_trades_are_told_newest_first(site: KalshiSite, client: SignedClient) -> None:
    for price, taker in ((4_000, S), (4_100, B)):
        site.order("ann", B if taker == S else S, 100, price)
        site.order("bob", taker, 100, price)
    trades = client.get(f"/markets/trades?ticker={RAIN}")["trades"]
    names = ("yes_price_dollars", "no_price_dollars", "taker_book_side", "taker_side")
    told = [tuple(one[name] for name in names) for one in trades]
    assert told == [("0.4100", "0.5900", "bid", "yes"), ("0.4000", "0.6000", "ask", "no")]
    assert client.get(f"/markets/trades?ticker={COIN}")["trades"] == []
    assert client.get("/markets/trades?is_block_trade=true")["trades"] == []
    assert client.get(f"/markets/trades?min_ts={seconds(site, 60)}")["trades"] == []
    assert len(client.get(f"/markets/trades?max_ts={seconds(site, 60)}&limit=0")["trades"]) == 2


# Candlesticks


def trade_at(site: KalshiSite, price: int, qty: int = 100) -> None:
    site.order("ann", B, qty, price)
    site.order("bob", S, qty, price)


def test_candlesticks_add_up(site: KalshiSite, client: SignedClient) -> None:
    site.ahead_ns += HOUR_NS - site.now_ns() % HOUR_NS  # at the full hour
    begin = seconds(site)
    for price in (4_000, 4_400, 3_900, 4_100):
        trade_at(site, price)
    site.ahead_ns += 60 * SECOND_NS
    trade_at(site, 4_200, 300)
    path = f"/series/{SERIES}/markets/{RAIN}/candlesticks?start_ts={begin}&end_ts={begin + 7_200}"
    first, second = client.get(f"{path}&period_interval=1")["candlesticks"]
    assert (first["end_period_ts"], second["end_period_ts"]) == (begin + 60, begin + 120)
    assert {name: first["price"][f"{name}_dollars"] for name in ("open", "high", "low", "close", "mean")} == {
        "open": "0.4000", "high": "0.4400", "low": "0.3900", "close": "0.4100", "mean": "0.4100",
    }  # fmt: skip
    assert (first["volume_fp"], second["volume_fp"], second["open_interest_fp"]) == ("4.00", "3.00", "7.00")
    assert second["price"]["previous_dollars"] == "0.4100"
    assert "previous_dollars" not in first["price"]
    assert first["yes_bid"]["high_dollars"] == "0.4400"
    (hour,) = client.get(f"{path}&period_interval=60")["candlesticks"]
    assert (hour["volume_fp"], hour["price"]["mean_dollars"]) == ("7.00", "0.4143")
    assert (hour["price"]["open_dollars"], hour["price"]["close_dollars"]) == ("0.4000", "0.4200")
    assert hour["end_period_ts"] == begin + 3_600


def test_candlestick_before_the_start_comes_if_asked(site: KalshiSite, client: SignedClient) -> None:
    trade_at(site, 4_000)
    site.ahead_ns += 2 * HOUR_NS
    begin = seconds(site, -60)
    trade_at(site, 4_200)
    path = f"/series/{SERIES}/markets/{RAIN}/candlesticks?start_ts={begin}&end_ts={begin + 7_200}&period_interval=1"
    assert len(client.get(path)["candlesticks"]) == 1
    before, after = client.get(f"{path}&include_latest_before_start=true")["candlesticks"]
    assert before["price"] == {"previous_dollars": "0.4000"}
    assert after["price"]["previous_dollars"] == "0.4000"


def test_candlesticks_of_several_markets_and_of_an_event(site: KalshiSite, client: SignedClient) -> None:
    trade_at(site, 4_000)
    span = f"start_ts={seconds(site, -3_600)}&end_ts={seconds(site, 86_400)}&period_interval=60"
    many = client.get(f"/markets/candlesticks?market_tickers={RAIN},{COIN},KXNONE&{span}")["markets"]
    assert [(one["market_ticker"], len(one["candlesticks"])) for one in many] == [(RAIN, 1), (COIN, 0)]
    event = client.get(f"/series/{SERIES}/events/{EVENT}/candlesticks?{span}")
    assert event["market_tickers"] == [RAIN, SNOW]
    assert [len(candles) for candles in event["market_candlesticks"]] == [1, 0]
    for path in (
        f"/series/KXGAME/markets/{RAIN}",
        f"/series/KXGAME/events/{EVENT}",
        f"/series/{SERIES}/markets/KXNONE",
    ):
        assert client.send("GET", f"{path}/candlesticks?{span}").status == 404


@pytest.mark.parametrize(
    "query",
    ["", "start_ts=5&end_ts=9", "start_ts=5&end_ts=9&period_interval=5", "start_ts=9&end_ts=5&period_interval=1",
     "start_ts=0&end_ts=900000000&period_interval=1"],
)  # fmt: skip
def test_stretch_of_time_that_cannot_be_is_refused(client: SignedClient, query: str) -> None:
    assert client.send("GET", f"/series/{SERIES}/markets/{RAIN}/candlesticks?{query}").status == 400


# Events, series, fees


def test_event_comes_with_its_markets_if_asked(client: SignedClient) -> None:
    bare = client.get(f"/events/{EVENT}")
    assert bare["markets"] == []
    assert "markets" not in bare["event"]
    nested = client.get(f"/events/{EVENT}?with_nested_markets=true")["event"]["markets"]
    assert [market["ticker"] for market in nested] == [RAIN, SNOW]
    assert client.send("GET", "/events/KXNONE").status == 404
    assert [one["market_ticker"] for one in client.get(f"/events/{EVENT}/metadata")["market_details"]] == [RAIN, SNOW]


def test_events_are_filtered(site: KalshiSite, client: SignedClient) -> None:
    def events(query: str) -> list[str]:
        return sorted(event["event_ticker"] for event in client.get(f"/events?{query}")["events"])

    assert events("limit=200") == ["KXCOIN15M-1", EVENT, "KXGAME-1"]
    assert events(f"series_ticker={SERIES}") == events(f"tickers={EVENT}") == [EVENT]
    site.life("determine", GAME, "yes", 0)
    assert events("status=closed") == ["KXGAME-1"]
    assert events("status=settled") == events(f"min_close_ts={seconds(site, 3 * 86_400)}") == []
    assert client.get("/events?with_milestones=true")["milestones"] == []
    assert client.send("GET", "/events?limit=201").status == 400


def test_series_say_what_they_charge(site: KalshiSite, client: SignedClient) -> None:
    trade_at(site, 4_000)
    series = client.get(f"/series/{SERIES}?include_volume=true")["series"]
    assert (series["fee_type"], series["fee_multiplier"], series["volume_fp"]) == ("quadratic", 1, "1.00")
    assert client.get("/series/KXCOIN15M")["series"]["fee_multiplier"] == 0.5
    assert [one["ticker"] for one in client.get("/series?category=Crypto")["series"]] == ["KXCOIN15M"]
    assert [one["ticker"] for one in client.get("/series?tags=Weather,Other")["series"]] == [SERIES]
    assert client.send("GET", "/series/KXNONE").status == 404


def test_fee_changes_are_announced_and_then_in_force(site: KalshiSite, client: SignedClient) -> None:
    (change,) = client.get(f"/series/fee_changes?series_ticker={SERIES}")["series_fee_change_arr"]
    assert (change["fee_type"], change["fee_multiplier"]) == ("quadratic", 2)
    (of_event,) = client.get("/events/fee_changes")["event_fee_changes"]
    assert (of_event["event_ticker"], of_event["fee_type_override"], of_event["fee_multiplier_override"]) == (
        "KXGAME-1", None, 0.5,
    )  # fmt: skip
    site.advance(DAY_NS + SECOND_NS)
    assert client.get("/series/fee_changes")["series_fee_change_arr"] == []
    assert len(client.get("/series/fee_changes?show_historical=true")["series_fee_change_arr"]) == 1
    assert client.get(f"/series/{SERIES}")["series"]["fee_multiplier"] == 2
    assert client.get("/events/KXGAME-1")["event"]["fee_multiplier_override"] == 0.5


# Hours


def test_status_is_told_for_each_shard(site: KalshiSite, client: SignedClient) -> None:
    site.site.do(lambda: site.place.set_hours(site.now_ns(), is_trading=False, shard=2, resumes_ns=site.now_ns()))
    status = client.get("/exchange/status")
    assert (status["exchange_active"], status["trading_active"]) == (True, True)
    assert [(one["exchange_index"], one["trading_active"]) for one in status["exchange_index_statuses"]] == [
        (0, True),
        (2, False),
    ]
    assert status["exchange_estimated_resume_time"].startswith("20")


def test_schedule_has_thursdays_gap_and_what_is_planned(site: KalshiSite, client: SignedClient) -> None:
    begin_ns = site.now_ns() + DAY_NS
    site.site.do(lambda: site.place.hours.plan(PlannedPause(begin_ns, begin_ns + HOUR_NS)))
    schedule = client.get("/exchange/schedule")["schedule"]
    (hours,) = schedule["standard_hours"]
    assert hours["thursday"] == [
        {"open_time": "00:00", "close_time": "03:00"},
        {"open_time": "05:00", "close_time": "00:00"},
    ]
    assert len(schedule["maintenance_windows"]) == 1


@pytest.mark.parametrize(("kind", "status"), [(RestFaultKind.INTERNAL, 500), (RestFaultKind.UNAVAILABLE, 503)])
def test_status_of_a_broken_exchange_keeps_its_shape(
    site: KalshiSite, client: SignedClient, kind: RestFaultKind, status: int
) -> None:
    site.site.do(lambda: site.site.server.faults.inject(RestFault(kind=kind, operation="get_exchange_status")))
    answer = client.send("GET", "/exchange/status")
    assert (answer.status, answer.json["exchange_active"]) == (status, False)
