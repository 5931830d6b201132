"""Market-data frames for `tick`, each with the order it must provoke: stairs of the best ask, or a captured feed.

The measured rule (`bench.strategies.AskTaker`): each move of the best ask is answered by one immediate-or-cancel buy
at that price. Bids are not answered: a sale at the bid would trade with a buy whose report is still on its way, and
risk rightly denies it.
"""

import gzip
import json
from array import array
from functools import lru_cache
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from bench.venue.process import Script
from bench.venue.websocket import text_frame
from engine.book import ASK, BID, NO_ASK, Book
from engine.instrument import Instrument, PriceBand

SYMBOL = "KXBENCH-26DEC01-T1"
MARKET_ID = "00000000-0000-4000-8000-000000000001"
FIRST_SEQ = 1_000_000_000  # ten digits from the first frame to the last
SID = 1
STAIRS = 40

Event = dict[str, Any]


def bench_instrument(symbol: str = SYMBOL) -> Instrument:
    """Return the market of the standard script."""
    return Instrument(symbol, 0, (PriceBand(0, 10_000, 100),), event="KXBENCH-26DEC01")


def stairs() -> Script:
    """The ask climbs forty steps and comes down again: every frame moves it."""
    asks = [5100 + 100 * step for step in range(STAIRS + 1)]
    moves = [(price, -1000) for price in asks[:-1]] + [(price, 1000) for price in reversed(asks[:-1])]
    snapshot = _snapshot({price: 1000 for price in range(4000, 5000, 100)}, {price: 1000 for price in asks})
    return _script(snapshot, [_ask_delta(price, change) for price, change in moves], bench_instrument())


def captured(path: Path, most: int) -> Script:
    """The first `most` frames of a captured feed after its first snapshot, in order."""
    recorded = [event for _, event in _recorded(path)[: most + 1]]
    return _script(recorded[0], recorded[1:], instrument(path))


def captured_times_ns(path: Path) -> list[int]:
    """When each of those frames was received, in ns."""
    return [recv_ms * 1_000_000 for recv_ms, _ in _recorded(path)][1:]


def captured_deltas(path: Path) -> tuple[Event, "array[int]", "array[int]", "array[int]"]:
    """Return the first snapshot of a captured feed, and the sides, prices and changes that follow it up to the next."""
    recorded = [event for _, event in _recorded(path)]
    market = instrument(path)
    sides, prices, changes = array("q"), array("q"), array("q")
    for event in takewhile(lambda one: one["type"] != "orderbook_snapshot", recorded[1:]):
        if event["type"] == "orderbook_delta":
            side, price, change = _level(market, event["msg"])
            sides.append(side)
            prices.append(price)
            changes.append(change)
    return recorded[0], sides, prices, changes


def apply(book: Book, event: Event) -> None:
    """Apply a snapshot or a delta as the venue writes it; anything else is not the book's."""
    parse_price, parse_size = book.instrument.parse_price, book.instrument.parse_size
    if event["type"] == "orderbook_snapshot":
        bids = [(parse_price(p), parse_size(s)) for p, s in event["msg"].get("yes_dollars_fp", ())]
        asks = [(10_000 - parse_price(p), parse_size(s)) for p, s in event["msg"].get("no_dollars_fp", ())]
        book.snapshot(bids, asks)
    elif event["type"] == "orderbook_delta":
        book.apply(*_level(book.instrument, event["msg"]))


def _level(market: Instrument, message: dict[str, str]) -> tuple[int, int, int]:
    price, change = market.parse_price(message["price_dollars"]), market.parse_size(message["delta_fp"])
    return (BID, price, change) if message["side"] == "yes" else (ASK, 10_000 - price, change)


def instrument(path: Path | None) -> Instrument:
    """The market of a captured feed, or of the stairs."""
    return bench_instrument(_recorded(path)[0][1]["msg"]["market_ticker"] if path else SYMBOL)


@lru_cache(maxsize=1)
def _recorded(path: Path) -> list[tuple[int, Event]]:
    """Return (recv_ms, event) from the first snapshot on."""
    with gzip.open(path, "rt") as lines:
        recorded = [(line["recv_ms"], line["event"]) for line in map(json.loads, lines)]
    return list(dropwhile(lambda one: one[1]["type"] != "orderbook_snapshot", recorded))


def _script(snapshot: Event, events: list[Event], instrument: Instrument) -> Script:
    """Number the frames and work out, on a book of our own, which order each one provokes."""
    greeting = [
        text_frame(
            json.dumps({"id": 1, "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": SID}}).encode()
        ),
        text_frame(_text(snapshot, FIRST_SEQ - 1)),
    ]
    book = Book(instrument)
    apply(book, snapshot)
    frames, seq_at, is_due, asks = [], [], [], []
    for number, event in enumerate(events):
        before = book.best_ask
        apply(book, event)
        frame = text_frame(_text(event, FIRST_SEQ + number))
        frames.append(frame)
        seq_at.append(frame.index(b'"seq":%d' % (FIRST_SEQ + number)) + len(b'"seq":'))
        is_due.append(book.best_ask != before and NO_ASK not in (before, book.best_ask))
        asks.append(book.best_ask)
    return Script(frames, seq_at, is_due, asks, greeting, FIRST_SEQ)


def _text(event: Event, seq: int) -> bytes:
    event = event | {"sid": SID, "seq": seq}
    return json.dumps(event, separators=(",", ":")).encode()


def _snapshot(bids: dict[int, int], asks: dict[int, int]) -> Event:
    def levels(ladder: dict[int, int]) -> list[list[str]]:
        return [[f"0.{price:04d}", f"{size / 100:.2f}"] for price, size in sorted(ladder.items())]

    message = {
        "market_ticker": SYMBOL,
        "market_id": MARKET_ID,
        "yes_dollars_fp": levels(bids),
        "no_dollars_fp": levels({10_000 - price: size for price, size in asks.items()}),
    }
    return {"type": "orderbook_snapshot", "msg": message}


def _ask_delta(price: int, change: int) -> Event:
    message = {
        "market_ticker": SYMBOL,
        "market_id": MARKET_ID,
        "price_dollars": f"0.{10_000 - price:04d}",
        "delta_fp": f"{change / 100:.2f}",
        "side": "no",
        "ts": "2026-11-23T14:30:02.099000Z",
        "ts_ms": 1_795_444_202_099,
    }
    return {"type": "orderbook_delta", "msg": message}
