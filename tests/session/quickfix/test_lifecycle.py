"""The QuickFIX session at its ends: faults in callables, closing, exit, logs, Logon fields, settings it refuses."""

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from engine.session.quickfix.log import SessionLog
from tests.support.places import ROOT
from tests.support.session.fix_peer import Side, field, in_both_modes, logged_on, order, raw_peer, report, run, until

SECRETS = [(95, "9"), (96, "a=b\x01c\x01d=e"), (553, "trader"), (554, "hunter2")]


class Credentials:
    """A dialect that signs with what it was given, or fails."""

    def __init__(self, fields: list[tuple[int, str]] | Exception) -> None:
        self.fields = fields
        self.headers: list[dict[int, str]] = []

    def logon_fields(self, header: dict[int, str]) -> list[tuple[int, str]]:
        self.headers.append(header)
        if isinstance(self.fields, Exception):
            raise self.fields
        return self.fields


def fail(*_arguments: object) -> None:
    raise ValueError("broken strategy")


def descriptors() -> set[tuple[str, str]]:
    """Return every open descriptor of this process, and what it is; the listing's own is gone by then."""
    names = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return {(name, os.readlink(name)) for name in names if os.path.lexists(name)}


@in_both_modes
async def test_exception_in_on_message_is_caught_and_reported(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        working = side.session.on_message
        side.session.on_message = fail
        peer.send("8", report("E1"))
        await until(side.faults)
        side.session.on_message = working
        peer.send("8", report("E2"))
        await until(side.messages)
        name = "FIX.4.4:FIXLANE->SIMVENUE"
        assert side.faults() == [f"{name}: on_message failed: ValueError: broken strategy"]
        assert [field(text, 17) for text in side.messages()] == ["E2"]
        assert side.session.is_logged_on


@in_both_modes
async def test_exceptions_in_the_other_callables_are_caught_too(tmp_path: Path) -> None:
    async with raw_peer() as peer:
        with Side(tmp_path, peer.port) as side:
            side.session.on_logon = side.session.on_logout = fail
            await side.logon()
            peer.kill()
            await until(lambda: len(side.faults()) == 2)
            assert ["on_logon" in side.faults()[0], "on_logout" in side.faults()[1]] == [True, True]
            side.session.on_fault = fail
            await until(lambda: side.session.is_logged_on)
            peer.send("8", report("E1"))
            await until(side.messages)


def test_exit_asked_for_in_a_callable_waits_until_quickfix_returned(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with logged_on(tmp_path) as (side, peer):
            side.session.on_message = lambda fields: sys.exit(7)
            peer.send("8", report("E1"))
            await until(lambda: False)

    with pytest.raises(SystemExit) as caught:
        run("event", scenario())
    assert caught.value.code == 7


@pytest.mark.parametrize("action", ["close", "logout"])
@in_both_modes
async def test_session_may_be_ended_inside_its_own_callable(tmp_path: Path, action: str) -> None:
    async with logged_on(tmp_path) as (side, peer):
        side.session.on_message = lambda fields: getattr(side.session, action)()
        side.session.on_logout = lambda text: getattr(side.session, action)()
        peer.send("8", report("E1"))
        await until(lambda: not side.session.is_logged_on)
        await until(lambda: not peer.is_connected)
        assert side.faults() == []


@in_both_modes
async def test_logon_inside_on_logout_connects_again_although_told_to_leave(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        side.session.on_logout = lambda text: side.session.logon()
        side.session.logout()
        await until(lambda: len(peer.received("A")) == 2)
        await until(lambda: side.session.is_logged_on)
        assert side.faults() == []


@in_both_modes
async def test_close_leaves_no_descriptor_timer_or_reader(tmp_path: Path) -> None:
    async with raw_peer() as peer:
        with Side(tmp_path, peer.port) as warm_up:
            await warm_up.logon()
        await until(lambda: not peer.is_connected)
        before = descriptors()
        for _ in range(3):
            with Side(tmp_path, peer.port) as side:
                await side.logon()
                peer.kill()
                await until(lambda: len(side.events) == 3, 5)  # noqa: B023
                side.session.close()
                side.session.close()
                assert [event[0] for event in side.events] == ["logon", "logout", "logon", "logout"]
            await until(lambda: not peer.is_connected)
        assert descriptors() == before


@in_both_modes
async def test_close_while_connecting_or_unanswered_leaves_no_descriptor(tmp_path: Path) -> None:
    async with raw_peer() as peer:
        peer.answers_logon = False
        before = descriptors()
        with Side(tmp_path, peer.port) as side:
            side.session.logon()
            await until(lambda: peer.received("A"))
        await until(lambda: not peer.is_connected)
        with Side(tmp_path, peer.port) as side:
            side.session.logon()
            side.session.logout()
            await asyncio.sleep(0)
        assert descriptors() == before


@in_both_modes
async def test_logout_before_the_logon_answer_drops_the_connection(tmp_path: Path) -> None:
    async with raw_peer() as peer:
        peer.answers_logon = False
        with Side(tmp_path, peer.port) as side:
            side.session.logon()
            await until(lambda: peer.received("A"))
            side.session.logout()
            await until(lambda: not peer.is_connected)
            assert side.events == []


@in_both_modes
async def test_unanswered_logout_ends_after_its_time(tmp_path: Path) -> None:
    async with logged_on(tmp_path, LogoutTimeout=1) as (side, peer):
        peer.answers_logout = False
        side.session.logout("bye")
        await until(lambda: not side.session.is_logged_on)
        await until(lambda: not peer.is_connected)
        assert [field(text, 58) for text in peer.received("5")] == ["bye"]


@in_both_modes
async def test_logout_of_the_peer_names_its_reason(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        peer.send("5", "58=venue closes|")
        await until(lambda: not side.session.is_logged_on)
        assert side.events == [("logon",), ("logout", "venue closes")]


@in_both_modes
async def test_logon_carries_the_dialects_fields_and_those_of_the_file(tmp_path: Path) -> None:
    dialect = Credentials([(553, "trader"), (95, "3"), (96, "abc")])
    async with logged_on(tmp_path, dialect, LogonTag="9000=x", LogonTag1="58=hello") as (_side, peer):
        (logon,) = peer.received("A")
        assert [field(logon, tag) for tag in (58, 95, 96, 553, 9000)] == ["hello", "3", "abc", "trader", "x"]
        (header,) = dialect.headers
        assert (header[34], header[49], header[56]) == ("1", "FIXLANE", "SIMVENUE")
        assert header[52] == field(logon, 52)


@in_both_modes
async def test_logon_that_cannot_be_signed_does_not_leave(tmp_path: Path) -> None:
    async with raw_peer() as peer:
        dialect = Credentials(ValueError("no key"))
        with Side(tmp_path, peer.port, dialect) as side:
            side.session.logon()
            await until(lambda: len(side.faults()) > 1)
            assert peer.inbox == []
            assert "logon failed: ValueError: no key" in side.faults()[0]
            assert side.session.next_sender_seq_num == 1
            dialect.fields = []
            await until(lambda: side.session.is_logged_on)
            assert [field(text, 34) for text in peer.received("A")] == ["1"]


@in_both_modes
async def test_log_files_hold_the_traffic_and_no_secret(tmp_path: Path) -> None:
    async with logged_on(tmp_path, Credentials(SECRETS), FileLogPath=tmp_path / "log") as (side, peer):
        side.send(order("A1"))
        await until(lambda: peer.received("D"))
    files = {path.name: path.read_text() for path in (tmp_path / "log").iterdir()}
    messages = files["FIX.4.4-FIXLANE-SIMVENUE.messages.current.log"].splitlines()
    assert [line.split("\x0135=")[1][0] for line in messages] == ["A", "A", "D"]
    assert "\x01553=trader\x01554=***\x01" in messages[0] and "\x0195=9\x0196=***\x01" in messages[0]
    assert "Received logon response" in files["FIX.4.4-FIXLANE-SIMVENUE.event.current.log"]
    assert not any(secret in text for text in files.values() for secret in ("hunter2", "a=b", "d=e"))


def test_log_takes_a_text_that_no_bytes_make(tmp_path: Path) -> None:
    log = SessionLog("FIX.4.4:A->B", tmp_path)
    log.onIncoming("58=\ud800|58=\udce9")
    log.close()
    (file,) = tmp_path.glob("*.messages.current.log")
    assert file.read_bytes().endswith(b" : 58=\\ud800|58=\\udce9\n")


@in_both_modes
async def test_full_disk_under_the_log_files_costs_lines_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    for kind in ("messages", "event"):
        (tmp_path / "log" / f"FIX.4.4-FIXLANE-SIMVENUE.{kind}.current.log").symlink_to("/dev/full")
    async with logged_on(tmp_path, FileLogPath=tmp_path / "log") as (side, peer):
        for number in range(20):
            side.send(order(f"A{number}"))
        await until(lambda: len(peer.received("D")) == 20)
        (tmp_path / "log" / "FIX.4.4-FIXLANE-SIMVENUE.messages.current.log").unlink()
        side.send(order("LAST"))
        await until(lambda: len(peer.received("D")) == 21)
        assert side.session.is_logged_on and not side.faults()
    assert "11=LAST" in (tmp_path / "log" / "FIX.4.4-FIXLANE-SIMVENUE.messages.current.log").read_text()


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "raise KeyError('x')", "loop.close()", "side.session.close()"])
def test_process_ends_cleanly_with_a_session_open(tmp_path: Path, ending: str) -> None:
    runner = "asyncio" if ending == "loop.close()" else "uvloop"
    program = f"""
        import asyncio, pathlib, sys, uvloop
        from tests.support.session.fix_peer import Side, until, raw_peer, report
        async def trade():
            global side, loop
            loop = asyncio.get_running_loop()
            async with raw_peer() as peer:
                side = Side(pathlib.Path({str(tmp_path)!r}), peer.port)
                await side.logon()
                side.session.on_message = lambda fields: 1 / 0
                peer.send("8", report("E1"))
                await until(side.faults)
        {runner}.run(trade())
        print("still here", flush=True)
        {ending}
    """
    environment = os.environ | {"PYTHONMALLOC": "debug", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment, check=False)
    expected = {"sys.exit(3)": 3, "raise KeyError('x')": 1}.get(ending, 0)
    assert (done.returncode, done.stdout) == (expected, "still here\n"), done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
