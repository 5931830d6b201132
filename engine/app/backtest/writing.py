"""A result for people: lines for the terminal, and a folder of files.

Errors  ConfigError for a folder that cannot be written; a package that is missing leaves its file out, and is named.
"""

from collections.abc import Iterator
from pathlib import Path

from engine.backtest.own.again import FillsAgain
from engine.backtest.results.page import page_of
from engine.backtest.results.result import Result
from engine.backtest.results.tables import write_tables
from engine.errors import ConfigError

_MONEY = ("pnl", "settled", "marked", "fees", "cash", "notional")
_COUNTS = ("orders", "fills", "refused", "open_at_end")


def show(result: Result) -> Iterator[str]:
    """Yield the figures that a person looks for first, then what to know before believing them."""
    told = result.summary
    unit = 10 ** told["money_decimals"]
    for name in _MONEY:
        yield f"{name:<16}{told[name] / unit:,.2f}"
    for name in _COUNTS:
        yield f"{name:<16}{told[name]:,}"
    for name, each in told["by_strategy"].items():
        fees = f"fees {each['fees'] / unit:,.2f}"
        yield f"{name or 'of nobody':<16}{each['pnl'] / unit:,.2f}, {each['fills']:,} fills, {fees}"
    for name, value in result.honesty.sensitivity.items():
        yield f"with {name}: {value / unit:,.2f}"
    for name, value in result.honesty.queue_extremes.items():
        yield f"with queue {name}: {value / unit:,.2f}"
    yield from _again(result.honesty.again)
    for text in result.honesty.warnings:
        yield f"warning: {text}"


def _again(found: FillsAgain | None) -> Iterator[str]:
    """Yield how the fills compare to those that we had live, and why they differ."""
    if found is None:
        return
    yield f"live fills again {found.equal} of {found.live}, {found.share:.1%} of all {found.union} of both runs"
    for whose, causes in (("live", found.only_live), ("here", found.only_again)):
        for cause, count in causes.items():
            yield f"only {whose:<10} {count:>5}  {cause}"


def write(result: Result, folder: Path | None, title: str) -> Iterator[str]:
    """Write everything into `folder`; yield a line for each file, or for why it is not there."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {folder}: {error.strerror}: name a folder that can be written") from None
    path = folder / "result.json"
    path.write_bytes(result.as_json())
    yield f"wrote {path}"
    try:
        for table in write_tables(result, folder):
            yield f"wrote {table}"
    except ConfigError as error:
        yield f"left out: {error}"
    try:
        page = folder / "report.html"
        page.write_text(page_of(result, title), encoding="utf-8")
        yield f"wrote {page}"
    except ConfigError as error:
        yield f"left out: {error}"
