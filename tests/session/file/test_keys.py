"""Every key of a session file means something to the native session, or is refused by name."""

import asyncio
import shutil
from pathlib import Path

import pytest

from engine.app.check import check
from engine.app.echo import open_echo
from engine.errors import ConfigError
from engine.session.file.keys import KEYS
from engine.session.native.initiator import NativeSession
from engine.session.native.settings import core_settings, ignored, refused
from engine.session.protocol.agreed import SECOND_NS
from tests.support.places import CONFIG, ROOT
from tests.support.session.sockets import acceptor_settings, initiator_settings

SESSION = ROOT / "engine" / "session"
ROOMS = ("dictionary", "file", "native", "store")
DECLARED = SESSION / "file" / "keys.py"
# Fields leave in the order of the body, always: that is what PreserveMessageFieldsOrder asks for.
TRUE_ANYWAY = {"PreserveMessageFieldsOrder"}


def test_every_key_is_read_somewhere() -> None:
    source = "".join(file.read_text() for room in ROOMS for file in (SESSION / room).glob("*.py") if file != DECLARED)
    assert [key.name for key in KEYS.values() if f'"{key.name}' not in source and key.name not in TRUE_ANYWAY] == []


@pytest.mark.parametrize("key", ["HttpAcceptPort", "FileLogBackupPath", "ScreenLogShowIncoming", "TLSCipherSuites"])
def test_key_of_what_is_not_here_is_refused(key: str) -> None:
    settings = initiator_settings(Path(), 1, **{key: "Y"})
    assert refused(settings)[0].startswith(f"initiator.cfg: {key}: ")
    with pytest.raises(ConfigError, match=key):
        core_settings(settings)


def test_zero_heart_bt_int_is_a_value() -> None:
    assert KEYS["heartbtint"].kind.fits("0") and not KEYS["heartbtint"].kind.fits("-1")


def test_key_that_switches_off_what_is_not_here_is_fine() -> None:
    assert refused(initiator_settings(Path(), 1, ScreenLogShowIncoming="N")) == []


def test_key_of_the_other_role_is_named() -> None:
    settings = initiator_settings(Path(), 1, SocketAcceptPort="5", LogonTag="553=x")
    assert ignored(settings) == ["initiator.cfg: SocketAcceptPort: has no effect, it is for an acceptor"]
    assert ignored(acceptor_settings(Path(), HeartBtInt="5", ReconnectInterval=None)) == [
        "acceptor.cfg: HeartBtInt: has no effect, it is for an initiator"
    ]


def test_key_without_effect_is_named_when_the_file_is_loaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "echo.cfg"
    text = (CONFIG / "fix" / "echo.cfg").read_text()
    line = text.count("\n") + 1
    file.write_text(text + "SocketAceptPort=1\nHeartBtInt=5\n")
    with asyncio.Runner() as runner:
        open_echo(file, None, runner.get_loop()).close()
    fault = f"{file}:{line}: [SESSION] SocketAceptPort: unknown key, ignored; did you mean SocketAcceptPort?"
    assert [record.getMessage() for record in caplog.records] == [
        fault,
        f"{file}: HeartBtInt: has no effect, it is for an initiator",
    ]


def test_initiator_names_keys_without_effect(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with asyncio.Runner() as runner:
        NativeSession(initiator_settings(tmp_path, 1, NeedClientAuth="Y"), runner.get_loop()).close()
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/initiator.cfg: NeedClientAuth: has no effect, it is for an acceptor"
    ]


@pytest.mark.parametrize(
    ("keys", "name", "value"),
    [
        ({"HeartBtInt": "7"}, "heart_bt_int", 7),
        ({"HeartBtInt": "0"}, "heart_bt_int", 0),
        ({"LogonTimeout": "3"}, "logon_timeout_ns", 3 * SECOND_NS),
        ({}, "logout_timeout_ns", 2 * SECOND_NS),
        ({"MaxLatency": "5"}, "max_latency_ns", 5 * SECOND_NS),
        ({"MaxMessageSize": "1000"}, "max_message_size", 1000),
        ({"MaxFields": "10"}, "max_fields", 10),
        ({"TestRequestDelayMultiplier": "0.5"}, "test_request_after_permille", 1500),
        ({"HeartBeatTimeoutMultiplier": "2"}, "disconnect_after_permille", 3000),
        ({"MillisecondsInTimeStamp": "N"}, "timestamp_precision", 0),
        ({"TimestampPrecision": "9", "MillisecondsInTimeStamp": "N"}, "timestamp_precision", 9),
        ({"TimestampPrecision": "MICROS"}, "timestamp_precision", 6),
        ({"EnableNextExpectedMsgSeqNum": "Y"}, "send_next_expected_msg_seq_num", True),
        ({"SenderSubID": "desk", "TargetLocationID": "NY"}, "header", ((50, "desk"), (143, "NY"))),
        ({"LogonTag": "553=user", "LogonTag1": "554=pass=word"}, "logon_fields", ((553, "user"), (554, "pass=word"))),
        ({"DefaultApplVerID": "FIX.5.0SP2"}, "default_appl_ver_id", "9"),
        ({"DefaultApplVerID": "FIX.Latest"}, "default_appl_ver_id", "10"),
        ({"DefaultApplVerID": "7"}, "default_appl_ver_id", "7"),
        ({"CheckLatency": "N"}, "check_latency", False),
        ({}, "test_message_indicator", None),
        ({"TestMessageIndicator": "N"}, "test_message_indicator", False),
        ({"ResendRequestChunkSize": "50"}, "resend_request_chunk_size", 50),
    ],
)
def test_key_reaches_the_core(keys: dict[str, str], name: str, value: object) -> None:
    assert getattr(core_settings(initiator_settings(Path(), 1, **keys)), name) == value


def test_keys_of_an_acceptor_reach_the_core() -> None:
    keys = {"MinHeartBtInt": "10", "MaxHeartBtInt": "60", "LogonTag": "553=x"}
    settings = core_settings(acceptor_settings(Path(), **keys))
    assert (settings.heart_bt_range, settings.logon_fields) == ((10, 60), ())
    assert core_settings(acceptor_settings(Path(), MinHeartBtInt="5")).heart_bt_range == (5, 10**9)
    assert core_settings(acceptor_settings(Path())).heart_bt_range is None


def test_check_says_what_the_native_session_refuses_and_reads_over(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    config, file = tmp_path / "config" / "engine.toml", tmp_path / "config" / "fix" / "initiator.cfg"
    text = config.read_text()
    assert 'session = "quickfix"' in text
    config.write_text(text.replace('session = "quickfix"', 'session = "native"'))
    assert check(config) == ([], [])
    sound = file.read_text()
    file.write_text(sound + "HttpAcceptPort=8080\nSocketAcceptPort=1\nSocketUseSSL=Y\nSocketCAFile=none.pem\n")
    wrong, warnings = check(config)
    assert [one.split(": ")[1] for one in wrong] == ["HttpAcceptPort", "SocketCAFile"]
    assert [one.split(": ")[1] for one in warnings] == ["SocketAcceptPort"]
    file.write_text(sound.replace("NonStopSession=Y", "TimeZone=Mars"))
    assert [one.split(": ")[1] for one in check(config)[0]] == ["TimeZone"]
