"""What the venue lists and the feed tells becomes markets of a desk, and what is over leaves it."""

from typing import Any

import pytest
from msgspec import structs

from engine.errors import JournalError
from engine.fix import SELL
from engine.instrument import PriceBand, price_grid
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.trading.universe.keeper import MarketKeeper
from engine.trading.universe.universe import Universe, UniverseLimits
from engine.venue import EventKind, MarketState
from engine.venue.reference import EventFees, EventListing, MarketChange, MarketListing, Selection
from tests.support.order_reports import ack, fill
from tests.support.rosters import RollingScene

SECOND = 10**9
CENTS = (PriceBand(0, 10_000, 100),)
TENTHS = (PriceBand(0, 10_000, 10),)
LIMITS = UniverseLimits(max_markets=4, keep_ns=60 * SECOND, ask_ns=SECOND, lag_ns=0)


class Kept(RollingScene):
    """A rolling scene with a keeper of series B; RAIN and SNOW are left by an earlier run."""

    def __init__(self) -> None:
        super().__init__()
        self.universe = Universe(Selection(series=("B",)), LIMITS)
        self.keeper = MarketKeeper(self.loop, self.universe, self.roster, self.wall_ns)
        self.close_ns = self.wall_ns() + 900 * SECOND

    def wall_ns(self) -> int:
        return 10**18 + self.now_ns

    def listed(self, symbol: str, **more: Any) -> MarketListing:
        values: dict[str, Any] = {"event": "E", "series": "B", "bands": CENTS, "close_ns": self.close_ns}
        return MarketListing(symbol=symbol, **(values | more))

    def take(self, *listings: MarketListing, asked: tuple[str, ...] | None = None) -> None:
        self.keeper.take(listings, self.wall_ns(), asked)

    def wait(self, seconds: int) -> None:
        self.now_ns += seconds * SECOND
        self.keeper.tick()

    def told(self) -> dict[NoticeKind, str]:
        return {notice.kind: notice.text for notice in self.loop.notices.all()}

    def symbols(self) -> list[str]:
        return [instrument.symbol for instrument in self.loop.instruments]


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_listed_markets_come_with_all_that_the_venue_says(kept: Kept) -> None:
    kept.take(kept.listed("B1", shard=3), kept.listed("B2", event="F", state=MarketState.PAUSED))
    first, second = kept.loop.instruments[2:]
    assert (first.symbol, first.event, first.series, first.shard, first.close_ns) == ("B1", "E", "B", 3, kept.close_ns)
    assert first.grid is price_grid(CENTS, 10_000)
    assert (kept.loop.markets.causes(first), kept.loop.markets.causes(second)) == (Stop(0), Stop.PAUSED)
    assert kept.told()[NoticeKind.MARKET_LISTED] == "2 more: B1, B2"
    kept.take(kept.listed("B1"), kept.listed("B2"))
    assert kept.loop.markets.causes(second) == Stop(0)
    kept.check()


def test_bands_that_make_no_grid_leave_one_market_out(kept: Kept) -> None:
    kept.take(kept.listed("B1", bands=(PriceBand(5, 4, 1),)), kept.listed("B2"))
    assert kept.symbols() == ["RAIN", "SNOW", "B2"]
    assert kept.told()[NoticeKind.MARKET_UNUSABLE].startswith("B1: price band")
    kept.take(kept.listed("B1"))
    assert kept.symbols() == ["RAIN", "SNOW", "B2", "B1"]


def test_more_than_there_may_be_are_told(kept: Kept) -> None:
    kept.take(*[kept.listed(f"B{number}", close_ns=kept.close_ns - number) for number in range(4)])
    assert kept.symbols() == ["RAIN", "SNOW", "B3", "B2"]
    assert kept.told()[NoticeKind.MARKETS_LEFT_OUT].startswith("4 markets, as many as max_markets allows: 2 more")


def test_market_closes_settles_and_is_forgotten(kept: Kept) -> None:
    kept.take(kept.listed("B1"))
    (market,) = kept.loop.instruments[2:]
    kept.loop.book(market).snapshot([(4_500, 100)], [(4_600, 100)])
    kept.loop.risk.heard_ns = kept.now_ns
    order = kept.bid(market, 4_600, 10)
    kept.loop.apply(ack(order))
    kept.loop.apply(fill(order, 10, "E1", 4_600))
    kept.wait(900)
    assert kept.loop.markets.causes(market) == Stop.CLOSED
    assert "B1" in kept.keeper.to_ask()
    kept.take(kept.listed("B1", state=MarketState.SETTLED, payout=10_000), asked=("B1",))
    assert (kept.loop.portfolio[market].is_settled, kept.loop.portfolio.pnl) == (True, 54_000 - 7)
    kept.wait(59)
    assert kept.symbols() == ["RAIN", "SNOW", "B1"]
    kept.wait(1)
    assert kept.symbols() == ["RAIN", "SNOW"]
    assert kept.told()[NoticeKind.MARKET_FORGOTTEN] == "1 are over: B1"
    assert kept.loop.portfolio.pnl == 54_000 - 7
    kept.check()


def test_position_that_is_not_paid_keeps_its_market(kept: Kept) -> None:
    kept.take(kept.listed("B1"))
    (market,) = kept.loop.instruments[2:]
    kept.loop.portfolio.fill(market, 1, 10, 4_600, 0)
    kept.loop.risk.refresh(market)
    kept.take(kept.listed("B1", state=MarketState.SETTLED))
    kept.wait(600)
    assert "B1" in kept.symbols()
    kept.loop.settlements.pay(market, 0, "a person")
    kept.wait(0)
    assert "B1" not in kept.symbols()


def test_settlement_by_the_feed_counts_for_the_keeper(kept: Kept) -> None:
    kept.take(kept.listed("B1"))
    (market,) = kept.loop.instruments[2:]
    kept.frame(EventKind.STATE, instrument=market, state=MarketState.SETTLED, text="settled", price=0)
    kept.wait(60)
    assert "B1" not in kept.symbols()


def test_other_grid_empties_the_book_and_has_its_data_anew(kept: Kept) -> None:
    kept.take(kept.listed("B1"))
    (market,) = kept.loop.instruments[2:]
    kept.loop.book(market).snapshot([(4_500, 100)], [(4_600, 100)])
    kept.taken()
    kept.take(kept.listed("B1", bands=TENTHS))
    assert market.grid is price_grid(TENTHS, 10_000)
    assert kept.loop.book(market).is_stale
    assert ("command", b"remove B1", b"add B1") in kept.taken()
    kept.take(kept.listed("B1", bands=(PriceBand(0, 10_000, 20_000),)))
    assert market.grid is price_grid(TENTHS, 10_000)
    assert kept.told()[NoticeKind.MARKET_UNUSABLE].startswith("B1: price band")


def test_fee_terms_of_a_listing_are_handed_on_and_bound(kept: Kept) -> None:
    kept.take(kept.listed("B1", maker_percent=25))
    (market,) = kept.loop.instruments[2:]
    kept.loop.book(market).snapshot([(4_500, 100)], [(4_600, 100)])
    kept.bid(market, 4_500, 10)
    assert kept.risk.exposure.open_cost == 45_250
    kept.take(kept.listed("B1", maker_percent=50))
    assert kept.risk.exposure.open_cost == 45_500
    news = EventFees(event="E", maker_percent=-1, multiplier_milli=2_000)
    kept.frame(EventKind.CONTROL, news=news)
    assert kept.risk.exposure.open_cost == 45_000
    assert kept.fees.terms == [("B1", -1, 25), ("B1", -1, 50), ("B1", 2_000, -1)]


def test_close_time_that_moves_is_the_markets(kept: Kept) -> None:
    kept.take(kept.listed("B1"))
    (market,) = kept.loop.instruments[2:]
    kept.take(kept.listed("B1", close_ns=kept.close_ns + 5))
    assert market.close_ns == kept.close_ns + 5


def test_markets_of_an_earlier_run_are_asked_about_and_forgotten(kept: Kept) -> None:
    assert kept.keeper.to_ask() == ("RAIN", "SNOW")
    rain = structs.replace(kept.listed("RAIN"), state=MarketState.SETTLED, payout=0)
    kept.take(rain, asked=("RAIN", "SNOW"))
    assert kept.loop.markets.causes(kept.snow) == Stop.CLOSED
    kept.wait(60)
    assert kept.symbols() == ["SNOW"]


def test_market_that_the_feed_names_is_asked_for(kept: Kept) -> None:
    kept.frame(EventKind.CONTROL, news=MarketChange(symbol="B9", state=MarketState.ACTIVE, stage="activated"))
    assert kept.keeper.to_ask()[0] == "B9"
    kept.take(kept.listed("B9"), asked=("B9",))
    assert kept.symbols() == ["RAIN", "SNOW", "B9"]


def test_market_that_the_feed_lists_comes_at_once_and_opens_at_its_time(kept: Kept) -> None:
    kept.frame(EventKind.CONTROL, news=kept.listed("B5", opens_ns=kept.wall_ns() + 60 * SECOND))
    kept.frame(EventKind.CONTROL, news=kept.listed("A5", series="A"))
    kept.frame(EventKind.CONTROL, news=kept.listed("B6", series=""))
    assert kept.keeper.to_ask() == ("B6", "RAIN", "SNOW")
    assert kept.symbols() == ["RAIN", "SNOW", "B5"]
    (market,) = kept.loop.instruments[2:]
    assert kept.loop.markets.causes(market) == Stop.PAUSED
    kept.wait(59)
    assert kept.loop.markets.causes(market) == Stop.PAUSED
    kept.wait(1)
    assert kept.loop.markets.causes(market) == Stop(0)


def test_full_journal_is_told_and_tried_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise JournalError("no room")

    with monkeypatch.context() as patched:
        patched.setattr("engine.trading.universe.roster.list_market", refuse)
        kept.take(kept.listed("B1"))
        assert kept.symbols() == ["RAIN", "SNOW"]
        assert kept.told()[NoticeKind.MARKET_UNUSABLE] == "not added for now: journal: no room"
    kept.take(kept.listed("B1", state=MarketState.ACTIVE))
    assert kept.symbols() == ["RAIN", "SNOW", "B1"]
    (market,) = kept.loop.instruments[2:]
    kept.frame(EventKind.STATE, instrument=market, state=MarketState.SETTLED, text="settled", price=0)
    with monkeypatch.context() as patched:
        patched.setattr("engine.trading.universe.roster.retire_market", refuse)
        kept.wait(60)
        assert kept.symbols() == ["RAIN", "SNOW", "B1"]
    kept.wait(1)
    assert kept.symbols() == ["RAIN", "SNOW"]


def sold(kept: Kept, *symbols: str) -> int:
    """Return what event E can lose once 10 of each are sold at 0.30, as if nothing had been before."""
    markets = {each.symbol: each for each in kept.loop.instruments}
    for symbol in symbols:
        kept.portfolio.fill(markets[symbol], SELL, 10, 3_000, 0)
        kept.risk.refresh(markets[symbol])
    lost: int = -kept.risk.exposure.event_loss("E")
    return lost


def test_markets_of_an_exclusive_event_are_netted_also_those_that_come_later(kept: Kept) -> None:
    kept.take(kept.listed("B1", exclusive=1))
    assert sold(kept, "B1") == 70_000
    kept.take(kept.listed("B1", exclusive=1), kept.listed("B2"))
    assert sold(kept, "B2") == 100_000 - 60_000
    assert kept.told()[NoticeKind.MARKET_LISTED] in (
        "event E: one market pays at most, as the venue says", "1 more: B2",
    )  # fmt: skip
    kept.take(kept.listed("B1"), kept.listed("B2"))  # an answer that does not say it changes nothing
    assert sold(kept) == 40_000
    kept.check()


def test_word_on_an_event_is_taken_when_it_comes_and_when_it_changes(kept: Kept) -> None:
    kept.take(kept.listed("B1"), kept.listed("B2"))
    assert sold(kept, "B1", "B2") == 140_000
    kept.take(kept.listed("B1", exclusive=1), kept.listed("B2", exclusive=1))
    assert sold(kept) == 40_000
    for exclusive, lost in ((-1, 40_000), (0, 140_000), (1, 40_000)):
        kept.frame(EventKind.CONTROL, news=EventListing(event="E", series="B", exclusive=exclusive))
        assert sold(kept) == lost
