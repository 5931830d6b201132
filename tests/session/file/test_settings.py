"""Session files: what is read, what is found wrong, and what is written back."""

import sys
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.session.file import dictionaries
from engine.session.file.settings import load_session, load_sessions, override, read_session_file, render
from tests.support.places import FIX_CONFIG

GOOD = """\
# a comment
[DEFAULT]
ConnectionType=initiator
beginstring = FIX.4.4
HeartBtInt=30
NonStopSession=Y
SocketConnectHost=venue.example
SocketConnectPort=9000
FileStorePath=store
DataDictionary=FIX44.xml

[SESSION]
SenderCompID=ACME # 1
TargetCompID=VENUE
HEARTBTINT=10
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "session.cfg"
    file.write_text(text)
    return file


def problems(folder: Path, text: str) -> list[str]:
    """Return the problems of a file that holds `text`, without its path."""
    found = read_session_file(write(folder, text))
    return [problem.removeprefix(f"{folder}/") for problem in found.problems]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_session_overrides_defaults_and_keys_ignore_case(tmp_path: Path) -> None:
    (session,) = load_sessions(write(tmp_path, GOOD))
    assert session.name == "FIX.4.4:ACME # 1->VENUE"
    assert session.is_initiator
    assert (session.text("BeginString"), session.integer("HeartBtInt")) == ("FIX.4.4", 10)
    assert (session.flag("NonStopSession"), session.flag("ResetOnLogon")) == (True, False)
    assert (session.flag("CheckCompID", True), session.integer("LogonTimeout", 10)) == (True, 10)
    assert session.endpoints() == [("venue.example", 9000)]


def test_numbered_keys_are_tried_in_order(tmp_path: Path) -> None:
    more = "socketconnecthost10=c\nSocketConnectPort10=3\nSocketConnectHost2=b\nSocketConnectPort2=2\nLogonTag1=1=x=y\n"
    (session,) = load_sessions(write(tmp_path, GOOD + more))
    assert session.endpoints() == [("venue.example", 9000), ("b", 2), ("c", 3)]
    assert session.logon_tags() == [(1, "x=y")]


def test_sessions_share_defaults_and_are_told_apart_by_qualifier(tmp_path: Path) -> None:
    again = "[SESSION]\nSenderCompID=ACME # 1\nTargetCompID=VENUE\nSessionQualifier=two\n"
    names = [session.name for session in load_sessions(write(tmp_path, GOOD + again))]
    assert names == ["FIX.4.4:ACME # 1->VENUE", "FIX.4.4:ACME # 1->VENUE:two"]


def test_paths_resolve_beside_the_file_in_the_state_folder_and_in_quickfix(tmp_path: Path) -> None:
    state = tmp_path / "state"
    file = write(tmp_path, GOOD + "FileLogPath=/var/log/fix\n")
    (session,) = load_sessions(file, state)
    assert session.path("FileStorePath") == state / "store"
    assert session.path("FileLogPath") == Path("/var/log/fix")
    dictionary = session.path("DataDictionary")
    assert dictionary is not None and dictionary.is_file() and dictionary.parent != tmp_path
    (tmp_path / "FIX44.xml").write_text("<fix type='FIX' major='4' minor='4'/>")
    (nearer,) = load_sessions(file)
    assert nearer.path("DataDictionary") == tmp_path / "FIX44.xml"
    assert nearer.path("FileStorePath") == tmp_path / "store"


def test_dictionary_is_found_where_the_package_recorded_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    dictionaries._installed.cache_clear()
    found = dictionaries.find_dictionary("FIX44.xml", tmp_path)
    dictionaries._installed.cache_clear()
    assert found is not None and found.name == "FIX44.xml"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (changed("HeartBtInt=30", "HeartBtInt=soon"), "session.cfg:5: [DEFAULT] HeartBtInt: 'soon' is not a whole"),
        (changed("NonStopSession=Y", "NonStopSession=y"), "session.cfg:6: [DEFAULT] NonStopSession: 'y' is not Y or N"),
        (changed("Port=9000", "Port=90000"), "[DEFAULT] SocketConnectPort: '90000' is not a port from 1 to 65535"),
        (GOOD + "StartTime=24:00:00\n", "session.cfg:16: [SESSION] StartTime: '24:00:00' is not a time HH:MM:SS"),
        (GOOD + "StartTime=08:00:00CET\n", "[SESSION] StartTime: '08:00:00CET' is not a time HH:MM:SS"),
        (GOOD + "StartDay=someday\n", "[SESSION] StartDay: 'someday' is not a day such as mon or Friday"),
        (changed("FIX.4.4", "FIX.5.0"), "BeginString: 'FIX.5.0' is not FIX.4.0 to FIX.4.4 or FIXT.1.1"),
        (GOOD + "HostSelectionPolicy=RANDOM\n", "'RANDOM' is not ROUNDROBIN or PRIORITY; correct the value"),
        (changed("FIX44.xml", "FIX44.xmll"), "DataDictionary: 'FIX44.xmll' is neither beside the session file nor"),
        (changed("FIX44.xml", "/no/FIX44.xml"), "DataDictionary: '/no/FIX44.xml' is neither beside"),
        (changed("FIX44.xml", "FIX42.xml"), "FIX42.xml describes FIX.4.2, the session is FIX.4.4"),
        (changed("FIX44.xml", "session.cfg"), "is not a dictionary (not well-formed"),
        (changed("SocketConnectHost=venue.example\n", ""), "[SESSION]: SocketConnectHost is missing for an initiator"),
        (changed("HeartBtInt=30\n", "").replace("HEARTBTINT=10\n", ""), "[SESSION]: HeartBtInt is missing"),
        (changed("FileStorePath=store\n", ""), "[SESSION]: FileStorePath is missing (sequence numbers must outlive"),
        (
            changed("NonStopSession=Y\n", ""),
            "[SESSION]: StartTime is missing (or set NonStopSession=Y); add",
        ),
        (changed("DataDictionary=FIX44.xml\n", ""), "DataDictionary is missing (or set UseDataDictionary=N)"),
        (changed("FIX.4.4", "FIXT.1.1"), "[SESSION]: DefaultApplVerID is missing for FIXT.1.1; add DefaultApplVerID="),
        (changed("=initiator", "=acceptor"), "[SESSION]: SocketAcceptPort is missing for an acceptor"),
        (
            changed("=initiator", "=client"),
            "session.cfg:3: [DEFAULT] ConnectionType: 'client' is not initiator",
        ),
        (GOOD + "TargetCompID=OTHER\n", "session.cfg:16: [SESSION] TargetCompID: given twice in this section"),
        (GOOD + "[SESSION]\nSenderCompID=ACME # 1\nTargetCompID=VENUE\n", "ACME # 1->VENUE is defined twice"),
        (GOOD + "StartTime=09:00:00\n", "session.cfg:6: [DEFAULT] NonStopSession: contradicts StartTime or StartDay"),
        (GOOD + "MySQLStoreHost=db\n", "MySQLStoreHost: stores and logs in a database do not exist here"),
        (GOOD + "just words\n", "session.cfg:16: 'just words' is neither Key=value nor # comment"),
        (GOOD + "[SESSIONS]\n", "session.cfg:16: section [SESSIONS] is not one [DEFAULT] or a [SESSION]"),
        (GOOD + "[DEFAULT]\n", "session.cfg:16: section [DEFAULT] is not one [DEFAULT] or a [SESSION]"),
        ("HeartBtInt=1\n" + GOOD, "session.cfg:1: 'HeartBtInt=1' stands before any section; put [DEFAULT] above it"),
        ("[DEFAULT]\n", "session.cfg: has no [SESSION] section"),
    ],
)
def test_problem_is_named_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(tmp_path, text)), problems(tmp_path, text)


def test_sound_file_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("9000", "x").replace("FIX44.xml", "none.xml").replace("SocketConnectHost=venue.example\n", "")
    with pytest.raises(ConfigError) as caught:
        load_sessions(write(tmp_path, text))
    assert [line.split("] ")[-1].split(":")[0] for line in str(caught.value).splitlines()[:2]] == [
        "SocketConnectPort",
        "DataDictionary",
    ]
    assert len(str(caught.value).splitlines()) == 3


def test_acceptor_with_qualifier_is_refused(tmp_path: Path) -> None:
    text = changed("=initiator", "=acceptor") + "SocketAcceptPort=1\nSessionQualifier=x\n"
    assert problems(tmp_path, text) == [
        "session.cfg:17: [SESSION] SessionQualifier: an acceptor cannot have a qualifier; remove it"
    ]


def test_unknown_key_is_a_warning_and_stays_readable(tmp_path: Path) -> None:
    found = read_session_file(write(tmp_path, GOOD.replace(" # 1", "") + "ResetOnLogn=Y\nColour=blue\n"))
    assert found.problems == []
    assert [warning.removeprefix(f"{tmp_path}/") for warning in found.warnings] == [
        "session.cfg:16: [SESSION] ResetOnLogn: unknown key, ignored; did you mean ResetOnLogon?",
        "session.cfg:17: [SESSION] Colour: unknown key, ignored",
    ]
    assert found.sessions[0].text("Colour") == "blue"


def test_absent_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none.cfg: cannot be read"):
        load_sessions(tmp_path / "none.cfg")


def test_session_of_the_other_kind_is_not_found(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    assert load_session(file, "initiator").name == "FIX.4.4:ACME # 1->VENUE"
    with pytest.raises(ConfigError, match="holds 0 sessions with ConnectionType=acceptor; leave one"):
        load_session(file, "acceptor")


def test_rendered_file_reads_back_the_same_with_overrides(tmp_path: Path) -> None:
    second = "[SESSION]\nSenderCompID=ACME2\nTargetCompID=VENUE\nHeartBtInt=20\n"
    sessions = load_sessions(write(tmp_path, GOOD + second))
    text = render(
        sessions, {"socketconnectport": 7, "NonStopSession": None, "StartTime": "00:00:00", "EndTime": "00:00:00"}
    )
    elsewhere = tmp_path / "deeper"
    elsewhere.mkdir()
    again = load_sessions(write(elsewhere, text))
    assert [session.name for session in again] == [session.name for session in sessions]
    assert [session.integer("HeartBtInt") for session in again] == [10, 20]
    assert again[0].path("FileStorePath") == tmp_path / "store"
    assert again[0].endpoints() == [("venue.example", 7)]
    assert not again[0].flag("NonStopSession")


@pytest.mark.parametrize("name", ["initiator.cfg", "acceptor.cfg"])
def test_files_of_the_demo_are_sound_and_mirror_each_other(name: str, tmp_path: Path) -> None:
    found = read_session_file(FIX_CONFIG / name, tmp_path)
    assert (found.problems, found.warnings) == ([], [])
    ours = load_session(FIX_CONFIG / "initiator.cfg", "initiator")
    theirs = load_session(FIX_CONFIG / "acceptor.cfg", "acceptor")
    assert (ours.text("SenderCompID"), ours.text("TargetCompID")) == ("FIXLANE", "SIMVENUE")
    assert (theirs.text("TargetCompID"), theirs.text("SenderCompID")) == ("FIXLANE", "SIMVENUE")
    assert ours.integer("SocketConnectPort") == theirs.integer("SocketAcceptPort")


def test_file_with_overrides_is_one_text(tmp_path: Path) -> None:
    text = override(write(tmp_path, GOOD), SocketConnectPort=1234)
    assert "SocketConnectPort=1234\n" in text and "9000" not in text
