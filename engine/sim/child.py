"""The simulated venue as a child process of whoever trades against it.

Errors  EngineError with the child's own words if it does not start, dies, or does not answer.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import msgspec

from engine.errors import EngineError
from engine.sim.config import SimConfig
from engine.sim.control import Answer, ControlClient
from engine.sim.kalshi.config import KalshiSimConfig

PATIENCE_S = 10.0


class SimChild:
    """One venue in a process of its own; it ends when this object is closed, or when this process ends.

    Its standard output ends when it dies, which an event loop can watch by `output`; it says nothing there once it is
    ready. What it writes to standard error stands in `sim.err` of `directory`: no pipe can fill and stop it.
    """

    def __init__(self, config: SimConfig | KalshiSimConfig, directory: Path) -> None:
        path = directory / "sim.json"
        path.write_bytes(msgspec.json.encode(config))
        self._words = directory / "sim.err"
        with self._words.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine.sim", str(path), "--until-eof"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # Ctrl-C is for us: the venue must outlive our last cancel
            )
        try:
            self._open()
        except BaseException:
            self._end()
            raise

    def _open(self) -> None:
        line = self.output.readline()
        if not line:
            raise EngineError(f"the simulated venue did not start: {self.last_words()}")
        ready: dict[str, Any] = json.loads(line)
        self.ready = ready  # all that it said of itself
        self.feed_port: int = ready["feed_port"]
        self.fix_port: int = ready["fix_port"]
        self.control_port: int = ready["control_port"]
        try:
            self.control = ControlClient(self.control_port)
        except OSError:
            raise self.death() from None

    @property
    def output(self) -> IO[str]:
        """The child's standard output, whose end is the child's."""
        assert self.process.stdout is not None
        return self.process.stdout

    def ask(self, cmd: str, **arguments: object) -> Answer:
        """Ask as `control` does; where the venue cannot answer any more, raise what it died of."""
        try:
            return self.control(cmd, **arguments)
        except (OSError, msgspec.DecodeError):
            raise self.death() from None

    def death(self) -> EngineError:
        """Return the error of a venue that has ended though nobody told it to."""
        return EngineError(f"the simulated venue died: {self.last_words()}")

    def last_words(self) -> str:
        """Wait for the end of the child; return what it wrote to standard error, or else how it ended."""
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            return "it does not answer"
        words = self._words.read_text(errors="replace").strip()
        return words or (f"killed by signal {-status}" if status < 0 else f"exit status {status}")

    def close(self) -> None:
        """Ask the venue to end by closing its standard input; kill it if it has not after `PATIENCE_S`."""
        self.control.close()
        self._end()

    def _end(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> "SimChild":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
