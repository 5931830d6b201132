"""A small day of markets made by chance, as files that a recorder could have written: something to run on at once.

The fair price of each market walks a cent at a time, takers walk with it, and the market pays one or nothing by the
odds of its last price: nobody can foretell it, and whoever quotes is picked off. The same seed gives the same bytes.

Units   prices in cents, sizes in contracts, times in ms since 1970.
Errors  OSError for a folder that cannot be written.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

BEGIN_MS = 1_796_115_600_000  # 2026-12-01 09:00 UTC
LONG_MS = 900_000
MARKETS = 8
SERIES = "GENERATED15M"
DEPTH = 5
PAUSES_MS = (2, 5, 11, 40, 250, 900, 1_900)  # what happens comes in bursts


def write_day(folder: Path, seed: int = 1, markets: int = MARKETS) -> list[Path]:
    """Write the markets of a day and their events into `folder`; return the captures."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(markets):
        market = _Market(f"{SERIES}-{number:02}", BEGIN_MS + number * LONG_MS, Random(f"{seed}/{number}"))
        paths.append(market.write(folder))
    return paths


class _Market:
    """One market from its first frame to its result."""

    def __init__(self, event: str, begin_ms: int, random: Random) -> None:
        self._event, self._symbol = event, f"{event}-T1"
        self._random = random
        self._begin_ms = self._now_ms = begin_ms
        self._lines: list[str] = []
        self._fair = random.randrange(35, 66)
        self._bids = {self._fair - step: self._size() for step in range(1, DEPTH + 1)}
        self._asks = {self._fair + step: self._size() for step in range(1, DEPTH + 1)}

    def write(self, folder: Path) -> Path:
        """Write both files; return the capture."""
        self._snapshot()
        while self._now_ms < self._begin_ms + LONG_MS:
            self._now_ms += self._random.choice(PAUSES_MS)
            self._step()
        path = folder / f"{self._symbol}.ndjson"
        path.write_text("\n".join(self._lines) + "\n")
        (folder / f"{self._event}.event.json").write_text(json.dumps(self._facts(), indent=1) + "\n")
        return path

    def _step(self) -> None:
        chance = self._random.random()
        is_up = self._random.random() < 0.5
        if chance < 0.03 and DEPTH + 1 < self._fair < 100 - DEPTH - 1:
            self._walk(is_up)
        elif chance < 0.25:
            self._take(is_up, self._random.randrange(1, 30))
        else:
            self._change(is_up)

    def _walk(self, is_up: bool) -> None:
        """Take the best level whole, and stand a cent further on."""
        self._take(is_up, 10_000)
        before, self._fair = self._fair, self._fair + (1 if is_up else -1)
        taken, behind = (self._asks, self._bids) if is_up else (self._bids, self._asks)
        step = 1 if is_up else -1
        self._set(is_up, before + step * (DEPTH + 1), self._size())
        if (gone := before - step * DEPTH) in behind:
            self._set(not is_up, gone, 0)
        self._set(not is_up, before, self._size())
        assert before + step not in taken

    def _take(self, is_up: bool, qty: int) -> None:
        """Trade against the best level, which decreases by as much."""
        levels = self._asks if is_up else self._bids
        price = min(levels) if is_up else max(levels)
        qty = min(qty, levels[price] if qty >= 10_000 else levels[price] - 1)
        if qty <= 0:
            return
        side = "yes" if is_up else "no"
        trade = {"yes_price_dollars": _dollars(price), "count_fp": f"{qty}.00", "taker_outcome_side": side}
        self._say("trade", trade)
        self._set(is_up, price, levels[price] - qty)

    def _change(self, is_ask: bool) -> None:
        """Have somebody add to a level, or cancel a part of it."""
        levels = self._asks if is_ask else self._bids
        price = self._random.choice(sorted(levels))
        change = self._random.randrange(1, 40)
        shrinks = self._random.random() < 0.5 and levels[price] > change
        self._set(is_ask, price, levels[price] + (-change if shrinks else change))

    def _set(self, is_ask: bool, price: int, size: int) -> None:
        levels = self._asks if is_ask else self._bids
        change = size - levels.get(price, 0)
        if size:
            levels[price] = size
        else:
            levels.pop(price, None)
        shown = 100 - price if is_ask else price
        side = "no" if is_ask else "yes"
        self._say("orderbook_delta", {"side": side, "price_dollars": _dollars(shown), "delta_fp": f"{change}.00"})

    def _snapshot(self) -> None:
        bids = [[_dollars(price), f"{size}.00"] for price, size in sorted(self._bids.items())]
        asks = [[_dollars(100 - price), f"{size}.00"] for price, size in sorted(self._asks.items())]
        self._say("orderbook_snapshot", {"yes_dollars_fp": bids, "no_dollars_fp": asks})

    def _say(self, kind: str, message: dict[str, Any]) -> None:
        whole = {"market_ticker": self._symbol, **message, "ts_ms": self._now_ms - 20}
        event = {"type": kind, "sid": 1, "seq": len(self._lines) + 1, "msg": whole}
        self._lines.append(json.dumps({"recv_ms": self._now_ms, "event": event}))

    def _size(self) -> int:
        return self._random.randrange(20, 200)

    def _facts(self) -> dict[str, Any]:
        is_yes = self._random.randrange(100) < self._fair
        market = {
            "ticker": self._symbol,
            "event_ticker": self._event,
            "open_time": _time(self._begin_ms),
            "close_time": _time(self._begin_ms + LONG_MS),
            "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
            "result": "yes" if is_yes else "no",
            "settlement_value_dollars": "1.0000" if is_yes else "0.0000",
        }
        event = {"event_ticker": self._event, "series_ticker": SERIES}
        return {"response": {"event": event, "markets": [market]}}


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}00"


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
