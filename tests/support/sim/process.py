"""The simulated venue as a child process on free ports, with clients for it; all of it dies with the tests.

`venue` is a fixture: a quiet venue that the tests share, empty again at the beginning of each. Nobody quotes in its two
markets, RAIN in cents and SNOW with a tapered grid; CLIENT and OTHER are its accounts. `simulator` is one that starts
a venue of the test's own: call it with what is to be added to `sim.toml`. A test marked `on_both_acceptors` runs on the
native acceptor and on QuickFIX's, every other on the native one.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.sim.control import Answer, ControlClient
from tests.support.places import ROOT
from tests.support.sim.clients import FeedClient, FixClient, wait_for

MARKETS = """
[[market]]
symbol = "RAIN"
event = "WEATHER"
bands = [{ start = "0", end = "1", step = "0.01" }]

[[market]]
symbol = "SNOW"
event = "WEATHER"
bands = [
    { start = "0", end = "0.1", step = "0.001" },
    { start = "0.1", end = "0.9", step = "0.01" },
    { start = "0.9", end = "1", step = "0.001" },
]
"""
SESSION_FILE = """
[DEFAULT]
ConnectionType=acceptor
BeginString=FIX.4.4
SenderCompID=VENUE
NonStopSession=Y
DataDictionary=FIX44.xml
SocketAcceptPort=1
SocketNodelay=Y
FileStorePath=store
[SESSION]
TargetCompID=CLIENT
[SESSION]
TargetCompID=OTHER
"""
ACCEPTORS = ("native", "quickfix")
on_both_acceptors = pytest.mark.parametrize("acceptor", ACCEPTORS, indirect=True)


class SimProcess:
    """One run of the venue in `path`; a second run in the same path goes on where the first ended."""

    def __init__(self, path: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "engine.sim", str(path / "sim.toml"), "--until-eof", *arguments]
        self.path = path
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        ready = json.loads(line)
        assert ready["ready"] is True
        self.feed_port: int = ready["feed_port"]
        self.fix_port: int = ready["fix_port"]
        self.control_port: int = ready["control_port"]
        self.control = ControlClient(self.control_port)
        self._round = 0
        self._clients: list[FeedClient | FixClient] = []

    def feed(self, headers: dict[str, str] | None = None, **options: Any) -> FeedClient:
        """Connect a feed client; it is closed with the venue."""
        client = FeedClient(self.feed_port, headers, **options)
        self._clients.append(client)
        return client

    def fix(self, account: str = "CLIENT", out: int = 1) -> FixClient:
        """Connect a FIX client whose next message is number `out`; it is closed with the venue."""
        client = FixClient(self.fix_port, account, out, f"-{self._round}")
        self._clients.append(client)
        return client

    def subscribed(self, **options: Any) -> FeedClient:
        """Return a client of RAIN's book whose snapshot has arrived."""
        feed = self.feed(**options)
        feed.send("subscribe", channels=["orderbook_delta"], market_ticker="RAIN", use_yes_price=True)
        feed.take_until("orderbook_snapshot")
        return feed

    def logged_on(self, account: str = "CLIENT") -> FixClient:
        client = self.fix(account)
        client.logon()
        return client

    def reset(self) -> None:
        """Make the venue as good as new: no client, no order, no fault, every market open."""
        self._close_clients()
        self._round += 1
        self("clear")
        for symbol in ("RAIN", "SNOW"):
            self("open_market", symbol=symbol)
        self("cancel_orders")
        wait_for(lambda: not any(self("status")["accounts"].values()))

    def __call__(self, cmd: str, **arguments: object) -> Answer:
        return self.control(cmd, **arguments)

    def kill(self) -> None:
        """Let it die at once, as by kill -9."""
        self.process.kill()
        self._release()

    def stop(self) -> tuple[int, str]:
        """End it politely; return exit status and what it wrote to standard error."""
        self.process.terminate()
        assert self.process.stderr is not None
        errors = self.process.stderr.read()
        self._release()
        return self.process.returncode, errors

    def _close_clients(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()

    def _release(self) -> None:
        self.process.wait(5)
        self._close_clients()
        self.control.close()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


Start = Callable[..., SimProcess]


@pytest.fixture
def acceptor(request: pytest.FixtureRequest) -> str:
    """The venue's FIX acceptor."""
    return getattr(request, "param", "native")


@pytest.fixture(scope="session")
def shared_venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], SimProcess]]:
    running: dict[str, SimProcess] = {}

    def shared(acceptor: str) -> SimProcess:
        if acceptor not in running:
            path = tmp_path_factory.mktemp("venue")
            write_config(path, acceptor=acceptor)
            running[acceptor] = SimProcess(path)
        return running[acceptor]

    yield shared
    for each in running.values():
        each.kill()


@pytest.fixture
def venue(shared_venues: Callable[[str], SimProcess], acceptor: str) -> Iterator[SimProcess]:
    yield shared_venues(acceptor)
    shared_venues(acceptor).reset()


@pytest.fixture
def simulator(tmp_path: Path, acceptor: str) -> Iterator[Start]:
    running: list[SimProcess] = []

    def start(
        *arguments: str,
        sections: str = "",
        fix: str = "",
        top: str = "step_ms = 2",
        files: dict[str, str] | None = None,
    ) -> SimProcess:
        write_config(tmp_path, sections, fix, top, acceptor)
        for name, content in (files or {}).items():
            (tmp_path / name).write_text(content)
        running.append(SimProcess(tmp_path, *arguments))
        return running[-1]

    yield start
    for each in running:
        if each.process.poll() is None:
            each.kill()
        elif not each.process.stdout.closed:  # type: ignore[union-attr]
            each._release()


def write_config(
    path: Path, sections: str = "", fix: str = "", top: str = "step_ms = 2", acceptor: str = "native"
) -> None:
    (path / "markets.toml").write_text(MARKETS)
    (path / "acceptor.cfg").write_text(SESSION_FILE)
    (path / "sim.toml").write_text(
        'markets = "markets.toml"\nstate_path = "state"\n'
        f"{top}\n"
        f'[fix]\nsession_file = "acceptor.cfg"\nport = 0\nacceptor = "{acceptor}"\n{fix}\n{sections}\n'
    )
