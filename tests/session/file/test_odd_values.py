"""Values that look right and are not: letters for digits, keys beside which others do nothing, odd secrets."""

from pathlib import Path

import pytest

from engine.session.native import settings as native
from tests.support.session.files import SOUND, changed, problems, read, warnings
from tests.support.session.sockets import initiator_settings

ROUND_THE_CLOCK = SOUND.replace("NonStopSession=Y", "StartTime=00:00:00\nEndTime=00:00:00")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("HeartBtInt=30", "HeartBtInt=３０"),
        ("=9880", "=9٨80"),
        ("NonStopSession=Y", "StartTime=0٠:00:00\nEndTime=17:00:00"),
        ("HeartBtInt=30", "HeartBtInt=30\nHeartBeatTimeoutMultiplier=" + "9" * 5000),
        ("HeartBtInt=30", "HeartBtInt=30\nTimestampPrecision=٣"),
    ],
)
def test_s10_digits_that_no_other_engine_reads_are_named(tmp_path: Path, old: str, new: str) -> None:
    (problem,) = problems(tmp_path, changed(old, new))
    assert problem.endswith("; correct the value")


@pytest.mark.parametrize(
    "host",
    ['"127.0.0.1"', "a..b", ".a", "a" * 64 + ".com", "me@venue", "localhost;", "999.1.1.1", "1.2", "a,b", "-a"],
)
def test_s10_host_that_never_resolves_is_named(tmp_path: Path, host: str) -> None:
    (problem,) = problems(tmp_path, changed("venue.example", host))
    assert f"SocketConnectHost: {host!r} is not a" in problem


@pytest.mark.parametrize("host", ["localhost", "fix_uat.venue.example.", "10.0.0.1", "a-b.c", "börse.example", "x"])
def test_host_that_may_resolve_is_taken(tmp_path: Path, host: str) -> None:
    assert problems(tmp_path, changed("venue.example", host)) == []


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("Weekdays=Mon,Tue", "Weekdays"),
        ("EndDay=Fri", "EndDay"),
        ("LogonTime=08:00:00\nLogoutTime=17:00:00", "LogonTime, LogoutTime"),
        ("LogonDay=Mon\nLogoutDay=Fri", "LogonDay, LogoutDay"),
    ],
)
def test_s4_hours_of_a_session_without_hours_are_named(tmp_path: Path, line: str, key: str) -> None:
    (problem,) = problems(tmp_path, SOUND + line + "\n")
    assert "NonStopSession: contradicts" in problem
    assert key in problem


def test_s4_hours_of_logon_in_a_session_around_the_clock_are_named(tmp_path: Path) -> None:
    text = ROUND_THE_CLOCK + "LogonTime=08:00:00\nLogoutTime=17:00:00\n"
    (problem,) = problems(tmp_path, text)
    assert "LogonTime: has no effect from 00:00:00 to 00:00:00" in problem
    assert problems(tmp_path, text + "Weekdays=Mon\n") == []


def test_s4_test_request_that_would_never_be_sent_is_named(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, SOUND + "TestRequestDelayMultiplier=2\n")
    assert "TestRequestDelayMultiplier: 2 is not below HeartBeatTimeoutMultiplier=1.4" in problem


def test_s4_second_source_address_is_a_warning() -> None:
    settings = initiator_settings(Path(), 1, SocketConnectSourceHost1="127.0.0.1", SocketConnectSourcePort1="5")
    assert [text.split(": ")[1] for text in native.ignored(settings)] == [
        "SocketConnectSourceHost1",
        "SocketConnectSourcePort1",
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("LogonTag=43=Y", "tag 43 is the session's own"),
        ("LogonTag=369=1", "tag 369 is the session's own; remove it, and write EnableLastMsgSeqNumProcessed"),
        ("LogonTag=789=5", "tag 789 is the session's own; remove it, and write SendNextExpectedMsgSeqNum"),
        ("TestMessageIndicator=Y\nLogonTag=464=Y", "tag 464 is the session's own; remove it"),
        ("LogonTag=96=abc\nLogonTag1=95=3", "tag 96 needs its length before it: LogonTag=95=3"),
        ("LogonTag=95=9\nLogonTag1=96=abc", "tag 96 needs its length before it: LogonTag=95=3"),
        ("LogonTag=1401=3\nLogonTag1=554=x\nLogonTag2=1402=abc", "tag 1402 needs its length before it"),
        ("LogonTag=99999999999=x", "the value is not a field"),
        ("LogonTag=٥٥٤=x", "the value is not a field"),
    ],
)
def test_s21_field_that_a_logon_cannot_carry_so_is_named(tmp_path: Path, line: str, told: str) -> None:
    (problem,) = problems(tmp_path, SOUND + line + "\n")
    assert told in problem


def test_raw_data_with_its_length_is_taken(tmp_path: Path) -> None:
    assert problems(tmp_path, SOUND + "LogonTag=95=3\nLogonTag1=96=abc\nLogonTag2=1401=1\nLogonTag3=1402=z\n") == []


@pytest.mark.parametrize(
    "text",
    [
        SOUND + "LogonTag=554=$ECRET12\n",
        SOUND + "LogonTag=554=%SECRET12%\n",
        SOUND + "LogonTag=554=ab${SECRET12 x\n",
        SOUND + "LogonTag=554=ab${SECRET12}${}\n",
        SOUND.replace("[SESSION]", "[SESSION] LogonTag=554=SECRET12"),
        SOUND.replace("[SESSION]", "[SESSION\tPassword=SECRET12]"),
    ],
)
def test_s9_secret_in_an_odd_place_is_never_shown(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text, {})
    told = "\n".join(found.problems + found.warnings)
    assert told
    assert "ECRET12" not in told or "variable SECRET12 is not set" in told


def test_s9_variable_as_windows_writes_it_is_a_warning(tmp_path: Path) -> None:
    warned = warnings(tmp_path, changed("venue.example", "127.0.0.1") + "FileLogPath=%LOGS%\n")
    assert [text.split("] ")[1] for text in warned] == [
        "FileLogPath: is taken as it stands; write ${LOGS} for the variable"
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("FIRM # ours", "what follows # belongs to the value"),
        ("FIRM ; ours", "what follows ; belongs to the value"),
        ("FIRM // ours", "what follows // belongs to the value"),
        ('"FIRM"', "the quotation marks belong to the value"),
        ("'FIRM'", "the quotation marks belong to the value"),
    ],
)
def test_s21_comment_or_quotes_that_become_part_of_a_name_are_a_warning(tmp_path: Path, value: str, told: str) -> None:
    (warning,) = warnings(tmp_path, changed("=FIRM", f"={value}"))
    assert warning.split("] ")[1].startswith(f"SenderCompID: {told}")


def test_s10_file_that_is_no_text_is_one_problem(tmp_path: Path) -> None:
    for content in (SOUND.encode("utf-16-le"), SOUND.encode("utf-16-be"), b"\x7fELF\x00\x00\x00"):
        (problem,) = problems(tmp_path, content)
        assert problem.endswith("is not text in UTF-8, UTF-16 with its mark, or latin-1; save it as UTF-8")


def test_key_with_control_characters_is_shown_without_them(tmp_path: Path) -> None:
    (warning,) = warnings(tmp_path, SOUND + "\x1b[2JFoo=a\n")
    assert warning.isprintable()


def test_s10_empty_value_is_one_problem_with_the_way_out(tmp_path: Path) -> None:
    without = SOUND.replace("HeartBtInt=30\n", "")
    for key in ("ClientCertificateFile", "ClientCertificateKeyFile", "SSLProtocol", "HeartBtInt", "FileLogPath"):
        text = (without if key == "HeartBtInt" else SOUND) + f"{key}=\n"
        (problem,) = problems(tmp_path, text)
        assert f"{key}: is empty; give a value" in problem


def test_s21_database_that_is_not_named_is_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, SOUND + "JdbcDriver=\nSQLStoreDriver = \n") == []


@pytest.mark.parametrize(
    ("file", "version", "is_told"),
    [
        ("FIX44.xml", "FIX.5.0SP2", True),
        ("FIX50SP2.xml", "9", False),
        ("FIX44.xml", "6", False),
        ("FIX42.xml", "6", True),
    ],
)
def test_s21_application_dictionary_of_another_version_is_a_warning(
    tmp_path: Path, file: str, version: str, is_told: bool
) -> None:
    keys = f"TransportDataDictionary=FIXT11.xml\nAppDataDictionary={file}\nDefaultApplVerID={version}"
    text = changed("FIX.4.4", "FIXT.1.1").replace("UseDataDictionary=N", keys)
    told = [warning for warning in warnings(tmp_path, text) if "AppDataDictionary: " in warning]
    assert bool(told) == is_told
