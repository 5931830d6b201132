"""What `run` would stop at is named by `check`: the machine, the session's files, and one section beside another."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.app import machine
from engine.app.check import check
from engine.config.sections import EngineSection
from tests.app.test_check import RUNS, SESSION_FILE


@pytest.fixture
def checked(written: Callable[..., Path], tmp_path: Path) -> Callable[..., list[str]]:
    """Write a configuration in which some texts are replaced, and return the problems."""

    def run(*edits: tuple[str, str], session_file: str = SESSION_FILE) -> list[str]:
        text = RUNS
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "fix").mkdir()
        (tmp_path / "fix" / "initiator.cfg").write_text(session_file)
        return check(written(text))[0]

    return run


def test_o18_faults_of_every_section_are_named_at_once(
    checked: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(3)\n")
    problems = checked(
        ('mode = "event"', 'mode = "evnt"'),
        ('heartbeat_timeout = "30s"', 'heartbeat_timeout = "0s"'),
        ("max_open_orders = 64\n", ""),
        ('dialect = "fix44"', 'dialect = "fix43"'),
        ('class = "tests.support.configs:Watcher"', 'class = "leaving:Own"'),
        session_file=SESSION_FILE.replace("HeartBtInt=30", "HeartBtInt=soon").replace("DataDictionary=FIX44.xml", ""),
    )
    wanted = (
        "engine.mode", "heartbeat_timeout", "risk.max_open_orders", "session.dialect", "strategy.class", "HeartBtInt",
        "DataDictionary",
    )  # fmt: skip
    assert [word for word in wanted if not any(word in problem for problem in problems)] == []


def added(table: str) -> tuple[str, str]:
    """Return the edit that adds a table to the sample."""
    return "[feed]", f"{table}\n\n[feed]"


REST = '[rest]\nurl = "https://localhost"\ndialect = "kalshi"\n'


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (('heartbeat_timeout = "30s"', 'heartbeat_timeout = "0s"'), "feed: heartbeat_timeout must be positive"),
        (('backoff_max = "10s"', 'backoff_max = "10s"\ncheck_books_every = "0s"'), "feed: check_books_every must be"),
        (('core = "none"', "core = 63"), "engine.core: 63 is none of the cores that this process may use: 0, 1"),
        (added('[log]\nfile = "missing/engine.log"'), "log.file: the directory"),
        (added('[log]\nfile = "fix"'), "is a directory; name a file in it"),
        (added(f'{REST}audit = "fix"'), "rest.audit: "),
        (added(f'{REST}audit = "/proc/nowhere/rest.log"'), "rest.audit: nothing can be written in /proc"),
        (('max_book_age = "1.5s"', 'max_book_age = "0s"'), 'risk: max_book_age must be positive, or "none"'),
        (('state_dir = "state"', f'state_dir = "{"x" * 120}"'), "is longer than a socket's name may be"),
        (added('[journal]\ndirectory = "engine.toml"'), "engine.toml is no directory"),
        (added('[journal]\ndirectory = "engine.toml/journal"'), "engine.toml is no directory"),
        (added('[journal]\ndirectory = "/proc/journal"'), "journal.directory: nothing can be written in /proc"),
    ],
)
def test_o19_what_a_run_would_stop_at_is_named(
    checked: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, edit: tuple[str, str], problem: str
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert [each for each in checked(edit) if problem in each]


def test_o19_overlapping_price_bands_are_named(checked: Callable[..., list[str]]) -> None:
    one = '{ start = "0", end = "1", step = "0.01" }'
    two = '{ start = "0", end = "0.6", step = "0.01" }, { start = "0.5", end = "1", step = "0.05" }'
    assert any("overlap" in problem for problem in checked((one, two)))


@pytest.mark.parametrize("kind", ["quickfix", "native"])
def test_o19_malformed_dictionary_is_named_under_both_sessions(
    checked: Callable[..., list[str]], tmp_path: Path, kind: str
) -> None:
    (tmp_path / "broken.xml").write_text("<fix major='4'><header>")
    session_file = SESSION_FILE.replace("FIX44.xml", str(tmp_path / "broken.xml"))
    problems = checked(('session = "quickfix"', f'session = "{kind}"'), session_file=session_file)
    assert any("broken.xml" in problem for problem in problems)


def test_o19_session_folder_that_is_a_file_is_named(checked: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    session_file = SESSION_FILE.replace("FileStorePath=store", f"FileStorePath={tmp_path}/taken/store")
    assert any("FileStorePath" in problem and "taken is no directory" in problem
               for problem in checked(session_file=session_file))  # fmt: skip


def test_o19_sender_comp_id_that_is_not_the_key_id_is_named(
    checked: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_ID", "an-id")
    problems = checked(
        ('dialect = "fix44"', 'dialect = "kalshi"'),
        ("[feed]", '[session.credentials]\nkey_id_env = "KEY_ID"\n\n[feed]'),
    )
    assert any("SenderCompID=ENGINE: Kalshi wants the id of the API key there; it is an-id" in p for p in problems)


def test_full_disk_of_the_journal_is_named(checked: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=1, f_frsize=4096))
    problems = checked(added('[journal]\ndirectory = "journal"'))
    assert any("journal.directory" in problem and "4096 bytes free" in problem for problem in problems)


def test_one_cause_is_one_line(checked: Callable[..., list[str]]) -> None:
    problems = checked(('dialect = "kalshi"', 'dialect = "kalsi"'))
    assert len([problem for problem in problems if "kalsi" in problem]) == 1


def test_o19_directories_that_cannot_be_are_named(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    for name, said in (
        ("dangling", "dangling is no directory; move it"),
        ("dangling/below", "dangling is no directory; move it"),
        ("circle/below", "Too many levels of symbolic links"),
        ("x" * 300, "File name too long"),
    ):
        [problem] = machine.wrong_directory("key", tmp_path / name)
        assert problem.startswith("key: ")
        assert said in problem


@pytest.mark.parametrize(("name", "kind"), [("halt.word", "file"), ("control.sock", "socket")])
def test_o19_what_stands_in_the_way_of_the_halt_word_and_the_socket_is_named(
    tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / name).mkdir()
    section = EngineSection(mode="event", core=None, session="native", state_dir=tmp_path)
    [problem] = machine.wrong_state_dir(section)
    assert problem == f"engine.state_dir: {tmp_path / name} is no {kind}; move it away, or choose another directory"
