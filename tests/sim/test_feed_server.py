"""The feed over the network: who may connect, pings, several connections, slow readers, books that add up."""

import base64
import socket
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from picows import WSError

from engine.sim.feed import handshake
from engine.sim.feed.connection import BOOK, TICKER, TRADE
from tests.support.sim.clients import HEADERS, wait_for
from tests.support.sim.process import SimProcess, Start

NOW = 1_795_444_200_011


def signed(sign: Any, at_ms: int = NOW, path: str = handshake.PATH) -> dict[str, str]:
    signature = base64.b64encode(sign(f"{at_ms}GET{path}".encode())).decode()
    return {handshake.KEY: "me", handshake.TIMESTAMP: str(at_ms), handshake.SIGNATURE: signature}


def test_signed_handshake_is_accepted_with_either_key_type() -> None:
    ed, rsa_key = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    assert handshake.refusal(signed(ed.sign), {"me": ed.public_key()}, NOW) == ""
    by_rsa = signed(lambda text: rsa_key.sign(text, pss, hashes.SHA256()))
    assert handshake.refusal(by_rsa, {"me": rsa_key.public_key()}, NOW) == ""


def test_handshake_without_headers_is_accepted_where_nobody_asks_for_keys() -> None:
    assert handshake.refusal({}, None, NOW) == ""


def test_wrongly_signed_handshake_is_refused_in_words() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    keys = {"me": key.public_key()}
    good = signed(key.sign)
    refusals = [
        handshake.refusal({}, keys, NOW),
        handshake.refusal(good, {}, NOW),
        handshake.refusal(good, keys, NOW + 10_001),
        handshake.refusal(signed(key.sign, path="/other"), keys, NOW),
        handshake.refusal({**good, handshake.SIGNATURE: "?"}, keys, NOW),
        handshake.refusal({**good, handshake.TIMESTAMP: "9" * 5000}, keys, NOW),
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
