"""The feed refuses, and tells of a market's life: what a client of the real venue has to live with."""

import socket
from typing import Any

import pytest
from picows import WSError
from picows.common import WSHandshakeError

from engine.errors import EngineError
from engine.sim.feed.connection import BOOK, LIFECYCLE, TRADE
from engine.sim.outbox import Outbox
from tests.support.sim.clients import pick
from tests.support.sim.process import SimProcess, Start

CENTS = [{"start": "0", "end": "1", "step": "0.01"}]
TENTHS = [{"start": "0", "end": "1", "step": "0.001"}]


def msgs(frames: list[dict[str, Any]]) -> list[Any]:
    return [frame["msg"] for frame in frames]


def test_m1_a_market_can_be_refused_as_if_it_were_unknown(venue: SimProcess) -> None:
    venue("refuse_market", symbol="SNOW")
    feed = venue.feed()
    feed.send("subscribe", channels=[BOOK], market_tickers=["RAIN", "SNOW"])
    assert msgs(feed.take()) == [{"code": 11, "msg": "Invalid parameter: unknown market SNOW"}]
    feed.send("subscribe", channels=[BOOK], market_tickers=["RAIN"])
    assert [frame["type"] for frame in feed.take(2)] == ["subscribed", "orderbook_snapshot"]
    venue("clear")
    feed.send("subscribe", channels=[BOOK], market_tickers=["SNOW"])
    assert [frame["type"] for frame in feed.take(2)] == ["subscribed", "orderbook_snapshot"]


def test_m7_a_command_can_be_refused_for_a_passing_reason(venue: SimProcess) -> None:
    feed = venue.feed()
    venue("refuse_command", count=2)
    for _ in range(2):
        feed.send("subscribe", channels=[BOOK], market_tickers=["RAIN"])
    assert msgs(feed.take(2)) == [{"code": 18, "msg": "Command timeout"}] * 2
    venue("refuse_command", code=99)
    feed.send("subscribe", channels=[TRADE])
    assert msgs(feed.take()) == [{"code": 99, "msg": "Error"}]
    feed.send("subscribe", channels=[TRADE])
    assert feed.take()[0]["type"] == "subscribed"


def test_m17_a_handshake_can_be_refused_with_retry_after(venue: SimProcess) -> None:
    venue("refuse_feed", delay_ms=5000)
    with pytest.raises(WSHandshakeError) as refused:
        venue.feed()
    assert refused.value.response is not None
    assert (int(refused.value.response.status), refused.value.response.headers["Retry-After"]) == (429, "5")
    venue("refuse_feed", code=503)
    with pytest.raises(WSError, match="503"):
        venue.feed()
    venue.feed()


def test_m4_a_market_is_determined_and_settled(simulator: Start) -> None:
    venue = simulator()
    feed, orders = venue.feed(), venue.logged_on()
    feed.send("subscribe", channels=[LIFECYCLE])
    assert feed.take()[0]["msg"] == {"channel": LIFECYCLE, "sid": 1}
    orders.buy("a1")
    venue("determine_market", symbol="RAIN", result="scalar", value="0.37")
    venue("settle_market", symbol="RAIN")
    determined, settled = feed.take(2)
    assert (determined["type"], determined["sid"], determined["seq"], settled["seq"]) == (LIFECYCLE, 1, 1, 2)
    stamp = determined["msg"].pop("determination_ts")
    assert determined["msg"] == {
        "event_type": "determined",
        "market_ticker": "RAIN",
        "result": "scalar",
        "settlement_value": "0.3700",
    }
    assert settled["msg"] == {"event_type": "settled", "market_ticker": "RAIN", "settled_ts": stamp}
    assert pick(orders.receive(), 11, 150) == ("a1", "C")
    orders.order("a2", "1", "25", "0.41")
    assert pick(orders.receive(), 11, 150, 58) == ("a2", "8", "MARKET_INACTIVE")


def test_m5_a_market_is_paused_opened_and_closed(simulator: Start) -> None:
    venue = simulator()
    feed, orders = venue.feed(), venue.logged_on()
    feed.send("subscribe", channels=[LIFECYCLE])
    feed.take()
    orders.buy("a1")
    for cmd in ("pause_market", "open_market", "close_market"):
        venue(cmd, symbol="RAIN")
    stages = msgs(feed.take(3))
    assert [stage["event_type"] for stage in stages] == ["deactivated", "activated", "close_date_updated"]
    assert stages[2]["close_ts"] * 1000 <= venue("status")["now_ms"]
    assert pick(orders.receive(), 11, 150, 58) == ("a1", "4", "MARKET_ACTIVATED")


def test_m6_a_market_gets_another_grid(simulator: Start) -> None:
    venue = simulator()
    feed, orders = venue.feed(), venue.logged_on()
    feed.send("subscribe", channels=[LIFECYCLE])
    feed.take()
    orders.order("a1", "1", "25", "0.415")
    assert pick(orders.receive(), 58) == ("INVALID_PRICE",)
    venue("change_grid", symbol="RAIN", bands=TENTHS)
    (stage,) = msgs(feed.take())
    assert (stage["event_type"], stage["price_ranges"]) == (
        "price_level_structure_updated",
        [{"start": "0.0010", "end": "0.9990", "step": "0.0010"}],
    )
    orders.order("a2", "1", "25", "0.415")
    assert pick(orders.receive(), 11, 150) == ("a2", "0")


def test_stages_that_make_no_sense_are_refused_in_words(venue: SimProcess) -> None:
    for cmd, arguments, words in (
        ("determine_market", {"symbol": "RAIN", "result": "maybe"}, "result must be"),
        ("determine_market", {"symbol": "HAIL", "result": "yes"}, "unknown market HAIL"),
        ("change_grid", {"symbol": "RAIN", "bands": [{"start": "1", "end": "0", "step": "x"}]}, "DecodeError"),
        ("change_grid", {"symbol": ["RAIN"]}, "TypeError"),
        ("settle_market", {}, "KeyError"),
    ):
        with pytest.raises(EngineError, match=words):
            venue(cmd, **arguments)


def test_lifecycle_takes_no_markets(venue: SimProcess) -> None:
    feed = venue.feed()
    feed.send("subscribe", channels=[LIFECYCLE], market_ticker="RAIN")
    assert feed.take()[0]["msg"]["code"] == 11


def test_what_waits_in_an_outbox_is_bounded_and_nothing_is_lost() -> None:
    outbox: Outbox[int] = Outbox(limit=3)
    delivered: list[int] = []
    outbox.step(0, is_silent=True, delay_ns=0)
    for number in range(5):
        outbox.put(delivered.append, number)
    assert (delivered, outbox.early) == ([0, 1], 2)
    outbox.step(1, is_silent=False, delay_ns=0)
    assert delivered == [0, 1, 2, 3, 4]


def test_port_of_the_feed_answers_what_is_no_websocket(venue: SimProcess) -> None:
    with socket.create_connection(("127.0.0.1", venue.feed_port), 5) as plain:
        plain.sendall(b"\x16\x03\x01 GET\r\n\r\n")
        assert plain.recv(100).startswith(b"HTTP/1.1 400")
