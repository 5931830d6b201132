"""What is asked of each figure of `fixlane bench backtest`, and how it stands to its peers in the same run.

Shapes  a promise is met at or above `must`, or at or below where less is better.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bench.report.results import Figures

MILLION, GIB = 1e6, 2.0**30


class Promise(NamedTuple):
    """One row: where its figure is, what it must be and should be, in `unit`s."""

    what: str
    run: str
    key: str
    must: float
    aim: float
    unit: float = 1.0
    sign: str = ""
    less_is_better: bool = False


PROMISES = (
    Promise("replay, both views", "replay", "rate", 40, 70, MILLION, " M/s"),
    Promise("compiled quoter", "quoter.power:1", "rate", 6.4, 12, MILLION, " M/s"),
    Promise("plain Python strategy, quoting", "plain.quoting", "rate", 3, 4, MILLION, " M/s"),
    Promise("one more set, compiled", "sets.16", "one_more", 25, 20, 0.01, " %", True),
    Promise("one more set, plain Python", "plain.sets", "one_more", 25, 20, 0.01, " %", True),
    Promise("16 sets, two cores over one", "sweep.16", "speedup", 1.8, 1.8, 1.0, " x"),
    Promise("1 000 markets, resident memory", "day.1000", "resident_bytes", 1, 1, GIB, " GiB", True),
    Promise("conversion of captures", "convert", "rate", 300, 300, 1e3, " k/s"),
)
RIVALS = (
    ("replay", "hftbacktest.replay"),
    ("replay", "nautilus_trader.replay"),
    ("quoter.power:1", "hftbacktest.quoting"),
    ("quoter.power:1", "nautilus_trader.quoting"),
    ("plain.looking", "hftbacktest.looking"),
    ("plain.looking", "nautilus_trader.looking"),
    ("plain.quoting", "hftbacktest.quoting"),
    ("plain.quoting", "nautilus_trader.quoting"),
)


def ratios(found: Mapping[str, Figures]) -> dict[str, float]:
    """Return how many times as fast each run is as its peers', where both were measured."""
    return {
        f"{ours} / {theirs}": found[ours]["rate"] / found[theirs]["rate"]
        for ours, theirs in RIVALS
        if "rate" in found.get(ours, {}) and "rate" in found.get(theirs, {})
    }


def lines(found: Mapping[str, Figures]) -> Iterator[str]:
    """Yield the ratios first, then each promise with its figure."""
    yield from (f"{name:<48}{value:>8.2f} x" for name, value in ratios(found).items())
    yield f"\n{'':<34}{'found':>12}{'must':>12}{'aim':>12}"
    for each in PROMISES:
        figure = found.get(each.run, {}).get(each.key)
        if figure is None:
            yield f"{each.what:<34}{'not measured':>12}"
            continue
        value = figure / each.unit
        is_met = value <= each.must if each.less_is_better else value >= each.must
        told = [f"{number:.4g}{each.sign}" for number in (value, each.must, each.aim)]
        yield f"{each.what:<34}{told[0]:>12}{told[1]:>12}{told[2]:>12}{'' if is_met else '  NOT MET'}"
