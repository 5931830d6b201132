"""The simulated venue as a child process of whoever trades against it.

Errors  EngineError with the child's own words if it does not start.
"""

import json
import subprocess
import sys
from pathlib import Path

import msgspec

from engine.errors import EngineError
from engine.sim.config import SimConfig
from engine.sim.control import ControlClient

PATIENCE_S = 10.0


class SimChild:
    """One venue in a process of its own; it ends when this object is closed, or when this process ends."""

    def __init__(self, config: SimConfig, directory: Path) -> None:
        path = directory / "sim.json"
        path.write_bytes(msgspec.json.encode(config))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "engine.sim", str(path), "--until-eof"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us: the venue must outlive our last cancel
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        if not line:
            raise EngineError(f"the simulated venue did not start: {self.process.stderr.read().strip()}")
        ready = json.loads(line)
        self.feed_port: int = ready["feed_port"]
        self.fix_port: int = ready["fix_port"]
        self.control_port: int = ready["control_port"]
        self.control = ControlClient(self.control_port)

    def close(self) -> None:
        """Ask the venue to end by closing its standard input; kill it if it has not after `PATIENCE_S`."""
        self.control.close()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
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
