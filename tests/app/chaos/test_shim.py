"""The page and the library: a process dies at the step that was named, and what was to fail fails there alone."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.app.chaos import shim
from engine.app.chaos.shim import DiskPlace, FaultPage, PageWord
from engine.errors import EngineError
from tests.support.places import ROOT

ATTACH = """
import os, socket, sys, time
from pathlib import Path
from engine.app.chaos import shim
shim.attach(Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shim.compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def page(tmp_path: Path) -> Iterator[FaultPage]:
    made = FaultPage(tmp_path / "page")
    yield made
    made.close()


def done(library: Path, page: FaultPage, code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ATTACH + code, str(page.path)]
    return subprocess.run(command, capture_output=True, text=True, env=shim.environment(library), cwd=ROOT)


def test_process_dies_at_the_step_that_was_named(library: Path, page: FaultPage) -> None:
    page[PageWord.SIGNAL], page[PageWord.ACT_AT] = signal.SIGKILL, 3
    ended = done(library, page, "for n in range(5): print(n, flush=True); shim.step()")
    assert (ended.returncode, ended.stdout.split(), page[PageWord.STEPS]) == (-signal.SIGKILL, ["0", "1", "2"], 3)


def test_send_on_a_socket_is_two_steps(library: Path, page: FaultPage) -> None:
    code = """
here = socket.create_server(("127.0.0.1", 0))
there = socket.create_connection(here.getsockname())
there.send(b"x")
here.accept()[0].recv(9)
"""
    ended = done(library, page, code)
    assert (ended.returncode, page[PageWord.STEPS]) == (0, 2)


def test_disk_fails_where_it_is_told_to_and_nowhere_else(library: Path, page: FaultPage, tmp_path: Path) -> None:
    page[PageWord.DISK_ERRNO], page[PageWord.DISK_PLACES] = errno.ENOSPC, DiskPlace.JOURNAL
    code = f"""
for name in ("journal", "other"):
    try:
        os.close(os.open({str(tmp_path)!r} + "/" + name, os.O_CREAT | os.O_WRONLY, 0o600)); print(0)
    except OSError as error:
        print(error.errno)
"""
    assert done(library, page, code).stdout.split() == [str(errno.ENOSPC), "0"]
    assert page[PageWord.FAILED] == 1


def test_clock_is_set_and_the_monotonic_one_is_not(library: Path, page: FaultPage) -> None:
    page[PageWord.CLOCK_NS] = -3600 * 10**9
    code = "print(time.time_ns() // 10**9, time.monotonic_ns() // 10**9)"
    wall, monotonic = map(int, done(library, page, code).stdout.split())
    now = int(Path("/proc/uptime").read_text().split(".")[0])
    assert 3000 < os.stat(page.path).st_mtime - wall < 3700
    assert abs(now - monotonic) < 600


def test_library_that_is_not_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="LD_PRELOAD"):
        shim.attach(tmp_path / "page")


def test_missing_compiler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shim, "COMPILER", "no-such-cc")
    with pytest.raises(EngineError, match="install a C compiler"):
        shim.compiled(tmp_path)
