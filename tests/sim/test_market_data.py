"""The feed in Kalshi's wire form: commands, replies, sequence numbers, price scales."""

import json
from typing import Any

import pytest

from engine import fix
from engine.instrument import Instrument, PriceBand
from engine.sim.feed import frames
from engine.sim.feed.connection import BOOK, COMMANDS_PER_SECOND, TICKER, TRADE, CommandError, FeedConnection

CENT = [PriceBand(0, 10_000, 100)]
NOW = 1_795_444_200_011


class View:
    """Two markets, one with a book, one without."""

    def __init__(self) -> None:
        self.instruments = {name: Instrument(name, index, CENT) for index, name in enumerate(("RAIN", "SNOW"))}
        self.books = {"RAIN": ([(4100, 30000), (4000, 31000)], [(4300, 8550)]), "SNOW": ([], [])}

        self.fault: CommandError | None = None

    def depth(self, symbol: str) -> Any:
        return self.books[symbol]

    def fault_of(self, symbols: Any) -> CommandError | None:
        return self.fault

    def ticker_tail(self, instrument: Instrument) -> bytes:
        return frames.ticker(instrument, (4100, 30000), (4300, 8550), (4200, 100), 100, 420_000, NOW, NOW)


class Client:
    """A FeedConnection whose frames are kept."""

    def __init__(self, market_limit: int = 10) -> None:
        self.view = View()
        self.sent: list[bytes] = []
        self.connection = FeedConnection(self.view, self.sent.append, market_limit)
        self._id = 0

    def __call__(self, cmd: str, **params: Any) -> list[dict[str, Any]]:
        """Send a command; return what came back, without the time."""
        self._id += 1
        self.connection.command(json.dumps({"id": self._id, "cmd": cmd, "params": params}).encode(), NOW)
        return self.take()

    def take(self) -> list[dict[str, Any]]:
        frames = [json.loads(frame) for frame in self.sent]
        self.sent.clear()
        assert all(frame.pop("sending_ts_ms") == NOW for frame in frames)
        return frames

    def change(self, symbol: str, side: int = fix.BUY, price: int = 4000, change: int = -100, copies: int = 1) -> None:
        subscription = self.connection.channels[BOOK]
        instrument = self.view.instruments[symbol]
        tail = frames.delta(instrument, side, price, change, subscription.use_yes_price, NOW - 2, NOW)
        self.connection.send_sequenced(subscription, tail, copies)


def book(symbol: str, **ladders: Any) -> dict[str, Any]:
    return {"market_ticker": symbol, "market_id": frames.market_id(symbol), **ladders}


RAIN_BOOK = book(
    "RAIN", yes_dollars_fp=[["0.4000", "310.00"], ["0.4100", "300.00"]], no_dollars_fp=[["0.5700", "85.50"]]
)


# Commands


def test_subscribe_acknowledges_each_channel_before_the_snapshots() -> None:
    client = Client()
    assert client("subscribe", channels=[BOOK, TRADE], market_tickers=["RAIN", "SNOW"]) == [
        {"id": 1, "type": "subscribed", "msg": {"channel": BOOK, "sid": 1}},
        {"id": 1, "type": "subscribed", "msg": {"channel": TRADE, "sid": 2}},
        {"type": "orderbook_snapshot", "sid": 1, "seq": 1, "msg": RAIN_BOOK},
        {"type": "orderbook_snapshot", "sid": 1, "seq": 2, "msg": book("SNOW")},
    ]


def test_subscribe_again_keeps_the_sid_and_sends_only_new_markets() -> None:
    client = Client()
    client("subscribe", channels=[BOOK], market_ticker="RAIN")
    assert client("subscribe", channels=[BOOK], market_tickers=["RAIN", "SNOW"]) == [
        {"id": 2, "type": "subscribed", "msg": {"channel": BOOK, "sid": 1}},
        {"type": "orderbook_snapshot", "sid": 1, "seq": 2, "msg": book("SNOW")},
    ]


def test_sequence_counts_every_message_of_a_sid_across_markets() -> None:
    client = Client()
    client("subscribe", channels=[BOOK], market_tickers=["RAIN", "SNOW"])
    client.change("RAIN")
    client.change("SNOW")
    client("update_subscription", sid=1, action="delete_markets", market_ticker="SNOW")
    client.change("RAIN", copies=0)
    client.change("RAIN", copies=2)
    frames = client.take()
    assert [(frame["type"], frame["seq"]) for frame in frames] == [("orderbook_delta", 7), ("orderbook_delta", 7)]


def test_add_markets_answers_the_full_set_then_sends_the_snapshot() -> None:
    client = Client()
    client("subscribe", channels=[BOOK], market_ticker="SNOW")
    assert client("update_subscription", sids=[1], action="add_markets", market_tickers=["RAIN"]) == [
        {"id": 2, "type": "ok", "sid": 1, "seq": 2, "msg": {"market_tickers": ["RAIN", "SNOW"]}},
        {"type": "orderbook_snapshot", "sid": 1, "seq": 3, "msg": RAIN_BOOK},
    ]


def test_delete_markets_leaves_the_others() -> None:
    client = Client()
    client("subscribe", channels=[BOOK], market_tickers=["RAIN", "SNOW"], skip_ticker_ack=True)
    answer = client("update_subscription", sids=[1], action="delete_markets", market_tickers=["RAIN"])
    assert answer == [{"id": 2, "type": "ok", "sid": 1, "seq": 3, "msg": {}}]
    assert list(client.connection.channels[BOOK].markets or ()) == ["SNOW"]


def test_get_snapshot_answers_on_the_same_sid_with_the_id() -> None:
    client = Client()
    client("subscribe", channels=[BOOK], market_tickers=["RAIN", "SNOW"])
    assert client("update_subscription", sids=[1], action="get_snapshot", market_tickers=["RAIN"]) == [
        {"id": 2, "type": "orderbook_snapshot", "sid": 1, "seq": 3, "msg": RAIN_BOOK}
    ]


def test_unsubscribe_ends_the_sid_and_the_next_one_is_new() -> None:
    client = Client()
    client("subscribe", channels=[TRADE, TICKER])
    assert client("unsubscribe", sids=[1]) == [{"id": 2, "type": "unsubscribed", "sid": 1, "seq": 1}]
    client("subscribe", channels=[TRADE])
    assert client("list_subscriptions") == [
        {"id": 4, "type": "ok", "msg": [{"channel": TICKER, "sid": 2}, {"channel": TRADE, "sid": 3}]}
    ]


def test_ticker_starts_with_a_ticker_on_request_and_has_no_seq() -> None:
    client = Client()
    _, ticker = client(
        "subscribe", channels=[TICKER], market_ids=[frames.market_id("RAIN")], send_initial_snapshot=True
    )
    assert ticker == {
        "type": "ticker",
        "sid": 1,
        "msg": {
            "market_ticker": "RAIN", "market_id": frames.market_id("RAIN"), "price_dollars": "0.4200",
            "yes_bid_dollars": "0.4100", "yes_ask_dollars": "0.4300", "yes_bid_size_fp": "300.00",
            "yes_ask_size_fp": "85.50", "last_trade_size_fp": "1.00", "volume_fp": "1.00", "open_interest_fp": "0.00",
            "dollar_volume": 0, "dollar_open_interest": 0, "ts": NOW // 1000, "ts_ms": NOW,
            "time": "2026-11-23T14:30:00.011Z",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"{", 1),
        (b'{"id":7,"cmd":3}', 1),
        (b'{"id":7,"cmd":"subscribe"}', 2),
        (b'{"id":7,"cmd":"subscribe","params":{}}', 3),
        (b'{"id":7,"cmd":"unsubscribe","params":{}}', 4),
        (b'{"id":7,"cmd":"update_subscription","params":{}}', 4),
        (b'{"id":7,"cmd":"shout","params":{}}', 5),
        (b'{"id":7,"cmd":"unsubscribe","params":{"sids":[9]}}', 7),
        (b'{"id":7,"cmd":"update_subscription","params":{"sid":9,"action":"get_snapshot"}}', 7),
        (b'{"id":7,"cmd":"subscribe","params":{"channels":["weather"]}}', 8),
        (b'{"id":7,"cmd":"subscribe","params":{"channels":["fill"]}}', 9),
        (b'{"id":7,"cmd":"subscribe","params":{"channels":["trade"],"market_ticker":"HAIL"}}', 11),
        (b'{"id":7,"cmd":"subscribe","params":{"channels":["trade"],"market_ticker":"A","market_tickers":["A"]}}', 11),
        (b'{"id":7,"cmd":"subscribe","params":{"channels":["trade"],"market_id":"1"}}', 11),
        (b'{"id":7,"cmd":"update_subscription","params":{"sids":[1,2],"action":"get_snapshot"}}', 12),
        (b'{"id":7,"cmd":"subscribe","params":{"channels":["orderbook_delta"]}}', 14),
    ],
)  # fmt: skip
def test_wrong_command_is_answered_by_its_code(frame: bytes, code: int) -> None:
    client = Client()
    client.connection.command(frame, NOW)
    (answer,) = client.take()
    assert (answer["type"], answer["msg"]["code"], answer.get("id")) == ("error", code, None if frame == b"{" else 7)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, 15),
        ({"action": "shuffle"}, 13),
        ({"action": "get_snapshot"}, 14),
        ({"action": "get_snapshot", "market_ticker": "SNOW"}, 11),
        ({"action": "add_markets", "market_ticker": "HAIL"}, 11),
        ({"action": "add_markets", "market_ticker": "SNOW"}, 26),
    ],
)
def test_wrong_update_is_answered_on_its_sid_with_a_seq(params: dict[str, Any], code: int) -> None:
    client = Client(market_limit=1)
    client("subscribe", channels=[BOOK], market_ticker="RAIN")
    (answer,) = client("update_subscription", sid=1, **params)
    assert (answer["msg"]["code"], answer["sid"], answer["seq"]) == (code, 1, 2)


def test_refused_subscribe_opens_no_channel() -> None:
    client = Client(market_limit=1)
    assert client("subscribe", channels=[TRADE, BOOK], market_tickers=["RAIN", "SNOW"])[0]["msg"]["code"] == 26
    assert client("list_subscriptions")[0]["msg"] == []


def test_too_many_commands_in_a_second_are_refused() -> None:
    client = Client()
    for _ in range(COMMANDS_PER_SECOND):
        client.connection.command(b'{"cmd":"list_subscriptions"}', NOW)
    client.sent.clear()
    client.connection.command(b'{"cmd":"list_subscriptions"}', NOW)
    client.connection.command(b'{"cmd":"list_subscriptions"}', NOW + 1000)
    first, second = (json.loads(frame) for frame in client.sent)
    assert (first["type"], first["msg"]["code"], second["type"]) == ("error", 27, "ok")


# Data


def test_no_side_is_on_its_own_scale_unless_yes_prices_are_asked_for() -> None:
    sent = []
    for use_yes_price in (False, True):
        client = Client()
        snapshot = client("subscribe", channels=[BOOK], market_ticker="RAIN", use_yes_price=use_yes_price)[1]
        client.change("RAIN", fix.SELL, 4300, -8550)
        sent.append((snapshot["msg"]["no_dollars_fp"], client.take()[0]["msg"]))
    level = {"delta_fp": "-85.50", "side": "no", "ts_ms": NOW - 2}
    assert sent == [
        ([["0.5700", "85.50"]], book("RAIN", price_dollars="0.5700", **level)),
        ([["0.4300", "85.50"]], book("RAIN", price_dollars="0.4300", **level)),
    ]


def test_trade_names_both_prices_and_the_takers_side() -> None:
    frame = (
        frames.head(TRADE, 2) + b"7" + frames.trade(View().instruments["RAIN"], "t1", fix.SELL, 4150, 2500, NOW, NOW)
    )
    assert json.loads(frame) == {
        "type": "trade", "sid": 2, "seq": 7, "sending_ts_ms": NOW,
        "msg": {
            "trade_id": "t1", "market_ticker": "RAIN", "yes_price_dollars": "0.4150", "no_price_dollars": "0.5850",
            "count_fp": "25.00", "taker_side": "no", "taker_outcome_side": "no", "taker_book_side": "ask",
            "is_block_trade": False, "ts": NOW // 1000, "ts_ms": NOW,
        },
    }  # fmt: skip
