"""Market-data frames for `tick`, each with the order it must provoke: stairs of the best price, or a captured feed.

The rule of the measured strategy (`engine.strategies.taker`): each move of a best price is answered by one
immediate-or-cancel order at that price: a moved ask is bought, a moved bid is sold.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from bench.venue import Script
from bench.websocket import text_frame
from engine.book import ASK, BID, MOVED, NO_ASK, NO_BID, Book
from engine.instrument import Instrument, PriceBand

SYMBOL = "KXBENCH-26DEC01-T1"
MARKET_ID = "00000000-0000-4000-8000-000000000001"
FIRST_SEQ = 1_000_000_000  # ten digits from the first frame to the last
SID = 1
STAIRS = 20
BUY, SELL = ord("1"), ord("2")


def bench_instrument(symbol: str = SYMBOL) -> Instrument:
    return Instrument(symbol, 0, (PriceBand(0, 10_000, 100),), event="KXBENCH-26DEC01")


def stairs() -> Script:
    """The ask climbs and falls twenty steps, then the bid falls and climbs: every frame moves one best price."""
    asks = [5100 + 100 * step for step in range(STAIRS + 1)]
    bids = [4900 - 100 * step for step in range(STAIRS + 1)]
    moves: list[tuple[str, int, int]] = []  # side of the ladder, price of the level, size change
    moves += [("ask", price, -1000) for price in asks[:-1]] + [("ask", price, 1000) for price in reversed(asks[:-1])]
    moves += [("bid", price, -1000) for price in bids[:-1]] + [("bid", price, 1000) for price in reversed(bids[:-1])]
    snapshot = _snapshot({price: 1000 for price in bids}, {price: 1000 for price in asks})
    events = [_delta(ladder, price, change) for ladder, price, change in moves]
    return _script(snapshot, events, bench_instrument())


def captured(path: Path, most: int) -> Script:
    """The first `most` frames of a captured feed, in order; not repeated, so `most` is also the longest run."""
    frames = _captured_events(path)
    first = next(event for event in frames if event["type"] == "orderbook_snapshot")
    events = [event for event, _ in zip(frames, range(most), strict=False)]
    return _script(first, events, bench_instrument(first["msg"]["market_ticker"]))


def captured_times_ns(path: Path) -> list[int]:
    """When each frame after the first snapshot was received, in ns."""
    with gzip.open(path, "rt") as lines:
        return [json.loads(line)["recv_ms"] * 1_000_000 for line in lines]


def _captured_events(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield json.loads(line)["event"]


def _script(snapshot: dict, events: list[dict], instrument: Instrument) -> Script:
    """Number the frames and work out, on a book of our own, which order each one provokes."""
    greeting = [
        text_frame(
            json.dumps({"id": 1, "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": SID}}).encode()
        ),
        text_frame(_text(snapshot, FIRST_SEQ - 1)),
    ]
    book = Book(instrument)
    _apply(book, snapshot)
    frames, seq_at, sides, prices = [], [], [], []
    for number, event in enumerate(events):
        before = book.best_bid, book.best_ask
        moved = _apply(book, event)
        side, price = _expected_order(before, (book.best_bid, book.best_ask)) if moved else (0, 0)
        frame = text_frame(_text(event, FIRST_SEQ + number))
        frames.append(frame)
        seq_at.append(frame.index(b'"seq":%d' % (FIRST_SEQ + number)) + len(b'"seq":'))
        sides.append(side)
        prices.append(price)
    return Script(frames, seq_at, sides, prices, greeting, FIRST_SEQ)


def _expected_order(before: tuple[int, int], after: tuple[int, int]) -> tuple[int, int]:
    """Side(54) and price of the taker's order; (0, 0) for none."""
    if NO_BID in (after[0], before[0]) or NO_ASK in (after[1], before[1]):
        return 0, 0
    if after[1] != before[1]:
        return BUY, after[1]
    if after[0] != before[0]:
        return SELL, after[0]
    return 0, 0


def _apply(book: Book, event: dict) -> bool:
    message, parse_price, parse_size = event["msg"], book.instrument.parse_price, book.instrument.parse_size
    if event["type"] == "orderbook_snapshot":
        bids = [(parse_price(p), parse_size(s)) for p, s in message.get("yes_dollars_fp", ())]
        asks = [(10_000 - parse_price(p), parse_size(s)) for p, s in message.get("no_dollars_fp", ())]
        return book.snapshot(bids, asks) == MOVED
    if event["type"] != "orderbook_delta":
        return False
    price, change = parse_price(message["price_dollars"]), parse_size(message["delta_fp"])
    side, price = (BID, price) if message["side"] == "yes" else (ASK, 10_000 - price)
    return book.apply(side, price, change) == MOVED


def _text(event: dict, seq: int) -> bytes:
    event = event | {"sid": SID, "seq": seq}
    return json.dumps(event, separators=(",", ":")).encode()


def _snapshot(bids: dict[int, int], asks: dict[int, int]) -> dict:
    def levels(ladder: dict[int, int]) -> list[list[str]]:
        return [[f"0.{price:04d}", f"{size / 100:.2f}"] for price, size in sorted(ladder.items())]

    message = {
        "market_ticker": SYMBOL,
        "market_id": MARKET_ID,
        "yes_dollars_fp": levels(bids),
        "no_dollars_fp": levels({10_000 - price: size for price, size in asks.items()}),
    }
    return {"type": "orderbook_snapshot", "msg": message}


def _delta(ladder: str, price: int, change: int) -> dict:
    message = {
        "market_ticker": SYMBOL,
        "market_id": MARKET_ID,
        "price_dollars": f"0.{price if ladder == 'bid' else 10_000 - price:04d}",
        "delta_fp": f"{change / 100:.2f}",
        "side": "yes" if ladder == "bid" else "no",
        "ts": "2026-11-23T14:30:02.099000Z",
        "ts_ms": 1_795_444_202_099,
    }
    return {"type": "orderbook_delta", "msg": message}
