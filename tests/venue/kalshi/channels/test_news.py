"""Kalshi's private and public news as values of the engine, from the venue's own forms."""

import json
from typing import Any

import pytest

from engine import fix
from engine.errors import DecodeError
from engine.instrument import PriceBand
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketEvent, MarketState
from engine.venue.account import OrderGroupChange, VenueFill, VenueOrder, VenuePosition
from engine.venue.kalshi.subscriptions import PRIVATE, UNNUMBERED
from engine.venue.quotes import QuoteNews, QuoteRequestNews
from engine.venue.reference import EventFees, EventListing, MarketChange, MarketListing, MarketTicker
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import Feed
from tests.support.kalshi_wire import RAIN

MS = 1_000_000
FILL = {
    "trade_id": "5a0e6f3b", "order_id": "b81d4c02", "client_order_id": "eng-0001", "market_ticker": RAIN,
    "exchange_index": 0, "is_taker": False, "side": "yes", "yes_price_dollars": "0.4150", "count_fp": "10.00",
    "fee_cost": "0.000000", "action": "buy", "ts": 1795444209, "ts_ms": 1795444209248, "post_position_fp": "10.00",
    "purchased_side": "yes", "outcome_side": "yes", "book_side": "bid",
}  # fmt: skip
ORDER = {
    "order_id": "b81d4c02", "user_id": "90f3c7a2", "ticker": RAIN, "exchange_index": 2, "status": "resting",
    "side": "yes", "is_yes": True, "outcome_side": "yes", "book_side": "bid", "yes_price_dollars": "0.4150",
    "fill_count_fp": "10.00", "remaining_count_fp": "15.00", "initial_count_fp": "25.00",
    "taker_fill_cost_dollars": "0.000000", "maker_fill_cost_dollars": "4.150000", "client_order_id": "eng-0001",
    "created_ts_ms": 1795444206005, "last_updated_ts_ms": 1795444209248, "last_update_reason": "Trade",
    "subaccount_number": 0,
}  # fmt: skip
POSITION = {
    "user_id": "90f3c7a2", "market_ticker": RAIN, "position_fp": "-10.00", "position_cost_dollars": "4.1500",
    "realized_pnl_dollars": "-0.0300", "fees_paid_dollars": "0.000017", "volume_fp": "10.00",
}  # fmt: skip
TICKER = {
    "market_id": "7d3b0c58", "market_ticker": RAIN, "price_dollars": "0.4150", "yes_bid_dollars": "0.4150",
    "yes_ask_dollars": "0.4300", "volume_fp": "8120.00", "open_interest_fp": "2211.50", "dollar_volume": 3399,
    "dollar_open_interest": -918, "yes_bid_size_fp": "95.00", "yes_ask_size_fp": "85.50",
    "last_trade_size_fp": "25.00", "ts": 1795444202, "ts_ms": 1795444202099, "time": "2026-11-23T14:30:02.099Z",
}  # fmt: skip
CREATED = {
    "event_type": "created", "market_ticker": "KXNEW-1", "exchange_index": 3, "open_ts": 1_795_444_000,
    "close_ts": 1_795_445_000, "price_level_structure": "linear_cent",
    "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
    "additional_metadata": {"name": "New", "title": "Will it?", "event_ticker": "KXNEW", "can_close_early": True},
}  # fmt: skip


def without(msg: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in msg.items() if name not in names}


def told(feed: Feed, type_: str, msg: object, **place: object) -> MarketEvent:
    return feed.take(wire.frame(type=type_, sid=9, msg=msg, **place))


def test_fill_is_one_of_the_account(feed: Feed) -> None:
    event = told(feed, "fill", FILL, sending_ts_ms=1795444209251)
    assert event.news == VenueFill(
        trade_id="5a0e6f3b",
        order_id="b81d4c02",
        cl_ord_id="eng-0001",
        symbol=RAIN,
        side=fix.BUY,
        price=4150,
        qty=1000,
        fee=0,
        is_taker=False,
        time_ns=1795444209248 * MS,
        net_after=1000,
    )
    assert (event.kind, event.instrument, event.venue_time_ns) == (EventKind.CONTROL, feed.rain, 1795444209251 * MS)
    assert (event.notices, feed.counts()) == ((), {})


@pytest.mark.parametrize(
    ("change", "values"),
    [
        ({"outcome_side": "no", "book_side": "ask"}, {"side": fix.SELL}),
        ({"outcome_side": None, "book_side": "ask"}, {"side": fix.SELL}),
        ({"outcome_side": "no", "book_side": None, "action": "sell_to_close", "side": "yes"}, {"side": fix.SELL}),
        ({"fee_cost": "0.016991", "is_taker": True}, {"fee": 16991, "is_taker": True}),
        ({"fee_cost": "-0.01"}, {"fee": -10000}),
        ({"client_order_id": None}, {"cl_ord_id": ""}),
        ({"post_position_fp": None}, {"net_after": None}),
        ({"post_position_fp": "-3.25"}, {"net_after": -325}),
        ({"count_fp": "0.01", "yes_price_dollars": "0.9999"}, {"qty": 1, "price": 9999}),
        ({"market_ticker": "KXOTHER-1"}, {"symbol": "KXOTHER-1"}),
        ({"ts_ms": "x"}, {"time_ns": 0}),
        ({"exchange_index": "x", "new": {"deep": []}}, {}),
    ],
)
def test_fill_in_every_form(feed: Feed, change: dict[str, Any], values: dict[str, Any]) -> None:
    news = told(feed, "fill", FILL | change).news
    assert isinstance(news, VenueFill)
    assert {name: getattr(news, name) for name in values} == values
    assert feed.counts() == {}


@pytest.mark.parametrize(
    "msg",
    [
        without(FILL, "trade_id"),
        FILL | {"trade_id": ""},
        without(FILL, "fee_cost"),
        without(FILL, "count_fp"),
        without(FILL, "outcome_side", "book_side"),
        FILL | {"outcome_side": "maybe", "book_side": "buy"},
        FILL | {"yes_price_dollars": "x"},
        FILL | {"fee_cost": "0.0000001"},
        FILL | {"is_taker": "no"},
    ],
)
def test_fill_that_cannot_be_believed_is_told_and_not_handed_on(feed: Feed, msg: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match="market data unreadable"):
        told(feed, "fill", msg)
    assert feed.counts() == {"malformed": 1}


def test_order_is_one_of_the_account(feed: Feed) -> None:
    assert told(feed, "user_order", ORDER).news == VenueOrder(
        order_id="b81d4c02",
        cl_ord_id="eng-0001",
        symbol=RAIN,
        side=fix.BUY,
        price=4150,
        order_qty=2500,
        cum_qty=1000,
        leaves_qty=1500,
        status=fix.Status.PARTIALLY_FILLED,
        shard=2,
        updated_ns=1795444209248 * MS,
        reason="Trade",
    )


REASONS = (
    "Decrease", "PostOnlyCrossCancel", "ReduceOnlyCancel", "SettlementBoundsCancel", "Amend", "Trade",
    "SelfTradeCancel", "ExpiryCancel", "CloseCancel", "HaltCancel", "MarginCancel", "", "SomethingNew",
)  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize(
    ("word", "filled", "status"),
    [
        ("resting", "0.00", fix.Status.NEW),
        ("resting", "0.01", fix.Status.PARTIALLY_FILLED),
        ("canceled", "10.00", fix.Status.CANCELED),
        ("executed", "25.00", fix.Status.FILLED),
    ],
)
def test_each_status_of_an_order_with_each_reason(feed: Feed, word: str, filled: str, status: str, reason: str) -> None:
    news = told(
        feed, "user_order", ORDER | {"status": word, "fill_count_fp": filled, "last_update_reason": reason}
    ).news
    assert isinstance(news, VenueOrder)
    assert (news.status, news.reason) == (status, reason)


def test_order_of_a_status_that_is_not_listed_is_unknown_and_told(feed: Feed) -> None:
    event = told(feed, "user_order", ORDER | {"status": "frozen"})
    assert isinstance(event.news, VenueOrder)
    assert (event.news.status, event.news.reason) == (fix.Status.UNKNOWN, "frozen")
    assert event.notices == ((NoticeKind.MESSAGE_UNKNOWN, "user_order b81d4c02: status 'frozen'"),)


def test_position_is_signed_and_its_money_exact(feed: Feed) -> None:
    news = told(feed, "market_position", POSITION).news
    assert news == VenuePosition(symbol=RAIN, net=-1000, fees=17, realized=-30000)


@pytest.mark.parametrize(
    ("type_", "msg", "field"),
    [
        ("fill", FILL, "subaccount"),
        ("user_order", ORDER, "subaccount_number"),
        ("market_position", POSITION, "subaccount"),
    ],
)
def test_news_of_another_subaccount_is_counted_and_left_out(type_: str, msg: dict[str, Any], field: str) -> None:
    feed = Feed(subaccount=3)
    assert told(feed, type_, without(msg, field)).news is None
    assert told(feed, type_, msg | {field: 2}).news is None
    assert told(feed, type_, msg | {field: 3}).news is not None
    assert feed.counts() == {"elsewhere": 2}


@pytest.mark.parametrize("change", ["created", "triggered", "reset", "deleted", "limit_updated", "renamed"])
def test_order_group_says_what_became_of_it(feed: Feed, change: str) -> None:
    msg = {"event_type": change, "order_group_id": "6d0f8b2c", "ts_ms": 1795444300120}
    assert told(feed, "order_group_updates", msg, seq=2).news == OrderGroupChange(
        group_id="6d0f8b2c", change=change, time_ns=1795444300120 * MS
    )
    news = told(feed, "order_group_updates", msg | {"contracts_limit_fp": "40.00"}, seq=3).news
    assert isinstance(news, OrderGroupChange) and news.limit == 4000


def test_loss_on_an_account_channel_makes_the_account_suspect() -> None:
    feed = Feed(channels=("order_group_updates", "orderbook_delta"))
    feed.take(wire.subscribed("order_group_updates", 9, id=2))
    msg = {"event_type": "reset", "order_group_id": "6d0f8b2c"}
    assert not told(feed, "order_group_updates", msg, seq=2).account_gap
    event = told(feed, "order_group_updates", msg, seq=4)
    assert (event.gap, event.account_gap, event.suspects) == (True, True, ())
    assert event.news is not None
    feed.take(wire.subscribed("orderbook_delta", 1))
    feed.kinds(wire.snapshot(1))
    assert not feed.take(wire.delta(5)).account_gap


@pytest.mark.parametrize("channel", sorted(PRIVATE))
def test_end_of_an_account_channel_makes_the_account_suspect_and_is_opened_anew(channel: str) -> None:
    feed = Feed(channels=(channel,))
    assert [each["params"] for each in feed.sent] == [{"channels": [channel]}]
    feed.take(wire.subscribed(channel, 4))
    event = feed.take(wire.error(25, sid=4, seq=1))
    assert (event.kind, event.account_gap, event.suspects) == (EventKind.REFUSED, True, ())
    is_numbered = channel not in UNNUMBERED  # one that brought nothing is not opened in a loop
    (again,) = feed.due(100 * 10**9) + feed.due(200 * 10**9) if is_numbered else feed.sent[1:]
    assert again["params"] == {"channels": [channel]}


def test_request_for_quotes_is_open_until_it_is_deleted(feed: Feed) -> None:
    msg = {
        "id": "r1", "creator_id": "", "market_ticker": RAIN, "event_ticker": "KXDEMORAIN", "contracts_fp": "100.00",
        "target_cost_dollars": "41.500000", "created_ts": "2026-11-23T14:30:02.099123Z",
        "mve_selected_legs": [{"market_ticker": "a"}],
    }  # fmt: skip
    asked = told(feed, "rfq_created", msg, seq=1).news
    assert asked == QuoteRequestNews(
        request_id="r1",
        symbol=RAIN,
        is_open=True,
        event="KXDEMORAIN",
        qty=10000,
        cost=41_500_000,
        time_ns=1795444202099123 * 1000,
    )
    news = told(feed, "rfq_deleted", msg | {"deleted_ts": "2026-11-23T14:31:00Z"}, seq=2).news
    assert isinstance(news, QuoteRequestNews) and not news.is_open and news.time_ns == 1795444260 * 10**9


def test_quote_in_each_of_its_stages(feed: Feed) -> None:
    msg = {
        "quote_id": "q1", "rfq_id": "r1", "quote_creator_id": "m", "rfq_creator_id": "t", "market_ticker": RAIN,
        "yes_bid_dollars": "0.4000", "no_bid_dollars": "0.5500", "yes_contracts_offered_fp": "10.00",
        "created_ts": "2026-11-23T14:30:02Z",
    }  # fmt: skip
    quote = QuoteNews(
        quote_id="q1",
        request_id="r1",
        symbol=RAIN,
        stage="created",
        bid=4000,
        ask=4500,
        bid_qty=1000,
        maker="m",
        taker="t",
        time_ns=1795444202 * 10**9,
    )
    assert told(feed, "quote_created", msg, seq=1).news == quote
    news = told(feed, "quote_accepted", msg | {"accepted_side": "no", "contracts_accepted_fp": "4.00"}, seq=2).news
    assert isinstance(news, QuoteNews) and (news.accepted_outcome, news.accepted_qty) == ("no", 400)
    done = {"quote_id": "q1", "order_id": "o", "client_order_id": "c", "executed_ts": "2026-11-23T14:31:00+00:00"}
    news = told(feed, "quote_executed", done, seq=3).news
    assert isinstance(news, QuoteNews) and (news.order_id, news.cl_ord_id, news.bid, news.ask) == ("o", "c", -1, -1)
    one_sided = told(feed, "quote_created", msg | {"no_bid_dollars": "0.0000"}, seq=4).news
    assert isinstance(one_sided, QuoteNews) and one_sided.ask == -1


@pytest.mark.parametrize("type_", ["order_group_updates", "rfq_created", "quote_created", "event_fee_update"])
def test_news_that_names_nothing_is_counted_and_told(feed: Feed, type_: str) -> None:
    event = told(feed, type_, {}, seq=1)
    is_told = type_ != "event_fee_update"
    assert (event.news, event.kind == EventKind.UNKNOWN) == (None, is_told)


def test_ticker_is_a_market_in_short(feed: Feed) -> None:
    event = told(feed, "ticker", TICKER)
    assert event.news == MarketTicker(
        symbol=RAIN,
        last=4150,
        last_size=2500,
        best_bid=4150,
        bid_size=9500,
        best_ask=4300,
        ask_size=8550,
        volume=812000,
        open_interest=221150,
        time_ns=1795444202099 * MS,
    )
    assert told(feed, "ticker", {"market_ticker": "KXOTHER-1"}).news == MarketTicker(symbol="KXOTHER-1")


@pytest.mark.parametrize("value", [None, 5, 1.5, True, [], {}], ids=repr)
@pytest.mark.parametrize(
    ("type_", "msg", "needed"),
    [
        ("fill", FILL, {"trade_id", "order_id", "market_ticker", "yes_price_dollars", "count_fp", "fee_cost",
                        "is_taker"}),
        ("user_order", ORDER, {"order_id", "ticker", "status", "yes_price_dollars", "initial_count_fp",
                               "remaining_count_fp", "fill_count_fp"}),
        ("market_position", POSITION, {"market_ticker", "position_fp", "fees_paid_dollars"}),
        ("ticker", TICKER, {"market_ticker"}),
    ],
)  # fmt: skip
def test_a_field_that_is_not_needed_never_costs_news(
    feed: Feed, type_: str, msg: dict[str, Any], needed: set[str], value: object
) -> None:
    for name in msg.keys() - needed - {"subaccount_number"}:
        assert told(feed, type_, msg | {name: value}).news is not None, name
    assert feed.counts() == {}


def test_new_market_is_listed_whole_with_the_series_of_its_event(feed: Feed) -> None:
    msg = {"event_ticker": "KXNEW", "series_ticker": "KXN", "title": "New", "subtitle": "today",
           "collateral_return_type": "MECNET", "exchange_index": 3}  # fmt: skip
    event = told(feed, "event_lifecycle", msg, seq=1)
    assert event.news == EventListing(
        event="KXNEW", series="KXN", title="New today", netting="MECNET", exclusive=1, shard=3
    )
    event = told(feed, "market_lifecycle_v2", CREATED, seq=2)
    assert (event.kind, event.notices) == (EventKind.CONTROL, ())
    assert event.news == MarketListing(
        symbol="KXNEW-1",
        event="KXNEW",
        series="KXN",
        bands=(PriceBand(0, 10000, 100),),
        opens_ns=1_795_444_000 * 10**9,
        close_ns=1_795_445_000 * 10**9,
        shard=3,
        title="Will it?",
        exclusive=1,
    )


@pytest.mark.parametrize(
    ("fields", "state", "values"),
    [
        ({"event_type": "activated", "is_deactivated": False}, MarketState.ACTIVE, {}),
        ({"event_type": "deactivated", "is_deactivated": True}, MarketState.PAUSED, {}),
        ({"event_type": "close_date_updated", "close_ts": 1_795_444_000}, MarketState.CLOSED,
         {"close_ns": 1_795_444_000 * 10**9}),
        ({"event_type": "close_date_updated", "close_ts": 1_895_444_000}, MarketState.UNCHANGED,
         {"close_ns": 1_895_444_000 * 10**9}),
        ({"event_type": "determined", "result": "scalar", "settlement_value": "0.3700"}, MarketState.DETERMINED,
         {"payout": 3700}),
        ({"event_type": "settled", "settled_ts": 1_795_444_000}, MarketState.SETTLED, {}),
        ({"event_type": "price_level_structure_updated", "price_ranges": CREATED["price_ranges"]},
         MarketState.UNCHANGED, {"bands": (PriceBand(0, 10000, 100),)}),
        ({"event_type": "metadata_updated", "strike_type": "greater", "floor_strike": 3}, MarketState.UNCHANGED, {}),
    ],
)  # fmt: skip
def test_stage_of_a_market_that_is_not_ours_says_what_changed(
    feed: Feed, fields: dict[str, Any], state: int, values: dict[str, Any]
) -> None:
    msg = {"market_ticker": "KXOTHER-1"} | fields
    news = told(feed, "multivariate_market_lifecycle", msg, seq=1, sending_ts_ms=1_795_444_202_000).news
    assert news == MarketChange(symbol="KXOTHER-1", state=state, stage=fields["event_type"], **values)


@pytest.mark.parametrize(
    ("kind", "multiplier", "change"),
    [
        ("quadratic", 0.5, (0, 500)),
        ("quadratic_with_maker_fees", 1, (25, 1000)),
        ("quadratic_with_combo_maker_fees", "0.125", (50, 125)),
        ("flat_new", None, (25, -1)),
        (None, None, (-1, -1)),
    ],
)
def test_fee_change_of_an_event_in_our_terms(feed: Feed, kind: object, multiplier: object, change: object) -> None:
    msg = {"event_ticker": "KXA", "fee_type_override": kind, "fee_multiplier_override": multiplier}
    news = told(feed, "event_fee_update", msg, seq=1).news
    assert isinstance(news, EventFees) and (news.maker_percent, news.multiplier_milli) == change


def test_fee_multiplier_finer_than_we_count_is_told(feed: Feed) -> None:
    with pytest.raises(DecodeError, match="FeeUpdate"):
        told(feed, "event_fee_update", {"event_ticker": "KXA", "fee_multiplier_override": 0.33333}, seq=1)


def test_own_order_is_known_by_its_level(feed: Feed) -> None:
    frame = json.loads(wire.delta(3))
    frame["msg"] |= {"client_order_id": "eng-0006", "subaccount": 0, "last_update_reason": "Trade"}
    assert feed.take(json.dumps(frame).encode()).cl_ord_id == "eng-0006"
    assert feed.take(wire.delta(4)).cl_ord_id == ""
    frame["seq"], frame["msg"]["price_dollars"] = 5, "0.400"  # in another form
    assert feed.take(json.dumps(frame).encode()).cl_ord_id == "eng-0006"
    frame["seq"], frame["msg"]["client_order_id"] = 6, 7
    event = feed.take(json.dumps(frame).encode())
    assert (event.kind, event.cl_ord_id) == (EventKind.DELTA, "")
