"""The native initiator and acceptor over sockets."""

import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from engine.codec import Fields
from engine.errors import ConfigError, SessionError
from engine.session.file.settings import SessionSettings
from engine.session.native import connection
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession
from engine.session.store.store import MemoryStore
from tests.session.dictionary.test_dictionary import path as dictionary_path
from tests.support.session.scene import frame
from tests.support.session.sockets import Pair, Run, Witness, acceptor_settings, body, initiator_settings, run

__all__ = ["run"]


def test_orders_and_reports_cross(run: Run, tmp_path: Path) -> None:
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


def test_logout_closes_both_sides_in_order(run: Run, tmp_path: Path) -> None:
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


def test_2_r_unsupported_message_is_refused_where_it_can_be(run: Run, tmp_path: Path) -> None:
    news = Fields(b"8=FIX.4.4\x019=0\x0135=B\x0134=7\x01148=Rain tomorrow\x0110=000\x01")

    async def main() -> None:
        pair = await Pair(tmp_path).up()
        told: list[tuple[int, str]] = []
        pair.session.core.on_refused = lambda fields, reason, text: told.append((reason, text))
        pair.session.refuse(news)
        await pair.peer.until(lambda: pair.peer.messages == [("j", "")])
        assert told == [(11, "MsgType(35) B is not supported here")]
        pair.session.core.peer_limit = 50
        pair.session.refuse(news)  # does not fit
        assert pair.session.next_sender_seq_num == 3
        pair.session.logout()
        pair.session.refuse(news)
        await pair.peer.until(lambda: pair.peer.count("logout") == 1)
        assert pair.peer.messages == [("j", "")]
        pair.close()

    run(main())


class FullDisk(MemoryStore):
    def append(self, seq_num: int, message: bytes) -> None:
        raise OSError(28, "No space left on device")


def test_store_that_cannot_be_written_ends_the_connection_and_nothing_is_sent(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        numbers = pair.session.next_sender_seq_num, pair.session.next_target_seq_num
        pair.session.core.store.close()
        pair.session.core.store = FullDisk()
        with pytest.raises(SessionError, match="not sent: the store cannot be written: .*No space left"):
            pair.session.send(body("lost"))
        assert (pair.session.next_sender_seq_num, pair.session.next_target_seq_num) == numbers
        await pair.peer.until(lambda: not pair.peer_session.is_connected)
        assert pair.peer.messages == [] and pair.us.count("logout: the store cannot be written") == 1
        pair.close()

    run(main())


def test_store_that_cannot_count_what_came_ends_the_connection_and_not_the_loop(run: Run, tmp_path: Path) -> None:
    class Uncounted(MemoryStore):
        def set_next_in(self, seq_num: int) -> None:
            raise OSError(5, "Input/output error")

    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.core.store.close()
        pair.session.core.store = Uncounted()
        pair.peer_session.send(body("r1", "8"))
        await pair.us.until(lambda: pair.us.count("logout: failed: ") == 1)
        assert pair.us.count("fault: OSError in the session: [Errno 5] Input/output error") == 1
        await pair.peer.until(lambda: not pair.peer_session.is_connected)
        pair.close()

    run(main())


def test_lost_connection_is_made_again_and_numbers_continue(run: Run, tmp_path: Path) -> None:
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


def test_restart_continues_and_fetches_what_was_missed(run: Run, tmp_path: Path) -> None:
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


def test_lost_numbers_wait_for_an_operator_who_resets(run: Run, tmp_path: Path) -> None:
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


def test_numbers_start_again_without_a_logout(run: Run, tmp_path: Path) -> None:
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


def test_9_sequence_reset_moves_both_sides_on(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.sequence_reset(50)
        pair.session.send(body("o1"))
        await pair.peer.until(lambda: pair.peer.messages == [("D", "o1")])
        assert (pair.session.next_sender_seq_num, pair.peer_session.next_target_seq_num) == (51, 51)
        pair.session.close()
        with pytest.raises(SessionError, match="logged out"):
            pair.session.sequence_reset(90)
        pair.close()

    run(main())


def test_dictionary_and_schedule_of_the_file_hold_on_both_sides(tmp_path: Path) -> None:
    keys = {
        "UseDataDictionary": "Y", "DataDictionary": dictionary_path("FIX44.xml"),
        "NonStopSession": None, "StartTime": "08:00:00", "EndTime": "17:00:00",
    }  # fmt: skip
    loop = asyncio.new_event_loop()
    session = NativeSession(initiator_settings(tmp_path, 1, **keys), loop)
    acceptor = SessionAcceptor([acceptor_settings(tmp_path, **keys)], loop)
    (accepting,) = acceptor.sessions.values()
    for core in (session.core, accepting.core):
        assert core.dictionary is not None and core.schedule is not None
    session.close()
    acceptor.close()
    loop.close()


def test_process_that_stood_still_reads_before_it_calls_the_peer_silent(run: Run, tmp_path: Path) -> None:
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


def test_next_host_is_tried_when_the_first_is_dead(run: Run, tmp_path: Path) -> None:
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


def test_slow_reader_gets_everything_in_order_later(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = Pair(tmp_path)
        await pair.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", pair.port, limit=4096)
        writer.write(frame("35=A|34=1|98=0|108=30|", "US", "PEER", pair.peer_session.wall.now_ns()))
        await pair.peer.logged_on()
        count, text = 20_000, "58=" + "x" * 500 + "|"
        message = body("r", "8", text)
        for _ in range(count):
            pair.peer_session.send(message)
        assert pair.peer_session.core.replay.is_paused
        seen = 0
        async with asyncio.timeout(40):
            while seen < count + 1:
                line = await reader.readuntil(b"\x0110=")
                number = int(line.partition(b"\x0134=")[2].partition(b"\x01")[0])
                seen += 1
                assert number == seen
        assert not pair.peer_session.core.replay.is_paused
        writer.close()
        pair.acceptor.close()

    run(main())


def test_peer_that_never_reads_cannot_hold_up_a_reconnection(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CLOSE_SECONDS", 0.2)

    async def main() -> None:
        writers: list[asyncio.StreamWriter] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            await reader.readuntil(b"\x0110=")
            writer.write(frame(f"35=A|34={len(writers)}|98=0|108=30|", now_ns=time.time_ns()))
            transport: Any = writer.transport
            transport.pause_reading()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        session = NativeSession(initiator_settings(tmp_path, server.sockets[0].getsockname()[1]), server.get_loop())
        us = Witness(session)
        session.logon()
        try:
            await us.logged_on()
            message = body("o", "D", "58=" + "x" * 60_000 + "|")
            while not session.core.replay.is_paused:
                session.send(message)
            session.core.leave("enough")
            await us.until(lambda: us.count("logon") == 2, 5)
        finally:
            session.close()
            server.close()
            for writer in writers:
                writer.transport.abort()

    run(main())


def test_exception_in_a_callable_is_reported_and_the_session_goes_on(run: Run, tmp_path: Path) -> None:
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


def test_close_inside_a_callback_is_safe(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.on_message = lambda fields: pair.session.close()
        pair.peer_session.send(body("r1", "8"))
        await pair.peer.until(lambda: pair.peer.count("logout") == 1)
        assert pair.us.count("fault") == 0
        pair.close()

    run(main())


def test_message_log_shows_the_wire_without_secrets(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up(FileLogPath=tmp_path / "log", LogonTag="554=hush")
        pair.session.send(body("o1"))
        pair.close()

    run(main())
    text = (tmp_path / "log" / "FIX.4.4-US-PEER.messages.current.log").read_text()
    assert "|35=A|" in text and "554=***|" in text and "hush" not in text and "|11=o1|" in text and " < 8=FIX" in text


def test_full_disk_under_the_message_log_costs_lines_and_nothing_else(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").mkdir()
    path = tmp_path / "log" / "FIX.4.4-US-PEER.messages.current.log"
    path.symlink_to("/dev/full")

    async def main() -> None:
        pair = await Pair(tmp_path).up(FileLogPath=tmp_path / "log")
        for number in range(3_000):  # many buffers of the log
            pair.session.send(body(f"o{number}"))
        await pair.peer.until(lambda: len(pair.peer.messages) == 3_000)
        assert (pair.us.count("fault"), pair.us.count("logout"), pair.session.is_logged_on) == (0, 0, True)
        path.unlink()
        pair.session.send(body("last"))
        await pair.peer.until(lambda: len(pair.peer.messages) == 3_001)
        pair.close()

    run(main())
    told = [record.getMessage() for record in caplog.records if str(path) in record.getMessage()]
    assert told[0] == f"{path} cannot be written, lines are lost: No space left on device"
    assert len(told) == 2 and f"{path} is written again, " in told[1]
    assert b"|11=last|" in path.read_bytes()


def test_key_that_means_nothing_here_is_refused_by_name(tmp_path: Path) -> None:
    settings: SessionSettings = initiator_settings(tmp_path, 1, HttpAcceptPort="8080")
    loop = asyncio.new_event_loop()
    with pytest.raises(ConfigError, match="HttpAcceptPort"):
        NativeSession(settings, loop)
    loop.close()
