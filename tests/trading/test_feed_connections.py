"""A feed of several connections: what is wrong with one of them concerns its own markets."""

from types import SimpleNamespace
from typing import Any

from engine.instrument import Instrument
from engine.runtime.notices import Notices
from engine.trading.feed_line import CALM_NS, PATIENCE_NS
from engine.trading.feed_watch import FeedLimits, FeedWatch
from engine.trading.markets import Markets, Stop
from tests.support.desks import Scene

S = 1_000_000_000
SENT = 10**18


class TwoConnections:
    """RAIN on the first connection, SNOW on the second."""

    def __init__(self) -> None:
        scene = Scene()
        self.rain, self.snow = scene.rain, scene.snow
        self.books = [scene.loop.book(each) for each in (self.rain, self.snow)]
        self.markets: Markets = scene.loop.markets
        self.anew: list[tuple[int, str]] = []
        self.watch: Any = FeedWatch(
            self.books,
            self.markets,
            Notices(lambda: 1, lambda line: None),
            FeedLimits(),
            lambda book: None,
            [lambda reason: self.anew.append((0, reason)), lambda reason: self.anew.append((1, reason))],
            lambda instrument: self.homes[instrument],
        )
        self.homes: dict[Instrument, int] = {self.rain: 0, self.snow: 1}
        self.now_ns = 0

    def frame(self, number: int, delay_ns: int = 0) -> None:
        self.watch.follow(number)
        self.watch.note(SimpleNamespace(venue_time_ns=SENT + self.now_ns - delay_ns), self.now_ns)

    def run(self, seconds: float, *late: int) -> None:
        """Let time pass, with frames of both connections, of which some are ten seconds `late`."""
        for _ in range(int(seconds * 20)):
            self.now_ns += S // 20
            for number in (0, 1):
                self.frame(number, 10 * S if number in late else 0)
            self.watch.look(self.now_ns)

    def causes(self) -> list[int]:
        return [self.markets.causes(each).value for each in (self.rain, self.snow)]

    def stale(self) -> list[bool]:
        return [book.is_stale for book in self.books]


def test_connection_that_runs_late_stops_its_own_markets_until_it_is_in_time_for_a_while() -> None:
    two = TwoConnections()
    two.run(1)
    two.run(2, 1)
    assert two.causes() == [0, Stop.LATE]
    assert (two.watch.lag_of(0), two.watch.lag_of(1), two.watch.lag_ns) == (0, 10 * S, 10 * S)
    two.run(CALM_NS / S + 0.2)
    assert two.causes() == [0, 0]


def test_connection_that_does_not_catch_up_is_connected_anew_alone() -> None:
    two = TwoConnections()
    two.run(1)
    two.run(PATIENCE_NS / S + 0.2, 1)
    assert two.anew == [(1, "market data run 10 s late and do not catch up")]


def test_market_that_comes_to_a_late_connection_is_stopped_with_the_next_look() -> None:
    two = TwoConnections()
    two.run(1)
    two.run(1, 0)
    assert two.causes() == [Stop.LATE, 0]
    two.homes[two.snow] = 0
    two.run(0.1, 0)
    assert two.causes() == [Stop.LATE, Stop.LATE]


def test_loss_makes_the_books_of_one_connection_stale_and_keeps_the_others() -> None:
    two = TwoConnections()
    two.watch.lost("gone", 1)
    assert (two.stale(), two.watch.is_blind) == ([False, True], False)
    assert two.watch.obstacle(0) == "no fresh book for 1 of 2 markets: SNOW"
    two.run(FeedLimits().max_gap_ns / S + 0.2)
    assert two.causes() == [0, Stop.NO_BOOK]
    assert [each.text for each in two.markets.all()] == ["no book for 5 s: gone"]
    assert two.watch.obstacle(two.now_ns) == ""
    two.watch.lost("gone too", 0)
    assert (two.stale(), two.watch.is_blind, two.watch.obstacle(two.now_ns)) == ([True, True], True, "gone too")


def test_reconnection_waits_for_the_books_of_its_own_markets() -> None:
    two = TwoConnections()
    two.watch.lost("gone", 1)
    two.run(1)
    two.watch.connected(1)
    assert two.watch.on(1) == [two.snow]
    assert two.watch.obstacle(two.now_ns) == "no fresh book for 1 of 2 markets: SNOW"
    two.books[1].snapshot([(4_000, 1)], [])
    assert two.watch.obstacle(two.now_ns) == ""


def test_persons_trust_covers_every_connection() -> None:
    two = TwoConnections()
    two.run(1)
    two.run(1, 0, 1)
    assert two.causes() == [Stop.LATE, Stop.LATE]
    two.watch.trust()
    assert two.causes() == [0, 0]
