"""Days of quotes made by chance, in the form of a recorder that keeps the best prices alone: something to try on.

Each event has six markets of which one pays; prices know a little of it, the more the later. The same seed gives the
same quotes.

Units   prices 0.0001 dollars, times in ns since 1970.
Errors  OSError for a folder that cannot be written.
"""

import csv
from datetime import date, datetime, timedelta
from math import exp
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow
from pyarrow import parquet

MARKETS = 6
BEGIN = date(2026, 12, 1)
_ZONE = ZoneInfo("America/New_York")
_HOUR_S = 3_600
_OPEN_H = 38  # before the end of the event's day
_NAMES = ("market_ticker", "event_day", "result", "state")


def write_quote_days(folder: Path, days: int = 8, seed: int = 1, quotes: int = 120) -> list[Path]:
    """Write `days` files of about `quotes` a market, and what the markets paid; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    results: list[tuple[str, ...]] = []
    paths = []
    for number in range(days):
        day = BEGIN + timedelta(number)
        rows = _event(day, Random(f"{seed}/{number}"), quotes, results)
        paths.append(folder / f"{day}.parquet")
        kinds = pyarrow.int64(), pyarrow.string(), pyarrow.int32(), pyarrow.int32()
        names = "recv_ns", "market_ticker", "yes_bid", "yes_ask"
        table = pyarrow.Table.from_pylist(rows, pyarrow.schema(list(zip(names, kinds, strict=True))))
        parquet.write_table(table, paths[-1], compression="zstd")
    with (folder / "results.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([_NAMES, *results])
    return paths


def _event(day: date, random: Random, quotes: int, results: list[tuple[str, ...]]) -> list[dict[str, Any]]:
    """Return the quotes of one event in order of time, and add its results."""
    tickers = [f"GENERATEDHIGH-{day:%y%b%d}-B{30 + 2 * number}.5".upper() for number in range(MARKETS)]
    strengths = [random.random() for _ in tickers]
    winner = random.choices(range(MARKETS), [exp(3 * each) for each in strengths])[0]
    results += [(each, f"{day}", "yes" if place == winner else "no", "certain") for place, each in enumerate(tickers)]
    end_s = int(datetime(day.year, day.month, day.day, 23, 59, tzinfo=_ZONE).timestamp())
    rows = []
    for place, ticker in enumerate(tickers):
        for _ in range(quotes):
            before_s = random.randrange(60, _OPEN_H * _HOUR_S)
            known = 2.5 * (1 - before_s / (_OPEN_H * _HOUR_S))
            weights = [exp(3 * each + (known if other == winner else 0)) for other, each in enumerate(strengths)]
            fair = 100 * weights[place] / sum(weights) + random.gauss(0, 2)
            rows.append(_quote((end_s - before_s) * 10**9 + random.randrange(10**9), ticker, round(fair), random))
    return sorted(rows, key=lambda row: (row["recv_ns"], row["market_ticker"]))


def _quote(time_ns: int, ticker: str, fair: int, random: Random) -> dict[str, Any]:
    fair = min(max(fair, 1), 99)
    bid, ask = fair - random.randrange(1, 3), fair + random.randrange(1, 3)
    return {
        "recv_ns": time_ns,
        "market_ticker": ticker,
        "yes_bid": 100 * bid if bid > 0 else None,
        "yes_ask": 100 * ask if ask < 100 else None,
    }
