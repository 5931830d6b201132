"""Values of session files that stand in the environment."""

import asyncio
import logging
from pathlib import Path

import pytest

from engine.session.file.settings import load_session, override, read_session_file, render
from engine.session.native.message_log import MessageLog
from engine.session.native.settings import core_settings
from engine.session.quickfix.log import SessionLog
from tests.support.session.files import SOUND, changed, problems, read, warnings

LOCAL = changed("venue.example", "127.0.0.1")


def test_s9_names_of_the_environment_are_replaced_in_every_value(tmp_path: Path) -> None:
    text = changed("venue.example", "${H}", changed("=9880", "=${P}", changed("=FIRM", "=A${S}B")))
    environ = {"H": "fix.venue.example", "P": "1234", "S": "-x-", "FIX_PASSWORD": "p=a#s s", "fix.user": "me"}
    text += "LogonTag=554=${FIX_PASSWORD}\nLogonTag1=553=${fix.user}\n"
    (session,) = read(tmp_path, text, environ).sessions
    assert session.endpoints() == [("fix.venue.example", 1234)]
    assert session.text("SenderCompID") == "A-x-B"
    assert core_settings(session).logon_fields == ((554, "p=a#s s"), (553, "me"))


@pytest.mark.parametrize("environ", [{}, {"H": ""}])
def test_s9_unset_name_is_one_error(tmp_path: Path, environ: dict[str, str]) -> None:
    (problem,) = problems(tmp_path, changed("venue.example", "${H}"), environ)
    place, told = problem.split(": environment ")
    assert place == "session.cfg:12: [SESSION] SocketConnectHost"
    assert told == "variable H is not set; set it where the engine is started"


@pytest.mark.parametrize("value", ["${", "${}", "${A", "${A B}", "${A:-x}", "x${1}"])
def test_s9_form_that_is_no_variable_is_an_error(tmp_path: Path, value: str) -> None:
    (problem,) = problems(tmp_path, SOUND + f"LogonTag=554={value}\n", {"A": "x"})
    assert "is not the name of a variable in braces; write ${NAME}, or $${ for a plain ${" in problem


def test_s9_braces_can_be_meant_and_other_dollars_stay(tmp_path: Path) -> None:
    found = read(tmp_path, LOCAL + "LogonTag=554=$${A}\nLogonTag1=925=pa$$wo$rd\n")
    assert found.problems == found.warnings == []
    assert found.sessions[0].logon_tags() == [(554, "${A}"), (925, "pa$$wo$rd")]


@pytest.mark.parametrize("value", ["$FIX_PASSWORD", "$(FIX_PASSWORD)"])
def test_s9_other_spelling_of_a_variable_is_a_warning(tmp_path: Path, value: str) -> None:
    (warning,) = warnings(tmp_path, LOCAL + f"LogonTag=554={value}\n")
    assert warning.endswith("LogonTag: is taken as it stands; write ${FIX_PASSWORD} for the variable")


@pytest.mark.parametrize("value", ["a\x01141=Y", "a\r", "a\nb", "\x00", "\x7f"])
def test_s9_control_character_from_the_environment_is_refused(tmp_path: Path, value: str) -> None:
    (problem,) = problems(tmp_path, SOUND + "LogonTag=554=${X}\n", {"X": value})
    assert "environment variable X holds control characters" in problem


@pytest.mark.parametrize(
    "line", ["SocketConnectHost1=${X}\nSocketConnectPort1=1", "MaxLatency=${X}", "LogonTag=${X}", "StartTime=${X}",
             "TransportDataDictionary=${X}", "TimestampPrecision=${X}", "SenderSubID=${X}é"],
)  # fmt: skip
def test_s9_wrong_value_of_the_environment_is_never_shown(tmp_path: Path, line: str) -> None:
    found = problems(tmp_path, SOUND + line + "\n", {"X": "un fit/tle"})
    assert len(found) >= 1
    assert "un fit" not in " ".join(found)


@pytest.mark.parametrize("line", ["LogonTag=hunter2", "LogonTag=x554=hunter2", "Password hunter2", "Password: hunter2"])
def test_secret_of_a_wrong_line_is_never_shown(tmp_path: Path, line: str) -> None:
    (problem,) = problems(tmp_path, SOUND + line + "\n")
    assert "hunter2" not in problem


def test_s9_secret_is_named_and_not_written_into_a_copy_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIX_PASSWORD", "hunter2")
    monkeypatch.setenv("FIX_STORE", "/kept")
    file = tmp_path / "session.cfg"
    file.write_text(SOUND.replace("=store", "=${FIX_STORE}/s") + "LogonTag=554=${FIX_PASSWORD}\nLogonTag1=925=$${x}\n")
    text = override(file, SocketConnectPort=7)
    assert "LogonTag=554=${FIX_PASSWORD}" in text and "hunter2" not in text
    assert "FileStorePath=/kept/s" in text and "SocketConnectPort=7" in text
    again = tmp_path / "again.cfg"
    again.write_text(text)
    assert load_session(again, "initiator").logon_tags() == [(554, "hunter2"), (925, "${x}")]
    assert "LogonTag=554=hunter2" in render([load_session(file, "initiator")], with_secrets=True)


def test_s9_secret_reaches_no_log_of_a_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from engine.session.opening import open_session

    monkeypatch.setenv("FIX_PASSWORD", "hunter2")
    file = tmp_path / "session.cfg"
    file.write_text(LOCAL + "LogonTag=554=${FIX_PASSWORD}\nSomeName=${FIX_PASSWORD}\nMaxMessageSize=5000\n")
    caplog.set_level(logging.DEBUG)
    loop = asyncio.new_event_loop()
    for kind in ("native", "quickfix"):
        open_session(kind, file, tmp_path / kind, loop).close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert caplog.records and "hunter2" not in caplog.text


@pytest.mark.parametrize("kind", ["native", "quickfix"])
def test_s9_field_of_a_logon_that_comes_from_the_environment_is_in_no_message_log(tmp_path: Path, kind: str) -> None:
    text = SOUND + "LogonTag=9001=${KEY}\nLogonTag1=553=alice\n"
    (session,) = read(tmp_path, text, {"KEY": "hunter2"}).sessions
    assert session.secret_tags() == {9001}
    logon = b"8=FIX.4.4\x019=1\x0135=A\x01553=alice\x019001=hunter2\x0110=000\x01"
    if kind == "native":
        log = MessageLog(tmp_path, "x", lambda: 0, session.secret_tags())
        log.write(b">", logon)
    else:
        log = SessionLog("x", tmp_path, session.secret_tags())
        log.onOutgoing(logon.decode())
    log.close()
    written = "".join(file.read_text() for file in tmp_path.glob("x.*.log"))
    assert "553=alice" in written and "9001=***" in written and "hunter2" not in written


def test_environment_is_that_of_the_process_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIX_HOST", "set.example")
    file = tmp_path / "session.cfg"
    file.write_text(changed("venue.example", "${FIX_HOST}"))
    assert read_session_file(file).sessions[0].text("SocketConnectHost") == "set.example"
