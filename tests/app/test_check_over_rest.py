"""`fixlane check` where orders go over REST: no session file is needed, and FIX's own choices are problems."""

from pathlib import Path

import pytest

from engine.app.check import check, protections
from engine.app.setup.init import NAME, write
from engine.sim.keys import make_key

OVER_REST = 'orders = "always"\nurl = "https://'


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write("kalshi", "demo", tmp_path)
    key = make_key(tmp_path, "ed25519")
    monkeypatch.setenv("KALSHI_DEMO_NR_KEY_ID", key.key_id)
    (tmp_path / "secret" / "kalshi.pem").write_bytes(key.file.read_bytes())
    (tmp_path / "secret" / "kalshi.pem").chmod(0o600)
    (tmp_path / "fix" / "kalshi-demo-nr.cfg").unlink()
    change(tmp_path / NAME, 'settings = "fix/kalshi-demo-nr.cfg"\n', "")
    return tmp_path / NAME


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_orders_over_rest_need_no_session_file(config: Path) -> None:
    change(config, 'url = "https://', OVER_REST)
    assert check(config) == ([], [])
    assert [line.split()[0] for line in protections(config)] == ["rest", "feed"]


def test_orders_over_fix_need_one(config: Path) -> None:
    problems, _ = check(config)
    assert [each for each in problems if "session.settings" in each]


def test_terms_of_fix_are_a_problem_over_rest(config: Path) -> None:
    change(config, 'url = "https://', OVER_REST)
    change(config, "[session]\n", "[session]\nterms = { shard = 2 }\n")
    problems, _ = check(config)
    assert [each for each in problems if "session.terms" in each and 'rest.orders = "never"' in each]
