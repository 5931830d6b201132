"""A book is believed to be wrong only where the venue tells the same difference twice; then it is asked for anew."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.app.account.books import MOST_LOOKS, BookCheck
from engine.book import ASK, BID
from engine.errors import EngineError
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.venue.reference import BookListing
from engine.venue.rest import Call, RestRequest
from tests.support.desks import Scene

Levels = dict[int, int]
EMPTY = BookListing(symbol="", bids=(), asks=())
BIDS, ASKS = {4_500: 100, 4_400: 200}, {4_600: 100, 4_700: 200}


class RestBooks:
    """A BrowsingDialect and the client that answers it: `bids` and `asks` of every market, as the venue has them."""

    def __init__(self) -> None:
        self.bids, self.asks = dict(BIDS), dict(ASKS)
        self.asked: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.failing = ""
        self.oddities: list[str] = []

    def book(self, symbol: str, depth: int = 0) -> Call[BookListing]:
        return Call(RestRequest(operation=symbol, method="GET", path="/"), lambda body: EMPTY)

    def take_oddities(self) -> list[str]:
        taken, self.oddities = self.oddities, []
        return taken

    async def call(self, call: Call[Any]) -> BookListing:
        self.asked.append(call.request.operation)
        if self.failing:
            raise EngineError(self.failing)
        answer = BookListing(symbol="", bids=tuple(self.bids.items()), asks=tuple(self.asks.items()))
        self.meanwhile()
        return answer


class Checked:
    """A desk of two markets whose books are compared; `pauses` are those between looks."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.venue = RestBooks()
        self.pauses: list[float] = []
        self.after_look: Callable[[], object] = lambda: None
        venue: Any = self.venue
        self.check = BookCheck(venue, venue, self.scene.loop, lambda: self.scene.now_ns + 7, 10**9, self.sleep)
        self.scene.loop.markets.stop(self.scene.snow, Stop.PAUSED, "paused")  # RAIN alone has its turn

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.after_look()

    def compare(self) -> None:
        asyncio.run(self.check.compare_next())

    def told(self) -> list[tuple[str, str]]:
        ours = (NoticeKind.BOOK_DIFFERS, NoticeKind.REST_TROUBLE)
        return [(notice.kind, notice.text) for notice in self.scene.loop.notices.all() if notice.kind in ours]

    def counted(self) -> dict[str, int]:
        counts = self.check.counts
        return {name: value for name in counts.__slots__ if (value := getattr(counts, name))}

    def commands(self) -> list[Any]:
        return [step for step in self.scene.taken() if step[0] == "command"]


@pytest.fixture
def checked() -> Checked:
    return Checked()


def test_equal_book_is_counted_with_its_age(checked: Checked) -> None:
    checked.compare()
    assert checked.counted() == {"compared": 1, "equal": 1, "age_ns": 7}
    assert (checked.venue.asked, checked.pauses, checked.told(), checked.commands()) == (["RAIN"], [], [], [])


def test_difference_that_stays_is_told_and_the_book_asked_for_anew(checked: Checked) -> None:
    checked.venue.bids[4_400] = 250
    del checked.venue.asks[4_700]
    checked.compare()
    text = "RAIN: bid 0.4400 is 2.00 here, 2.50 there; ask 0.4700 is 2.00 here, 0.00 there: asked for anew"
    assert checked.told() == [("book_differs", text)]
    assert checked.counted() == {"compared": 2, "differed": 2, "renewed": 1, "age_ns": 7}
    assert checked.scene.books[0].is_stale and checked.commands() == [("command", b"resync RAIN")]
    assert checked.pauses == [2.0]


def test_lost_change_is_found_under_a_level_that_moves(checked: Checked) -> None:
    """What was lost stays lost however often its level changes between the looks."""
    checked.venue.bids[4_400] += 30

    def move() -> None:
        checked.scene.delta(4_400, 5)
        checked.venue.bids[4_400] += 5

    checked.after_look = move
    checked.compare()
    assert checked.told() == [("book_differs", "RAIN: bid 0.4400 is 2.05 here, 2.35 there: asked for anew")]


def test_level_that_moves_while_the_venue_is_asked_says_nothing(checked: Checked) -> None:
    checked.venue.meanwhile = lambda: checked.scene.delta(4_400, 50)
    checked.compare()
    assert checked.counted() == {"compared": 1, "equal": 1, "age_ns": 7}


def test_answer_that_lags_is_asked_for_again(checked: Checked) -> None:
    """The venue tells of a change after we heard of it; the second answer has it."""
    checked.scene.delta(4_400, 50)
    checked.after_look = lambda: checked.venue.bids.update({4_400: 250})
    checked.compare()
    assert checked.counted() == {"compared": 2, "differed": 1, "equal": 1, "age_ns": 7}
    assert checked.told() == [] and not checked.scene.books[0].is_stale


def test_differences_that_are_others_each_time_are_not_believed(checked: Checked) -> None:
    checked.venue.bids[4_400] = 300
    checked.after_look = lambda: checked.venue.bids.update({4_400: checked.venue.bids[4_400] + 1})
    checked.compare()
    assert checked.counted() == {"compared": MOST_LOOKS, "differed": MOST_LOOKS, "unsettled": 1, "age_ns": 7}
    assert checked.told() == []


def test_failure_is_told_and_the_next_turn_comes(checked: Checked) -> None:
    checked.venue.failing = "HTTP 503 Service Unavailable"
    checked.compare()
    assert checked.told() == [("rest_trouble", "RAIN: its book cannot be compared: HTTP 503 Service Unavailable")]
    assert checked.counted() == {"failed": 1}
    checked.venue.failing = ""
    checked.compare()
    assert checked.counted() == {"failed": 1, "compared": 1, "equal": 1, "age_ns": 7}


def test_oddity_of_an_answer_is_told(checked: Checked) -> None:
    checked.venue.oddities = ["orderbook_fp: no such thing"]
    checked.compare()
    assert checked.told() == [("rest_trouble", "orderbook_fp: no such thing")]


def test_book_that_waits_for_its_snapshot_is_not_compared(checked: Checked) -> None:
    checked.scene.books[0].mark_stale()
    checked.compare()
    assert checked.venue.asked == []


def test_book_that_becomes_stale_or_closes_meanwhile_is_not_judged(checked: Checked) -> None:
    checked.venue.bids.clear()
    checked.venue.meanwhile = lambda: checked.scene.loop.markets.stop(checked.scene.rain, Stop.CLOSED, "closed")
    checked.compare()
    checked.scene.loop.markets.lift(checked.scene.rain, Stop.CLOSED)
    checked.venue.meanwhile = checked.scene.books[0].mark_stale
    checked.compare()
    assert (checked.counted(), checked.venue.asked) == ({}, ["RAIN", "RAIN"])


def test_markets_have_their_turns(checked: Checked) -> None:
    checked.scene.loop.markets.lift(checked.scene.snow, Stop.PAUSED)
    for _ in range(4):
        checked.compare()
    assert checked.venue.asked == ["SNOW", "RAIN", "SNOW", "RAIN"]


def test_run_waits_before_each_comparison(checked: Checked) -> None:
    def ended() -> None:
        """End the run where the third wait begins."""
        if len(checked.pauses) == 3:
            raise EngineError("ended")

    checked.after_look = ended
    with pytest.raises(EngineError, match="ended"):
        asyncio.run(checked.check.run())
    assert (checked.pauses, checked.venue.asked) == ([1.0, 1.0, 1.0], ["RAIN", "RAIN"])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_wrong_book_is_found_among_changes_and_a_right_one_left(seed: int, is_wrong: bool) -> None:
    """Both books move between and during the looks; the venue's answers may lag one change behind."""
    random, checked = Random(seed), Checked()
    sides = {BID: checked.venue.bids, ASK: checked.venue.asks}
    pending: list[tuple[int, int, int]] = []
    prices = {BID: (4_200, 4_300), ASK: (4_800, 4_900)}

    def settle() -> None:
        """Let the venue's answers catch up."""
        for side, price, change in pending:
            sides[side][price] = sides[side].get(price, 0) + change
        pending.clear()

    def move() -> None:
        """Change a level on both sides, at the venue with the next call."""
        settle()
        side = random.choice((BID, ASK))
        price, change = random.choice(prices[side]), random.randint(1, 50)
        checked.scene.delta(price, change, side=side)
        pending.append((side, price, change))

    checked.venue.meanwhile = move
    checked.after_look = settle
    if is_wrong:
        wrong = random.choice(list(sides[BID]))
        sides[BID][wrong] += random.randint(1, 50)
    checked.compare()
    assert checked.check.counts.renewed == is_wrong
    assert bool(checked.told()) == is_wrong
