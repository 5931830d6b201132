"""What `fixlane data` does.

Errors  ConfigError and DecodeError name file and line; also where pyarrow is not installed.
"""

import argparse
import sys
from pathlib import Path

from engine.errors import ConfigError

try:
    from engine.app.data import checking
    from engine.backtest.rows.checking import DataFinding
    from engine.backtest.rows.convert import Day, convert
    from engine.backtest.rows.polymarket.convert import convert_tokens
    from engine.backtest.rows.polymarket.frames import token_files
    from engine.backtest.rows.quote_sets import convert_quotes, form_of
    from engine.backtest.rows.store import read_about, row_count
except ModuleNotFoundError as error:
    raise ConfigError(f"fixlane data wants {error.name}: pip install 'fixlane[history]'") from None

SHOWN = 20  # odd things told by name; the rest is counted


def run_convert(arguments: argparse.Namespace) -> int:
    """Write the rows of captured frames; name the first odd things, count all of them."""
    told: list[str] = []

    def hear(path: Path, line: int, what: str, text: str) -> None:
        """Name one odd thing."""
        if len(told) < SHOWN:
            told.append(what)
            print(f"{path} line {line}: {what}: {text}", file=sys.stderr)

    def hear_finding(finding: DataFinding) -> None:
        """Name one odd thing of frames whose books are told by tokens."""
        hear(Path(finding.file), finding.line, finding.what, finding.text)

    quotes = [path for path in arguments.paths if form_of(path) is not None]
    for quoted in convert_quotes(quotes, arguments.out):
        print(f"{quoted.path}: {quoted.rows} quotes, " + ", ".join(f"{n} {c}" for n, c in quoted.counts.items()))
    rest = [path for path in arguments.paths if path not in quotes]
    tokens = token_files(rest)
    for day in convert_tokens(tokens, arguments.out, hear_finding) if tokens else ():
        print(_of_day(day))
    frames = checking.without(rest, tokens)
    for day in convert(frames, arguments.out, not arguments.filtered, hear) if frames else ():
        print(_of_day(day))
    return 0


def _of_day(day: Day) -> str:
    return f"{day.path}: {day.rows} rows, " + ", ".join(f"{name} {count}" for name, count in day.counts.items())


def run_check(arguments: argparse.Namespace) -> int:
    """Say what is wrong with frames or rows."""
    return checking.run(arguments)


def run_list(arguments: argparse.Namespace) -> int:
    """Print each file of rows: how many rows, of which markets."""
    paths = sorted(path for kind in ("depth", "quotes") for path in arguments.directory.glob(f"*/{kind}/*.parquet"))
    if not paths:
        raise ConfigError(f"{arguments.directory} holds no rows: fixlane data convert writes */depth/*.parquet")
    for path in paths:
        print(f"{path}: {row_count(path)} rows of {' '.join(read_about(path).markets)}")
    return 0
