"""The native acceptor over sockets: who is let in, and where; names carry the standard's case 1S where it has one."""

import asyncio
import time
from pathlib import Path

import pytest

from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession
from tests.support.session.scene import frame
from tests.support.session.sockets import Pair, Run, Witness, acceptor_settings, body, initiator_settings, run

__all__ = ["run"]


def test_1s_b_second_connection_of_an_identity_is_closed_silently(run: Run, tmp_path: Path) -> None:
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


async def answer(port: int, peer: str) -> bytes:
    """Return what a Logon of `peer` is answered with, nothing where the connection is cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(frame("35=A|34=1|98=0|108=30|141=Y|", peer, "PEER", time.time_ns()))
    try:
        async with asyncio.timeout(5):
            return await reader.readuntil(b"\x0110=")
    except (ConnectionError, asyncio.IncompleteReadError):
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "first",
    [
        frame("35=A|34=1|98=0|108=30|", "STRANGER", "PEER"),
        frame("35=D|34=1|11=x|", "US", "PEER"),
        b"GET / HTTP/1.1\r\n\x01" + frame("35=0|34=1|", "US", "PEER"),
    ],
)
def test_1s_c_stranger_learns_nothing(run: Run, tmp_path: Path, first: bytes) -> None:
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


def test_1s_c_address_that_is_not_allowed_is_cut(run: Run, tmp_path: Path) -> None:
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


def test_template_makes_a_session_for_each_peer(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        acceptor = SessionAcceptor([acceptor_settings(tmp_path, TargetCompID="*")], loop)
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


@pytest.mark.parametrize("peer", ["*", "L" * 400])
def test_1s_c_name_that_no_session_can_have_is_cut(run: Run, tmp_path: Path, peer: str) -> None:
    async def main() -> None:
        failures: list[dict[str, object]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failures.append(context))
        acceptor = SessionAcceptor([acceptor_settings(tmp_path, TargetCompID="*")], loop)
        (port,) = await acceptor.listen()
        try:
            assert await answer(port, peer) == b""
            assert (failures, acceptor.sessions, len(acceptor.strangers)) == ([], {}, 0)
        finally:
            acceptor.close()

    run(main())


def test_1s_c_template_makes_nothing_for_an_address_that_is_not_allowed(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        own = acceptor_settings(tmp_path, TargetCompID="*", AllowedRemoteAddresses="192.0.2.1")
        acceptor = SessionAcceptor([own], asyncio.get_running_loop())
        (port,) = await acceptor.listen()
        try:
            assert await answer(port, "ANN") == b""
            assert acceptor.sessions == {} and not (tmp_path / "peer").exists()
        finally:
            acceptor.close()

    run(main())


def test_template_makes_so_many_sessions_and_no_more(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        acceptor = SessionAcceptor([acceptor_settings(tmp_path, TargetCompID="*")], loop, max_made=2)
        (port,) = await acceptor.listen()
        try:
            answers = [await answer(port, peer) for peer in ("ANN", "BOB", "CAT", "ANN")]
            assert [b"35=A" in text for text in answers] == [True, True, False, True]
            assert len(acceptor.sessions) == 2
        finally:
            acceptor.close()

    run(main())


def test_session_is_reached_at_its_own_port_alone(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        own = [
            acceptor_settings(tmp_path, TargetCompID="ANN"),
            acceptor_settings(tmp_path, TargetCompID="BOB", SocketAcceptAddress="127.0.0.2"),
            acceptor_settings(tmp_path, TargetCompID="*", SocketAcceptAddress="127.0.0.2"),
        ]
        acceptor = SessionAcceptor(own, loop)
        here, there = await acceptor.listen()
        try:
            for host, port, name, is_welcome in (
                ("127.0.0.1", here, "BOB", False),
                ("127.0.0.2", there, "ANN", False),
                ("127.0.0.1", here, "DAN", False),
                ("127.0.0.1", here, "ANN", True),
                ("127.0.0.2", there, "BOB", True),
                ("127.0.0.2", there, "CAT", True),
            ):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(frame("35=A|34=1|98=0|108=30|", name, "PEER", time.time_ns()))
                try:
                    assert (b"35=A" in await reader.readuntil(b"\x0110=")) is is_welcome
                except (ConnectionError, asyncio.IncompleteReadError):
                    assert not is_welcome, (name, port)
                writer.close()
        finally:
            acceptor.close()

    run(main())


def test_session_of_another_version_is_answered_at_its_own_port_alone(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        own = [
            acceptor_settings(tmp_path, TargetCompID="ANN"),
            acceptor_settings(tmp_path, TargetCompID="BOB", SocketAcceptAddress="127.0.0.2"),
        ]
        acceptor = SessionAcceptor(own, asyncio.get_running_loop())
        try:
            here, there = await acceptor.listen()
            refusal = b"BeginString(8) must be FIX.4.4"
            for host, port, answer in (("127.0.0.1", here, b""), ("127.0.0.2", there, refusal)):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(frame("35=A|34=1|98=0|108=30|", "BOB", "PEER", time.time_ns(), "FIX.4.2"))
                try:
                    received = await reader.readuntil(b"\x0110=")
                except (ConnectionError, asyncio.IncompleteReadError):
                    received = b""
                writer.close()
                assert bool(received) is bool(answer) and answer in received
        finally:
            acceptor.close()

    run(main())


def test_1s_garbled_bytes_alone_are_cut_in_time(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = Pair(tmp_path)
        await pair.listen(LogonTimeout=1)
        reader, writer = await asyncio.open_connection("127.0.0.1", pair.port)
        writer.write(b"8=FIX.4.4\x019=5\x0135=0\x0110=000\x01")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        writer.close()
        pair.acceptor.close()

    run(main())
