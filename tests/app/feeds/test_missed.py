"""What the feed missed while it was away is told once, in order, as late."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import fix
from engine.app.feeds import missed
from engine.app.feeds.missed import MissedTrades
from engine.errors import EngineError
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind
from engine.venue.reference import TradePrint
from engine.venue.rest import Page, PagedCall, RestRequest
from tests.support.desks import Scene

S = 1_000_000_000


def told(number: int, symbol: str = "RAIN", is_block: bool = False) -> TradePrint:
    return TradePrint(
        trade_id=f"t{number}",
        symbol=symbol,
        side=fix.BUY,
        price=4_500,
        size=number,
        time_ns=number * S,
        is_block=is_block,
    )


class RestTrades:
    """A TradesDialect and the client that answers it, with the venue's tape."""

    def __init__(self) -> None:
        self.tape: list[TradePrint] = []
        self.asked: list[tuple[str, int]] = []
        self.failing = ""

    def trades(self, since_ns: int, symbol: str = "") -> PagedCall[TradePrint]:
        self.asked.append((symbol, since_ns))
        found = [each for each in self.tape if each.time_ns >= since_ns and symbol in ("", each.symbol)]
        request = RestRequest(operation="get_trades", method="GET", path="/")
        return PagedCall(lambda cursor: request, lambda body: Page(found[::-1], ""))

    def take_oddities(self) -> list[str]:
        return []

    async def pages(self, paged: PagedCall[Any]) -> AsyncIterator[Any]:
        for each in paged.read(b"").items:
            yield each
        if self.failing:
            raise EngineError(self.failing)


class Away:
    """A desk that trades, with what asks for the trades that it missed."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.scene.loop.is_trading = True
        self.venue = RestTrades()
        self.now_ns = 100 * S
        venue: Any = self.venue
        self.missed = MissedTrades(venue, venue, self.scene.loop, lambda: self.now_ns, 25 * S, self.sleep)
        self.missed.connected(0)
        self.scene.taken()

    async def sleep(self, seconds: float) -> None:
        self.now_ns += int(seconds * S)

    def live(self, trade: TradePrint) -> None:
        """Bring a trade over the feed."""
        self.scene.frame(
            EventKind.TRADE, instrument=self.scene.rain, side=trade.side, price=trade.price, size=trade.size,
            trade_id=trade.trade_id,
        )  # fmt: skip

    def return_(self) -> None:
        """Come back, and let what is due be done."""
        self.missed.connected(0)
        self.run()

    def run(self) -> None:
        """Let what is due be done."""

        async def run() -> None:
            task = asyncio.ensure_future(self.missed.run())
            for _ in range(200):
                await asyncio.sleep(0)
            task.cancel()

        asyncio.run(run())

    def heard(self) -> list[tuple[str, int]]:
        """Return the sizes of the trades that the strategy was told since the last call, by hook."""
        hooks = ("strategy.on_trade", "strategy.on_late_trade")
        return [(step[0].removeprefix("strategy.on_"), step[4]) for step in self.scene.taken() if step[0] in hooks]

    def counted(self) -> dict[str, int]:
        counts = self.missed.counts
        return {name: value for name in counts.__slots__ if (value := getattr(counts, name))}

    def notices(self) -> list[tuple[NoticeKind, str]]:
        kinds = (NoticeKind.TRADES_LATE, NoticeKind.TRADES_LOST)
        return [(each.kind, each.text) for each in self.scene.loop.notices.all() if each.kind in kinds]


@pytest.fixture
def away() -> Away:
    return Away()


def test_missed_trades_are_told_in_order_and_what_was_heard_is_not_told_again(away: Away) -> None:
    away.now_ns = 200 * S
    away.venue.tape = [told(number) for number in (190, 191, 195, 198)]
    away.live(away.venue.tape[0])
    away.missed.lost(0)
    away.now_ns = 199 * S
    away.return_()
    assert away.heard() == [("trade", 190), ("late_trade", 191), ("late_trade", 195), ("late_trade", 198)]
    assert away.venue.asked == [("RAIN", 170 * S), ("SNOW", 170 * S)]
    away.live(away.venue.tape[3])  # the feed brings one that was told already
    assert away.heard() == []
    assert away.counted() == {"absences": 1, "known": 1, "late": 3}
    assert away.notices() == [(NoticeKind.TRADES_LATE, "3 trades of while the feed was away, told late")]


def test_trades_whose_frames_were_lost_are_asked_for_without_a_loss_of_the_connection(away: Away) -> None:
    away.venue.tape = [told(number) for number in (101, 102, 103)]
    away.live(told(101))
    away.scene.frame(EventKind.GAP, trade_gap=True)
    away.live(told(103))
    away.run()
    assert away.heard() == [("trade", 101), ("trade", 103), ("late_trade", 102)]
    away.scene.frame(EventKind.GAP)  # of books
    away.run()
    assert away.counted()["absences"] == 1


def test_nothing_is_asked_for_before_the_first_connection(away: Away) -> None:
    away.missed.lost(1)
    away.missed.connected(1)
    away.missed.lost(0)
    away.return_()
    assert away.venue.asked == [("RAIN", 100 * S), ("SNOW", 100 * S)]


def test_second_loss_before_anything_was_fetched_begins_with_the_first(away: Away) -> None:
    away.now_ns = 200 * S
    away.missed.lost(0)
    away.missed.connected(0)
    away.now_ns = 260 * S
    away.missed.lost(0)
    away.return_()
    assert away.venue.asked == [("RAIN", 170 * S), ("SNOW", 170 * S)]


def test_list_that_fails_is_told_and_what_came_of_it_handed_on(away: Away) -> None:
    away.venue.tape, away.venue.failing = [told(110)], "HTTP 503"
    away.missed.lost(0)
    away.return_()
    assert away.heard() == [("late_trade", 110)]
    assert away.counted()["failed"] == 1
    assert (NoticeKind.TRADES_LOST, "not every trade could be fetched: HTTP 503") in away.notices()


def test_desk_that_does_not_trade_again_is_told_nothing(away: Away) -> None:
    away.venue.tape = [told(110)]
    away.missed.lost(0)
    away.scene.loop.is_trading = False
    away.return_()
    assert (away.heard(), away.counted()["left_out"]) == ([], 1)


def test_of_too_many_trades_the_newest_are_told(away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed, "MOST_TRADES", 3)
    away.venue.tape = [told(number) for number in range(110, 120)]
    away.missed.lost(0)
    away.return_()
    assert away.heard() == [("late_trade", 117), ("late_trade", 118), ("late_trade", 119)]
    assert (NoticeKind.TRADES_LOST, "of more than 3 trades only the newest are told") in away.notices()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_every_trade_is_told_once_however_feed_and_rest_overlap(seed: int) -> None:
    random, away = Random(seed), Away()
    heard: list[tuple[str, int]] = []
    is_away = False
    for number in range(101, 140):
        away.now_ns = number * S
        trade = told(number)
        away.venue.tape.append(trade)
        if not is_away:
            away.live(trade)
        if random.random() < 0.2:
            if is_away:
                away.return_()
                heard += away.heard()
            else:
                away.missed.lost(0)
            is_away = not is_away
    if is_away:
        away.return_()
    heard += away.heard()
    assert sorted(size for _, size in heard) == list(range(101, 140))
