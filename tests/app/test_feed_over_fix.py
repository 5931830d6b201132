"""What a configuration says of market data over FIX is judged before anything is connected."""

from pathlib import Path

import pytest

from engine.app.check import check, protections
from engine.app.feeds import choosing
from engine.app.setup.init import NAME, write
from engine.cli import main
from engine.config.engine import load
from engine.config.sections import FeedSection
from engine.errors import ConfigError
from engine.sim.keys import make_key
from engine.venue.fix44.market_data import Fix44MarketData
from engine.venue.kalshi.fix.market_data import KalshiFixMarketData

IDS = {"nr": "11111111-0000-4000-8000-000000000000", "md": "22222222-0000-4000-8000-000000000000"}
FEED = """[feed]
source = "fix"
settings = "fix/kalshi-demo-md.cfg"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration for Kalshi's demo, with keys and its feed over FIX."""
    write("kalshi", "demo", tmp_path)
    for kind, key_id in IDS.items():
        key = make_key(tmp_path / "secret")
        key.file.rename(tmp_path / "secret" / ("kalshi.pem" if kind == "nr" else "md.pem"))
        monkeypatch.setenv(f"KALSHI_DEMO_{kind.upper()}_KEY_ID", key_id)
    lines = (tmp_path / NAME).read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(('url = "wss', "channels = ")))
    head, _, tail = text.partition("[feed]\n")
    before, _, after = tail.partition("\n[rest]\n")
    before = before.replace("DEMO_NR", "DEMO_MD").replace("secret/kalshi.pem", "secret/md.pem")
    (tmp_path / NAME).write_text(head + FEED + before + "\n[rest]\n" + after)
    return tmp_path


def change(folder: Path, old: str, new: str, file: str = NAME) -> list[str]:
    """Return the problems once a text is another one."""
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    return check(folder / NAME)[0]


def test_what_is_right_has_no_problems_and_says_how_it_is_protected(folder: Path) -> None:
    assert check(folder / NAME) == ([], [])
    assert protections(folder / NAME)[-1] == (
        "feed fix://marketdata.fix.demo.kalshi.co:8233: TLS 1.2+, verified as marketdata.fix.demo.kalshi.co"
    )
    assert main(["check", str(folder / NAME)]) == 0
    config = load(folder / NAME)
    assert isinstance(choosing.stream(config.feed, ()), KalshiFixMarketData)
    assert choosing.logon(config.feed) is not None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('settings = "fix/kalshi-demo-md.cfg"\n', "", 'feed: settings is missing: source = "fix" needs a session file'),
        (FEED, FEED + 'url = "wss://localhost/x"\n', "feed: url and ca are of source"),
        (FEED, FEED.replace('"fix"', '"websocket"'), 'feed: settings is a session file: it needs source = "fix"'),
        (FEED, "[feed]\n", 'feed: url: "" must begin with ws:// or wss://'),
        (FEED, FEED.replace('"fix"', '"tcp"'), "feed.source: must be"),
        (FEED, FEED + 'channels = ["fill"]\n', 'feed.channels: venue "kalshi" has no such choice'),
        ("kalshi-demo-md", "kalshi-demo-xx", "kalshi-demo-xx.cfg"),
        ("kalshi-demo-md", "kalshi-demo-nr", "TargetCompID=KalshiNR: sends no market data; use KalshiMD"),
    ],
)
def test_what_is_wrong_in_the_table_is_named(folder: Path, old: str, new: str, words: str) -> None:
    assert any(words in each for each in change(folder, old, new)), change(folder, new or "[feed]", new or "[feed]")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("ResetOnLogon=Y", "ResetOnLogon=N", "ResetOnLogon: market data are never sent again; set it to Y"),
        ("marketdata.fix.demo.kalshi.co", "fix.demo.kalshi.co", "KalshiMD is at marketdata.fix.demo.kalshi.co"),
        ("demo.kalshi.co", "elections.kalshi.com", 'is of "prod", the environment is "demo"'),
        ("${KALSHI_DEMO_MD_KEY_ID}", "me", "SenderCompID=me: Kalshi wants the id of the API key there"),
        ("BeginString=FIXT.1.1", "BeginString=FIXT", "BeginString"),
    ],
)
def test_what_is_wrong_in_the_session_file_is_named(folder: Path, old: str, new: str, words: str) -> None:
    problems = change(folder, old, new, "fix/kalshi-demo-md.cfg")
    assert any(words in each for each in problems), problems


def test_one_key_for_both_sessions_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KALSHI_DEMO_MD_KEY_ID", IDS["nr"])
    problems, _ = check(folder / NAME)
    assert any("have one API key; every FIX session needs its own" in each for each in problems)


def test_feed_without_a_key_is_refused(folder: Path) -> None:
    text = (folder / NAME).read_text()
    head, _, tail = text.partition("[feed.credentials]\n")
    _, _, rest = tail.partition("[rest]\n")
    (folder / NAME).write_text(head + "[rest]\n" + rest)
    problems, _ = check(folder / NAME)
    assert any(each.startswith("feed.credentials: Kalshi needs an API key to log on") for each in problems)


def test_plain_fix_has_market_data_too_and_a_plain_logon(tmp_path: Path) -> None:
    section = FeedSection(
        source="fix", settings=tmp_path / "x.cfg", dialect="fix44", watch_depth=1, heartbeat_timeout_ns=1,
        backoff_min_ns=1, backoff_max_ns=1,
    )  # fmt: skip
    assert isinstance(choosing.stream(section, ()), Fix44MarketData)
    assert choosing.logon(section) is None
    with pytest.raises(ConfigError, match="settings is missing"):
        _ = FeedSection(
            source="fix", dialect="fix44", watch_depth=1, heartbeat_timeout_ns=1, backoff_min_ns=1, backoff_max_ns=1
        )
