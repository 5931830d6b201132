"""Every channel of the simulated feed: who may subscribe, for which markets, and what is told of accounts and lives."""

from collections.abc import Callable
from typing import Any

import pytest

from engine import fix
from engine.exchange.account_events import GroupStep
from engine.exchange.events import MassCancel, Refusal
from engine.exchange.faults import FaultKind, InjectedFault
from engine.exchange.listing.grids import bands_of
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.listing.records import EventRecord, FeeChange, MarketRecord
from engine.sim.feed import frames
from engine.sim.feed.channels import CHANNELS
from tests.support.sim.feed_bazaar import FeedBazaar, Told
from tests.support.sim.marketplace import HOUR_NS
from tests.support.sim.venue import NOON_NS

B, S = fix.BUY, fix.SELL
NOON_MS, NOON_S = NOON_NS // 10**6, NOON_NS // 10**9
PRIVATE = [name for name, channel in CHANNELS.items() if channel.is_private]
ACCOUNT = ["fill", "user_orders", "market_positions", "order_group_updates"]


@pytest.fixture
def bazaar() -> FeedBazaar:
    return FeedBazaar()


def msgs(told: list[Told], type_: str = "") -> list[Any]:
    return [frame["msg"] for frame in told if type_ in ("", frame["type"])]


# Who may subscribe to what


@pytest.mark.parametrize("channel", PRIVATE)
def test_private_channel_needs_a_member(bazaar: FeedBazaar, channel: str) -> None:
    assert bazaar.client().code("subscribe", channels=[channel]) == 9
    assert bazaar.client("x")("subscribe", channels=[channel])[0]["msg"] == {"channel": channel, "sid": 1}


@pytest.mark.parametrize(
    ("channel", "markets", "code"),
    [
        ("orderbook_delta", [], 14),
        ("market_lifecycle_v2", ["A"], 11),
        ("multivariate_market_lifecycle", ["A"], 11),
        ("cfbenchmarks_value", [], 24),
        ("cfbenchmarks_value_5hz", [], 24),
        ("pyth_value", [], 28),
        ("ticker_v2", [], 8),
        ("multivariate", [], 8),
        ("fill", ["HAIL"], 11),
    ],
)
def test_channel_is_refused_with_markets_or_without(
    bazaar: FeedBazaar, channel: str, markets: list[str], code: int
) -> None:
    assert bazaar.client("x").code("subscribe", channels=[channel], market_tickers=markets) == code


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"shard_factor": 0, "shard_key": 0}, 19),
        ({"shard_factor": 101, "shard_key": 0}, 19),
        ({"shard_factor": 4, "shard_key": 4}, 20),
        ({"shard_factor": 4, "shard_key": -1}, 20),
        ({"shard_key": 1}, 21),
        ({"shard_factor": 4}, 22),
    ],
)
def test_shards_of_communications_must_make_sense(bazaar: FeedBazaar, params: dict[str, int], code: int) -> None:
    assert bazaar.client("x").code("subscribe", channels=["communications"], **params) == code


def test_index_channels_are_subscribed_by_what_they_need(bazaar: FeedBazaar) -> None:
    client = bazaar.client("x")
    assert client("subscribe", channels=["cfbenchmarks_value"], index_ids=["BRTI"])[0]["type"] == "subscribed"
    assert client("subscribe", channels=["pyth_value"], underlying_tickers=["BTC"])[0]["type"] == "subscribed"
    assert client.code("update_subscription", sid=1, action="add_markets", market_ticker="A") == 13


@pytest.mark.parametrize("code", [6, 10, 16, 17, 18, 23, 25])
def test_code_that_no_command_earns_comes_by_a_fault(bazaar: FeedBazaar, code: int) -> None:
    bazaar.faults.arm(InjectedFault(kind=FaultKind.REFUSE_COMMAND, code=code), bazaar.now_ns)
    assert bazaar.client("x").code("subscribe", channels=["trade"]) == code


@pytest.mark.parametrize("code", [0, 25])
def test_subscription_ends_by_a_fault_and_can_be_made_again(bazaar: FeedBazaar, code: int) -> None:
    client = bazaar.client("x")
    client("subscribe", channels=["trade", "fill"])
    bazaar.faults.arm(InjectedFault(kind=FaultKind.END_SUBSCRIPTION, text="fill", code=code), bazaar.now_ns)
    bazaar.feed.market_data.step(bazaar.now_ns)
    (ended,) = client.take()
    assert (ended["type"], ended["sid"], ended["seq"], ended["msg"]["code"]) == ("error", 2, 1, code or 10)
    assert [each["channel"] for each in msgs(client("list_subscriptions"))[0]] == ["trade"]
    assert client("subscribe", channels=["fill"])[0]["msg"] == {"channel": "fill", "sid": 3}


def test_initial_tickers_come_on_request_also_for_markets_that_are_added(bazaar: FeedBazaar) -> None:
    client = bazaar.client()
    told = client("subscribe", channels=["ticker"], market_ticker="A", send_initial_snapshot=True)
    assert [frame["type"] for frame in told] == ["subscribed", "ticker"]
    ids = [frames.market_id("B")]
    told = client(
        "update_subscription", sid=1, action="add_markets", market_ids=ids, send_initial_snapshot=True,
        skip_ticker_ack=True,
    )  # fmt: skip
    assert [(frame["type"], frame["msg"].get("market_ticker")) for frame in told] == [("ok", None), ("ticker", "B")]


# Accounts


def test_order_that_rests_and_trades_is_told_to_its_member_alone(bazaar: FeedBazaar) -> None:
    x, y, z = (bazaar.client(member) for member in "xyz")
    for client in (x, y, z):
        client("subscribe", channels=ACCOUNT)
    bazaar.new("x", B, 2500, 4100, cl_ord_id="eng-1", group="")
    (order,) = x.take()
    record = bazaar.place.ledger.orders("x")[0]
    assert (order["type"], order["sid"], "seq" in order) == ("user_order", 2, False)
    assert order["msg"] == {
        "order_id": record.order_id, "user_id": "x", "client_order_id": "eng-1", "ticker": "A", "exchange_index": 0,
        "status": "resting", "outcome_side": "yes", "book_side": "bid", "side": "yes", "is_yes": True,
        "yes_price_dollars": "0.4100", "initial_count_fp": "25.00", "remaining_count_fp": "25.00",
        "fill_count_fp": "0.00", "taker_fill_cost_dollars": "0.000000", "maker_fill_cost_dollars": "0.000000",
        "taker_fees_dollars": "0.000000", "maker_fees_dollars": "0.000000",
        "self_trade_prevention_type": "taker_at_cross", "created_ts_ms": NOON_MS, "last_updated_ts_ms": NOON_MS,
        "created_time": frames.rfc3339(NOON_MS), "last_update_time": frames.rfc3339(NOON_MS),
        "last_update_reason": "", "subaccount_number": 0,
    }  # fmt: skip
    bazaar.new("y", S, 1000, 4100)
    fill, position, order = x.take()
    (traded,) = bazaar.place.ledger.fills("x")
    assert fill["msg"] == {
        "trade_id": traded.trade_id, "order_id": record.order_id, "client_order_id": "eng-1", "market_ticker": "A",
        "exchange_index": 0, "is_taker": False, "outcome_side": "yes", "book_side": "bid", "side": "yes",
        "action": "buy", "purchased_side": "yes", "yes_price_dollars": "0.4100", "count_fp": "10.00",
        "fee_cost": "0.000000", "post_position_fp": "10.00", "ts": NOON_S, "ts_ms": NOON_MS,
    }  # fmt: skip
    assert position["msg"] == {
        "user_id": "x", "market_ticker": "A", "position_fp": "10.00", "position_cost_dollars": "4.1000",
        "realized_pnl_dollars": "0.0000", "fees_paid_dollars": "0.0000", "position_fee_cost_dollars": "0.0000",
        "volume_fp": "10.00",
    }  # fmt: skip
    wanted = ("status", "remaining_count_fp", "fill_count_fp", "maker_fill_cost_dollars", "last_update_reason")
    assert [order["msg"][name] for name in wanted] == ["resting", "15.00", "10.00", "4.100000", "Trade"]
    fill, position, order = y.take()
    assert (fill["msg"]["is_taker"], fill["msg"]["outcome_side"], fill["msg"]["post_position_fp"]) == (
        True, "no", "-10.00",
    )  # fmt: skip
    assert fill["msg"]["fee_cost"] == "0.169400"  # 0.07 * 10 * 0.41 * 0.59, up to a balance of whole $0.0001
    assert position["msg"]["fees_paid_dollars"] == "0.1694"
    assert order["msg"]["status"] == "executed"
    assert z.take() == []


def test_markets_filter_what_is_told_of_an_account(bazaar: FeedBazaar) -> None:
    client = bazaar.client("x")
    client("subscribe", channels=["user_orders"], market_tickers=["B"])
    bazaar.new("x", B, 100, 4100)
    assert client.take() == []
    client("update_subscription", sid=1, action="add_markets", market_tickers=["A"])
    bazaar.new("x", B, 100, 4100)
    assert [msg["ticker"] for msg in msgs(client.take())] == ["A"]


def test_end_of_each_order_has_its_reason(bazaar: FeedBazaar) -> None:
    client = bazaar.client("x")
    client("subscribe", channels=["user_orders"])

    def reasons() -> list[tuple[str, str]]:
        return [(msg["status"], msg["last_update_reason"]) for msg in msgs(client.take())]

    bazaar.new("x", B, 1000, 4000, cl_ord_id="a")
    bazaar.replace("x", "a", 500, 4000)
    assert reasons() == [("resting", ""), ("resting", "Decrease")]
    bazaar.replace("x", "r2", 500, 4100)
    assert reasons() == [("resting", "Amend")]
    bazaar.cancel("x", "r3")
    assert reasons() == [("canceled", "")]
    bazaar.new("y", S, 100, 5000)
    bazaar.new("x", B, 100, 5000, post_only=True)
    assert reasons() == [("canceled", "PostOnlyCrossCancel")]
    bazaar.new("x", S, 100, 6000)
    bazaar.advance(HOUR_NS)
    assert reasons() == [("resting", ""), ("canceled", "CloseCancel")]


def test_subaccounts_are_told_to_keys_that_may_see_them(bazaar: FeedBazaar) -> None:
    bazaar.place.ledger.deposit("x/2", 0, 10**8, bazaar.now_ns)
    every, second, first = bazaar.client("x"), bazaar.client("x", 2), bazaar.client("x", 0)
    for client in (every, second, first):
        client("subscribe", channels=["user_orders", "fill"])
    bazaar.new("y", S, 100, 4100)
    bazaar.new("x/2", B, 100, 4100)
    assert msgs(first.take()) == []
    for client in (every, second):
        fill, order = msgs(client.take())
        assert (fill["subaccount"], order["subaccount_number"], order["user_id"]) == (2, 2, "x")


def test_order_groups_are_told_with_their_limits(bazaar: FeedBazaar) -> None:
    client = bazaar.client("x")
    client("subscribe", channels=["order_group_updates"])
    place, now_ns = bazaar.place, bazaar.now_ns

    def told(events: object) -> Told:
        assert not isinstance(events, Refusal)
        bazaar.short(events)
        return client.take()[0]

    created = told(place.create_group("x", 4000, now_ns))
    group = created["msg"]["order_group_id"]
    assert created == {
        "type": "order_group_updates", "sid": 1, "seq": 1,
        "msg": {"event_type": GroupStep.CREATED, "order_group_id": group, "contracts_limit_fp": "40.00",
                "ts_ms": NOON_MS},
    }  # fmt: skip
    limited = told(place.limit_group("x", group, 100, now_ns))
    assert (limited["msg"]["event_type"], limited["msg"]["contracts_limit_fp"]) == ("limit_updated", "1.00")
    steps = [
        told(step("x", group, now_ns))["msg"] for step in (place.trigger_group, place.reset_group, place.delete_group)
    ]
    assert [msg["event_type"] for msg in steps] == ["triggered", "reset", "deleted"]
    assert all("contracts_limit_fp" not in msg for msg in steps)


def test_own_order_is_named_on_the_levels_that_it_changes(bazaar: FeedBazaar) -> None:
    mine, other = bazaar.client("x"), bazaar.client("y")
    for client in (mine, other):
        client("subscribe", channels=["orderbook_delta"], market_ticker="A", use_yes_price=True)

    def own() -> list[tuple[Any, ...]]:
        assert all("client_order_id" not in msg for msg in msgs(other.take()))
        names = ("price_dollars", "delta_fp", "client_order_id", "last_update_reason")
        return [tuple(msg.get(name) for name in names) for msg in msgs(mine.take())]

    bazaar.new("x", B, 1000, 4000, cl_ord_id="a")
    assert own() == [("0.4000", "10.00", "a", "")]
    bazaar.replace("x", "a", 1000, 4100)
    assert own() == [("0.4000", "-10.00", "r2", "Amend"), ("0.4100", "10.00", "r2", "Amend")]
    bazaar.new("z", S, 1500, 4100)
    assert own() == [("0.4100", "-10.00", "r2", "Trade"), ("0.4100", "5.00", None, None)]


# Lives of markets


def test_life_of_a_market_is_told_step_by_step(bazaar: FeedBazaar) -> None:
    client, combos = bazaar.client(), bazaar.client()
    client("subscribe", channels=["market_lifecycle_v2"])
    combos("subscribe", channels=["multivariate_market_lifecycle"])
    life, now_ns = bazaar.place.lifecycle, bazaar.now_ns
    go = EventRecord(ticker="G", series="T", title="Go", sub_title="now", netting="MECNET")
    bazaar.tell(life.list_event(go, now_ns))
    (event,) = client.take()
    assert event == {
        "type": "event_lifecycle", "sid": 1, "seq": 1,
        "msg": {"event_ticker": "G", "exchange_index": 2, "title": "Go", "subtitle": "now",
                "collateral_return_type": "MECNET", "series_ticker": "T"},
    }  # fmt: skip
    market = MarketRecord(
        ticker="G-1", event="G", title="Will it?", yes_sub_title="Y", no_sub_title="N", rules_primary="R",
        strike_type="greater", floor_strike="3.5", opens_ns=now_ns, close_ns=now_ns + HOUR_NS, label="deci_cent",
        bands=bands_of("deci_cent"), expected_expiration_ns=now_ns + HOUR_NS,
    )  # fmt: skip
    bazaar.tell(life.list_market(market, now_ns))
    (created,) = client.take()
    assert (created["type"], created["seq"]) == ("market_lifecycle_v2", 2)
    assert created["msg"] == {
        "event_type": "created", "market_ticker": "G-1", "exchange_index": 2, "open_ts": NOON_S,
        "close_ts": NOON_S + 3600, "price_level_structure": "deci_cent",
        "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}],
        "additional_metadata": {
            "name": "Will it?", "title": "Will it?", "yes_sub_title": "Y", "no_sub_title": "N", "rules_primary": "R",
            "rules_secondary": "", "can_close_early": True, "event_ticker": "G",
            "expected_expiration_ts": NOON_S + 3600, "strike_type": "greater", "floor_strike": 3.5,
        },
    }  # fmt: skip
    steps: list[tuple[Callable[[], list[VenueEvent]], Told]] = [
        (lambda: life.pause("G-1", now_ns), {"event_type": "deactivated", "is_deactivated": True}),
        (lambda: life.resume("G-1", now_ns), {"event_type": "activated", "is_deactivated": False}),
        (lambda: life.change_grid("G-1", "linear_cent", now_ns),
         {"event_type": "price_level_structure_updated", "price_level_structure": "linear_cent",
          "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]}),
        (lambda: life.change_metadata("G-1", now_ns, floor_strike="4"),
         {"event_type": "metadata_updated", "strike_type": "greater", "floor_strike": 4, "yes_sub_title": "Y"}),
        (lambda: life.move_close("G-1", now_ns + 1, now_ns),
         {"event_type": "close_date_updated", "close_ts": NOON_S}),
    ]  # fmt: skip
    for step, fields in steps:
        bazaar.tell(step())
        assert msgs(client.take()) == [{"market_ticker": "G-1", **fields}]
    bazaar.tell(life.determine("G-1", "scalar", 3700, now_ns))
    determined, settled = msgs(client.take())
    assert determined == {
        "event_type": "determined", "market_ticker": "G-1", "result": "scalar", "determination_ts": NOON_S,
        "settlement_value": "0.3700",
    }  # fmt: skip
    assert settled == {"event_type": "settled", "market_ticker": "G-1", "settled_ts": NOON_S}
    assert combos.take() == []


def test_lives_of_combinations_are_told_on_their_own_channel(bazaar: FeedBazaar) -> None:
    client, combos = bazaar.client(), bazaar.client()
    client("subscribe", channels=["market_lifecycle_v2"])
    combos("subscribe", channels=["multivariate_market_lifecycle"])
    bazaar.tell(bazaar.place.lifecycle.list_event(EventRecord(ticker="KXMVE-E", series="T"), bazaar.now_ns))
    bazaar.add("KXMVE-1", "KXMVE-E")
    assert client.take() == []
    assert [(frame["type"], frame["seq"]) for frame in combos.take()] == [
        ("event_lifecycle", 1),
        ("multivariate_market_lifecycle", 2),
    ]


def test_other_fees_of_an_event_are_told_and_taken_back(bazaar: FeedBazaar) -> None:
    client = bazaar.client()
    client("subscribe", channels=["market_lifecycle_v2"])
    for fee_type, milli in (("quadratic_with_maker_fees", 500), (None, None)):
        change = FeeChange(
            id="1", series="S", event="E", fee_type=fee_type, multiplier_milli=milli, scheduled_ns=bazaar.now_ns
        )
        bazaar.place.lifecycle.schedule_fees(change)
        bazaar.advance(1)
    told = client.take()
    assert [(frame["type"], frame["seq"]) for frame in told] == [("event_fee_update", 1), ("event_fee_update", 2)]
    assert msgs(told) == [
        {"event_ticker": "E", "fee_type_override": "quadratic_with_maker_fees", "fee_multiplier_override": 0.5},
        {"event_ticker": "E", "fee_type_override": None, "fee_multiplier_override": None},
    ]


def test_market_put_aside_leaves_every_subscription(bazaar: FeedBazaar) -> None:
    client = bazaar.client("x")
    client("subscribe", channels=["orderbook_delta", "ticker"], market_tickers=["A", "B"])
    bazaar.new("x", B, 100, 4100)
    bazaar.tell(bazaar.place.lifecycle.determine("A", "yes", -1, bazaar.now_ns))
    client.take()
    assert [list(each.markets or ()) for each in client.connection.channels.values()] == [["B"], ["B"]]
    assert client.code("update_subscription", sid=1, action="add_markets", market_ticker="A") == 11


# Communications


def test_requests_go_to_everybody_who_wants_them_and_quotes_to_their_parties(bazaar: FeedBazaar) -> None:
    x, y, z = (bazaar.client(member) for member in "xyz")
    x("subscribe", channels=["communications"], user_filter="self")
    y("subscribe", channels=["communications"], market_tickers=["A"])
    z("subscribe", channels=["communications"], user_filter="self")
    talk = bazaar.feed.communications
    talk.request("rfq_created", {"id": "r1", "market_ticker": "A"}, "x")
    talk.quote("quote_created", {"quote_id": "q1", "rfq_id": "r1"}, ("x", "y"), "x")
    for client in (x, y):
        assert [(frame["type"], frame["seq"]) for frame in client.take()] == [("rfq_created", 1), ("quote_created", 2)]
    assert z.take() == []


def test_shards_split_the_requests(bazaar: FeedBazaar) -> None:
    clients = [bazaar.client(f"m{key}") for key in range(3)]
    for key, client in enumerate(clients):
        client("subscribe", channels=["communications"], shard_factor=3, shard_key=key)
    for number in range(30):
        bazaar.feed.communications.request("rfq_created", {"id": f"r{number}"}, "x")
    told = [[msg["id"] for msg in msgs(client.take())] for client in clients]
    assert sorted(each for part in told for each in part) == sorted(f"r{number}" for number in range(30))
    assert all(told)


def test_open_interest_stands_in_the_ticker(bazaar: FeedBazaar) -> None:
    client = bazaar.client()
    client("subscribe", channels=["ticker"], market_ticker="A")
    bazaar.new("x", B, 1000, 4000)
    bazaar.new("y", S, 1000, 4000)
    last = msgs(client.take())[-1]
    assert (last["open_interest_fp"], last["dollar_open_interest"], last["volume_fp"]) == ("10.00", 10, "10.00")
    bazaar.short(bazaar.place.submit(MassCancel(account="x", cl_ord_id="m"), bazaar.now_ns))
