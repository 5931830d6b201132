"""`fixlane markets`, `book` and `account` against a venue on this machine."""

import asyncio
import csv
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ed25519

from engine import cli
from tests.support.key_files import pem
from tests.support.places import ROOT

EXAMPLES: dict[str, Any] = json.loads((ROOT / "tests/venue/kalshi/rest/examples.json").read_text())
MARKET = EXAMPLES["get_market"]["answer"]["market"]
PREFIX = "/trade-api/v2"
KEY_ID = "3f6c1e9a-5b27-4d80-9a41-c2d7e85f0b16"


class PathVenue:
    """Answers each path with its pages, one after the other; runs in a thread of its own."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Any]] = {
            f"/{example['target'].partition('?')[0].lstrip('/')}": [example["answer"]]
            for example in EXAMPLES.values()
            if example["method"] == "GET"
        }
        self.seen: list[str] = []
        self.signed: list[bool] = []
        self.is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> "PathVenue":
        self._thread.start()
        assert self.is_up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.is_up.set()
        await self._over.wait()
        await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        self.seen.append(request.path_qs.removeprefix(PREFIX))
        self.signed.append("KALSHI-ACCESS-SIGNATURE" in request.headers)
        pages = self.pages.get(request.path.removeprefix(PREFIX))
        if pages is None:
            return web.json_response({"error": {"code": "not_found", "message": "no such thing"}}, status=404)
        cursor = request.query.get("cursor", "0")
        return web.json_response(pages[int(cursor)]) if int(cursor) < len(pages) else web.Response(status=500)


@pytest.fixture
def venue() -> Iterator[PathVenue]:
    with PathVenue() as venue:
        yield venue


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    file = tmp_path / "key.pem"
    file.touch(mode=0o600)
    file.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    monkeypatch.setenv("KALSHI_KEY_ID", KEY_ID)
    return ["--key-id-env", "KALSHI_KEY_ID", "--key-file", str(file)]


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    try:
        status = cli.main(argv)
    except SystemExit as end:
        assert isinstance(end.code, int)
        status = end.code
    output = capsys.readouterr()
    return status, output.out, output.err


def market(**changed: Any) -> dict[str, Any]:
    found: dict[str, Any] = MARKET | changed
    return found


def test_markets_of_a_series_are_listed_as_a_table(
    venue: PathVenue, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    venue.pages["/events"] = [{"events": [EXAMPLES["get_event"]["answer"]["event"]], "cursor": ""}]
    venue.pages["/markets"] = [{"markets": [market(), market(ticker="B", status="inactive")], "cursor": ""}]
    monkeypatch.setenv("COLUMNS", "40")  # nothing is cut where nobody looks
    status, out, err = run(capsys, "markets", "kalshi", "--url", venue.url, "--series", "KXDEMORAIN")
    assert (status, err) == (0, "")
    head, row = out.splitlines()
    columns = "ticker title status bid ask volume closes"
    assert head.split() == columns.split()
    cells = "KXDEMORAIN-26DEC01-T2 2 mm or more open 0.4150 0.4300 1840.00 2026-12-01T05:00:00Z"
    assert row.split() == cells.split()
    assert not any(venue.signed)
    assert "/markets?limit=200&series_ticker=KXDEMORAIN&status=open" in venue.seen


def test_markets_are_json_and_csv_as_well(venue: PathVenue, capsys: pytest.CaptureFixture[str]) -> None:
    title = 'Rain, "much"?\x1b[31m'
    venue.pages["/markets"] = [{"markets": [market(title=title)], "cursor": ""}]
    _, out, _ = run(capsys, "markets", "kalshi", "--url", venue.url, "--json")
    (found,) = json.loads(out)
    assert (found["ticker"], found["title"], found["bid"], found["payout"]) == (MARKET["ticker"], title, "0.4150", None)
    _, out, _ = run(capsys, "markets", "kalshi", "--url", venue.url, "--csv")
    head, row = csv.reader(io.StringIO(out))
    assert dict(zip(head, row, strict=True))["title"] == title
    _, out, _ = run(capsys, "markets", "kalshi", "--url", venue.url)
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        (["--search", "SNOW"], ["b"]),
        (["--search", "deep snow"], ["b"]),
        (["--status", "paused"], ["c"]),
        (["--status", "settled"], ["d"]),
        (["--status", "all"], ["a", "b", "c", "d"]),
        ([], ["a", "b"]),
        (["--limit", "1"], ["a"]),
    ],
)
def test_markets_are_chosen_by_state_and_words(
    venue: PathVenue, capsys: pytest.CaptureFixture[str], flags: list[str], found: list[str]
) -> None:
    told = [market(ticker="a"), market(ticker="b", title="Deep Snow"), market(ticker="c", status="inactive")]
    venue.pages["/markets"] = [
        {"markets": told[:2], "cursor": "1"},
        {"markets": [*told[2:], market(ticker="d", status="finalized", result="yes")], "cursor": ""},
    ]
    status, out, err = run(capsys, "markets", "kalshi", "--url", venue.url, "--json", *flags)
    assert status == 0
    assert [each["ticker"] for each in json.loads(out)] == found
    assert ("there are more than these 1" in err) == ("--limit" in flags)


def test_list_that_breaks_off_is_shown_and_said_to_be_incomplete(
    venue: PathVenue, capsys: pytest.CaptureFixture[str]
) -> None:
    venue.pages["/markets"] = [{"markets": [market()], "cursor": "0"}]
    status, out, err = run(capsys, "markets", "kalshi", "--url", venue.url)
    assert status == 1
    assert MARKET["ticker"] in out
    assert "only 1 markets were read before the list broke off" in err
    assert "the list is incomplete" in err


def test_market_that_cannot_be_read_is_told(venue: PathVenue, capsys: pytest.CaptureFixture[str]) -> None:
    venue.pages["/markets"] = [{"markets": [market(price_ranges=[]), market(ticker="b")], "cursor": ""}]
    status, out, err = run(capsys, "markets", "kalshi", "--url", venue.url, "--json")
    assert (status, [each["ticker"] for each in json.loads(out)]) == (0, ["b"])
    assert err.startswith("warning: odd in an answer: market")


def test_book_stands_with_its_best_levels_in_the_middle(venue: PathVenue, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("book", "kalshi", "KXDEMORAIN-26DEC01-T2", "--url", venue.url, "--csv")
    assert run(capsys, *argv)[:2] == (
        0,
        "side,price,size,sum\nask,0.4500,40.00,125.50\nask,0.4300,85.50,85.50\n"
        "bid,0.4150,120.00,120.00\nbid,0.4000,310.00,430.00\n",
    )
    assert run(capsys, *argv, "--depth", "1")[1].splitlines()[1:] == [
        "ask,0.4300,85.50,85.50",
        "bid,0.4150,120.00,120.00",
    ]
    assert venue.seen[-1].endswith("/orderbook?depth=1")


def test_book_of_no_market_says_so(venue: PathVenue, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "book", "kalshi", "NONE", "--url", venue.url)
    assert (status, out) == (1, "")
    assert "get_market_orderbook" in err and "no such thing" in err


def test_account_shows_cash_positions_and_orders(
    venue: PathVenue, capsys: pytest.CaptureFixture[str], key: list[str]
) -> None:
    status, out, err = run(capsys, "account", "kalshi", "--url", venue.url, "--json", *key)
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "cash": [
            {"shard": "0", "cash": "2403.174100"},
            {"shard": "2", "cash": "100.000000"},
            {"shard": "all", "cash": "2503.174100"},
        ],
        "positions": [
            {"ticker": MARKET["ticker"], "position": "-2.00", "realized": "0.150000", "fees": "0.205900"},
        ],
        "orders": [
            {
                "ticker": MARKET["ticker"], "side": "buy", "price": "0.4150", "left": "20.00", "filled": "5.00",
                "changed": "2026-11-23T14:31:00Z", "client order id": "eng-0101",
                "order id": "b81d4c02-77aa-4c35-8f19-5e0d93a6c7f4", "shard": 0,
            },
        ],
    }  # fmt: skip
    assert all(venue.signed)
    _, table, _ = run(capsys, "account", "kalshi", "--url", venue.url, *key)
    assert [line.split()[0] for line in table.splitlines() if line][:5] == ["cash", "shard", "0", "2", "all"]


@pytest.mark.parametrize(
    ("flag", "row"),
    [
        ("--orders", "KXDEMORAIN-26DEC01-T2,buy,0.4150,20.00,5.00,2026-11-23T14:31:00Z,eng-0101,"),
        ("--positions", "KXDEMORAIN-26DEC01-T2,-2.00,0.150000,0.205900"),
        ("--fills", "2026-11-23T14:31:00Z,KXDEMORAIN-26DEC01-T2,buy,0.4150,5.00,0.021300,maker,"),
    ],
)
def test_one_list_of_an_account_is_csv(
    venue: PathVenue, capsys: pytest.CaptureFixture[str], key: list[str], flag: str, row: str
) -> None:
    status, out, _ = run(capsys, "account", "kalshi", "--url", venue.url, flag, "--csv", *key)
    assert status == 0
    assert out.splitlines()[1].startswith(row)
    assert len(out.splitlines()) == 2


def test_half_of_an_account_is_not_shown(venue: PathVenue, capsys: pytest.CaptureFixture[str], key: list[str]) -> None:
    venue.pages["/portfolio/orders"][0] = {"orders": [EXAMPLES["get_order"]["answer"]["order"]], "cursor": "0"}
    status, out, err = run(capsys, "account", "kalshi", "--url", venue.url, *key)
    assert (status, out) == (1, "")
    assert "get_orders: the list is incomplete" in err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["markets", "nasdaq"], "is no venue"),
        (["markets", "kalshi", "--env", "test"], '--env: "test" is no environment of kalshi: there are demo, prod'),
        (["markets", "kalshi", "--url", "http://example.com"], "is not encrypted: write https://"),
        (["markets", "kalshi", "--url", "https://external-api.kalshi.com/api"], "its path is /api"),
        (["markets", "kalshi", "--ca", "/nowhere.pem"], "/nowhere.pem holds no certificates"),
        (["markets", "fix44", "--url", "http://127.0.0.1:1"], '"fix44" lists no markets'),
        (["account", "kalshi"], "an account needs an API key: name --key-id-env and --key-file"),
        (["account", "kalshi", "--key-file", "/nowhere.pem"], "/nowhere.pem"),
        (["account", "kalshi", "--key-id-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
        (["account", "kalshi", "--csv"], "--csv takes one list"),
        (["account", "kalshi", "--fills", "--orders"], "not allowed with argument"),
        (["book", "kalshi"], "TICKER"),
        (["markets", "kalshi", "--limit", "0"], "must be a whole number above 0"),
        (["markets", "kalshi", "--json", "--csv"], "not allowed with argument"),
    ],
)
def test_command_that_cannot_be_says_what_to_do(
    capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    status, out, err = run(capsys, *argv)
    assert (status, out) == (2, "")
    assert words in err


def test_secret_stands_in_no_error(
    venue: PathVenue, capsys: pytest.CaptureFixture[str], key: list[str], tmp_path: Path
) -> None:
    venue.pages.clear()
    status, out, err = run(capsys, "account", "kalshi", "--url", venue.url, *key)
    assert status == 1
    assert KEY_ID not in out + err
    body = (tmp_path / "key.pem").read_text().splitlines()[1]
    assert body not in out + err
