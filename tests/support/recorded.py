"""Recordings written by a test: one market, a snapshot, and whatever moves after it."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random

MS = 1_000_000
BEGAN_MS = 1_796_137_200_000
BEHIND_MS = 20  # how long after a level moved its frame is heard


class Recording:
    """Frames of one market as a recorder writes them; times in ms after the beginning."""

    def __init__(self, symbol: str = "RAIN") -> None:
        self.symbol = symbol
        self.lines: list[str] = []
        self.seq = 0

    def snapshot(self, at_ms: int, bids: dict[int, int], asks: dict[int, int]) -> None:
        """Show whole levels: prices in cents, sizes in contracts."""
        levels = {"yes_dollars_fp": _levels(bids), "no_dollars_fp": _levels({100 - p: q for p, q in asks.items()})}
        self._add(at_ms, "orderbook_snapshot", levels)

    def level(self, at_ms: int, side: str, price: int, change: int) -> None:
        """Move a level of the YES book by so many contracts."""
        no = side == "ask"
        self._add(
            at_ms,
            "orderbook_delta",
            {
                "side": "no" if no else "yes",
                "price_dollars": f"{(100 - price if no else price) / 100:.4f}",
                "delta_fp": f"{change:.2f}",
                "ts_ms": BEGAN_MS + at_ms - BEHIND_MS,
            },
        )

    def trade(self, at_ms: int, taker: str, price: int, count: int) -> None:
        """Trade against what rests; its decrease is a level of its own."""
        message = {
            "yes_price_dollars": f"{price / 100:.4f}",
            "count_fp": f"{count:.2f}",
            "taker_outcome_side": taker,
            "ts_ms": BEGAN_MS + at_ms - BEHIND_MS,
        }
        self._add(at_ms, "trade", message)

    def _add(self, at_ms: int, kind: str, message: Mapping[str, object]) -> None:
        self.seq += 1
        event = {"type": kind, "sid": 1, "seq": self.seq, "msg": {"market_ticker": self.symbol, **message}}
        self.lines.append(json.dumps({"recv_ms": BEGAN_MS + at_ms, "event": event}))

    def write(self, directory: Path) -> Path:
        """Write the file, named after the market."""
        path = directory / f"{self.symbol}.ndjson"
        path.write_text("\n".join(self.lines) + "\n")
        return path


def wandering(seed: int, moves: int = 400, symbol: str = "RAIN") -> Recording:
    """Return a recording whose levels grow, shrink and trade at random, five cents on each side of 50."""
    random = Random(seed)
    recording = Recording(symbol)
    books = {"bid": {price: 50 for price in range(45, 50)}, "ask": {price: 50 for price in range(51, 56)}}
    recording.snapshot(0, books["bid"], books["ask"])
    for number in range(1, moves):
        at_ms = number * 50
        side = random.choice(("bid", "ask"))
        price = random.choice(sorted(books[side]))
        best = max(books["bid"]) if side == "bid" else min(books["ask"])
        change = random.randrange(1, 30)
        if random.random() < 0.4 and books[side][best] > change:
            recording.trade(at_ms, "no" if side == "bid" else "yes", best, change)
            recording.level(at_ms, side, best, -change)
            books[side][best] -= change
        elif random.random() < 0.5 and books[side][price] > change:
            recording.level(at_ms, side, price, -change)
            books[side][price] -= change
        else:
            recording.level(at_ms, side, price, change)
            books[side][price] += change
    return recording


def _levels(levels: dict[int, int]) -> list[list[str]]:
    return [[f"{price / 100:.4f}", f"{size:.2f}"] for price, size in sorted(levels.items())]
