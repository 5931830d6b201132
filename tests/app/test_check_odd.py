"""What `check` takes, `run` can use; whatever stands in a configuration, `check` ends with a line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.test_check import RUNS, SESSION_FILE
from tests.app.test_check_machine import added, checked

__all__ = ["checked"]
LONG = "x" * 300


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (("watch_depth = 1", "watch_depth = 9223372036854775807"), "feed.watch_depth: "),
        (('symbol = "RAIN"', r'symbol = "RA\u0001IN"'), "market[0]: symbol: "),
        (('symbol = "RAIN"', 'symbol = "РAIN"'), "market[0]: symbol: "),
        (('symbol = "RAIN"', 'symbol = " RAIN"'), "market[0]: symbol: "),
        (('event = "WEATHER"', r'event = "a\tb"'), "market[0]: event: "),
        (('state_dir = "state"', r'state_dir = "a\u0000b"'), "engine.state_dir: "),
        (('state_dir = "state"', 'state_dir = ""'), "engine.state_dir: "),
        (('state_dir = "state"', f'state_dir = "{LONG}"'), "engine.state_dir: "),
        (added(r"[log]" + "\n" + r'file = "a\u0000b"'), "log.file: "),
        (added(f'[log]\nfile = "{LONG}"'), "log.file: "),
        (added(f'[journal]\ndirectory = "{LONG}"'), "journal.directory: "),
        (added('[journal]\ndirectory = "a\\u0000b"'), "journal.directory: "),
        (('settings = "fix/initiator.cfg"', r'settings = "a\u0000b"'), "session.settings: "),
        (added('[session.credentials]\nprivate_key_file = "a\\u0000b"'), "session.credentials.private_key_file: "),
        (("[engine]", "price_decimals = 9\n[engine]"), "price_decimals: "),
        (("[engine]", "price_decimals = 7\nsize_decimals = 9\n[engine]"), "price_decimals: "),
        (added("[fees]\nmultiplier_milli = 2000000000000000000"), "fees"),
    ],
)
def test_o19_what_a_run_stops_at_is_named(
    checked: Callable[..., list[str]], edit: tuple[str, str], problem: str
) -> None:
    old, new = edit
    if old == "[engine]":  # must stand above every table
        old, new = RUNS, new.removesuffix("[engine]") + RUNS
    assert any(problem in line for line in checked((old, new)))


def test_o19_log_that_nobody_reads_is_named(checked: Callable[..., list[str]], tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (problem,) = checked(added('[log]\nfile = "pipe"'))
    assert "log.file: " in problem
    assert "is no file that can be appended to" in problem


@pytest.mark.parametrize("kind", ["quickfix", "native"])
def test_o18_wrong_zone_is_a_problem_in_either_session(checked: Callable[..., list[str]], kind: str) -> None:
    text = SESSION_FILE.replace("StartTime=00:00:00", "StartTime=08:00:00\nTimeZone=America")
    (problem,) = checked(('session = "quickfix"', f'session = "{kind}"'), session_file=text)
    assert "TimeZone: zone 'America' is unknown" in problem


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("DefaultApplVerID=FIX.6.0", "DefaultApplVerID: "),
        ("DefaultApplVerID=FIX.5.0SP2\nAppDataDictionary.FIX.6=FIX44.xml", "AppDataDictionary.FIX.6: "),
    ],
)
@pytest.mark.parametrize("kind", ["quickfix", "native"])
def test_o18_version_that_does_not_exist_is_named(
    checked: Callable[..., list[str]], kind: str, lines: str, told: str
) -> None:
    fixt = SESSION_FILE.replace("FIX.4.4", "FIXT.1.1").replace(
        "DataDictionary=FIX44.xml",
        f"TransportDataDictionary=FIXT11.xml\nAppDataDictionary=FIX50SP2.xml\n{lines}",
    )
    assert any(
        told in problem for problem in checked(('session = "quickfix"', f'session = "{kind}"'), session_file=fixt)
    )


EMPTY = "<fix type='FIX' major='4' minor='4'><header/><trailer/>{}</fix>"


@pytest.mark.parametrize(
    "content",
    [
        EMPTY.format(
            "<components><component name='A'><component name='A'/></component></components>"
            "<messages><message name='X' msgtype='X'><component name='A'/></message></messages><fields/>"
        ),
        EMPTY.format(
            "<fields><field number='99999999999' name='A' type='INT'/></fields>"
            "<messages><message name='X' msgtype='X'><field name='A' required='N'/></message></messages>"
        ),
        EMPTY.format(
            "<fields><field number='-1' name='A' type='INT'/></fields>"
            "<messages><message name='X' msgtype='X'><field name='A' required='N'/></message></messages>"
        ),
        EMPTY.format(
            "<fields><field number='1' name='A' type='NOSUCH'/></fields>"
            "<messages><message name='X' msgtype='X'><field name='A' required='N'/></message></messages>"
        ),
        EMPTY.format("<fields/><messages><message name='X' msgtype='X'><group name='G'/></message></messages>"),
        "<?xml version='1.0' encoding='nosuch'?>" + EMPTY.format(""),
        "<?xml version='1.0' encoding='shift_jis'?>" + EMPTY.format(""),
        "<fix/>",
        "",
    ],
    ids=["itself", "huge", "negative", "type", "group", "encoding", "multi-byte", "bare", "empty"],
)
@pytest.mark.parametrize("kind", ["quickfix", "native"])
def test_o19_malformed_dictionary_is_named(
    checked: Callable[..., list[str]], tmp_path: Path, kind: str, content: str
) -> None:
    (tmp_path / "own.xml").write_text(content)
    text = SESSION_FILE.replace("FIX44.xml", f"{tmp_path}/own.xml")
    problems = checked(('session = "quickfix"', f'session = "{kind}"'), session_file=text)
    assert all("ictionary" in problem or "own.xml" in problem for problem in problems)


def test_m11_variable_of_a_key_file_that_is_not_set_is_one_line(
    checked: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_FILE", raising=False)
    monkeypatch.setenv("SOME_KEY_ID", "id")
    table = '[session.credentials]\nkey_id_env = "SOME_KEY_ID"\nprivate_key_file_env = "NO_SUCH_FILE"'
    (problem,) = checked(added(table))
    assert "environment variable NO_SUCH_FILE is not set" in problem


def test_o19_store_that_is_a_file_beside_a_folder_to_come_is_named(checked: Callable[..., list[str]]) -> None:
    text = SESSION_FILE.replace("FileStorePath=store", "FileStorePath=../fix/initiator.cfg")
    assert any("FileStorePath: " in problem and "is no directory" in problem for problem in checked(session_file=text))


@pytest.mark.parametrize("kind", ["quickfix", "native"])
def test_o19_names_too_long_for_a_file_are_named(checked: Callable[..., list[str]], kind: str) -> None:
    text = SESSION_FILE.replace("SenderCompID=ENGINE", f"SenderCompID={LONG}")
    (problem,) = checked(('session = "quickfix"', f'session = "{kind}"'), session_file=text)
    assert "SenderCompID, TargetCompID: make a name of the store's files that is too long" in problem
