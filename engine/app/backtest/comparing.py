"""What `fixlane compare` does: two results of backtests side by side; those of the bench are the bench's to compare.

Errors  ConfigError for a file that is no result, and for two that are not of one kind.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from engine.app import plugins
from engine.backtest.results.comparison import (
    FILE,
    ComparedResults,
    compare,
    comparison_page,
    read_json,
    read_result,
    shown,
)
from engine.errors import ConfigError

WIDTHS = (44, 18, 18, 18)


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison, and write what is asked for."""
    if all(map(_is_of_bench, (arguments.old, arguments.new))):
        return plugins.run_theirs("compare", [str(arguments.old), str(arguments.new)])
    one, other = read_result(arguments.old), read_result(arguments.new)
    found = compare(one, other)
    if arguments.json:
        arguments.json.write_bytes(found.as_json())
    for line in table(found, only_differing=not arguments.all):
        print(line)
    if arguments.page:
        page = comparison_page(one, other, (str(arguments.old), str(arguments.new)))
        arguments.page.write_text(page, encoding="utf-8")
        print(f"wrote {arguments.page}")
    return 0


def table(found: ComparedResults, *, only_differing: bool) -> Iterator[str]:
    """Yield the lines of a table, and what to know before it is believed."""
    yield _line(("figure", "old", "new", "difference"))
    same = 0
    for figure in found.figures:
        if only_differing and figure.one == figure.other:
            same += 1
        else:
            yield _line(shown(figure))
    if only_differing:
        yield f"{same} figures are the same" + (" (--all shows them)" if same else "")
    for text in found.warnings:
        yield f"warning: {text}"


def _line(cells: tuple[str, str, str, str]) -> str:
    (name, *values), (first, *others) = cells, WIDTHS
    return f"{name:<{first}}" + "".join(f" {cell:>{width}}" for cell, width in zip(values, others, strict=True))


def _is_of_bench(path: Path) -> bool:
    """Return whether a file holds runs of the bench; one that cannot be read is an error here already."""
    file = path / FILE if path.is_dir() else path
    told = read_json(file)
    if not isinstance(told, dict):
        raise ConfigError(f"{file} is no result: name two of `fixlane backtest`, or two of `fixlane bench`")
    return "runs" in told and "honesty" not in told
