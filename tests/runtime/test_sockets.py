"""The path's sockets: the same bytes whether the loop reads them or a spin does, and no descriptor left behind."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest
import uvloop

from engine.runtime._sockets import Sockets
from engine.runtime.modes import Spinner


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main(), 20))


class Reader(asyncio.Protocol):
    """Takes bytes, through whoever reads its transport."""

    def __init__(self, sockets: Sockets) -> None:
        self.sockets = sockets
        self.got: list[bytes] = []
        self.ends: list[str] = []
        self.changed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.watch = self.sockets.watch(transport, self.data_received)

    def data_received(self, data: bytes) -> None:
        self.got.append(data)
        self.changed.set()
        if data == b"raise":
            raise ValueError("no")

    def eof_received(self) -> None:
        self.ends.append("eof")

    def connection_lost(self, error: Exception | None) -> None:
        self.watch.close()
        self.ends.append("lost" if error is None else type(error).__name__)
        self.changed.set()


class Lender(asyncio.BufferedProtocol):
    """Lends a small buffer, and records what came into it."""

    def __init__(self, sockets: Sockets) -> None:
        self.sockets = sockets
        self.buffer = bytearray(4)
        self.got = b""
        self.is_lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.watch = self.sockets.watch_buffered(transport, self)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.got += self.buffer[:nbytes]

    def connection_lost(self, error: Exception | None) -> None:
        self.watch.close()
        self.is_lost.set()


async def connected(make: Callable[[], Any]) -> tuple[Any, socket.socket]:
    near, far = socket.socketpair()
    _, protocol = await asyncio.get_running_loop().create_connection(make, sock=near)
    return protocol, far


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def has_read(reader: Reader, size: int) -> bool:
    return sum(map(len, reader.got)) == size


def are_lost(reader: Reader, lender: Lender) -> bool:
    return len(reader.ends) == 2 and lender.is_lost.is_set()


def spinner_of(sockets: Sockets) -> Spinner:
    return Spinner(asyncio.get_running_loop(), sockets)


@pytest.mark.parametrize("spins", [False, True])
def test_bytes_and_the_end_come_in_both_modes(spins: bool) -> None:
    async def main() -> None:
        sockets = Sockets(asyncio.get_running_loop())
        spinner = spinner_of(sockets)
        if spins:
            spinner.start()
        reader, far = await connected(lambda: Reader(sockets))
        total = 0
        for part in (b"one", b"two", b"x" * 100_000):
            far.sendall(part)
            total += len(part)
            await until(partial(has_read, reader, total))
        assert b"".join(reader.got) == b"onetwo" + b"x" * 100_000
        far.close()
        await until(lambda: bool(reader.ends and reader.ends[-1] == "lost"))
        assert reader.ends == ["eof", "lost"]
        spinner.stop()

    run(main)


def test_reading_changes_hands_without_losing_a_byte() -> None:
    async def main() -> None:
        sockets = Sockets(asyncio.get_running_loop())
        spinner = spinner_of(sockets)
        reader, far = await connected(lambda: Reader(sockets))
        for number in range(20):
            spinner.start() if number % 2 else spinner.stop()
            far.sendall(b"%02d" % number)
            await until(partial(has_read, reader, 2 * (number + 1)))
        assert b"".join(reader.got) == b"".join(b"%02d" % number for number in range(20))
        spinner.stop()
        reader.transport.close()
        far.close()
        await until(lambda: bool(reader.ends))

    run(main)


@pytest.mark.parametrize("spins", [False, True])
def test_buffer_of_a_protocol_is_filled_piece_by_piece(spins: bool) -> None:
    async def main() -> None:
        sockets = Sockets(asyncio.get_running_loop())
        spinner = spinner_of(sockets)
        if spins:
            spinner.start()
        lender, far = await connected(lambda: Lender(sockets))
        far.sendall(b"0123456789")
        await until(lambda: len(lender.got) == 10)
        assert lender.got == b"0123456789"
        far.close()
        await lender.is_lost.wait()
        spinner.stop()

    run(main)


@pytest.mark.parametrize("spins", [False, True])
def test_readable_socket_is_told_of_until_it_is_read_or_over(spins: bool) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        sockets = Sockets(loop)
        spinner = spinner_of(sockets)
        if spins:
            spinner.start()
        near, far = socket.socketpair()
        near.setblocking(False)
        calls: list[bytes] = []

        def ready() -> None:
            calls.append(near.recv(2))
            if not calls[-1]:
                watch.close()

        watch = sockets.watch_readable(near, ready)
        far.sendall(b"abcd")
        await until(lambda: len(calls) == 2)
        far.close()
        await until(lambda: len(calls) == 3)
        assert calls == [b"ab", b"cd", b""]
        near.close()
        spinner.stop()

    run(main)


def test_closed_watch_is_silent_and_its_number_may_be_used_again() -> None:
    async def main() -> None:
        sockets = Sockets(asyncio.get_running_loop())
        spinner = spinner_of(sockets)
        spinner.start()
        reader, far = await connected(lambda: Reader(sockets))
        await asyncio.sleep(0)
        reader.watch.close()
        reader.watch.close()
        far.sendall(b"late")
        await asyncio.sleep(0.01)
        assert reader.got == []
        reader.transport.abort()
        far.close()
        await until(lambda: bool(reader.ends))
        spinner.stop()

    run(main)


def test_exception_goes_to_the_loop_and_the_socket_with_it() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        told: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda loop, context: told.append(context))
        sockets = Sockets(loop)
        spinner = spinner_of(sockets)
        spinner.start()
        reader, far = await connected(lambda: Reader(sockets))
        await asyncio.sleep(0)
        far.sendall(b"raise")
        await until(lambda: bool(told))
        assert [str(one["exception"]) for one in told] == ["no"]
        far.sendall(b"more")  # the loop reads it now
        await until(lambda: reader.got == [b"raise", b"more"])
        spinner.stop()
        reader.transport.abort()
        far.close()
        await until(lambda: bool(reader.ends))

    run(main)


def test_timers_and_other_sockets_have_their_turn_while_spinning() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        sockets = Sockets(loop)
        spinner = spinner_of(sockets)
        spinner.start()
        reader, far = await connected(lambda: Reader(sockets))
        other, other_far = await connected(lambda: Reader(Sockets(loop)))
        other_far.sendall(b"slow")
        await until(lambda: other.got == [b"slow"])
        await asyncio.sleep(0.001)
        spinner.stop()
        for protocol, end in ((reader, far), (other, other_far)):
            protocol.transport.abort()
            end.close()
        await until(lambda: bool(reader.ends and other.ends))

    run(main)


@pytest.mark.parametrize("spins", [False, True])
def test_no_descriptor_is_left_behind(spins: bool) -> None:
    async def main() -> None:
        sockets = Sockets(asyncio.get_running_loop())
        spinner = spinner_of(sockets)
        if spins:
            spinner.start()
        open_files = []
        for _ in range(10):
            reader, far = await connected(lambda: Reader(sockets))
            lender, lender_far = await connected(lambda: Lender(sockets))
            far.sendall(b"a")
            await until(partial(has_read, reader, 1))
            far.close()
            lender_far.close()
            await until(partial(are_lost, reader, lender))
            await asyncio.sleep(0)
            open_files.append(len(os.listdir("/proc/self/fd")))
        assert open_files[1:] == open_files[:1] * 9
        spinner.stop()

    run(main)


def test_loop_has_its_turn_while_bytes_keep_coming() -> None:
    async def main() -> None:
        sockets = Sockets(asyncio.get_running_loop())
        reader, far = await connected(lambda: Reader(sockets))
        sockets.start()
        await asyncio.sleep(0)
        near_again = reader.data_received

        def answered(data: bytes) -> None:
            near_again(data)
            far.send(b"more")  # there is always something to read

        reader.watch.close()
        reader.watch = sockets.watch(reader.transport, answered)
        await asyncio.sleep(0)
        far.send(b"first")
        sockets.spin()
        assert len(reader.got) == 64
        sockets.stop()
        reader.transport.abort()
        far.close()
        await until(lambda: bool(reader.ends))

    run(main)
