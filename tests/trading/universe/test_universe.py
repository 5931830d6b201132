"""Which markets a universe wants, keeps and forgets, by what the venue lists and the feed tells."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.instrument import PriceBand
from engine.trading.universe.universe import Decisions, MarketUpdate, Universe, UniverseLimits
from engine.venue import MarketState
from engine.venue.reference import MarketListing, Selection

SECOND = 10**9
START = 1_800_000_000 * SECOND
CENTS = (PriceBand(0, 10_000, 100),)
LIMITS = UniverseLimits(
    max_markets=3, keep_ns=60 * SECOND, keep_closed_ns=600 * SECOND, ask_ns=10 * SECOND, lag_ns=2 * SECOND
)


def listed(symbol: str, close_s: int = 900, **more: Any) -> MarketListing:
    close_ns = START + close_s * SECOND if close_s else 0
    values: dict[str, Any] = {"event": symbol[:2], "series": symbol[:1], "bands": CENTS, "close_ns": close_ns}
    return MarketListing(symbol=symbol, **(values | more))


class Watched:
    """A universe of series B on a clock that the test moves."""

    def __init__(self, limits: UniverseLimits = LIMITS, **selection: Any) -> None:
        self.universe = Universe(Selection(**({"series": ("B",)} | selection)), limits)
        self.now_ns = START

    def take(self, *listings: MarketListing, asked: tuple[str, ...] | None = None, age_s: int = 0) -> Decisions:
        return self.universe.take(listings, self.now_ns, self.now_ns - age_s * SECOND, asked)

    def after(self, seconds: int, final: bool = True) -> Decisions:
        self.now_ns += seconds * SECOND
        return self.universe.due(self.now_ns, lambda symbol: final)

    def hear(self, symbol: str, state: int = MarketState.UNCHANGED, close_ns: int = 0) -> None:
        self.universe.hear(symbol, state, close_ns, self.now_ns)

    def ask(self) -> tuple[str, ...]:
        return self.universe.to_ask(self.now_ns)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def symbols(listings: list[MarketListing]) -> list[str]:
    return [listing.symbol for listing in listings]


NOTHING = Decisions([], [], [], [])


def test_first_listing_adds_what_is_selected(watched: Watched) -> None:
    decisions = watched.take(listed("B1"), listed("A1"), listed("B2", state=MarketState.CLOSED))
    assert decisions == Decisions([listed("B1")], [], [], [])
    assert ("B1" in watched.universe, "A1" in watched.universe, len(watched.universe)) == (True, False, 1)
    assert watched.take(listed("B1")) == NOTHING


def test_market_whose_close_has_passed_is_not_wanted(watched: Watched) -> None:
    assert watched.take(listed("B1", close_s=-1), listed("B2", close_s=0)).add == [listed("B2", close_s=0)]


def test_nearest_close_goes_first_and_what_is_left_out_is_told_once(watched: Watched) -> None:
    listings = [listed(f"B{number}", close_s=close_s) for number, close_s in enumerate((0, 50, 40, 30, 20))]
    decisions = watched.take(*listings)
    assert symbols(decisions.add) == ["B4", "B3", "B2"]
    assert decisions.told == ["3 markets, as many as max_markets allows: 2 more are left out, the next of them B1"]
    assert watched.take(*listings).told == []
    assert watched.universe.waiting == 2


def test_market_that_waited_gets_the_place_of_one_that_is_forgotten(watched: Watched) -> None:
    watched.take(*[listed(f"B{number}", close_s=100 + number) for number in range(4)])
    watched.hear("B0", MarketState.SETTLED)
    assert watched.after(59) == NOTHING
    assert watched.after(1).remove == ["B0"]
    watched.universe.forget("B0")
    assert symbols(watched.after(1).add) == ["B3"]


def test_settled_markets_make_room_sooner_where_others_wait() -> None:
    limits = LIMITS._replace(max_markets=2, keep_ns=3600 * SECOND, keep_crowded_ns=60 * SECOND)
    watched = Watched(limits)
    watched.take(listed("BA1"), listed("BA2"))
    watched.hear("BA1", MarketState.SETTLED)
    assert watched.after(100) == NOTHING  # nobody waits
    watched.take(listed("BA1", state=MarketState.SETTLED), listed("BA2"), listed("BB1", 1800))
    assert watched.after(1).remove == ["BA1"]
    watched.universe.forget("BA1")
    assert symbols(watched.after(1).add) == ["BB1"]


def test_market_that_waited_too_long_is_not_added_any_more(watched: Watched) -> None:
    watched.take(*[listed(f"B{number}", close_s=100 + number) for number in range(4)])
    watched.hear("B0", MarketState.SETTLED)
    assert watched.after(60).remove == ["B0"]
    watched.universe.forget("B0")
    assert watched.after(60).add == []


def test_market_closes_at_its_time_and_is_asked_about_until_it_settles(watched: Watched) -> None:
    watched.take(listed("B1", close_s=10))
    assert (watched.after(9), watched.ask()) == (NOTHING, ())
    (update,) = watched.after(1).update
    assert update == MarketUpdate(listed("B1", close_s=10), "its time to close has come", state=MarketState.CLOSED)
    assert (watched.ask(), watched.ask()) == (("B1",), ())
    settled = listed("B1", close_s=10, state=MarketState.SETTLED, payout=10_000)
    (update,) = watched.take(settled, asked=("B1",)).update
    assert (update.state, update.payout) == (MarketState.SETTLED, 10_000)
    watched.now_ns += 60 * SECOND
    assert watched.ask() == ()


def test_listing_older_than_the_close_opens_no_market_again(watched: Watched) -> None:
    watched.take(listed("B1", close_s=10))
    watched.after(10)
    watched.now_ns += 5 * SECOND
    assert watched.take(listed("B1", close_s=10)) == NOTHING


def test_market_whose_close_moved_later_opens_again(watched: Watched) -> None:
    watched.take(listed("B1", close_s=10))
    watched.after(10)
    watched.now_ns += 5 * SECOND
    (update,) = watched.take(listed("B1", close_s=100)).update
    assert (update.state, update.close_ns) == (MarketState.ACTIVE, START + 100 * SECOND)
    assert watched.after(60) == NOTHING


def test_what_the_feed_told_since_is_not_undone_by_an_older_listing(watched: Watched) -> None:
    watched.take(listed("B1"))
    watched.hear("B1", MarketState.PAUSED)
    assert watched.take(listed("B1"), age_s=1) == NOTHING
    watched.now_ns += 2 * SECOND
    (update,) = watched.take(listed("B1")).update
    assert update.state == MarketState.ACTIVE


def test_market_opens_at_its_time_and_a_listing_of_before_closes_it_no_more(watched: Watched) -> None:
    early = listed("B1", state=MarketState.PAUSED, opens_ns=START + 10 * SECOND)
    watched.take(early)
    assert watched.after(9) == NOTHING
    assert [update.state for update in watched.after(1).update] == [MarketState.ACTIVE]
    assert watched.take(early, age_s=1) == NOTHING
    watched.now_ns += 2 * SECOND
    assert [update.state for update in watched.take(early).update] == [MarketState.PAUSED]


def test_decision_counts_however_young_the_news_of_the_feed_is(watched: Watched) -> None:
    watched.take(listed("B1"))
    watched.hear("B1", MarketState.CLOSED)
    decided = listed("B1", state=MarketState.DETERMINED, payout=0)
    assert [(each.state, each.payout) for each in watched.take(decided).update] == [(MarketState.DETERMINED, 0)]
    watched.hear("B1", MarketState.SETTLED)
    assert watched.take(decided) == NOTHING


def test_payout_is_not_lost_because_the_feed_told_of_the_decision_just_before(watched: Watched) -> None:
    watched.take(listed("B1"))
    watched.hear("B1", MarketState.DETERMINED)
    decided = listed("B1", state=MarketState.DETERMINED, payout=0)
    assert [(each.state, each.payout) for each in watched.take(decided).update] == [(MarketState.DETERMINED, 0)]
    assert watched.take(decided) == NOTHING


def test_new_bands_terms_and_close_are_updates(watched: Watched) -> None:
    watched.take(listed("B1"))
    tenths = (PriceBand(0, 10_000, 10),)
    (update,) = watched.take(listed("B1", close_s=800, bands=tenths, maker_percent=25)).update
    assert (update.has_new_bands, update.has_new_terms) == (True, True)
    assert (update.close_ns, update.state) == (START + 800 * SECOND, MarketState.UNCHANGED)


def test_payout_that_comes_after_the_determination_is_an_update(watched: Watched) -> None:
    watched.take(listed("B1"))
    watched.hear("B1", MarketState.DETERMINED)
    watched.now_ns += 5 * SECOND
    (update,) = watched.take(listed("B1", state=MarketState.DETERMINED, payout=3_700)).update
    assert (update.state, update.payout) == (MarketState.DETERMINED, 3_700)


@pytest.mark.parametrize(
    ("state", "patience"), [(MarketState.SETTLED, 60), (MarketState.CLOSED, 600), (MarketState.DETERMINED, 600)]
)
def test_market_is_kept_for_a_while_after_its_end(watched: Watched, state: int, patience: int) -> None:
    watched.take(listed("B1", close_s=0))
    watched.hear("B1", state)
    assert watched.after(patience - 1) == NOTHING
    assert watched.after(1, final=False) == NOTHING
    assert watched.after(0).remove == ["B1"]


def test_market_that_the_venue_lists_no_more_is_asked_for_then_closed(watched: Watched) -> None:
    watched.take(listed("B1"), listed("B2"))
    assert watched.take(listed("B2")) == NOTHING
    assert watched.ask() == ("B1",)
    decisions = watched.take(asked=("B1",))
    assert decisions.told == ["B1: the venue does not list it any more"]
    assert [update.state for update in decisions.update] == [MarketState.CLOSED]
    assert watched.after(600).remove == ["B1"]


def test_answer_about_some_says_nothing_about_others(watched: Watched) -> None:
    watched.take(listed("B1"), listed("B2"))
    watched.take(listed("B2"), asked=("B2",))
    assert watched.ask() == ()


def test_market_that_the_feed_names_is_asked_for_and_added(watched: Watched) -> None:
    watched.hear("B7")
    watched.hear("C7")
    assert (watched.ask(), watched.ask()) == (("B7",), ())
    assert symbols(watched.take(listed("B7"), asked=("B7",)).add) == ["B7"]
    watched.now_ns += 60 * SECOND
    assert watched.ask() == ()


def test_market_that_the_feed_names_and_nobody_lists_is_let_go(watched: Watched) -> None:
    watched.hear("B7")
    assert watched.ask() == ("B7",)
    assert watched.take(asked=("B7",)) == NOTHING
    watched.now_ns += 60 * SECOND
    assert watched.ask() == ()


def test_unusable_market_is_left_alone_until_it_is_listed_otherwise(watched: Watched) -> None:
    watched.take(listed("B1"))
    watched.universe.refuse(listed("B1"))
    assert watched.take(listed("B1")) == NOTHING
    assert symbols(watched.take(listed("B1", bands=(PriceBand(0, 10_000, 10),))).add) == ["B1"]


def test_adopted_market_is_asked_for_at_once(watched: Watched) -> None:
    watched.universe.adopt([listed("X1")], START)
    assert watched.ask() == ("X1",)
    (update,) = watched.take(listed("X1", state=MarketState.SETTLED, payout=0), asked=("X1",)).update
    assert (update.state, update.payout) == (MarketState.SETTLED, 0)


def test_closing_within_bounds_what_is_added() -> None:
    watched = Watched(closing_within_ns=60 * SECOND)
    assert symbols(watched.take(listed("B1", close_s=60), listed("B2", close_s=61)).add) == ["B1"]


STATES = st.sampled_from(
    [MarketState.ACTIVE, MarketState.PAUSED, MarketState.CLOSED, MarketState.DETERMINED, MarketState.SETTLED]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("list"), st.lists(st.tuples(st.integers(0, 12), STATES, st.integers(0, 300)), max_size=8)
            ),
            st.tuples(st.just("hear"), st.tuples(st.integers(0, 12), STATES)),
            st.tuples(st.just("wait"), st.integers(0, 200)),
        ),
        max_size=40,
    )
)
def test_random_lives_against_a_plain_set(steps: list[Any]) -> None:
    """What is there is what was added and not removed, never more than the most, and nothing is added twice."""
    watched = Watched()
    there: set[str] = set()
    for kind, value in steps:
        decisions = NOTHING
        if kind == "list":
            rows = {f"B{number}": (state, close_s) for number, state, close_s in value}
            decisions = watched.take(*[listed(name, close_s, state=state) for name, (state, close_s) in rows.items()])
        elif kind == "hear":
            watched.hear(f"B{value[0]}", value[1])
        else:
            decisions = watched.after(value)
        assert {update.listing.symbol for update in decisions.update} <= there
        added = symbols(decisions.add)
        assert len(set(added)) == len(added) and not there & set(added)
        assert all(each.state in watched.universe.selection.states for each in decisions.add)
        assert set(decisions.remove) <= there
        for symbol in decisions.remove:
            watched.universe.forget(symbol)
        there = (there | set(added)) - set(decisions.remove)
        assert there == {f"B{number}" for number in range(13) if f"B{number}" in watched.universe}
        assert len(there) <= LIMITS.max_markets and watched.universe.waiting <= LIMITS.max_markets


def test_unchanged_listing_is_no_update(watched: Watched) -> None:
    watched.take(listed("B1"))
    assert watched.take(structs.replace(listed("B1"), best_bid=4_400, volume=7)) == NOTHING


@pytest.mark.parametrize("state", [MarketState.DETERMINED, MarketState.SETTLED])
def test_market_that_is_decided_without_a_word_of_its_payout_is_asked_for_until_it_is_known(
    watched: Watched, state: int
) -> None:
    watched.take(listed("B1"), listed("B2"))
    watched.universe.hear("B1", MarketState.ACTIVE, 0, watched.now_ns)
    watched.universe.hear("B2", state, 0, watched.now_ns)  # by a feed that says all
    asked_too = ("B2",) if state == MarketState.DETERMINED else ()
    assert watched.ask() == asked_too
    watched.universe.hear("B1", state, 0, watched.now_ns, is_told=False)
    assert watched.ask() == ("B1",)  # at once
    watched.take(listed("B1", state=MarketState.CLOSED), asked=("B1",))  # what was before
    watched.after(9)
    assert watched.ask() == ()
    watched.after(1)
    assert "B1" in watched.ask()
    (update,) = watched.take(listed("B1", state=state, payout=10_000), asked=("B1",)).update
    assert (update.state, update.payout) == (state, 10_000)
    watched.after(20)
    assert ("B1" in watched.ask()) == (state == MarketState.DETERMINED)
