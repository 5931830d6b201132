"""Rows as a table for people, as JSON or as CSV: every number in decimals, exactly as the venue counts it.

Shapes  a table has as many columns as its head; names and titles are cut to the terminal, numbers never.
"""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from engine._decimal import format_decimal

PRICE_DECIMALS, SIZE_DECIMALS, MONEY_DECIMALS = 4, 2, 6

_GAP = 2  # between columns
_LEAST = 8  # of a text that is cut

Value = str | int | bool | None


class Column(NamedTuple):
    """One column: whether it is of numbers, which stand right and are never cut, or left out of tables for people."""

    name: str
    is_number: bool = False
    is_detail: bool = False


class Rows(NamedTuple):
    """A list of things that are alike."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Value]]

    def objects(self) -> list[dict[str, Value]]:
        """Return each row by the names of its columns."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def show(parts: Mapping[str, Rows], form: str | None) -> None:
    """Print each part under its name; of a single one the name is left out. CSV takes a single one."""
    if form == "json":
        found = {name: rows.objects() for name, rows in parts.items()}
        print(json.dumps(found if len(found) > 1 else next(iter(found.values())), indent=1, ensure_ascii=False))
    elif form == "csv":
        (rows,) = parts.values()
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([column.name for column in rows.columns])
        writer.writerows(["" if value is None else value for value in row] for row in rows.rows)
    else:
        for name, rows in parts.items():
            _print_table(name if len(parts) > 1 else "", rows)


def _print_table(name: str, rows: Rows) -> None:
    """Print a table as wide as its content; to a terminal as wide as that, at the cost of its longest texts."""
    table = Table(title=name or None, title_justify="left", box=None, pad_edge=False)
    shown = [place for place, column in enumerate(rows.columns) if not column.is_detail]
    columns = [rows.columns[place] for place in shown]
    cells = [["" if row[place] is None else _printable(str(row[place])) for place in shown] for row in rows.rows]
    widths = [max([len(column.name), *(len(row[at]) for row in cells)]) for at, column in enumerate(columns)]
    console = Console(highlight=False, markup=False)
    if console.is_terminal:
        widths = _narrowed(columns, widths, console.width - _GAP * len(columns))
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column.name, justify="right" if column.is_number else "left", min_width=width, no_wrap=True)
    for row in cells:
        table.add_row(*(_cut(cell, width) for cell, width in zip(row, widths, strict=True)))
    console.width = max(sum(widths) + _GAP * len(columns), len(name), 1)
    console.print(table)


def _narrowed(columns: Sequence[Column], widths: list[int], room: int) -> list[int]:
    """Return widths that fit, the longest texts cut first; numbers and the first column stay whole."""
    widths = list(widths)
    texts = [at for at, column in enumerate(columns) if at and not column.is_number]
    while sum(widths) > room and texts and max(widths[at] for at in texts) > _LEAST:
        widest = max(texts, key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def price(value: int) -> str | None:
    """Return a price in dollars; None where there is none."""
    return None if value < 0 else format_decimal(value, PRICE_DECIMALS)


def size(value: int) -> str:
    """Return a number of contracts."""
    return format_decimal(value, SIZE_DECIMALS)


def money(value: int) -> str:
    """Return an amount in dollars."""
    return format_decimal(value, MONEY_DECIMALS)


def moment(ns: int) -> str | None:
    """Return a time in UTC, to the second; None where there is none."""
    if not ns:
        return None
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _printable(text: str) -> str:
    """Return a counterparty's text without what would act on a terminal."""
    return "".join(each if each.isprintable() else " " for each in text)
