"""The feed of a venue with accounts over TLS: who gets in, as whom, and the frames around the frames."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from picows.common import WSHandshakeError

from engine import fix
from engine.exchange.events import NewOrder
from engine.sim.feed import handshake, server
from engine.sim.keys import KeyFile, SimAuthority, SimKey, client_context, make_key, server_context
from engine.venue.kalshi.signing import load_credentials
from tests.support.sim.feed_site import FeedSite

PATIENCE = 30


class Reader(WSListener):
    """Keeps what arrives: frames, pings, pongs, and how the connection ended."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[Any] = asyncio.Queue()
        self.pings: asyncio.Queue[bytes] = asyncio.Queue()
        self.pongs: asyncio.Queue[bytes] = asyncio.Queue()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if frame.msg_type == WSMsgType.TEXT:
            self.frames.put_nowait(json.loads(payload))
        elif frame.msg_type == WSMsgType.PING:
            self.pings.put_nowait(payload)
            transport.send_pong(payload)
        elif frame.msg_type == WSMsgType.PONG:
            self.pongs.put_nowait(payload)

    def command(self, cmd: str, kind: WSMsgType = WSMsgType.TEXT, **params: Any) -> None:
        self.transport.send(kind, json.dumps({"id": 1, "cmd": cmd, "params": params}).encode())

    async def next(self) -> Any:
        return await asyncio.wait_for(self.frames.get(), PATIENCE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def keys(folder: Path) -> dict[str, KeyFile]:
    return {"ed": make_key(folder, "ed25519"), "rsa": make_key(folder, "rsa"), "other": make_key(folder)}


@pytest.fixture(scope="module")
def site(folder: Path, keys: dict[str, KeyFile]) -> Iterator[FeedSite]:
    files = SimAuthority(folder).issue()
    members = {"ed": "x", "rsa": "x", "other": "y"}
    known = [SimKey(key.key_id, members[name], key.public_key) for name, key in keys.items()]
    with FeedSite(known, server_context(files), max_connections=2, ping_seconds=0.05) as running:
        running.ca = client_context(files)
        yield running


async def connect(site: FeedSite, headers: dict[str, str]) -> Reader:
    reader = Reader()
    await ws_connect(lambda: reader, site.url, ssl_context=site.ca, extra_headers=headers, enable_auto_pong=False)
    return reader


def signed(key: KeyFile, at_ns: int = 0) -> dict[str, str]:
    return load_credentials(key.key_id, key.file).http_headers("GET", handshake.PATH, at_ns or time.time_ns())


def salted(key: KeyFile, salt: int) -> dict[str, str]:
    """Return headers whose RSA signature has a salt of another length than ours."""
    stamp = str(time.time_ns() // 10**6)
    private: Any = load_pem_private_key(key.file.read_bytes(), None)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    signature = private.sign(f"{stamp}GET{handshake.PATH}".encode(), pss, hashes.SHA256())
    text = base64.b64encode(signature).decode()
    return {handshake.KEY: key.key_id, handshake.TIMESTAMP: stamp, handshake.SIGNATURE: text}


async def gone(site: FeedSite) -> None:
    """Wait until the venue has noticed that nobody is connected any more."""
    async with asyncio.timeout(PATIENCE):
        while site.server.listeners:
            await asyncio.sleep(0.01)


def run(site: FeedSite, scene: Any) -> None:
    """Play a scene, then see that its connections are closed."""

    async def play() -> None:
        readers: list[Reader] = []
        try:
            await scene(readers)
        finally:
            for reader in readers:
                reader.transport.disconnect(graceful=False)
            await gone(site)

    asyncio.run(play())


@pytest.mark.parametrize("salt", [0, 20, 32, 222])
def test_rsa_signature_is_taken_with_a_salt_of_any_length(site: FeedSite, keys: dict[str, KeyFile], salt: int) -> None:
    async def scene(readers: list[Reader]) -> None:
        readers.append(await connect(site, salted(keys["rsa"], salt)))
        readers[0].command("list_subscriptions")
        assert (await readers[0].next())["msg"] == []

    run(site, scene)


@pytest.mark.parametrize("fault", ["no headers", "unknown key", "clock", "another's signature"])
def test_handshake_that_is_not_signed_gets_401_and_the_venues_code(
    site: FeedSite, keys: dict[str, KeyFile], fault: str
) -> None:
    headers = {
        "no headers": {},
        "unknown key": signed(keys["ed"]) | {handshake.KEY: "nobody"},
        "clock": signed(keys["ed"], time.time_ns() - 60 * 10**9),
        "another's signature": signed(keys["ed"]) | {handshake.KEY: keys["other"].key_id},
    }[fault]

    async def scene(readers: list[Reader]) -> None:
        with pytest.raises(WSHandshakeError) as refused:
            await connect(site, headers)
        assert refused.value.response is not None
        assert int(refused.value.response.status) == 401
        error = json.loads(refused.value.raw_body or b"{}")["error"]
        assert error["code"] == "token_authentication_failure"

    run(site, scene)


def test_connections_are_counted_by_member(site: FeedSite, keys: dict[str, KeyFile]) -> None:
    async def scene(readers: list[Reader]) -> None:
        readers.append(await connect(site, signed(keys["ed"])))
        readers.append(await connect(site, signed(keys["rsa"])))
        with pytest.raises(WSHandshakeError) as refused:
            await connect(site, signed(keys["ed"]))
        assert refused.value.response is not None and int(refused.value.response.status) == 429
        readers.append(await connect(site, signed(keys["other"])))

    run(site, scene)


def test_keys_of_one_member_see_its_orders_and_another_does_not(site: FeedSite, keys: dict[str, KeyFile]) -> None:
    async def scene(readers: list[Reader]) -> None:
        for name in ("ed", "other"):
            readers.append(await connect(site, signed(keys[name])))
            readers[-1].command("subscribe", WSMsgType.BINARY, channels=["user_orders"])
            assert (await readers[-1].next())["type"] == "subscribed"
        order = NewOrder(
            account="x", cl_ord_id=f"a{time.time_ns()}", symbol="RAIN", side=fix.BUY, order_qty=100, price=100,
            time_in_force=fix.Tif.GTC,
        )  # fmt: skip
        await asyncio.to_thread(site.tell, lambda now_ns: site.place.submit(order, now_ns))
        assert (await readers[0].next())["msg"]["client_order_id"] == order.cl_ord_id
        readers[1].command("list_subscriptions")
        assert (await readers[1].next())["type"] == "ok"  # and nothing before it

    run(site, scene)


def test_venue_pings_with_heartbeat_and_answers_pings(site: FeedSite, keys: dict[str, KeyFile]) -> None:
    async def scene(readers: list[Reader]) -> None:
        reader = await connect(site, signed(keys["ed"]))
        readers.append(reader)
        assert await asyncio.wait_for(reader.pings.get(), PATIENCE) == b"heartbeat"
        reader.transport.send_ping(b"are you there")
        assert await asyncio.wait_for(reader.pongs.get(), PATIENCE) == b"are you there"

    run(site, scene)


def test_reader_that_is_too_slow_over_tls_gets_error_25_and_is_cut_off(
    folder: Path, keys: dict[str, KeyFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CUT_OFF_AFTER", float(PATIENCE))
    known = [SimKey(keys["ed"].key_id, "x", keys["ed"].public_key)]
    files = SimAuthority(folder).issue("slow")
    headers = "".join(f"{name}: {value}\r\n" for name, value in signed(keys["ed"]).items())
    with (
        FeedSite(known, server_context(files), write_limit=65536, send_buffer=65536) as site,
        socket.create_connection(("127.0.0.1", site.port), PATIENCE) as plain,
        client_context(files).wrap_socket(plain, server_hostname="localhost") as slow,
    ):
        slow.sendall(
            b"GET /trade-api/ws/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            + f"{headers}\r\n".encode()
            + masked(b'{"id":1,"cmd":"subscribe","params":{"channels":["fill","ticker"]}}')
        )
        command = 1000 * masked(b'{"id":2,"cmd":"list_subscriptions"}')
        while not site.server.overflows:
            slow.sendall(command)
        received = b""
        while b"slow reader" not in received:
            data = slow.recv(65536)
            assert data
            received += data
    assert received.count(b'"code":25') == 2


def masked(command: bytes) -> bytes:
    """A WebSocket text frame of at most 125 bytes, masked with nothing."""
    return bytes((0x81, 0x80 | len(command), 0, 0, 0, 0)) + command
