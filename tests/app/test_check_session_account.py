"""`fixlane check` where the account is compared over the session: what makes no sense is named, with what to do."""

import shutil
from pathlib import Path

import pytest

from engine.app import loading
from engine.app.check import check
from engine.config.engine import load
from tests.support.places import ROOT

TABLE = "[session.account]\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config" / "engine.toml"


def problems(config: Path, lines: str) -> list[str]:
    text = config.read_text()
    assert "\n[feed]\n" in text
    config.write_text(text.replace("\n[feed]\n", f"\n{lines}\n[feed]\n", 1))
    return check(config)[0]


@pytest.mark.parametrize("keys", ["", "orders = false\n", "positions = false\n", 'name = "CLEARING-1"\n'])
def test_account_of_fix_44_may_be_compared_over_its_session(config: Path, keys: str) -> None:
    assert problems(config, TABLE + keys) == []


def test_account_that_is_asked_for_nothing_makes_no_sense(config: Path) -> None:
    found = problems(config, TABLE + "orders = false\npositions = false\n")
    assert any("session.account" in each and "asks for nothing" in each for each in found), found


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ('order = "all"\n', "order"),
        ("orders = 1\n", "session.account.orders"),
        ('name = "M\\u00fcller"\n', "use printable ASCII"),
        ('name = "A\\u0001B"\n', "use printable ASCII"),
    ],
)
def test_key_that_makes_no_sense_is_named(config: Path, keys: str, text: str) -> None:
    found = problems(config, TABLE + keys)
    assert any("session.account" in each and text in each for each in found), found


def test_venue_that_has_no_such_requests_is_named(config: Path) -> None:
    config.write_text(config.read_text().replace('dialect = "fix44"', 'dialect = "kalshi"', 1))
    found = problems(config, TABLE)
    assert any('session.account: venue "kalshi" has no session_account' in each for each in found), found


def test_account_that_rest_tells_of_is_not_compared_twice(config: Path) -> None:
    rest = '[rest]\nurl = "https://127.0.0.1:1"\ndialect = "kalshi"\n'
    found = problems(config, TABLE + rest)
    assert any("session.account: [rest] tells of the account already" in each for each in found), found


@pytest.mark.parametrize(("keys", "name"), [("", "FIXLANE"), ('name = "CLEARING-1"\n', "CLEARING-1")])
def test_account_has_the_name_that_is_configured_or_that_of_the_session(config: Path, keys: str, name: str) -> None:
    assert problems(config, TABLE + keys) == []
    read = load(config)
    dialect = loading.session_account_dialect(read, loading.order_dialect(read.session, ()))
    sender = next(
        line for line in (config.parent / "fix/initiator.cfg").read_text().splitlines() if "SenderComp" in line
    )
    named = name if keys else sender.partition("=")[2]
    assert f"\x011={named}\x01" in dialect.every_position("Q", 0).decode()
