"""What belongs to another environment, port or session is found by `check`, and keeps `run` from starting."""

import asyncio
import re
from contextlib import closing
from pathlib import Path

import pytest

from engine.app import loading
from engine.app.check import check
from engine.app.engine import Engine
from engine.app.setup.init import NAME, write
from engine.config.engine import load
from engine.errors import ConfigError
from engine.sim.keys import make_key

SESSION = "fix/kalshi-demo-nr.cfg"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write("kalshi", "demo", tmp_path)
    key = make_key(tmp_path, "ed25519")
    monkeypatch.setenv("KALSHI_DEMO_NR_KEY_ID", key.key_id)
    (tmp_path / "secret" / "kalshi.pem").write_bytes(key.file.read_bytes())
    (tmp_path / "secret" / "kalshi.pem").chmod(0o600)
    return tmp_path


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        (SESSION, "SocketConnectPort=8228", "SocketConnectPort=8229", "port 8229 of fix.demo.kalshi.co"),
        (SESSION, "TargetCompID=KalshiNR", "TargetCompID=KalshiDC", "port 8228 of fix.demo.kalshi.co"),
        (SESSION, "fix.demo.kalshi.co", "mm.fix.elections.kalshi.com", 'is of "prod", the environment is "demo"'),
        (NAME, 'environment = "demo"', "", "environment: missing"),
        (NAME, 'environment = "demo"', 'environment = "live"', 'environment: "live" is neither "demo" nor "prod"'),
        (NAME, "external-api.demo.kalshi.co", "external-api.kalshi.com", "rest.url: external-api.kalshi.com is of"),
    ],
)
def test_what_does_not_belong_together_is_found_before_anything_is_connected(
    folder: Path, file: str, before: str, after: str, words: str
) -> None:
    change(folder / file, before, after)
    problems, _ = check(folder / NAME)
    assert [each for each in problems if words in each]
    with closing(asyncio.new_event_loop()) as loop, pytest.raises(ConfigError, match=re.escape(words)):
        Engine(load(folder / NAME), loop)


def test_what_belongs_together_is_no_problem(folder: Path) -> None:
    assert check(folder / NAME) == ([], [])
    loading.judge_environment(load(folder / NAME))
