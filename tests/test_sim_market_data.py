"""The feed in Kalshi's wire form: commands, replies, sequence numbers, price scales, connections."""

import base64
import json
import socket
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from picows import WSError

from engine import fix
from engine.instrument import Instrument, PriceBand
from engine.sim import admission, wire
from engine.sim.subscriptions import BOOK, COMMANDS_PER_SECOND, TICKER, TRADE, FeedConnection
from tests.sim_clients import HEADERS, wait_for
from tests.sim_process import SimProcess, Start

CENT = [PriceBand(0, 10_000, 100)]
NOW = 1_795_444_200_011


class View:
    """Two markets, one with a book, one without."""

    def __init__(self) -> None:
        self.instruments = {name: Instrument(name, index, CENT) for index, name in enumerate(("RAIN", "SNOW"))}
        self.books = {"RAIN": ([(4100, 30000), (4000, 31000)], [(4300, 8550)]), "SNOW": ([], [])}

    def depth(self, symbol: str) -> Any:
        return self.books[symbol]

    def ticker_tail(self, instrument: Instrument) -> bytes:
        return wire.ticker(instrument, (4100, 30000), (4300, 8550), (4200, 100), 100, 420_000, NOW, NOW)


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
        tail = wire.delta(instrument, side, price, change, subscription.use_yes_price, NOW - 2, NOW)
        self.connection.send_sequenced(subscription, tail, copies)


def book(symbol: str, **ladders: Any) -> dict[str, Any]:
    return {"market_ticker": symbol, "market_id": wire.market_id(symbol), **ladders}


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
    _, ticker = client("subscribe", channels=[TICKER], market_ids=[wire.market_id("RAIN")], send_initial_snapshot=True)
    assert ticker == {
        "type": "ticker",
        "sid": 1,
        "msg": {
            "market_ticker": "RAIN", "market_id": wire.market_id("RAIN"), "price_dollars": "0.4200",
            "yes_bid_dollars": "0.4100", "yes_ask_dollars": "0.4300", "yes_bid_size_fp": "300.00",
            "yes_ask_size_fp": "85.50", "last_trade_size_fp": "1.00", "volume_fp": "1.00", "open_interest_fp": "0.00",
            "dollar_volume": 0, "dollar_open_interest": 0, "ts": NOW // 1000, "ts_ms": NOW,
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
    frame = wire.head(TRADE, 2) + b"7" + wire.trade(View().instruments["RAIN"], "t1", fix.SELL, 4150, 2500, NOW, NOW)
    assert json.loads(frame) == {
        "type": "trade", "sid": 2, "seq": 7, "sending_ts_ms": NOW,
        "msg": {
            "trade_id": "t1", "market_ticker": "RAIN", "yes_price_dollars": "0.4150", "no_price_dollars": "0.5850",
            "count_fp": "25.00", "taker_side": "no", "taker_outcome_side": "no", "taker_book_side": "ask",
            "is_block_trade": False, "ts": NOW // 1000, "ts_ms": NOW,
        },
    }  # fmt: skip


# Admission


def signed(sign: Any, at_ms: int = NOW, path: str = admission.PATH) -> dict[str, str]:
    signature = base64.b64encode(sign(f"{at_ms}GET{path}".encode())).decode()
    return {admission.KEY: "me", admission.TIMESTAMP: str(at_ms), admission.SIGNATURE: signature}


def test_signed_handshake_is_accepted_with_either_key_type() -> None:
    ed, rsa_key = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    assert admission.refusal(signed(ed.sign), {"me": ed.public_key()}, NOW) == ""
    by_rsa = signed(lambda text: rsa_key.sign(text, pss, hashes.SHA256()))
    assert admission.refusal(by_rsa, {"me": rsa_key.public_key()}, NOW) == ""


def test_wrongly_signed_handshake_is_refused_in_words() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    keys = {"me": key.public_key()}
    good = signed(key.sign)
    refusals = [
        admission.refusal({}, None, NOW),
        admission.refusal(good, {}, NOW),
        admission.refusal(good, keys, NOW + 10_001),
        admission.refusal(signed(key.sign, path="/other"), keys, NOW),
        admission.refusal({**good, admission.SIGNATURE: "?"}, keys, NOW),
        admission.refusal({**good, admission.TIMESTAMP: "9" * 5000}, keys, NOW),
    ]
    assert refusals == [
        "KALSHI-ACCESS-KEY missing",
        "KALSHI-ACCESS-KEY unknown",
        "KALSHI-ACCESS-TIMESTAMP more than 10 s from the venue's clock",
        "KALSHI-ACCESS-SIGNATURE wrong",
        "KALSHI-ACCESS-SIGNATURE wrong",
        "KALSHI-ACCESS-TIMESTAMP more than 10 s from the venue's clock",
    ]


# Over the network


def test_handshake_needs_headers_a_known_key_and_the_path(simulator: Start) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    sim = simulator(
        sections='[feed]\nauth = "keys"\nmax_connections = 1\nkeys = { me = "me.pem" }', files={"me.pem": pem}
    )
    with pytest.raises(WSError, match="401"):
        sim.feed()
    headers = signed(key.sign, time.time_ns() // 1_000_000)
    sim.feed(headers)
    with pytest.raises(WSError, match="429"):
        sim.feed(headers)
    assert sim("status")["feed_refused"] == 2
    with socket.create_connection(("127.0.0.1", sim.feed_port)) as plain:
        plain.sendall(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plain.recv(100).startswith(b"HTTP/1.1 404")


def test_ping_carries_heartbeat(simulator: Start) -> None:
    client = simulator(sections="[feed]\nping_seconds = 0.02").feed(enable_auto_pong=False)
    client.wait(lambda: len(client.pings) == 2)
    assert client.pings == [b"heartbeat", b"heartbeat"]


def test_order_reaches_every_subscriber_under_its_own_sid_and_seq(venue: SimProcess) -> None:
    first, second, orders = venue.feed(), venue.feed(), venue.fix()
    first.send("subscribe", channels=[BOOK], market_tickers=["RAIN", "SNOW"], use_yes_price=False)
    second.send("subscribe", channels=[TRADE, BOOK], market_tickers=["RAIN"], use_yes_price=True)
    first.take(3), second.take(3)
    orders.logon()
    orders.order("a1", "2", "25", "0.41")
    orders.order("a2", "1", "1", "0.05", symbol="SNOW")
    deltas = [first.take()[0], second.take()[0], first.take()[0]]
    assert [(each["sid"], each["seq"], each["msg"]["market_ticker"]) for each in deltas] == [
        (1, 3, "RAIN"),
        (2, 2, "RAIN"),
        (1, 4, "SNOW"),
    ]
    assert [each["msg"]["price_dollars"] for each in deltas] == ["0.5900", "0.4100", "0.0500"]


def test_trade_moves_book_trade_and_ticker_channels(venue: SimProcess) -> None:
    feed, maker, taker = venue.feed(), venue.fix(), venue.fix("OTHER")
    maker.logon(), taker.logon()
    maker.order("m1", "1", "25", "0.41")
    maker.receive_until("8")
    feed.send("subscribe", channels=[BOOK, TRADE, TICKER], market_ticker="RAIN", use_yes_price=True)
    feed.take_until("orderbook_snapshot")
    taker.order("t1", "2", "10", "0.41")
    delta, trade, ticker = sorted(feed.take(3), key=lambda frame: frame["sid"])
    assert (delta["msg"]["side"], delta["msg"]["price_dollars"], delta["msg"]["delta_fp"]) == (
        "yes",
        "0.4100",
        "-10.00",
    )
    assert (trade["msg"]["yes_price_dollars"], trade["msg"]["count_fp"], trade["msg"]["taker_side"]) == (
        "0.4100",
        "10.00",
        "no",
    )
    assert (ticker["msg"]["yes_bid_size_fp"], ticker["msg"]["price_dollars"], ticker["msg"]["last_trade_size_fp"]) == (
        "15.00",
        "0.4100",
        "10.00",
    )


def test_ticker_follows_the_best_price_but_no_other(venue: SimProcess) -> None:
    feed, orders = venue.feed(), venue.fix()
    orders.logon()
    feed.send("subscribe", channels=[TICKER], market_ticker="RAIN")
    feed.take()
    for number, price in enumerate(("0.41", "0.40", "0.42")):
        orders.order(f"a{number}", "1", "25", price)
    tickers = [ticker["msg"] for ticker in feed.take(2)]
    assert [(each["yes_bid_dollars"], each["yes_ask_dollars"]) for each in tickers] == [
        ("0.4100", "1.0000"),
        ("0.4200", "1.0000"),
    ]


def test_snapshot_equals_all_deltas_before_it(simulator: Start) -> None:
    feed = simulator(sections="[liquidity]\nseed = 3\nrate = 2000.0").feed()
    feed.send("subscribe", channels=[BOOK], market_tickers=["RAIN", "SNOW"], use_yes_price=True)
    feed.take()
    books: dict[str, dict[tuple[str, str], int]] = {}
    seen: dict[str, int] = {"RAIN": 0, "SNOW": 0}
    seq = 0
    while min(seen.values()) < 4:
        for frame in feed.take(300):
            seq += 1
            msg = frame["msg"]
            assert (frame["sid"], frame["seq"]) == (1, seq)
            levels = books.setdefault(msg["market_ticker"], {})
            if frame["type"] == "orderbook_snapshot":
                told = {
                    (side, price): cents(size)
                    for side in ("yes", "no")
                    for price, size in msg.get(f"{side}_dollars_fp", ())
                }
                assert not seen[msg["market_ticker"]] or told == levels
                seen[msg["market_ticker"]] += 1
                books[msg["market_ticker"]] = told
            else:
                place = (msg["side"], msg["price_dollars"])
                size = levels.pop(place, 0) + cents(msg["delta_fp"])
                assert size >= 0
                if size:
                    levels[place] = size
        feed.send("update_subscription", sid=1, action="get_snapshot", market_tickers=["RAIN", "SNOW"])


def cents(text: str) -> int:
    return int(text.replace(".", ""))


def masked(command: bytes) -> bytes:
    """A WebSocket text frame of at most 125 bytes, masked with nothing."""
    return bytes((0x81, 0x80 | len(command), 0, 0, 0, 0)) + command


def test_slow_reader_is_told_and_cut_off_while_others_go_on(simulator: Start) -> None:
    sim = simulator(sections="[feed]\nwrite_limit = 65536\nsend_buffer = 65536")
    good, orders = sim.feed(), sim.fix()
    good.send("subscribe", channels=[BOOK], market_tickers=["RAIN"], use_yes_price=True)
    good.take_until("orderbook_snapshot")
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(5)
        slow.connect(("127.0.0.1", sim.feed_port))
        headers = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
        slow.sendall(
            b"GET /trade-api/ws/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            + f"{headers}\r\n".encode()
            + masked(b'{"id":1,"cmd":"subscribe","params":{"channels":["trade","ticker"]}}')
            + 8000 * masked(b'{"id":2,"cmd":"list_subscriptions"}')
        )
        wait_for(lambda: sim("status")["feed_overflows"])
        received = b""
        while data := slow.recv(65536):
            received += data
    assert received.count(b'"code":25') == 2
    assert received.endswith(b"\x88\x0d\x03\xf0slow reader")
    assert sim("status")["feed_connections"] == 1
    orders.logon()
    orders.order("a1", "1", "25", "0.41")
    assert good.take()[0]["seq"] == 2
