"""Addresses of market data that cannot work, named before anything is connected."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.app import loading
from engine.app.check import check
from engine.config.engine import load
from engine.errors import ConfigError
from engine.venue import kalshi
from tests.support.configs import edited

SIGNED = "/trade-api/ws/v2"
KEYLESS = "answers 401 without an API key: set feed.credentials"
URL = f'url = "ws://127.0.0.1:1{SIGNED}"'


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (f"http://127.0.0.1:1{SIGNED}", "must begin with ws:// or wss://"),
        (f"127.0.0.1:1{SIGNED}", "must begin with ws:// or wss://"),
        ("", "must begin with ws:// or wss://"),
        (f"wss://venue.example:99999{SIGNED}", "is no address: Port out of range 0-65535"),
        (f"wss://venue.example:https{SIGNED}", "is no address: Port could not be cast to integer value"),
        (f"wss://venue.example:0{SIGNED}", "names port 0"),
        (f"wss://[::1{SIGNED}", "is no address: Invalid IPv6 URL"),
        (f"wss://{SIGNED}", "names no host"),
        (f"wss://venue .example{SIGNED}", "names no host"),
        (f"wss://me:secret@venue.example{SIGNED}", "holds a name or password"),
        (f"wss://venue.example{SIGNED}#here", "has a part after #"),
    ],
)
def test_m12_an_address_that_is_none_is_named(written: Callable[..., Path], url: str, fault: str) -> None:
    problems, _ = check(written(edited(URL, f'url = "{url}"')))
    shown = url.replace("me:secret@", "...@")
    assert [each for each in problems if each.startswith(f'feed: url: "{shown}" {fault}')], problems


@pytest.mark.parametrize(
    ("path", "shown"), [("", "missing"), ("/", "/"), ("/trade-api/ws", "/trade-api/ws"), (f"{SIGNED}/", f"{SIGNED}/")]
)
def test_m12_a_path_that_is_not_the_signed_one_is_named_by_check_and_refused_by_run(
    written: Callable[..., Path], path: str, shown: str
) -> None:
    file = written(edited(URL, f'url = "wss://127.0.0.1{path}"'))
    words = f"its path is {shown}: Kalshi serves, and signs, {SIGNED} alone"
    problems, _ = check(file)
    assert f'feed.url: "wss://127.0.0.1{path}": {words}' in problems
    config = load(file)
    with pytest.raises(ConfigError, match="its path is"):
        loading.market_data_dialect(config.feed, config.instruments)


@pytest.mark.parametrize(
    "host", ["api.elections.kalshi.com", "external-api-ws.demo.kalshi.co", "DEMO-API.KALSHI.CO:443"]
)
def test_m12_a_kalshi_host_without_credentials_is_named(written: Callable[..., Path], host: str) -> None:
    problems, _ = check(written(edited(URL, f'url = "wss://{host}{SIGNED}"')))
    assert any(each.startswith("feed.url: ") and each.endswith(KEYLESS) for each in problems)


def test_m12_a_kalshi_host_in_clear_is_named() -> None:
    assert kalshi.feed_problems(f"ws://demo-api.kalshi.co{SIGNED}", "key") == [
        "demo-api.kalshi.co is reached by wss:// alone"
    ]


@pytest.mark.parametrize(
    "url", [f"ws://127.0.0.1:9180{SIGNED}", f"wss://venue.example{SIGNED}", f"ws://[::1]:80{SIGNED}?compress=no"]
)
def test_m12_an_address_of_another_host_needs_no_key(written: Callable[..., Path], url: str) -> None:
    problems, _ = check(written(edited(URL, f'url = "{url}"')))
    assert [each for each in problems if "url" in each] == []


@pytest.mark.parametrize("host", ["notkalshi.com", "kalshi.com.evil.example"])
def test_m12_a_host_that_only_looks_like_kalshis_is_any_host(host: str) -> None:
    assert kalshi.feed_problems(f"wss://{host}{SIGNED}", "") == []


def test_m12_a_kalshi_address_with_a_key_is_right() -> None:
    assert kalshi.feed_problems(f"wss://api.elections.kalshi.com{SIGNED}", "key") == []
