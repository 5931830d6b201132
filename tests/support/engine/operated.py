"""An engine in a process of its own with a strategy that a test writes, and the commands of its operator."""

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

from msgspec.structs import replace

from engine.runtime.halt_word import Word, read
from tests.support.engine.process import PATIENCE_S, Pair, wait_for

STRATEGY = """
import asyncio
import ctypes
import logging
import threading
import time

from engine.strategy import Strategy

LOGGER = logging.getLogger(__name__)


class Desk(Strategy):
"""


class Operated(Pair):
    """`hooks` is the body of the strategy's class; `tables` is added to the configuration."""

    def __init__(
        self, directory: Path, hooks: str, tables: str = "", session: str = "native", mode: str = "event"
    ) -> None:
        super().__init__(directory, session)
        fix = replace(self.sim_config.fix, cancel_on_disconnect=True)
        self.sim_config = replace(self.sim_config, fix=fix)
        (directory / "desk.py").write_text(STRATEGY + indent(dedent(hooks), "    "))
        text = self.config.read_text().replace('mode = "event"', f'mode = "{mode}"')
        text = re.sub(r"\[strategy\].*?(?=\[metrics\])", '[strategy]\nclass = "desk:Desk"\n\n', text, flags=re.DOTALL)
        self.config.write_text(f"{text}\n{dedent(tables)}")
        self.state_dir = directory / "state"
        self.errors = directory / "engine.stderr"
        self.stderr = self.errors.open("w")

    def command(self, *arguments: object) -> tuple[int, str, str]:
        """Run a command of `fixlane` and return its exit status and its words."""
        words = [sys.executable, "-m", "engine", *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S)
        return done.returncode, done.stdout, done.stderr

    def operate(self, verb: str, *more: object) -> tuple[int, str, str]:
        """Run a command with the state directory alone."""
        return self.command(verb, "--state-dir", self.state_dir, *more)

    def start(self) -> None:
        self.start_venue()
        self.start_engine()

    def wait_for_file(self, name: str) -> None:
        """Wait until the strategy has left a file of this name in the directory."""
        wait_for((self.directory / name).exists, name)

    def wait_for_end(self) -> int:
        """Return the engine's exit status."""
        assert self.engine is not None
        return self.engine.wait(PATIENCE_S)

    @property
    def word(self) -> Word:
        found = read(self.state_dir)
        assert found is not None
        return found

    def messages(self) -> list[str]:
        return [line["message"] for line in self.log()]

    def close(self) -> None:
        super().close()
        if not isinstance(self.stderr, int) and self.stderr is not None:
            self.stderr.close()
