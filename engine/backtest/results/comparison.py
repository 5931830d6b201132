"""Two results side by side: every figure of either, their difference, and what makes them hard to compare.

Units   as the results have them; a table for people shows money in the account's currency.
Errors  ConfigError names the file that is no result of a backtest, and what to do.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine.backtest.results.charts import overlay
from engine.backtest.results.page import page_environment
from engine.backtest.results.result import SCHEMA
from engine.errors import ConfigError

FILE = "result.json"
MONEY = frozenset(
    ("pnl", "settled", "marked", "fees", "cash", "notional", "money", "expectancy", "expectancy_error")
    + ("pnl_without_best_event", "pnl_without_best_day")
)
MONEY_TABLES = ("by_", "honesty.sensitivity", "honesty.queue_extremes")
TWICE = frozenset(("attribution.capture2", "attribution.drift2", "attribution.final2", "attribution.fees2"))
_ROWS = frozenset(("markets", "coverage", "round_trips", "trades", "days", "equity", "bins", "schema"))
_SPAN = ("from_ns", "to_ns")


class ComparedFigure(NamedTuple):
    """One figure of both; None where one does not say it. `unit` is what a person divides by."""

    name: str
    one: float | str | None
    other: float | str | None
    unit: int

    @property
    def difference(self) -> float | None:
        """Return by how much the other is more; None unless both are numbers."""
        if isinstance(self.one, str | None) or isinstance(self.other, str | None):
            return None
        return self.other - self.one


class ComparedResults(NamedTuple):
    """The figures, and what to know before they are compared."""

    figures: list[ComparedFigure]
    warnings: list[str]

    def as_json(self) -> bytes:
        """Return it as indented JSON: figures as the results have them."""
        figures = {each.name: [each.one, each.other, each.difference] for each in self.figures}
        return (
            msgspec.json.format(msgspec.json.encode({"figures": figures, "warnings": self.warnings}), indent=1) + b"\n"
        )


def read_result(path: Path) -> dict[str, Any]:
    """Return the result in a file, or in the folder that `--out` named."""
    file = path / FILE if path.is_dir() else path
    told = read_json(file)
    if not isinstance(told, dict) or "honesty" not in told:
        raise ConfigError(f"{file} is no result of a backtest: name a folder of --out, or a file of --json")
    if told.get("schema", 0) > SCHEMA:
        raise ConfigError(f"{file} has schema {told['schema']}, newer than {SCHEMA}: compare it with a newer Fixlane")
    return told


def read_json(file: Path) -> Any:
    """Return what a file of JSON says."""
    try:
        return msgspec.json.decode(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"{file} is not JSON: {error}") from None


def compare(one: Mapping[str, Any], other: Mapping[str, Any]) -> ComparedResults:
    """Return the comparison of two results."""
    first, second = dict(_leaves(one, "")), dict(_leaves(other, ""))
    names = [*first, *(name for name in second if name not in first)]
    unit = 10 ** one["money_decimals"]
    figures = [ComparedFigure(name, first.get(name), second.get(name), _unit(name, unit)) for name in names]
    return ComparedResults(figures, list(_warnings(one, other)))


def comparison_page(one: Mapping[str, Any], other: Mapping[str, Any], names: tuple[str, str]) -> str:
    """Return both as one page: their equity in one picture, and every figure."""
    unit = 10 ** one["money_decimals"]
    lines = [[(now_ns, pnl / 10 ** each["money_decimals"]) for now_ns, pnl in each["equity"]] for each in (one, other)]
    template = page_environment(one["money_decimals"]).from_string(
        (files("engine.backtest.results") / "compare.html").read_text()
    )
    page: str = template.render(
        style=(files("engine.backtest.results") / "page.css").read_text(),
        names=names,
        picture=overlay(lines, "profit and loss of both"),
        rows=[shown(each) for each in compare(one, other).figures],
        warnings=compare(one, other).warnings,
        unit=unit,
    )
    return page


def shown(figure: ComparedFigure) -> tuple[str, str, str, str]:
    """Return a figure for people: its name, both, and the difference where there is one."""
    told = (_text(value, figure.unit) for value in (figure.one, figure.other, figure.difference))
    return figure.name, *told  # type: ignore[return-value]


def _text(value: float | str | None, unit: int) -> str:
    if value is None or isinstance(value, str):
        return "-" if value is None else value or '""'
    if unit > 1:
        return f"{value / unit:,.2f}"
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"


def _leaves(told: Mapping[str, Any], above: str) -> Iterator[tuple[str, float | str | None]]:
    """Yield each figure with its path; rows are left out."""
    for name, value in told.items():
        if name in _ROWS:
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        elif not isinstance(value, list):
            yield above + name, value


def _unit(name: str, unit: int) -> int:
    if name in TWICE or name.startswith("markouts.") and name.endswith(".money"):
        return 2 * unit
    is_money = name.rpartition(".")[2] in MONEY or name.startswith(MONEY_TABLES)
    return unit if is_money else 1


def _warnings(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    if any(one[name] != other[name] for name in _SPAN) or _data(one) != _data(other):
        yield "the data differ: a difference of the results is also one of the data"
    if one["money_decimals"] != other["money_decimals"]:
        yield "money_decimals differ: amounts are not of one unit"
    first, second = one["honesty"]["assumptions"], other["honesty"]["assumptions"]
    for text in first:
        if text not in second:
            yield f"only the first assumes: {text}"
    for text in second:
        if text not in first:
            yield f"only the second assumes: {text}"


def _data(told: Mapping[str, Any]) -> list[tuple[object, ...]]:
    return [tuple(row.get(name) for name in ("symbol", "frames", "trades", "volume")) for row in told["coverage"]]
