"""A venue and an engine as two child processes with fixed ports and kept state, for tests that kill them."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import msgspec

from engine.app.demo.configs import KEY_ID, KEY_ID_ENV, make_key
from engine.config.shipped import config_path
from engine.errors import EngineError
from engine.ops.control import ask
from engine.session.file.settings import load_session, render
from engine.sim.child import SimChild
from engine.sim.config import SimConfig, load_config
from engine.sim.free_ports import free_ports

PATIENCE_S = 20.0
CREDENTIALS = f'[feed.credentials]\nkey_id_env = "{KEY_ID_ENV}"\nprivate_key_file = "key.pem"\n\n#'


def free_port() -> int:
    return free_ports(1)[0]


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Return the first true answer of `condition`; fail loudly if there is none in time."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE_S} s")


class Pair:
    """A venue and an engine in one directory; each can be killed and started again where it was."""

    stderr: int | IO[str] | None = None  # of the engine

    def __init__(self, directory: Path, session: str = "quickfix") -> None:
        self.directory = directory
        self._session = session
        self.fix_port, self.feed_port = free_port(), free_port()
        self.venue: SimChild | None = None
        self.engine: subprocess.Popen[str] | None = None
        replace = msgspec.structs.replace
        base = load_config(config_path("sim.toml"))
        make_key(directory)
        self.sim_config: SimConfig = replace(
            base,
            state_path=str(directory / "venue"),
            feed=replace(base.feed, port=self.feed_port, auth="keys", keys={KEY_ID: str(directory / "public.pem")}),
            fix=replace(base.fix, port=self.fix_port),
            control=replace(base.control, port=0),
        )
        self._write_engine_files()

    def _write_engine_files(self) -> None:
        settings = load_session(config_path("fix/initiator.cfg"), "initiator", self.directory)
        changes = {"SocketConnectPort": self.fix_port, "HeartBtInt": 2, "ReconnectInterval": 1}
        (self.directory / "initiator.cfg").write_text(render([settings], changes))
        text = config_path("engine.toml").read_text()
        for old, new in {
            '"markets.toml"': f'"{config_path("markets.toml")}"',
            '"fix/initiator.cfg"': '"initiator.cfg"',
            'session = "quickfix"': f'session = "{self._session}"',
            '"../var/journal"': '"journal"',
            '"../var"': '"state"',
            "ws://127.0.0.1:9180/": f"ws://127.0.0.1:{self.feed_port}/",
            'file = "none"': 'file = "engine.log"',
            "\n# Pre-trade risk.": CREDENTIALS,
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        self.config = self.directory / "engine.toml"
        self.config.write_text(text)

    def start_venue(self) -> SimChild:
        self.venue = SimChild(self.sim_config, self.directory)
        return self.venue

    def start_engine(self) -> None:
        arguments = [sys.executable, "-m", "engine", "run", str(self.config)]
        self.engine = subprocess.Popen(arguments, text=True, stderr=self.stderr)

    def status(self) -> dict[str, Any]:
        """Return the engine's answer on its control socket, {} while it has none."""
        try:
            answer: dict[str, Any] = json.loads(ask(self.directory / "state", "status", ""))
        except (EngineError, ValueError):
            return {}
        return answer

    def act(self, action: str, reason: str = "test") -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(ask(self.directory / "state", action, reason))
        return answer

    def wait_until_trading(self) -> dict[str, Any]:
        wait_for(lambda: self.status().get("state") == "trading", "trading")
        return self.status()

    def venue_orders(self) -> list[dict[str, Any]]:
        assert self.venue is not None
        orders: list[dict[str, Any]] = self.venue.control("orders", account="FIXLANE")["orders"]
        return orders

    def kill_engine(self) -> None:
        assert self.engine is not None
        self.engine.kill()
        self.engine.wait()

    def kill_venue(self) -> None:
        assert self.venue is not None
        self.venue.process.kill()
        self.venue.close()

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.directory / "engine.log").read_text().splitlines()]

    def close(self) -> None:
        if self.engine is not None and self.engine.poll() is None:
            self.engine.terminate()
            self.engine.wait(PATIENCE_S)
        if self.venue is not None and self.venue.process.poll() is None:
            self.venue.close()
