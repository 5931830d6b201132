"""How the QuickFIX session takes its settings: folders, refusals, and what `fixlane check` says of it."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.app.check import check
from engine.errors import ConfigError
from engine.session.file.settings import override
from engine.session.opening import open_session
from engine.session.quickfix.initiator import QuickfixSession
from tests.support.places import FIX_CONFIG
from tests.support.session.fix_peer import initiator_settings


def test_store_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    loop = asyncio.new_event_loop()
    session = QuickfixSession(initiator_settings(tmp_path, 9), loop)
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
    session.close()
    loop.close()


def test_second_session_of_one_identity_is_refused(tmp_path: Path) -> None:
    loop = asyncio.new_event_loop()
    settings = initiator_settings(tmp_path, 9)
    session = QuickfixSession(settings, loop)
    with pytest.raises(ConfigError, match="runs in this process already"):
        QuickfixSession(settings, loop)
    session.close()
    QuickfixSession(settings, loop).close()
    loop.close()


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        ({"SocketKeyStore": "venue.jks"}, "SocketKeyStore: a Java keystore cannot be read here"),
        ({"CertificationAuthoritiesFile": "/nowhere.pem"}, "CertificationAuthoritiesFile: .*/nowhere.pem"),
        ({"NonStopSession": None, "StartTime": "08:00:00 Europe/Paris", "EndTime": "17:00:00"}, "takes no zone"),
        ({"BeginString": "FIX.4.9"}, "QuickFIX refuses it: .*BeginString"),
        ({"HeartBtInt": "0"}, "HeartBtInt: QuickFIX cannot do without heartbeats"),
        ({"FileStorePath": "/proc/nowhere"}, "FileStorePath=/proc/nowhere: cannot be made"),
        ({"FileLogPath": "/proc/nowhere"}, "FileLogPath=/proc/nowhere: cannot be made"),
    ],
)
def test_settings_that_quickfix_cannot_use_are_refused(tmp_path: Path, overrides: dict[str, str], text: str) -> None:
    loop = asyncio.new_event_loop()
    with pytest.raises(ConfigError, match=text):
        QuickfixSession(initiator_settings(tmp_path, 9, **overrides), loop)
    loop.close()


def test_check_says_what_quickfix_cannot_do_and_what_it_reads_over(tmp_path: Path) -> None:
    shutil.copytree(FIX_CONFIG.parent, tmp_path / "config")
    file = tmp_path / "config" / "fix" / "initiator.cfg"
    file.write_text(file.read_text() + "SocketKeyStore=x\nTimeZone=UTC\n")
    wrong, warnings = check(tmp_path / "config" / "engine.toml")
    assert [text.split(": ", 1)[1].split(";")[0] for text in wrong] == [
        "SocketKeyStore: a Java keystore cannot be read here"
    ]
    assert [text.split(": ", 1)[1] for text in warnings] == ["TimeZone: has no effect in the quickfix session"]


def test_session_opened_by_its_file_is_the_one_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "session.cfg"
    file.write_text(override(FIX_CONFIG / "initiator.cfg", SocketConnectPort=9, FileStorePath="kept"))
    loop = asyncio.new_event_loop()
    session = open_session("quickfix", file, tmp_path / "state", loop)
    assert isinstance(session, QuickfixSession)
    assert (tmp_path / "state" / "kept").is_dir()
    session.close()
    loop.close()


def test_interrupt_raises_as_without_quickfix() -> None:
    script = "import signal, engine.session.quickfix.settings\nsignal.raise_signal(signal.SIGINT)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert found.stderr.splitlines()[-1:] == ["KeyboardInterrupt"]
