"""`fixlane check` of sessions beside that of orders: each is judged like a run would, and by what it is for."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from engine.app.check import check, protections
from engine.app.sessions.opening import open_further
from engine.app.setup.init import NAME, write
from engine.config.engine import load
from engine.config.shipped import config_path
from engine.errors import ConfigError
from engine.runtime._sockets import Sockets
from engine.sim.keys import make_key

KINDS = {"drop_copy": "dc", "listener": "nr", "settlement": "pt"}


class Configured:
    """A configuration with all three, on disk."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory, self.monkeypatch = directory, monkeypatch
        write("kalshi", "demo", directory)
        key = make_key(directory, "ed25519")
        monkeypatch.setenv("KALSHI_DEMO_NR_KEY_ID", key.key_id)
        shutil.copy(key.file, directory / "secret" / "kalshi.pem")
        (directory / "secret" / "kalshi.pem").chmod(0o600)
        self.file = directory / NAME
        self.ids = {"session": key.key_id}
        for name in KINDS:
            self.add(name)

    def add(self, name: str) -> None:
        key = make_key(self.directory, "ed25519")
        key.file.chmod(0o600)
        self.ids[name] = key.key_id
        self.monkeypatch.setenv(f"{name.upper()}_ID", key.key_id)
        self.monkeypatch.setenv(f"{name.upper()}_FILE", str(key.file))
        text = config_path(f"fix/kalshi-demo-{KINDS[name]}.cfg").read_text()
        former = f"KALSHI_DEMO_{KINDS[name].upper()}_KEY_ID"
        (self.directory / "fix" / f"{name}.cfg").write_text(text.replace(former, f"{name.upper()}_ID"))
        with self.file.open("a") as file:
            file.write(
                f'\n[sessions.{name}]\nsettings = "fix/{name}.cfg"\n[sessions.{name}.credentials]\n'
                f'key_id_env = "{name.upper()}_ID"\nprivate_key_file_env = "{name.upper()}_FILE"\n'
            )

    def change(self, name: str, before: str, after: str) -> None:
        """Change a file of the configuration."""
        path = self.directory / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    return Configured(tmp_path, monkeypatch)


def opened(config: Configured) -> list[str]:
    """Open what is configured, as a run does; return the names of the sessions."""

    async def open_them() -> list[str]:
        loop = asyncio.get_running_loop()
        found = open_further(load(config.file), loop, Sockets(loop))
        for each in found:
            each.session.close()
        return [each.session.name for each in found]

    return asyncio.run(open_them())


def test_sessions_that_are_right_have_no_problem_and_are_opened(config: Configured) -> None:
    assert check(config.file) == ([], [])
    places = [line.split()[0] for line in protections(config.file)]
    assert places == ["session", "sessions.drop_copy", "sessions.listener", "sessions.settlement", "rest", "feed"]
    ids = config.ids
    assert opened(config) == [
        f"FIXT.1.1:{ids['drop_copy']}->KalshiDC",
        f"FIXT.1.1:{ids['listener']}->KalshiNR",
        f"FIXT.1.1:{ids['settlement']}->KalshiPT",
    ]


def test_session_of_another_kind_is_a_problem_of_check_and_of_a_run(config: Configured) -> None:
    config.change("fix/drop_copy.cfg", "TargetCompID=KalshiDC", "TargetCompID=KalshiPT")
    config.change("fix/drop_copy.cfg", "8229", "8231")
    problems, _ = check(config.file)
    assert problems == ["sessions.drop_copy: TargetCompID=KalshiPT: is no session for drop_copy; KalshiDC can be"]
    with pytest.raises(ConfigError, match="is no session for drop_copy"):
        opened(config)


def test_two_sessions_with_one_key_are_a_problem(config: Configured) -> None:
    config.monkeypatch.setenv("LISTENER_ID", config.ids["session"])
    problems, _ = check(config.file)
    assert problems == ["venue: session and sessions.listener: have one API key; every FIX session needs its own"]


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        ("fix/drop_copy.cfg", "SocketConnectPort=8229", "SocketConnectPort=8228", "sessions.drop_copy: .*port 8228"),
        ("fix/drop_copy.cfg", "ResetOnLogon=Y", "ResetOnLogon=N", "sessions.drop_copy: .*ResetOnLogon"),
        ("fix/drop_copy.cfg", "fix.demo.kalshi.co", "mm.fix.elections.kalshi.com", 'of "prod"'),
        ("fix/settlement.cfg", "HeartBtInt=5", "HeartBtInt=soon", "sessions.settlement: .*HeartBtInt"),
        (NAME, 'settings = "fix/settlement.cfg"', 'settings = "fix/none.cfg"', "sessions.settlement: .*none.cfg"),
        (NAME, "[sessions.listener]", "[sessions.lissener]", "sessions.lissener.*did you mean listener"),
        (NAME, 'key_id_env = "LISTENER_ID"', 'key_id_env = "NOBODY_ID"', "sessions.listener.credentials.*NOBODY_ID"),
        (
            NAME,
            'settings = "fix/listener.cfg"',
            'settings = "fix/listener.cfg"\nflags = { cancel_on_disconnect = true }',
            "sessions.listener: .*a listener session has no orders",
        ),
    ],
)
def test_each_mistake_is_found_and_says_where(
    config: Configured, file: str, before: str, after: str, words: str
) -> None:
    if "lissener" in after:
        config.change(file, "sessions.listener", "sessions.lissener")
    else:
        config.change(file, before, after)
    problems, _ = check(config.file)
    assert [line for line in problems if re.search(words, line)], problems
