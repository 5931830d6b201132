"""What a strategy's other processes and threads, and whoever began the engine, cannot do to it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import uvloop

from engine.app.running import until_done
from engine.runtime.departure import no_forks
from tests.support.places import ROOT

LEAVING = """
import asyncio, threading, time
from engine.runtime.departure import Departure
from engine.runtime import log
writer = log.start("info", None)
departure = Departure(writer)
with asyncio.Runner() as runner:
    {left}
    departure.begin(7)
departure.end()
"""


def started(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "left",
    [
        "threading.Thread(target=time.sleep, args=(100,), name='stray').start()",
        "runner.get_loop().run_in_executor(None, time.sleep, 100)",
    ],
    ids=["thread", "executor"],
)
def test_o27_a_thread_that_a_strategy_left_keeps_no_ended_engine_alive(left: str) -> None:
    done = started(LEAVING.format(left=left))
    assert done.returncode == 7
    assert "threads that the strategy left end with the process: " in done.stderr


def test_o27_an_engine_that_left_nothing_ends_as_usual() -> None:
    done = started(LEAVING.format(left="pass") + "raise SystemExit(4)")
    assert (done.returncode, done.stderr) == (4, "")


def test_o3_an_engine_does_not_fork() -> None:
    fork = os.fork
    with no_forks(), pytest.raises(RuntimeError, match="an engine does not fork: .* use subprocess"):
        os.fork()
    assert os.fork is fork


def test_o3_a_loop_that_a_strategy_stops_halts_and_goes_on() -> None:
    halts: list[str] = []

    class Stub:
        """An engine whose supervisor only notes."""

        def __init__(self) -> None:
            self.supervisor = self

        def halt(self, reason: str) -> None:
            halts.append(reason)

    async def main() -> int:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0.01)
        return 5

    loop = uvloop.new_event_loop()
    try:
        assert until_done(loop, main(), [Stub()]) == 5  # type: ignore[list-item]
    finally:
        loop.close()
    assert len(halts) == 1
    assert halts[0].startswith("the loop was stopped by other code than ours")


def test_o9_standard_descriptors_that_were_closed_are_no_sockets(tmp_path: Path) -> None:
    code = "import os; from engine.cli import main; main(['check', 'absent.toml']); print(*map(os.readlink, LINKS))"
    code = code.replace("LINKS", "[f'/proc/self/fd/{n}' for n in (0, 2)]")
    out = tmp_path / "out"
    shell = f'"{sys.executable}" -c "{code}" <&- 2>&- >"{out}"'
    subprocess.run(["sh", "-c", shell], cwd=ROOT, timeout=60, check=False)
    assert out.read_text().split()[-2:] == ["/dev/null", "/dev/null"]
