"""What `fixlane data check` prints: a line for each market and day, the first findings by name, the rest as counts.

Errors  exit status 1 where anything is a fault; ConfigError for a folder without captures.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from engine.backtest.capture.frames import holds_captures
from engine.backtest.rows.checking import DAY_NS, FAULTS, Check, DataFinding, MarketDay
from engine.backtest.rows.polymarket.checking import check_tokens
from engine.backtest.rows.polymarket.frames import token_files
from engine.backtest.rows.quote_check import QuotesOfDay, check_quotes, quote_files
from engine.backtest.rows.row_check import check_rows

SHOWN = 20  # findings of each kind told by name
_NS = 10**9


def run(arguments: argparse.Namespace) -> int:
    """Check files of frames, or folders of rows; return 1 where anything is a fault."""
    found: list[DataFinding] = []
    told: dict[str, int] = {}

    def hear(finding: DataFinding) -> None:
        """Keep and name the first ones of each kind."""
        told[finding.what] = told.get(finding.what, 0) + 1
        if told[finding.what] <= SHOWN:
            found.append(finding)
            if not arguments.json:
                print(_line(finding), file=sys.stderr)

    quotes = quote_files(arguments.paths)
    of_quotes = [day for path in quotes for day in check_quotes(path, hear)]
    tables, frames = _apart([path for path in arguments.paths if not quote_files([path])])
    for table in tables:
        check_rows(table, hear)
    tokens = token_files(frames)
    days: list[MarketDay] = check_tokens(tokens, hear)
    if frames := without(frames, tokens):
        days += list(Check(frames, not arguments.filtered, hear).days.values())
    is_faulty = not FAULTS.isdisjoint(told)
    if arguments.json:
        quoted = [{**msgspec.to_builtins(each), "day": _date(each.day)} for each in of_quotes]
        print(msgspec.json.encode({**_all(days, found, told, is_faulty), "quotes": quoted}).decode())
    else:
        for each in sorted(of_quotes, key=lambda each: (each.day, each.market)):
            print(_of_quotes(each))
        for text in _lines(days, told):
            print(text)
    return int(is_faulty)


def without(paths: list[Path], tokens: list[Path]) -> list[Path]:
    """Return the paths that hold more than these files of frames by tokens."""
    folders = {path.parent for path in tokens}
    left = [path for path in paths if path not in tokens]
    return [path for path in left if path not in folders or holds_captures(path)]


def _apart(paths: list[Path]) -> tuple[list[Path], list[Path]]:
    """Return tables of rows, and what holds frames."""
    tables = [path for path in paths if path.suffix == ".parquet"]
    tables += [path for folder in paths if folder.is_dir() for path in sorted(folder.glob("*/depth/*.parquet"))]
    holders = [folder for folder in paths if folder.is_dir() and any(folder.glob("*/depth/*.parquet"))]
    return tables, [path for path in paths if path.suffix != ".parquet" and path not in holders]


def _all(days: list[MarketDay], found: list[DataFinding], told: dict[str, int], is_faulty: bool) -> dict[str, object]:
    shown = [{**msgspec.to_builtins(each), "day": _date(each.day)} for each in days]
    return {"days": shown, "findings": found, "counts": told, "is_faulty": is_faulty}


def _lines(days: list[MarketDay], told: dict[str, int]) -> list[str]:
    lines = [_of_day(each) for each in sorted(days, key=lambda each: (each.day, each.market))]
    for what, count in sorted(told.items()):
        lines.append(f"{'fault' if what in FAULTS else 'note'}: {what} {count}")
    return [*lines, "faults were found" if not FAULTS.isdisjoint(told) else "no faults"]


def _of_day(day: MarketDay) -> str:
    skew = ""
    if day.least_skew_ns is not None and day.most_skew_ns is not None:
        skew = f", heard {day.least_skew_ns / 1e6:.0f} to {day.most_skew_ns / 1e6:.0f} ms after the venue's stamps"
    odd = "".join(f", {what} {count}" for what, count in sorted(day.found.items()))
    return (
        f"{_date(day.day)} {day.market}: {day.deltas} deltas, {day.trades} trades, {day.snapshots} snapshots, "
        f"silent for {day.longest_silence_ns / _NS:.1f} s at most, stale {day.stale_ns / _NS:.1f} s, "
        f"crossed {day.crossed_frames} times {day.crossed_ns / 1e6:.0f} ms{skew}{odd}"
    )


def _of_quotes(day: QuotesOfDay) -> str:
    counts = ", ".join(
        f"{name} {getattr(day, name)}"
        for name in ("repeated", "duplicates", "crossed", "locked", "without_bid", "without_ask")
    )
    times = f"silent for {day.silence_ns / _NS:.1f} s at most, unchanged for {day.unchanged_ns / _NS:.1f} s"
    return f"{_date(day.day)} {day.market}: {day.quotes} quotes, {counts}, {times}"


def _line(finding: DataFinding) -> str:
    where = f"{finding.file} line {finding.line}" if finding.line else finding.file
    return f"{where}: {finding.what}{' of ' + finding.market if finding.market else ''}: {finding.text}"


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_NS // _NS, UTC).date().isoformat()
