"""The native initiator and acceptor over sockets."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from session_scene import frame
from session_sockets import Witness, acceptor_settings, body, initiator_settings
from test_session_dictionary import path as dictionary_path

from engine.errors import ConfigError, SessionError
from engine.session.acceptor import Acceptor
from engine.session.fields import Fields
from engine.session.native import NativeSession
from engine.session.settings import SessionSettings

LOOPS = [uvloop.new_event_loop, asyncio.new_event_loop]


@pytest.fixture(params=LOOPS, ids=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    def run_it(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(main, 60))

    return run_it


class Pair:
    """An initiator and an acceptor that know each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0

    async def listen(self, **changes: object) -> None:
        loop = asyncio.get_running_loop()
        self.acceptor = Acceptor([acceptor_settings(self.folder, self.port, **changes)], loop)
        self.port = (await self.acceptor.listen())[0]
        (self.peer_session,) = self.acceptor.sessions.values()
        self.peer = Witness(self.peer_session)

    def connect(self, **changes: object) -> None:
        loop = asyncio.get_running_loop()
        settings = initiator_settings(self.folder, self.port, **changes)
        self.session = NativeSession(settings, loop, replayed=None)
        self.us = Witness(self.session)
        self.session.logon()

    async def up(self, **changes: object) -> "Pair":
        await self.listen()
        self.connect(**changes)
        await self.us.logged_on()
        await self.peer.logged_on()
        return self

    def close(self) -> None:
        self.session.close()
        self.acceptor.close()


def test_orders_and_reports_cross(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        for n in range(50):
            pair.session.send(body(f"o{n}"))
        await pair.peer.until(lambda: len(pair.peer.messages) == 50)
        pair.peer_session.send(body("r1", "8"))
        await pair.us.until(lambda: bool(pair.us.messages))
        assert pair.peer.messages == [("D", f"o{n}") for n in range(50)]
        assert pair.us.messages == [("8", "r1")]
        assert (pair.session.next_sender_seq_num, pair.session.next_target_seq_num) == (52, 3)
        pair.close()

    run(main())


def test_logout_closes_both_sides_in_order(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.logout("done")
        assert not pair.session.is_logged_on
        await pair.us.until(lambda: pair.us.count("logout") == 1)
        await pair.peer.until(lambda: pair.peer.count("logout") == 1)
        assert pair.peer.events[-1] == "logout: Logout by the peer: done"
        with pytest.raises(SessionError, match="logged out"):
            pair.session.send(body("late"))
        pair.close()

    run(main())


def test_lost_connection_is_made_again_and_numbers_continue(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.send(body("a"))
        await pair.peer.until(lambda: len(pair.peer.messages) == 1)
        pair.acceptor.close()
        await pair.us.until(lambda: pair.us.count("logout") == 1)
        await pair.listen()
        await pair.peer.logged_on()
        await pair.us.until(lambda: pair.us.count("logon") == 2)
        pair.session.send(body("b"))
        await pair.peer.until(lambda: len(pair.peer.messages) == 1)
        assert pair.peer.messages == [("D", "b")]
        assert pair.session.next_sender_seq_num == 5 and pair.us.count("fault") == 0
        pair.close()

    run(main())


def test_restart_continues_and_fetches_what_was_missed(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.close()
        await pair.peer.until(lambda: pair.peer.count("logout") == 1)
        core = pair.peer_session.core  # a report that left while nobody was there
        core.transmit(body("missed", "8"))
        pair.connect()
        await pair.us.until(lambda: bool(pair.us.messages))
        assert pair.us.messages == [("8", "missed")]
        pair.close()

    run(main())


def test_lost_numbers_wait_for_an_operator_who_resets(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        for n in range(5):
            pair.session.send(body(f"o{n}"))
        await pair.peer.until(lambda: len(pair.peer.messages) == 5)
        pair.session.close()
        await pair.peer.until(lambda: pair.peer.count("logout") == 1)
        pair.connect(FileStorePath=tmp_path / "empty")
        await pair.us.until(lambda: pair.us.count("fault") == 1)
        assert "MsgSeqNum too low, expecting 7 but received 1" in pair.us.events[0]
        await pair.peer.until(lambda: not pair.peer_session.is_connected)
        await asyncio.sleep(0)
        pair.session.logon(resets=True)
        await pair.us.logged_on()
        assert (pair.session.next_sender_seq_num, pair.session.next_target_seq_num) == (2, 2)
        pair.close()

    run(main())


def test_numbers_start_again_without_a_logout(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.send(body("o1"))
        await pair.peer.until(lambda: len(pair.peer.messages) == 1)
        pair.session.reset_numbers()
        while pair.session.next_target_seq_num != 2 or pair.session.next_sender_seq_num != 2:
            await asyncio.sleep(0.001)
        pair.session.send(body("o2"))
        await pair.peer.until(lambda: len(pair.peer.messages) == 2)
        assert pair.session.is_logged_on and pair.us.count("fault") + pair.peer.count("fault") == 0
        pair.close()

    run(main())


def test_dictionary_and_schedule_of_the_file_hold_on_both_sides(tmp_path: Path) -> None:
    keys = {
        "UseDataDictionary": "Y", "DataDictionary": dictionary_path("FIX44.xml"),
        "NonStopSession": None, "StartTime": "08:00:00", "EndTime": "17:00:00",
    }  # fmt: skip
    loop = asyncio.new_event_loop()
    session = NativeSession(initiator_settings(tmp_path, 1, **keys), loop)
    acceptor = Acceptor([acceptor_settings(tmp_path, **keys)], loop)
    (accepting,) = acceptor.sessions.values()
    for core in (session.core, accepting.core):
        assert core.dictionary is not None and core.schedule is not None
    session.close()
    acceptor.close()
    loop.close()


def test_process_that_stood_still_reads_before_it_calls_the_peer_silent(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = Pair(tmp_path)
        await pair.listen(TestRequestDelayMultiplier="0.05", HeartBeatTimeoutMultiplier="0.1")
        reader, writer = await asyncio.open_connection("127.0.0.1", pair.port)
        writer.write(frame("35=A|34=1|98=0|108=1|", "US", "PEER", time.time_ns()))
        await pair.peer.logged_on()

        def stand_still(fields: Fields) -> None:
            writer.write(frame("35=1|34=3|112=there|", "US", "PEER", time.time_ns()))
            time.sleep(1.3)  # the session's limit is 1.1 s

        pair.peer_session.on_message = stand_still
        writer.write(frame("35=D|34=2|11=o1|", "US", "PEER", time.time_ns()))
        answer = b""
        while b"112=there" not in answer and b"\x0135=5" not in answer:
            answer += await reader.read(1000)
        is_logged_on = pair.peer_session.is_logged_on
        writer.close()
        pair.acceptor.close()
        assert (b"112=there" in answer, is_logged_on) == (True, True)

    run(main())


def test_second_connection_of_an_identity_is_closed_silently(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        reader, writer = await asyncio.open_connection("127.0.0.1", pair.port)
        writer.write(frame("35=A|34=9|98=0|108=30|", "US", "PEER"))
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        assert pair.session.is_logged_on and pair.peer.count("logout") == 0
        pair.close()

    run(main())


@pytest.mark.parametrize(
    "first",
    [
        frame("35=A|34=1|98=0|108=30|", "STRANGER", "PEER"),
        frame("35=D|34=1|11=x|", "US", "PEER"),
        b"GET / HTTP/1.1\r\n\x01" + frame("35=0|34=1|", "US", "PEER"),
    ],
)
def test_stranger_learns_nothing(run, tmp_path: Path, first: bytes) -> None:
    async def main() -> None:
        pair = Pair(tmp_path)
        await pair.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", pair.port)
        writer.write(first)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        assert pair.peer_session.next_sender_seq_num == 1
        pair.acceptor.close()

    run(main())


def test_address_that_is_not_allowed_is_cut(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = Pair(tmp_path)
        await pair.listen(AllowedRemoteAddresses="192.0.2.1, 192.0.2.2")
        reader, writer = await asyncio.open_connection("127.0.0.1", pair.port)
        writer.write(frame("35=A|34=1|98=0|108=30|", "US", "PEER"))
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        pair.acceptor.close()

    run(main())


def test_template_makes_a_session_for_each_peer(run, tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        acceptor = Acceptor([acceptor_settings(tmp_path, TargetCompID="*")], loop)
        made: list[Witness] = []
        acceptor.on_session = lambda session: made.append(Witness(session))
        (port,) = await acceptor.listen()
        clients = []
        for name in ("ANN", "BOB"):
            settings = initiator_settings(tmp_path, port, SenderCompID=name, FileStorePath=tmp_path / name)
            clients.append(Witness(NativeSession(settings, loop)))
            clients[-1].session.logon()
        for client in clients:
            await client.logged_on()
        clients[1].session.send(body("bob's"))
        bob = next(witness for witness in made if witness.session.core.settings.target_comp_id == "BOB")
        await bob.until(lambda: bob.messages == [("D", "bob's")])
        for client in clients:
            client.session.close()
        acceptor.close()

    run(main())


def test_next_host_is_tried_when_the_first_is_dead(run, tmp_path: Path) -> None:
    async def main() -> None:
        with socket.socket() as dead:
            dead.bind(("127.0.0.1", 0))
            pair = Pair(tmp_path)
            await pair.listen()
            live, dead_port = pair.port, dead.getsockname()[1]
            pair.connect(SocketConnectPort=dead_port, SocketConnectHost1="127.0.0.1", SocketConnectPort1=live)
            await pair.us.logged_on()
            pair.close()

    run(main())


def test_slow_reader_gets_everything_in_order_later(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = Pair(tmp_path)
        await pair.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", pair.port, limit=4096)
        writer.write(frame("35=A|34=1|98=0|108=30|", "US", "PEER", pair.peer_session.wall_ns()))
        await pair.peer.logged_on()
        count, text = 20_000, "58=" + "x" * 500 + "|"
        message = body("r", "8", text)
        for _ in range(count):
            pair.peer_session.send(message)
        assert pair.peer_session.core.is_paused
        seen = 0
        async with asyncio.timeout(40):
            while seen < count + 1:
                line = await reader.readuntil(b"\x0110=")
                number = int(line.partition(b"\x0134=")[2].partition(b"\x01")[0])
                seen += 1
                assert number == seen
        assert not pair.peer_session.core.is_paused
        writer.close()
        pair.acceptor.close()

    run(main())


def test_exception_in_a_callable_is_reported_and_the_session_goes_on(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        taken: list[str] = []

        def fail(fields: Any) -> None:
            taken.append(fields.text(11))
            raise RuntimeError("no")

        pair.session.on_message = fail
        pair.peer_session.send(body("r1", "8"))
        pair.peer_session.send(body("r2", "8"))
        await pair.us.until(lambda: pair.us.count("fault: RuntimeError") == 2)
        assert taken == ["r1", "r2"] and pair.session.is_logged_on
        pair.close()

    run(main())


def test_close_inside_a_callback_is_safe(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.on_message = lambda fields: pair.session.close()
        pair.peer_session.send(body("r1", "8"))
        await pair.peer.until(lambda: pair.peer.count("logout") == 1)
        assert pair.us.count("fault") == 0
        pair.close()

    run(main())


def test_message_log_shows_the_wire_without_secrets(run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up(FileLogPath=tmp_path / "log", LogonTag="554=hush")
        pair.session.send(body("o1"))
        pair.close()

    run(main())
    text = (tmp_path / "log" / "FIX.4.4-US-PEER.messages.current.log").read_text()
    assert "|35=A|" in text and "554=***|" in text and "hush" not in text and "|11=o1|" in text and " < 8=FIX" in text


def test_key_that_means_nothing_here_is_refused_by_name(tmp_path: Path) -> None:
    settings: SessionSettings = initiator_settings(tmp_path, 1, HttpAcceptPort="8080")
    loop = asyncio.new_event_loop()
    with pytest.raises(ConfigError, match="HttpAcceptPort"):
        NativeSession(settings, loop)
    loop.close()
