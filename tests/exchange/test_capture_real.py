"""Real captures: the book moves as an independent replay says, and guests fill soundly."""

import json
from pathlib import Path

import pytest

from engine import fix
from engine.exchange.captured import CapturedMarket
from engine.exchange.captures import SNAPSHOT, markets, read_frames
from engine.exchange.exchange import Exchange
from engine.venue.kalshi.fees import QuadraticFee
from tests.support.captures import DIRECTORY, FILES, each_capture, frames
from tests.support.sim.venue import NOON_NS, B, S, Venue


@each_capture
def test_real_capture_moves_the_book_as_an_independent_replay_does(capture: Path) -> None:
    """Bare of own orders, the exchange's book and the published one equal a dictionary fed with the same frames."""
    exchange = Exchange(markets([capture]), QuadraticFee())
    ((symbol, market),) = exchange.markets.items()
    captured = CapturedMarket(exchange, symbol)
    plain: dict[str, dict[float, float]] = {}
    for count, (frame, (_, raw)) in enumerate(zip(read_frames(capture), frames(capture), strict=True)):
        assert captured.apply(frame, NOON_NS) == []
        feed_plain(plain, json.loads(raw))
        if count % 500 == 0 or frame.kind == SNAPSHOT:
            for side, outcome in ((B, "yes"), (S, "no")):
                assert captured.levels(side) == plain_levels(plain, outcome)
                assert market.side(side).levels() == plain_levels(plain, outcome) or outstanding(captured)
    assert plain


def feed_plain(plain: dict[str, dict[float, float]], event: dict[str, object]) -> None:
    message = event["msg"]
    assert isinstance(message, dict)
    if event["type"] == "orderbook_snapshot":
        for outcome in ("yes", "no"):
            plain[outcome] = {float(price): float(size) for price, size in message.get(f"{outcome}_dollars_fp", [])}
    elif event["type"] == "orderbook_delta":
        book = plain[message["side"]]
        price = float(message["price_dollars"])
        book[price] = book.get(price, 0.0) + float(message["delta_fp"])


def plain_levels(plain: dict[str, dict[float, float]], outcome: str) -> list[tuple[int, int]]:
    levels = [(round(price * 10_000), round(size * 100)) for price, size in plain[outcome].items() if round(size * 100)]
    if outcome == "yes":
        return sorted(levels, reverse=True)
    return sorted((10_000 - price, size) for price, size in levels)


def outstanding(captured: CapturedMarket) -> bool:
    """Answer whether a trade waits for its decrease: then the queue is ahead of the published book."""
    return any(level.trades for side in captured._levels.values() for level in side.values())


@pytest.mark.skipif(not FILES, reason=f"no captured feeds in {DIRECTORY}; set FIXLANE_CAPTURES")
def test_guest_orders_fill_in_a_real_capture_and_books_stay_sound() -> None:
    """Orders join the best price or cross it all along: no check fails, both kinds of fill happen."""
    path = FILES[0]
    venue = Venue()
    venue.exchange = Exchange(markets([path]), QuadraticFee())
    ((symbol, market),) = venue.exchange.markets.items()
    captured = CapturedMarket(venue.exchange, symbol)
    taken = made = 0
    for count, frame in enumerate(read_frames(path)):
        made += len(captured.apply(frame, NOON_NS))
        bid, ask = market.bids.best(), market.asks.best()
        if count % 50 == 0 and bid and ask:
            price, tif = (ask.price, fix.Tif.IOC) if count % 200 == 0 else (bid.price, fix.Tif.GTC)
            events = venue.new("a", str(count), B, 300, price, tif, symbol=symbol)
            taken += len([event for event in events if event[0] == "traded"])
        if count % 1_000 == 999:
            market._check()
            venue.mass_cancel("a", f"m{count}")
    assert taken > 50 < made
