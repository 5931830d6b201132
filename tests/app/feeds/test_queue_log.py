"""Queue positions are asked for while orders rest, and kept beside the frames."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.app.feeds.queue_log import MOST_MARKETS, QueueLog, batches
from engine.backtest.queues.reported import ReportedPlace, read_places
from engine.errors import EngineError
from engine.venue.account import QueueDialect
from engine.venue.kalshi.rest.account import KalshiAccount
from engine.venue.rest import Call

ANSWER = b'{"queue_positions":[{"order_id":"V1","market_ticker":"M-1","queue_position_fp":"3.00"}]}'


class Venue:
    """Answers for one order; its clock goes on with each look."""

    def __init__(self) -> None:
        self.now_ns = 10
        self.asked: list[Any] = []
        self.failing = ""

    def wall_ns(self) -> int:
        self.now_ns += 1
        return self.now_ns

    async def call(self, call: Call[Any]) -> Any:
        self.asked.append(dict(call.request.query)["market_tickers"])
        if self.failing:
            raise EngineError(self.failing)
        return call.read(ANSWER)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queues-RUN.jsonl"


class Resting:
    """Orders of a desk: one of two is known to the venue."""

    def __init__(self) -> None:
        self.orders: list[Any] = []

    def live(self) -> list[Any]:
        return self.orders

    def rest(self) -> None:
        market, other = SimpleNamespace(symbol="M-1"), SimpleNamespace(symbol="M-2")
        self.orders = [
            SimpleNamespace(order_id="V1", instrument=market),
            SimpleNamespace(order_id="", instrument=other),
        ]


def log_of(orders: Any, venue: Any, path: Path, told: list[str]) -> QueueLog:
    return QueueLog(path, venue, KalshiAccount(), orders, venue.wall_ns, 10**9, told.append)


def test_positions_are_asked_for_only_while_orders_rest(path: Path) -> None:
    orders, venue, told = Resting(), Venue(), list[str]()
    log = log_of(orders, venue, path, told)
    asyncio.run(log.ask())
    assert venue.asked == []
    orders.rest()
    asyncio.run(log.ask())
    asyncio.run(log.ask())
    assert venue.asked == ["M-1", "M-1"]
    assert read_places(path) == [ReportedPlace(11, 12, "V1", "M-1", 300), ReportedPlace(13, 14, "V1", "M-1", 300)]
    assert (log.written, log.failed, told) == (2, 0, [])


def test_failure_is_told_once_until_it_works_again(path: Path) -> None:
    orders, venue, told = Resting(), Venue(), list[str]()
    orders.rest()
    log = log_of(orders, venue, path, told)
    for failing in ("503: busy", "503: busy", "", "401: who are you"):
        venue.failing = failing
        asyncio.run(log.ask())
    assert [text.partition("not recorded: ")[2] for text in told] == ["503: busy", "401: who are you"]
    assert (log.written, log.failed) == (1, 3)


def test_every_market_is_in_one_request() -> None:
    names = [str(number) for number in range(2 * MOST_MARKETS + 1)]
    assert [len(each) for each in batches(names)] == [MOST_MARKETS, MOST_MARKETS, 1]
    assert [name for each in batches(names) for name in each] == names


def test_kalshi_tells_queue_positions() -> None:
    assert isinstance(KalshiAccount(), QueueDialect)
