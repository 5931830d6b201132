"""Every error code of the venue, each with its consequence for a subscription, an update, a stream."""

import json

import pytest

from engine.venue import EventKind
from engine.venue.kalshi.frames import ERROR_NAMES
from engine.venue.kalshi.subscriptions import BOOK, TRADES
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import Feed
from tests.support.kalshi_wire import RAIN, SNOW

LATER, BY_CHANNEL, BY_MARKET, NOTHING = "later", "by channel", "by market", "nothing"
OF_A_SUBSCRIPTION = {
    1: BY_MARKET, 2: BY_MARKET, 3: BY_MARKET, 4: BY_MARKET, 5: BY_MARKET, 6: NOTHING, 7: BY_MARKET, 8: BY_CHANNEL,
    9: BY_CHANNEL, 10: LATER, 11: BY_MARKET, 12: BY_MARKET, 13: BY_MARKET, 14: BY_MARKET, 15: BY_MARKET, 16: BY_MARKET,
    17: BY_MARKET, 18: LATER, 19: BY_MARKET, 20: BY_MARKET, 21: BY_MARKET, 22: BY_MARKET, 23: BY_MARKET, 24: BY_MARKET,
    25: LATER, 26: BY_MARKET, 27: LATER, 28: BY_MARKET, 99: BY_MARKET,
}  # fmt: skip
ENDS_A_STREAM = {10, 17, 25}
LONG_AFTER = 1_000 * 10**9


def test_every_code_of_the_venue_is_here() -> None:
    assert ERROR_NAMES.keys() == OF_A_SUBSCRIPTION.keys() - {99} == set(range(1, 29))


@pytest.mark.parametrize(("code", "consequence"), OF_A_SUBSCRIPTION.items())
def test_refused_subscription(code: int, consequence: str) -> None:
    feed = Feed()
    event = feed.take(wire.error(code, "words", id=1))
    name = ERROR_NAMES.get(code, "not listed")
    assert event.kind == EventKind.REFUSED
    assert event.text == f"subscribe to {BOOK}, {TRADES} of {RAIN} and 1 more: error {code} ({name}): words"
    asked = [(each["params"]["channels"], each["params"]["market_tickers"]) for each in feed.sent[1:]]
    both, all_channels = [RAIN, SNOW], [BOOK, TRADES]
    assert (
        asked
        == {
            LATER: [],
            NOTHING: [],
            BY_CHANNEL: [([BOOK], both), ([TRADES], both)],
            BY_MARKET: [(all_channels, [RAIN]), (all_channels, [SNOW])],
        }[consequence]
    )
    if consequence == LATER:
        feed.due(10**9)
        again = [each["params"]["market_tickers"] for each in feed.due(LONG_AFTER) if each["cmd"] == "subscribe"]
        assert both in again


@pytest.mark.parametrize("code", OF_A_SUBSCRIPTION)
def test_refused_snapshot_leaves_the_market_waiting_and_it_is_asked_for_again(feed: Feed, code: int) -> None:
    (request,) = feed.dialect.resync([feed.rain])
    event = feed.take(wire.error(code, id=json.loads(request)["id"]))
    assert (event.kind, event.refused, feed.waiting()) == (EventKind.REFUSED, (), [RAIN])
    feed.due(10**9)
    (again,) = feed.due(LONG_AFTER)
    is_passing = OF_A_SUBSCRIPTION[code] == LATER
    assert again["cmd"] == ("update_subscription" if is_passing else "subscribe")


@pytest.mark.parametrize("code", OF_A_SUBSCRIPTION)
def test_error_of_a_stream_ends_it_or_is_told_alone(feed: Feed, code: int) -> None:
    event = feed.take(wire.error(code, sid=1, seq=3))
    assert event.kind == EventKind.REFUSED
    if code in ENDS_A_STREAM:
        assert event.suspects == (feed.rain, feed.snow)
        assert [each["params"]["channels"] for each in feed.sent] == [[BOOK]]
    else:
        assert (event.suspects, feed.sent, feed.waiting()) == ((), [], [])
        assert feed.take(wire.delta(4)).kind == EventKind.DELTA


@pytest.mark.parametrize("code", OF_A_SUBSCRIPTION)
def test_error_without_id_and_stream_is_told_alone(feed: Feed, code: int) -> None:
    event = feed.take(wire.error(code))
    assert (event.kind, event.suspects, feed.sent) == (EventKind.REFUSED, (), [])
    assert event.text.startswith(f"the connection: error {code} (")
