"""Keys of a session that belong together, and values that a run could not use: check names them."""

from pathlib import Path

import pytest

from engine.session.native import settings as native
from engine.session.quickfix import settings as quickfix
from tests.support.session.files import SOUND, changed, problems, read, warnings
from tests.support.session.sockets import acceptor_settings, initiator_settings

DAILY = SOUND.replace("NonStopSession=Y", "StartTime=08:00:00\nEndTime=17:00:00")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("SocketConnectHost1=b", "SocketConnectHost1: has no SocketConnectPort1 beside it; add that, or remove this"),
        ("SocketConnectPort2=9", "SocketConnectPort2: has no SocketConnectHost2 beside it; add that, or remove this"),
        ("MinHeartBtInt=9\nMaxHeartBtInt=8", "MinHeartBtInt: 9 is above MaxHeartBtInt=8; correct one"),
        ("LogonTag=108=5", "LogonTag: tag 108 is the session's own; remove it, and write HeartBtInt"),
        ("LogonTag=141=Y", "LogonTag: tag 141 is the session's own; remove it, and write ResetOnLogon"),
        ("LogonTag=554=a\nLogonTag1=554=b", "LogonTag1: gives tag 554, as LogonTag does; remove one"),
    ],
)
def test_s4_half_of_a_pair_is_named(tmp_path: Path, lines: str, told: str) -> None:
    (problem,) = problems(tmp_path, SOUND + lines + "\n")
    assert problem.split("[SESSION] ")[1] == told


def test_s4_a_host_without_its_port_is_named(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, changed("SocketConnectPort=9880\n", ""))
    assert problem == "session.cfg:9: [SESSION]: SocketConnectPort is missing for an initiator; add SocketConnectPort="


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("StartDay=Mon", "StartDay: has no EndDay beside it"),
        ("EndDay=Fri", "EndDay: has no StartDay beside it"),
        ("LogonDay=Mon", "LogonDay: has no LogoutDay beside it"),
        ("Weekdays=Mon,Tue\nStartDay=Mon\nEndDay=Fri", "Weekdays: contradicts StartDay and EndDay"),
        ("TimeZone=America/New_York\nUseLocalTime=Y", "TimeZone: contradicts UseLocalTime=Y"),
    ],
)
def test_s4_half_of_a_schedule_is_named(tmp_path: Path, lines: str, told: str) -> None:
    (problem,) = problems(tmp_path, DAILY + lines + "\n")
    assert told in problem


def test_s4_key_that_nothing_turns_to_is_a_warning() -> None:
    settings = initiator_settings(Path(), 1, HostSelectionPolicyPriorityStartOverInterval="60")
    assert native.ignored(settings) == [
        "initiator.cfg: HostSelectionPolicyPriorityStartOverInterval: has no effect without"
        " HostSelectionPolicy=PRIORITY"
    ]


def test_s4_gap_in_the_numbers_of_hosts_is_refused_where_quickfix_stops_at_it() -> None:
    keys = {"SocketConnectHost2": "b", "SocketConnectPort2": "2"}
    settings = initiator_settings(Path(), 1, **keys)
    assert native.refused(settings) == []
    (problem,) = quickfix.refused(settings)
    assert "SocketConnectHost2: QuickFIX stops at 1, which is missing" in problem


def test_schedule_that_quickfix_cannot_keep_is_refused() -> None:
    daily = {"NonStopSession": None, "StartTime": "08:00:00", "EndTime": "17:00:00"}
    for key, value in (("TimeZone", "Asia/Tokyo"), ("Weekdays", "Mon")):
        settings = initiator_settings(Path(), 1, **daily, **{key: value})
        assert [text.split(": ")[1] for text in quickfix.refused(settings)] == [key]
    assert quickfix.refused(initiator_settings(Path(), 1, TimeZone="Asia/Tokyo")) == []


@pytest.mark.parametrize("key", ["SenderCompID", "TargetCompID", "SenderSubID", "OnBehalfOfCompID", "LogonTag"])
@pytest.mark.parametrize("value", ["МОСБ", "é", "a\tb"])
def test_s10_letters_that_a_field_cannot_carry_are_named(tmp_path: Path, key: str, value: str) -> None:
    text = SOUND.replace(f"{key}=FIRM\n", "").replace(f"{key}=VENUE\n", "")
    (problem,) = problems(tmp_path, text + f"{key}={'554=' if key == 'LogonTag' else ''}{value}\n")
    assert f"[SESSION] {key}: holds more than printable ASCII" in problem


def test_s10_name_that_quickfix_cannot_make_a_file_of_is_refused() -> None:
    settings = initiator_settings(Path(), 1, SenderCompID="DESK/7")
    assert native.refused(settings) == []
    assert [text.split(": ")[1] for text in quickfix.refused(settings)] == ["SenderCompID"]


def test_o31_ipv6_host_is_read_by_the_native_session_and_refused_by_quickfix(tmp_path: Path) -> None:
    for host in ("::1", "[::1]", "2001:db8::1", "fe80::1%eth0"):
        (session,) = read(tmp_path, changed("venue.example", host)).sessions
        assert session.endpoints() == [(host.strip("[]"), 9880)]
        assert native.refused(session) == []
        (problem,) = quickfix.refused(session)
        assert "SocketConnectHost: QuickFIX speaks no IPv6 and would never connect; name an IPv4 address" in problem
    source = initiator_settings(Path(), 1, SocketConnectSourceHost="::1")
    assert [text.split(": ")[1] for text in quickfix.refused(source)] == ["SocketConnectSourceHost"]


@pytest.mark.parametrize("host", ["127.0.0.1:5001", ":::", "12:34", "venue.example:443", "[::1", "http://venue"])
def test_o31_host_that_is_no_address_is_named(tmp_path: Path, host: str) -> None:
    (problem,) = problems(tmp_path, changed("venue.example", host))
    assert f"SocketConnectHost: {host!r} is not a" in problem


def test_acceptor_listens_where_quickfix_n_and_go_say(tmp_path: Path) -> None:
    from engine.session.native.acceptor import endpoint

    settings = acceptor_settings(tmp_path, 5, SocketAcceptAddress=None, SocketAcceptHost="127.0.0.1")
    assert endpoint(settings) == ("127.0.0.1", 5)


def test_s21_dictionary_that_a_session_does_not_read_is_a_warning(tmp_path: Path) -> None:
    fixt = changed("FIX.4.4", "FIXT.1.1\nDefaultApplVerID=FIX.5.0SP2").replace("UseDataDictionary=N\n", "")
    fixt += "TransportDataDictionary=FIXT11.xml\nAppDataDictionary=FIX50SP2.xml\n"
    assert warnings(tmp_path, fixt) == []
    assert warnings(tmp_path, fixt.replace("[SESSION]", "DataDictionary=FIX44.xml\n\n[SESSION]")) == []
    assert [text.split("] ")[1] for text in warnings(tmp_path, fixt + "DataDictionary=FIX44.xml\n")] == [
        "DataDictionary: has no effect in a session of FIXT.1.1"
    ]


@pytest.mark.parametrize("place", ["beside", "working directory"])
def test_s21_relative_dictionary_is_found_where_quickfix_would_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec" / "FIX44.xml").write_text("<fix type='FIX' major='4' minor='4'/>")
    below = tmp_path / "conf" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "conf")
    value = "../../spec/FIX44.xml" if place == "beside" else "../spec/FIX44.xml"
    (session,) = read(below, changed("UseDataDictionary=N", f"DataDictionary={value}")).sessions
    assert session.path("DataDictionary") is not None
    assert Path(session.text("DataDictionary")).resolve() == tmp_path / "spec" / "FIX44.xml"


def test_s21_dictionary_that_is_not_there_has_a_way_out(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, changed("UseDataDictionary=N", "DataDictionary=../spec/FIX44.xml"))
    assert problem.endswith("correct the path; DataDictionary=FIX44.xml takes the one that comes with QuickFIX")


def test_s21_key_given_twice_alike_is_a_warning_and_otherwise_an_error(tmp_path: Path) -> None:
    assert [text.split("] ")[1] for text in warnings(tmp_path, SOUND + "SenderCompID=FIRM\n")] == [
        "SenderCompID: given twice in this section, as in line 10; remove one"
    ]
    (problem,) = problems(tmp_path, SOUND + "SenderCompID=OTHER\n")
    assert problem.endswith("given twice in this section, otherwise in line 10; remove one, QuickFIX takes the last")


@pytest.mark.parametrize(
    ("line", "way_out"),
    [
        ("Username=alice", "LogonTag=553=NAME"),
        ("Password=hunter2", "LogonTag1=554=${VARIABLE}"),
        ("ResetSeqNumFlag=Y", "ResetOnLogon=Y"),
        ("SendResetSeqNumFlag=true", "ResetOnLogon=Y"),
    ],
)
def test_s21_field_of_logon_as_a_key_is_refused_with_the_way_out(tmp_path: Path, line: str, way_out: str) -> None:
    (problem,) = problems(tmp_path, SOUND + line + "\n")
    assert way_out in problem and "hunter2" not in problem
    assert [text.split(": ")[-1] for text in warnings(tmp_path, SOUND + "ResetSeqNumFlag=N\n")][0].startswith("unknown")


@pytest.mark.parametrize("day", ["Mon.", "mon", "Monday", "MO"])
def test_s21_days_are_read_as_they_are_written(tmp_path: Path, day: str) -> None:
    assert problems(tmp_path, DAILY + f"StartDay={day}\nEndDay=Fri.\n") == []
    assert problems(tmp_path, DAILY + f"Weekdays={day}, Tue ,Wed\n") == []


def test_s21_one_cause_is_one_error(tmp_path: Path) -> None:
    second = "[SESSION]\nSenderCompID=B\nTargetCompID=V\nSocketConnectHost=b\nSocketConnectPort=1\n"
    faulty = [
        changed("HeartBtInt=30\n", "") + second,
        changed("FIX.4.4", "FIX.5.0").replace("UseDataDictionary=N", "DataDictionary=FIX44.xml"),
        SOUND.replace("[DEFAULT]\n", ""),
        changed("[SESSION]", "[SESSION"),
        changed("[SESSION]", "[SESSIONS] # mine"),
        changed("NonStopSession=Y", "NonStopSession=Y\nStartTime=01:00:00") + second,
    ]
    for text in faulty:
        assert len(problems(tmp_path, text)) == 1, problems(tmp_path, text)
