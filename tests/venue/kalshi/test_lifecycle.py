"""A market's life as Kalshi tells it: states, settlement, grid, closing time."""

from typing import Any

import pytest

from engine.errors import DecodeError
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketEvent, MarketState
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import Feed
from tests.support.kalshi_wire import RAIN, SNOW, TS_MS

NOW_S = TS_MS // 1000
FINE = [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]


class Life:
    """Sends stages to a feed, each under the next number."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.seq = 0

    def __call__(self, stage: str, symbol: str = RAIN, type: str = "market_lifecycle_v2", **fields: Any) -> MarketEvent:
        self.seq += 1
        msg = {"event_type": stage, "market_ticker": symbol} | fields
        return self.feed.take(wire.frame(type=type, sid=8, seq=self.seq, sending_ts_ms=TS_MS, msg=msg))


@pytest.fixture
def life(feed: Feed) -> Life:
    return Life(feed)


@pytest.mark.parametrize("channel", ["market_lifecycle_v2", "multivariate_market_lifecycle"])
@pytest.mark.parametrize(
    ("stage", "state"),
    [
        ("created", MarketState.UNCHANGED),
        ("activated", MarketState.ACTIVE),
        ("deactivated", MarketState.PAUSED),
        ("determined", MarketState.DETERMINED),
        ("settled", MarketState.SETTLED),
        ("metadata_updated", MarketState.UNCHANGED),
    ],
)
def test_m5_each_stage_of_a_market_is_a_state(life: Life, stage: str, state: int, channel: str) -> None:
    event = life(stage, type=channel)
    assert (event.kind, event.instrument, event.state, event.text) == (EventKind.STATE, life.feed.rain, state, stage)
    assert (event.price, event.grid, event.venue_time_ns) == (-1, None, TS_MS * 1_000_000)
    assert event.notices == ((NoticeKind.MARKET_STATE, f"{RAIN}: {stage}"),)
    assert life.feed.counts() == {"states": 1}


@pytest.mark.parametrize(
    ("fields", "pays", "words"),
    [
        ({"result": "yes", "settlement_value": "1.0000"}, 10_000, "yes, pays 1.0000"),
        ({"result": "no", "settlement_value": "0.0000"}, 0, "no, pays 0.0000"),
        ({"result": "scalar", "settlement_value": "0.3700"}, 3_700, "scalar, pays 0.3700"),
        ({"result": "yes"}, 10_000, "yes, pays 1.0000"),
        ({"result": "no", "settlement_value": None}, 0, "no, pays 0.0000"),
        ({"result": "scalar"}, -1, "scalar"),
        ({"result": "yes", "settlement_value": "x"}, 10_000, "yes, pays 1.0000"),
        ({"result": "scalar", "settlement_value": "0.333333"}, -1, "scalar"),
        ({"result": "scalar", "settlement_value": "1.5000"}, -1, "scalar"),
        ({}, -1, ""),
    ],
)
def test_m4_a_settlement_pays_what_the_determination_said(
    life: Life, fields: dict[str, Any], pays: int, words: str
) -> None:
    event = life("determined", determination_ts=NOW_S, **fields)
    assert (event.state, event.price) == (MarketState.DETERMINED, pays)
    assert event.notices[0][1] == f"{RAIN}: determined {words}".rstrip()
    event = life("settled", settled_ts=NOW_S)
    assert (event.state, event.price) == (MarketState.SETTLED, pays)


def test_m6_a_new_grid_is_used_at_once_and_its_book_asked_for(life: Life) -> None:
    feed = life.feed
    event = life("price_level_structure_updated", SNOW, price_level_structure="deci_cent", price_ranges=FINE)
    assert (event.kind, event.state, event.suspects) == (EventKind.STATE, MarketState.UNCHANGED, (feed.snow,))
    assert event.grid is not None and 4_150 in event.grid and len(event.grid) == 999
    assert [each["params"]["market_tickers"] for each in feed.sent] == [[SNOW]]
    event = feed.take(wire.snapshot(3, SNOW, yes=[["0.4150", "1.00"], ["0.4001", "1.00"]], no=[["0.5510", "2.00"]]))
    assert (event.bids, event.asks) == ([(4_150, 100)], [(4_490, 200)])
    assert feed.take(wire.delta(4, "0.4160", symbol=SNOW)).price == 4_160


def test_m6_the_same_grid_again_leaves_the_book_alone(life: Life) -> None:
    cents = [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]
    event = life("price_level_structure_updated", SNOW, price_ranges=cents)
    assert (event.kind, event.suspects, event.commands) == (EventKind.STATE, (), [])


@pytest.mark.parametrize("band", [("0.0000", "1.0000", "0.0003"), ("x", "1", "1"), ("0.5", "0.4", "0.1")])
def test_m6_a_grid_that_is_none_is_told_and_leaves_the_old_one(life: Life, band: tuple[str, str, str]) -> None:
    bands = [dict(zip(("start", "end", "step"), band, strict=True))]
    with pytest.raises(DecodeError, match=RAIN):
        life("price_level_structure_updated", price_ranges=bands)
    assert life.feed.take(wire.delta(3, "0.4150")).kind == EventKind.DELTA
    assert life("activated").kind == EventKind.STATE


def test_m5_a_market_that_closes_early_is_closed_and_opens_when_it_closes_later(life: Life) -> None:
    later = life("close_date_updated", close_ts=NOW_S + 60)
    assert (later.state, later.close_ns) == (MarketState.UNCHANGED, (NOW_S + 60) * 10**9)
    assert life("close_date_updated", close_ts=NOW_S - 1).state == MarketState.CLOSED
    assert life("close_date_updated", close_ts=NOW_S + 60).state == MarketState.ACTIVE


def test_stages_of_other_markets_are_none_of_our_business(life: Life) -> None:
    event = life("determined", "KXOTHER", result="yes")
    assert (event.kind, event.notices, life.feed.counts()) == (EventKind.CONTROL, (), {})


def test_m6_an_unknown_stage_of_our_market_is_told(life: Life) -> None:
    event = life("disputed")
    assert (event.kind, event.text) == (EventKind.UNKNOWN, f"{RAIN}: event_type 'disputed'")
    assert event.notices == ((NoticeKind.MESSAGE_UNKNOWN, event.text),)


def test_m5_a_stage_behind_a_gap_counts_and_the_gap_is_told(life: Life) -> None:
    life("activated")
    life.seq += 3
    event = life("deactivated")
    assert (event.kind, event.state, event.gap, event.suspects) == (EventKind.STATE, MarketState.PAUSED, True, ())
    assert [kind for kind, _ in event.notices] == [NoticeKind.FRAMES_LOST, NoticeKind.MARKET_STATE]


def test_m14_another_fee_of_our_event_is_told_and_of_others_not(feed: Feed) -> None:
    feed.rain.event = "KXDEMORAIN-26DEC01"
    msg = {"event_ticker": "KXDEMORAIN-26DEC01", "fee_type_override": "quadratic", "fee_multiplier_override": 0.5}
    event = feed.take(wire.frame(type="event_fee_update", sid=8, seq=1, msg=msg))
    assert event.notices == ((NoticeKind.FEE_CHANGED, "KXDEMORAIN-26DEC01: fee type quadratic, multiplier 0.5"),)
    other = feed.take(wire.frame(type="event_fee_update", sid=8, seq=2, msg={"event_ticker": "KXOTHER"}))
    assert (other.kind, other.notices) == (EventKind.CONTROL, ())


def test_news_of_an_event_moves_its_stream_on_and_says_nothing(feed: Feed) -> None:
    event = feed.take(wire.frame(type="event_lifecycle", sid=8, seq=1, msg={"event_ticker": SNOW}))
    assert (event.kind, event.notices) == (EventKind.CONTROL, ())
