"""What `fixlane history` does: a client, a bar, a summary.

Errors  ConfigError for a period that is none; RestError where the venue fails: the same command goes on from there.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from rich.progress import Progress

from engine.app.venues.connection import connected, section_of
from engine.errors import ConfigError
from engine.net.rest.client import RestClient

try:
    from engine.app.data.history.kalshi import KalshiHistory, WantedHistory
except ModuleNotFoundError as error:
    raise ConfigError(f"fixlane history wants {error.name}: pip install 'fixlane[history]'") from None

_NS = 10**9
_PLAIN_S = 5.0  # between lines where nobody looks


def run(arguments: argparse.Namespace) -> int:
    """Fetch each series; print what is new."""
    if arguments.venue != "kalshi":
        raise ConfigError(f'VENUE: the past of "{arguments.venue}" cannot be fetched: kalshi\'s can')
    from_ns, to_ns = begin_ns(arguments.begin), begin_ns(arguments.end) if arguments.end else time.time_ns()
    if from_ns >= to_ns:
        raise ConfigError(f"--to {arguments.end} must be after --from {arguments.begin}")
    totals: dict[str, int] = {}

    async def work(client: RestClient) -> None:
        """Fetch one series after the other."""
        for series in arguments.series:
            with stepping(series) as step:
                history = KalshiHistory(client, arguments.out, time.time_ns, step)
                await history.fetch(WantedHistory(series, from_ns, to_ns, arguments.minutes))
            for name, count in history.counts.items():
                totals[name] = totals.get(name, 0) + count

    connected(section_of(arguments), work)
    print("new: " + ", ".join(f"{count} {name}" for name, count in totals.items()))
    return 0


def begin_ns(text: str) -> int:
    """Return when a day begins in UTC."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f'"{text}" is no day: write 2026-11-28') from None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * _NS


@contextmanager
def stepping(series: str) -> Iterator[Callable[[int, int, str], object]]:
    """Give what shows how far it is: a bar on a terminal, else a line now and then."""
    if sys.stderr.isatty():
        from rich.console import Console

        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(series)
            yield lambda done, of, market: bar.update(task, completed=done, total=of, description=market or series)
        return
    told_s = 0.0

    def plain(done: int, of: int, market: str) -> None:
        """Print a line, not too often."""
        nonlocal told_s
        if done == of or time.monotonic() - told_s > _PLAIN_S:
            told_s = time.monotonic()
            print(f"{series}: {done} of {of} markets", file=sys.stderr, flush=True)

    yield plain
