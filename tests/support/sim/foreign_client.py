"""A client that we did not write, run as a process of its own environment, whose words arrive line by line."""

import json
import os
import subprocess
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Self

import pytest

from tests.support.places import ROOT

PATIENCE = 60.0


def python_of(name: str) -> Path:
    """Return the interpreter of a client's environment; skip the test on a machine that has none."""
    folder = ROOT / ".venv" / "clients" / name
    if not (folder / "installed").exists():
        pytest.skip(f"{name} is not installed: `make test` installs it where its files can be fetched")
    return folder / "bin" / "python"


class ForeignClient:
    """A running script of `tests/interop/clients`; `heard` keeps what it told, by type, in order."""

    def __init__(self, environment: str, script: str, asked: dict[str, Any]) -> None:
        command = [str(python_of(environment)), "-m", f"tests.interop.clients.{script}"]
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(asked["ca"])}
        self.heard: dict[str, list[Any]] = {}
        self.refused: list[Any] = []
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lines: Queue[str] = Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.say(json.dumps(asked))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        self._process.stdout.close()

    def say(self, line: str) -> None:
        """Give the script a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self, *types: str, times: int = 1) -> None:
        """Listen until every one of these types came so often; fail with what did come if one does not."""
        while missing := [each for each in types if len(self.heard.get(each, ())) < times]:
            try:
                told = json.loads(self._lines.get(timeout=PATIENCE))
            except Empty:
                counts = {type_: len(values) for type_, values in self.heard.items()}
                raise AssertionError(f"{missing} did not come; {counts} did; refused: {self.refused}") from None
            if "refused" in told:
                self.refused.append(told)
            else:
                self.heard.setdefault(told["type"], []).append(told["values"])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
