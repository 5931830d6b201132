"""A feed whose books are fresh."""

import pytest

from engine.venue.kalshi.subscriptions import BOOK, TRADES
from tests.support import kalshi_wire as wire
from tests.support.kalshi_feed import Feed
from tests.support.kalshi_wire import SNOW


@pytest.fixture
def feed() -> Feed:
    """Both books fresh at seq 2 of stream 1, trades on stream 2."""
    feed = Feed()
    feed.kinds(wire.subscribed(BOOK, 1), wire.subscribed(TRADES, 2), wire.snapshot(1), wire.snapshot(2, SNOW))
    feed.sent.clear()
    feed.dialect.counts.snapshots = 0
    return feed
