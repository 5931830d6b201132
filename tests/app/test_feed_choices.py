"""What a configuration chooses of a venue's feed: its channels, and the scale of its prices."""

import json
import sys
from types import ModuleType

import pytest

from engine.app.feeds import choosing
from engine.app.loading import market_data_dialect
from engine.config.sections import FeedSection
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.net.sharded import ShardedMarketData
from tests.support.kalshi_feed import CENT

URL = "ws://127.0.0.1:1/trade-api/ws/v2"


def section(dialect: str = "kalshi", **choices: object) -> FeedSection:
    return FeedSection(
        url=URL,
        dialect=dialect,
        watch_depth=1,
        heartbeat_timeout_ns=1,
        backoff_min_ns=1,
        backoff_max_ns=1,
        **choices,  # type: ignore[arg-type]
    )


def commands(chosen: FeedSection) -> list[dict[str, object]]:
    dialect = market_data_dialect(chosen, [Instrument("KXA-1", 0, CENT)])
    return [json.loads(frame)["params"] for frame in dialect.subscribe()]


def test_books_trades_and_lives_are_subscribed_unless_more_is_chosen() -> None:
    books, lives = commands(section())
    assert books == {
        "channels": ["orderbook_delta", "trade"],
        "market_tickers": ["KXA-1"],
        "use_yes_price": False,
        "skip_ticker_ack": True,
    }
    assert lives == {"channels": ["market_lifecycle_v2"]}


def test_chosen_channels_are_subscribed_and_the_scale_asked_for() -> None:
    books, *whole = commands(section(channels=("fill", "ticker", "user_orders"), use_yes_price=True))
    assert (books["channels"], books["use_yes_price"]) == (["orderbook_delta", "trade", "ticker"], True)
    assert [each["channels"] for each in whole] == [["fill"], ["user_orders"], ["market_lifecycle_v2"]]


def test_channel_that_cannot_be_chosen_is_named_with_those_that_can() -> None:
    with pytest.raises(ConfigError, match="feed.channels: fills cannot be chosen; there are communications, fill, "):
        commands(section(channels=("fills", "fill")))


def test_choice_that_a_venue_does_not_have_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ModuleType("plain.venue")
    plain.market_data = lambda instruments, key_id, private_key: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "plain.venue", plain)
    with pytest.raises(ConfigError, match=r'feed.use_yes_price: venue "plain.venue" has no such choice'):
        market_data_dialect(section("plain.venue", use_yes_price=True), [])


def test_first_of_several_connections_alone_carries_the_account() -> None:
    chosen = section(channels=("fill", "ticker"), connections=2)
    dialect = choosing.stream(chosen, [Instrument("KXA-1", 0, CENT), Instrument("KXA-2", 1, CENT)])
    assert isinstance(dialect, ShardedMarketData)
    asked = [[json.loads(frame)["params"] for frame in each.subscribe()] for each in dialect.dialects]
    assert [[each["channels"] for each in of_one] for of_one in asked] == [
        [["orderbook_delta", "trade", "ticker"], ["fill"], ["market_lifecycle_v2"]],
        [["orderbook_delta", "trade", "ticker"], ["market_lifecycle_v2"]],
    ]
    assert [of_one[0]["market_tickers"] for of_one in asked] == [["KXA-1"], ["KXA-2"]]


def test_more_connections_than_markets_are_refused() -> None:
    match = "feed.connections: 3 for 1 markets: some would carry nothing; set it to 1 or less"
    with pytest.raises(ConfigError, match=match):
        choosing.stream(section(connections=3), [Instrument("KXA-1", 0, CENT)])
    choosing.stream(section(connections=3), [])  # the markets of a universe come later


def test_several_connections_of_a_venue_that_has_one_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ModuleType("plain.venue")
    plain.market_data = lambda instruments, key_id, private_key: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "plain.venue", plain)
    with pytest.raises(ConfigError, match=r'feed.connections: venue "plain.venue" has only one: set it to 1'):
        choosing.stream(section("plain.venue", connections=2), [])
