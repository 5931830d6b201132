"""Session repair: what is allowed when, in both kinds, on a running session and on a store; who did it is noted."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from engine import cli
from engine.app import repair
from engine.errors import SessionError
from engine.ops.control import OperatorRequest
from engine.runtime.person import this_process
from engine.session.file.settings import SessionSettings, load_session, render
from engine.session.native.initiator import NativeSession
from engine.session.quickfix.initiator import QuickfixSession
from engine.session.store.repair import Numbers, read, renumber
from tests.support.session.fix_peer import initiator_settings, run, until
from tests.support.session.unwilling import Unwilling, unwilling

KINDS = {"native": NativeSession, "quickfix": QuickfixSession}
NAMES = ("SIMVENUE", "FIXLANE")
kinds = pytest.mark.parametrize("kind", KINDS)
NOW_NS = 1_767_600_000 * 10**9


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration that is sound in what a repair needs and nowhere else."""
    settings = initiator_settings(tmp_path, 1, ReconnectInterval=1).values
    (tmp_path / "s.cfg").write_text(render([SessionSettings(tmp_path / "s.cfg", dict(settings))], {}))
    file = tmp_path / "engine.toml"
    file.write_text('[engine]\nsession = "native"\nstate_dir = "."\n[session]\nsettings = "s.cfg"\n[feed]\nurl = 3\n')
    return file


def stored(config: Path) -> SessionSettings:
    return load_session(config.parent / "s.cfg", "initiator", config.parent)


def of_kind(config: Path, kind: str) -> Path:
    config.write_text(config.read_text().replace('"native"', f'"{kind}"'))
    return config


def fixlane(*argv: object) -> int:
    return cli.main(["session", *map(str, argv)])


@kinds
def test_o10_numbers_of_a_stopped_session_are_set_shown_and_noted(
    config: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    of_kind(config, kind)
    assert fixlane("set-next", config, "--out", 7, "--in", 9, "--reason", "as agreed with Ann") == 0
    assert "next out 7, next in 9; before: no sound store" in capsys.readouterr().out
    assert fixlane("status", config) == 0
    assert capsys.readouterr().out == "FIX.4.4:FIXLANE->SIMVENUE: stopped, next out 7, next in 9\n"
    assert fixlane("reset", config) == 0
    assert "next out 1, next in 1; before: next out 7, next in 9" in capsys.readouterr().out
    (record,) = (config.parent / "store").glob("*.repairs")
    first, second = record.read_text().splitlines()
    assert f"set-next by {this_process()}: next out 7, next in 9" in first and first.endswith("as agreed with Ann")
    assert f"reset by {this_process()}" in second


@kinds
def test_o10_a_session_goes_on_with_the_numbers_that_were_set(config: Path, kind: str) -> None:
    renumber(stored(config), kind, 7, 9, time.time_ns())

    async def main() -> None:
        async with unwilling(Unwilling.LOGON, wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            venues[0].begin(9)
            settings = stored(config).replaced({"SocketConnectPort": venues[0].port})
            session: Any = KINDS[kind](settings, asyncio.get_running_loop())
            session.logon()
            await until(lambda: session.is_logged_on)
            assert venues[0].numbers == [7] and session.next_target_seq_num == 10
            session.close()

    run("event", main())


@kinds
@pytest.mark.parametrize(("out", "into"), [(0, 1), (1, 0), (-4, 1), (10**13, 1)])
def test_o10_impossible_numbers_are_refused(
    config: Path, kind: str, out: int, into: int, capsys: pytest.CaptureFixture[str]
) -> None:
    of_kind(config, kind)
    assert fixlane("set-next", config, "--out", out, "--in", into) != 0
    assert "must be from 1 to" in capsys.readouterr().err


@kinds
def test_o10_a_damaged_store_is_set_aside_and_begun_anew(config: Path, kind: str) -> None:
    settings = stored(config)
    renumber(settings, kind, 7, 9, NOW_NS)
    folder = config.parent / "store"
    (damaged,) = [*folder.glob("*.head"), *folder.glob("*.seqnums")]
    damaged.write_bytes(b"rubbish")
    with pytest.raises(SessionError):
        read(settings, kind)
    assert "no sound store" in renumber(settings, kind, 3, 4, NOW_NS)
    assert read(settings, kind) == Numbers(3, 4)
    assert any(".damaged." in file.name for file in (folder / "archive").iterdir())


@kinds
def test_o10_a_store_that_a_session_holds_is_left_alone(
    config: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def main() -> None:
        session: Any = KINDS[kind](stored(config), asyncio.get_running_loop())
        assert fixlane("reset", of_kind(config, kind)) != 0
        assert "in use" in capsys.readouterr().err
        session.close()
        assert fixlane("reset", config) == 0

    run("event", main())


@pytest.mark.parametrize("command", ["logon", "logout", "test-request"])
def test_o10_what_only_a_running_engine_can_do_says_so(
    config: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fixlane(command, config) != 0
    assert "Only a running engine can do that" in capsys.readouterr().err


def test_o10_a_state_directory_alone_names_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fixlane("reset", "--state-dir", tmp_path) != 0
    assert "Name CONFIG" in capsys.readouterr().err


@kinds
def test_o10_a_running_session_is_repaired_by_command_and_only_when_that_is_safe(tmp_path: Path, kind: str) -> None:
    notes: list[str] = []
    answer = "35=5|58=MsgSeqNum too low, expecting 9 but received 1|"

    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            session: Any = KINDS[kind](initiator_settings(tmp_path, venues[0].port), asyncio.get_running_loop())
            acts = repair.actions(session, notes.append)

            def do(action: str, **numbers: object) -> Any:
                return acts[f"session-{action}"](OperatorRequest(f"session-{action}", "", numbers, this_process()))

            assert do("status")["phase"] == "logged out"
            do("logon")
            await until(lambda: session.phase == "given up")
            assert "our store lost numbers" in do("status")["last_error"]
            with pytest.raises(SessionError, match="needs the numbers"):
                do("set-next", out="9")
            with pytest.raises(SessionError, match="logged out"):
                do("test-request")
            assert do("set-next", **{"out": 9, "in": 2})["next_msg_seq_num_out"] == 9
            assert f"session-set-next by {this_process()}: next out 9, next in 2; before: " in notes[-1]
            venues[0].answer = Unwilling.LOGON
            venues[0].begin(2)
            do("logon")
            await until(lambda: session.is_logged_on)
            assert venues[0].numbers[-1] == 9 and do("status")["phase"] == "logged on"
            for action, numbers in (("reset", {}), ("set-next", {"out": 5, "in": 5})):
                with pytest.raises(SessionError, match="log out first"):
                    do(action, **numbers)
            sent = session.next_sender_seq_num
            do("test-request")
            assert session.next_sender_seq_num == sent + 1
            do("logout")
            await until(lambda: session.phase == "logged out")
            do("reset")
            do("logon")
            await until(lambda: len(venues[0].logons) == 3)
            assert "|34=1|" in venues[0].logons[-1] and "|141=Y|" in venues[0].logons[-1]
            session.close()

    run("event", main())
