"""Bytes of one connection leave in order, the first of a read at once and the others together."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from engine.session.native.connection import Connection


class Ends:
    def on_connected(self, wire: Connection) -> None: ...

    def on_data(self, data: bytes) -> None: ...

    def on_full(self) -> None: ...

    def on_writable(self) -> None: ...

    def on_closed(self, reason: str) -> None: ...


class Transport:
    """Keeps what the socket did not take, as an asyncio transport does."""

    def __init__(self, sock: socket.socket | None) -> None:
        self.sock = sock
        self.queued = b""
        self.calls: list[str] = []

    def get_extra_info(self, name: str) -> object:
        return {"socket": self.sock}.get(name)

    def set_write_buffer_limits(self, high: int) -> None: ...

    def get_write_buffer_size(self) -> int:
        return len(self.queued)

    def write(self, data: bytes) -> None:
        self.queued += data

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")


class Scene:
    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        for sock in (self.near, self.far):
            sock.setblocking(False)
        self.transport = Transport(self.near)
        self.wire = Connection(Ends())
        self.wire.connection_made(self.transport)  # type: ignore[arg-type]

    def came(self) -> bytes:
        """What the far end reads now."""
        try:
            return self.far.recv(1 << 20)
        except BlockingIOError:
            return b""


@pytest.fixture
def scene(loop: asyncio.AbstractEventLoop) -> Iterator[Scene]:
    made = Scene()
    yield made
    made.near.close()
    made.far.close()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that counts as running, and never turns."""
    made = asyncio.new_event_loop()
    asyncio._set_running_loop(made)
    yield made
    asyncio._set_running_loop(None)
    made.close()


def test_message_outside_of_a_read_leaves_at_once(scene: Scene) -> None:
    scene.wire.write(b"a")
    assert scene.came() == b"a"
    scene.wire.write(b"b")
    assert scene.came() == b"b"


def test_first_message_of_a_read_leaves_at_once_and_the_others_together(scene: Scene) -> None:
    scene.wire.hold()
    scene.wire.write(b"a")
    assert scene.came() == b"a"
    scene.wire.write(b"b")
    scene.wire.write(b"c")
    assert scene.came() == b""
    scene.wire.release()
    assert scene.came() == b"bc"
    scene.wire.write(b"d")
    assert scene.came() == b"d"


def test_messages_held_leave_sixteen_at_a_time(scene: Scene) -> None:
    scene.wire.hold()
    for number in range(40):
        scene.wire.write(b"%02d" % number)
    assert scene.came() == b"".join(b"%02d" % number for number in range(33))  # 1 + 16 + 16
    scene.wire.release()
    assert scene.came() == b"".join(b"%02d" % number for number in range(33, 40))


def test_close_sends_what_is_held_first(scene: Scene) -> None:
    scene.wire.hold()
    scene.wire.write(b"a")
    scene.wire.write(b"logout")
    scene.wire.close()
    assert (scene.came(), scene.transport.calls) == (b"alogout", ["close"])
    scene.wire.release()
    assert scene.transport.queued == b""


def test_abort_drops_what_is_held(scene: Scene) -> None:
    scene.wire.hold()
    scene.wire.write(b"a")
    scene.wire.write(b"b")
    scene.wire.abort()
    scene.wire.release()
    assert (scene.came(), scene.transport.queued, scene.transport.calls) == (b"a", b"", ["abort"])


def test_what_a_full_socket_does_not_take_follows_in_order(scene: Scene) -> None:
    scene.near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    sent = [bytes([65 + n]) * 3000 for n in range(20)]
    for message in sent:
        scene.wire.write(message)
    came = b""
    while piece := scene.came():
        came += piece
    assert scene.transport.queued
    assert came + scene.transport.queued == b"".join(sent)


def test_broken_connection_is_left_to_the_transport(scene: Scene) -> None:
    scene.far.close()
    scene.wire.write(b"a")
    scene.wire.write(b"b")
    assert scene.transport.queued == b""


def test_connection_without_a_socket_of_its_own_writes_through_its_transport(
    loop: asyncio.AbstractEventLoop,
) -> None:
    transport = Transport(None)
    wire = Connection(Ends())
    wire.connection_made(transport)  # type: ignore[arg-type]
    wire.hold()
    for part in (b"a", b"b", b"c"):
        wire.write(part)
    assert transport.queued == b"a"
    wire.release()
    assert transport.queued == b"abc"
