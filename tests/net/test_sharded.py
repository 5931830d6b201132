"""Several connections that to a desk are one: what is asked goes where the market is, and is told once."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.instrument import Instrument
from engine.net.sharded import ShardedMarketData
from engine.venue import EventKind, MarketDataCounts, MarketEvent
from engine.venue.account import VenuePosition
from engine.venue.reference import EventFees, MarketChange
from engine.venue.shards import Shards

MARKETS = [Instrument(f"KX{number}", number, None) for number in range(8)]


class Dialect:
    """A dialect of one connection that writes down what is asked of it, and returns it as the frame to send."""

    def __init__(self) -> None:
        self.counts = MarketDataCounts()
        self.carried: set[str] = set()
        self.next = MarketEvent(EventKind.CONTROL)

    def add(self, instruments: list[Instrument]) -> list[bytes]:
        self.carried |= {each.symbol for each in instruments}
        return self._frame("add", instruments)

    def remove(self, instruments: list[Instrument]) -> list[bytes]:
        self.carried -= {each.symbol for each in instruments}
        return self._frame("remove", instruments)

    def resync(self, instruments: list[Instrument]) -> list[bytes]:
        return self._frame("resync", instruments)

    def _frame(self, what: str, instruments: list[Instrument]) -> list[bytes]:
        return [f"{what} {' '.join(each.symbol for each in instruments)}".encode()]

    def decode(self, frame: bytes) -> MarketEvent:
        return self.next


class Several:
    """Three connections, of which some are up, and what was sent over each."""

    def __init__(self) -> None:
        self.dialects: Any = [Dialect() for _ in range(3)]
        self.data = ShardedMarketData(self.dialects, Shards(3))
        self.sent: list[tuple[int, bytes]] = []
        self.up = {0, 1, 2}
        self.data.is_up = self.up.__contains__
        self.data.send = lambda number, frames: self.sent.extend((number, frame) for frame in frames)

    def hear(self, number: int, news: object) -> object:
        """Return what is left of news that comes over a connection."""
        self.dialects[number].next.news = news
        self.data.active = number
        return self.data.decode(b"").news


def test_each_request_goes_over_the_connection_of_its_market() -> None:
    several = Several()
    assert several.data.add(MARKETS[:4]) == []
    assert several.sent == [(0, b"add KX0 KX3"), (1, b"add KX1"), (2, b"add KX2")]
    several.sent.clear()
    assert several.data.resync(MARKETS[1:5]) == []
    assert several.sent == [(1, b"resync KX1"), (2, b"resync KX2"), (0, b"resync KX3")]  # KX4 is nowhere
    several.sent.clear()
    assert several.data.remove([MARKETS[1], MARKETS[4]]) == []
    assert several.data.add([MARKETS[5]]) == []
    assert several.sent == [(1, b"remove KX1"), (1, b"add KX5")]
    assert [several.data.home(each) for each in MARKETS[:6]] == [0, -1, 2, 0, -1, 1]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=50))
def test_every_market_is_carried_by_one_connection_or_none(moves: list[tuple[bool, int]]) -> None:
    several, wanted = Several(), set[str]()
    for comes, index in moves:
        (several.data.add if comes else several.data.remove)([MARKETS[index]])
        (wanted.add if comes else wanted.discard)(MARKETS[index].symbol)
        carried = [symbol for dialect in several.dialects for symbol in dialect.carried]
        assert sorted(carried) == sorted(wanted)
        assert all(
            several.data.home(each) == next((n for n, d in enumerate(several.dialects) if each.symbol in d.carried), -1)
            for each in MARKETS
        )


def test_news_of_the_venue_is_believed_of_the_first_connection_that_is_up() -> None:
    several, news = Several(), EventFees(event="KXE")
    assert [several.hear(number, news) for number in range(3)] == [news, None, None]
    several.up.discard(0)
    assert [several.hear(number, news) for number in (1, 2)] == [news, None]


def test_stage_of_a_market_of_ours_is_no_news_of_a_stranger_elsewhere() -> None:
    several = Several()
    several.data.add(MARKETS[:2])
    assert several.hear(0, MarketChange(symbol="KX1", state=0, stage="activated")) is None
    stranger = MarketChange(symbol="KX7", state=0, stage="created")
    assert several.hear(0, stranger) is stranger


def test_news_of_the_account_is_never_left_out() -> None:
    position = VenuePosition(symbol="KX1", net=1, fees=0)
    assert Several().hear(2, position) is position


def test_counts_are_those_of_all_together() -> None:
    several = Several()
    for number, dialect in enumerate(several.dialects):
        dialect.counts.trades = number + 1
    assert several.data.counts.trades == 6
