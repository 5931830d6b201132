"""Recordings of before 2026-03-12: integers become text, and the result is read like any frame."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.venue import EventKind
from engine.venue.kalshi.legacy import modernized
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import Feed
from tests.support.kalshi_wire import RAIN


def old(type_: str, seq: int | None = None, **msg: object) -> bytes:
    place = {} if seq is None else {"seq": seq}
    return wire.frame(type=type_, sid=1, **place, msg={"market_ticker": RAIN} | msg)


def test_old_book_and_trade_are_read_once_they_are_modernized() -> None:
    feed = Feed(check_sequence=False)
    event = feed.take(modernized(old("orderbook_snapshot", 1, yes=[[40, 310], [41, 300]], no=[[55, 40], [57, 85]])))
    assert (event.kind, event.bids, event.asks) == (
        EventKind.SNAPSHOT,
        [(4000, 31000), (4100, 30000)],
        [(4500, 4000), (4300, 8500)],
    )
    event = feed.take(modernized(old("orderbook_delta", 2, price=41, delta=-54, side="yes", ts="2025-05-30T14:30:02Z")))
    assert (event.kind, event.price, event.size) == (EventKind.DELTA, 4100, -5400)
    event = feed.take(modernized(old("trade", yes_price=41, no_price=59, count=54, taker_side="no", ts=1748615402)))
    assert (event.kind, event.price, event.size) == (EventKind.TRADE, 4100, 5400)
    assert event.venue_time_ns == 1748615402 * 10**9


def test_old_form_is_refused_where_it_is_not_modernized() -> None:
    with pytest.raises(DecodeError, match="integer form"):
        Feed().take(old("orderbook_snapshot", 1, yes=[[40, 310]], no=[]))


@pytest.mark.parametrize(
    ("name", "value", "added", "text"),
    [
        ("price", 41, "price_dollars", "0.41"),
        ("yes_bid", 5, "yes_bid_dollars", "0.05"),
        ("yes_ask", 99, "yes_ask_dollars", "0.99"),
        ("volume", 8120, "volume_fp", "8120"),
        ("open_interest", 0, "open_interest_fp", "0"),
        ("yes_price", 100, "yes_price_dollars", "1.00"),
        ("no_price", 0, "no_price_dollars", "0.00"),
        ("count", 7, "count_fp", "7"),
        ("post_position", -7, "post_position_fp", "-7"),
        ("position", -7, "position_fp", "-7"),
        ("position_cost", 41500, "position_cost_dollars", "4.1500"),
        ("realized_pnl", -300, "realized_pnl_dollars", "-0.0300"),
        ("fees_paid", 17, "fees_paid_dollars", "0.0017"),
        ("position_fee_cost", 0, "position_fee_cost_dollars", "0.0000"),
    ],
)
def test_each_integer_of_old_gets_its_text(name: str, value: int, added: str, text: str) -> None:
    assert json.loads(modernized(old("any", **{name: value})))["msg"][added] == text


def test_text_that_is_there_stays_and_a_frame_of_today_comes_back_as_it_is() -> None:
    mixed = old("orderbook_snapshot", 1, yes=[[41, 300]], yes_dollars_fp=[["0.4100", "300.50"]], no=[[55, 1]])
    msg = json.loads(modernized(mixed))["msg"]
    assert (msg["yes_dollars_fp"], msg["no_dollars_fp"]) == ([["0.4100", "300.50"]], [["0.55", "1"]])
    for frame in (wire.snapshot(1), wire.delta(2), wire.trade(3), wire.ok(4), wire.subscribed("trade", 1), b"[1]"):
        assert modernized(frame) is frame


BAD: list[dict[str, Any]] = [
    {"price": 41.5}, {"price": True}, {"price": -1}, {"delta": "5"}, {"delta": 2**70}, {"yes": [[40]]}, {"yes": [4]},
    {"no": [[40, -1]]}, {"count": None},
]  # fmt: skip


@pytest.mark.parametrize("msg", BAD, ids=repr)
def test_old_frame_whose_integers_are_none_is_named(msg: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match="recorded frame unreadable"):
        modernized(old("orderbook_delta", 1, **msg))
    with pytest.raises(DecodeError, match="recorded frame unreadable"):
        modernized(b"{")


@given(st.integers(1, 99), st.integers(-(10**6), 10**6))
def test_price_and_size_are_the_same_as_in_the_form_of_today(price: int, delta: int) -> None:
    recorded, today = Feed(check_sequence=False), Feed(check_sequence=False)
    for each in (recorded, today):
        each.take(wire.snapshot(1))
    event = recorded.take(modernized(old("orderbook_delta", 2, price=price, delta=delta, side="yes")))
    other = today.take(wire.delta(2, f"{price / 100:.4f}", f"{delta}.00"))
    assert (event.kind, event.price, event.size) == (other.kind, other.price, other.size)
