"""Clients that attack the venue's feed and control ports: each is let go, and its neighbours notice nothing."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from engine.sim.control import MAX_CONNECTIONS, MAX_LINE, ControlClient
from tests.support.sim.clients import HEADERS, FeedClient, wait_for
from tests.support.sim.process import SimProcess, Start

UPGRADE = (
    b"GET /trade-api/ws/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    + "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items()).encode()
)


def masked(first: int, payload: bytes = b"") -> bytes:
    """A frame of this first byte, masked with nothing."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    return bytes([first]) + length + b"\0\0\0\0" + payload


@contextmanager
def connected(port: int, say: bytes = b"") -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), 5)) as plain:
        plain.sendall(say)
        yield plain


def everything(plain: socket.socket) -> bytes:
    """Read until the venue hangs up."""
    received = b""
    try:
        while data := plain.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


def memory(sim: SimProcess) -> int:
    """Return the resident bytes of the venue's process."""
    pages = Path(f"/proc/{sim.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


@pytest.fixture
def neighbour(venue: SimProcess) -> Iterator[FeedClient]:
    """A good client, which must be served during and after the attack."""
    client = venue.subscribed()
    yield client
    client.send("list_subscriptions")
    assert client.take_until("ok")[-1]["msg"] == [{"channel": "orderbook_delta", "sid": 1}]


ATTACKS = {
    "unmasked": (b"\x81\x02{}", 1002),
    "reserved bits": (masked(0xC1, b"{}"), 1002),
    "unknown opcode": (masked(0x83), 1002),
    "fragmented ping": (masked(0x09), 1002),
    "ping of 126 bytes": (masked(0x89, b"x" * 126), 1002),
    "continuation of nothing": (masked(0x80, b"x"), 1002),
    "two starts": (masked(0x01, b"{") + masked(0x01, b"{"), 1002),
    "fragments without end": (masked(0x01, b"{") + masked(0x00) * 5000, 1009),
    "a frame of 4 GiB": (b"\x81\xff" + (2**32).to_bytes(8, "big"), 1009),
    "no text": (masked(0x81, b'{"cmd":"\xff"}'), 1007),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_breaks_the_protocol_is_ended_under_its_code(venue: SimProcess, neighbour: FeedClient, name: str) -> None:
    attack, code = ATTACKS[name]
    with connected(venue.feed_port, UPGRADE + b"\r\n" + attack) as plain:
        assert code.to_bytes(2, "big") in everything(plain).partition(b"\r\n\r\n")[2][:4]
    wait_for(lambda: venue("status")["feed_connections"] == 1)


@pytest.mark.parametrize(
    "command",
    [b"", b"\x00", b"[]", b"{", b'{"id":1e999}', b'{"id":' + b"9" * 5000 + b"}", b"[" * 60_000, b'{"params":[]}'],
    ids=["empty", "zero", "list", "cut", "infinite", "huge-id", "nested", "wrong"],
)
def test_a_command_of_nonsense_is_answered_with_an_error(
    venue: SimProcess, neighbour: FeedClient, command: bytes
) -> None:
    feed = venue.feed()
    feed.send_raw(command)
    assert feed.take()[0]["msg"]["code"] in (1, 5)
    feed.send("list_subscriptions")
    assert feed.take()[0]["type"] == "ok"


def test_headers_without_end_are_cut_off(venue: SimProcess, neighbour: FeedClient) -> None:
    with connected(venue.feed_port, UPGRADE + b"X-Pad: " + b"x" * 40_000) as plain:
        everything(plain)


def test_a_handshake_that_does_not_end_is_cut_off_in_time(venue: SimProcess, neighbour: FeedClient) -> None:
    with connected(venue.feed_port, UPGRADE) as plain:
        plain.settimeout(8)
        everything(plain)


def test_a_client_that_never_asks_for_anything_is_let_go(simulator: Start) -> None:
    sim = simulator(sections="[feed]\nping_seconds = 0.02")
    idle = sim.feed()
    idle.wait(lambda: not idle.is_open)
    assert (str(idle.close_code), sim("status")["feed_cut_off"]) == ("1008", 1)
    asking = sim.feed()
    for _ in range(10):  # longer than the other was allowed to stay
        asking.send("list_subscriptions")
        asking.take()
        time.sleep(0.02)
    assert asking.is_open


def test_a_client_that_answers_no_ping_is_let_go(simulator: Start) -> None:
    sim = simulator(sections="[feed]\nping_seconds = 0.02")
    deaf = sim.feed(enable_auto_pong=False)
    deaf.send("list_subscriptions")
    deaf.wait(lambda: not deaf.is_open)
    assert (str(deaf.close_code), len(deaf.pings)) == ("1008", 3)


def test_a_flood_of_commands_does_not_starve_a_neighbour(venue: SimProcess, neighbour: FeedClient) -> None:
    flood = masked(0x81, b'{"id":2,"cmd":"list_subscriptions"}') * 3000
    with connected(venue.feed_port, UPGRADE + b"\r\n") as plain:
        plain.setblocking(False)
        for _ in range(30):
            with suppress(BlockingIOError):
                plain.send(flood)
            neighbour.send("list_subscriptions")
            neighbour.take_until("ok")


def test_attacks_leave_nothing_behind(simulator: Start) -> None:
    sim = simulator()
    sizes = []
    for _ in range(4):
        for attack, _ in ATTACKS.values():
            for _ in range(10):
                with connected(sim.feed_port, UPGRADE + b"\r\n" + attack):
                    pass
        wait_for(lambda: sim("status")["feed_connections"] == 0)
        sizes.append(memory(sim))
    assert sizes[-1] - sizes[0] < 8 * 2**20


# The control port


@pytest.mark.parametrize(
    "line",
    [b"", b"\xff\xfe", b"[]", b"{", b"[" * 60_000, b'{"cmd":[]}', b'{"cmd":"book","symbol":[]}', b'{"cmd":"orders"}'],
    ids=["empty", "no-text", "list", "cut", "nested", "list-cmd", "list-symbol", "missing"],
)
def test_a_line_of_nonsense_is_answered(venue: SimProcess, line: bytes) -> None:
    with connected(venue.control_port, line + b"\n") as plain:
        answer = json.loads(plain.makefile("rb").readline())
    assert answer["ok"] is False and answer["error"]
    assert venue("status")["feed_connections"] == 0


def test_a_line_without_end_is_cut_off(venue: SimProcess) -> None:
    with connected(venue.control_port) as plain:
        with suppress(ConnectionError):
            plain.sendall(b"x" * (2 * MAX_LINE))
        assert everything(plain) == b""
    venue("status")


def test_a_line_that_trickles_is_cut_off(simulator: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(simulator().control_port, b'{"cmd":') as plain:
        plain.settimeout(15)
        assert everything(plain) == b""


def test_answers_that_nobody_reads_are_bounded(venue: SimProcess) -> None:
    with connected(venue.control_port) as plain, suppress(ConnectionError):
        for _ in range(3000):
            plain.sendall(b'{"cmd":"status"}\n' * 100)
    venue("status")


def test_idle_connections_make_room_for_the_next(simulator: Start) -> None:
    sim = simulator()
    crowd = [socket.create_connection(("127.0.0.1", sim.control_port), 5) for _ in range(3 * MAX_CONNECTIONS)]
    with ControlClient(sim.control_port) as latest:
        assert latest("status")["feed_connections"] == 0
    for each in crowd:
        each.close()
    with pytest.raises((ConnectionError, EOFError, ValueError)):
        sim("status")  # ours was the one that was quiet longest
    sim.control.close()
    sim.control = ControlClient(sim.control_port)


def test_a_connection_in_use_outlives_a_crowd_of_idle_ones(simulator: Start) -> None:
    sim = simulator()
    crowd = []
    for _ in range(2 * MAX_CONNECTIONS):
        crowd.append(socket.create_connection(("127.0.0.1", sim.control_port), 5))
        sim("status")
    for each in crowd:
        each.close()
