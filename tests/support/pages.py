"""The pages of the documentation as data: their tables, their code, their links."""

import re
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from engine.risk.limits import AS_FILED
from engine.units import NO_LIMIT, Unit
from tests.support.places import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md")])

_UNITS = {
    Unit.TIME_OF_DAY: "time of day",
    Unit.SIZE: "contracts",
    Unit.PRICE: "dollars",
    Unit.MONEY: "dollars",
    Unit.DURATION: "duration",
}
_PLAIN = {int: "integer", float: "number", str: "text", bool: "boolean", Path: "path"}


def page(name: str) -> str:
    """Return the text of one page of `docs/`."""
    return (DOCS / name).read_text()


def tables(text: str) -> list[list[list[str]]]:
    """Return every table as its rows of cells, the header first, backticks around a whole cell taken off."""
    found: list[list[list[str]]] = []
    last = -2
    for number, line in enumerate(text.splitlines()):
        if not line.startswith("|"):
            continue
        if number != last + 1:
            found.append([])
        last = number
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]
        if not all(re.fullmatch(":?-+:?", cell) for cell in cells):
            found[-1].append([_bare(cell) for cell in cells])
    return found


def rows(text: str, *header: str) -> list[list[str]]:
    """Return the rows of all tables whose header begins with these cells."""
    return [row for table in tables(text) if table[0][: len(header)] == list(header) for row in table[1:]]


def section(text: str, heading: str) -> str:
    """Return what stands under one heading, down to the next of its level or above."""
    level = heading.split(" ")[0]
    _, found, rest = f"\n{text}".partition(f"\n{heading}\n")
    assert found, f"no heading {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def code(text: str, language: str) -> list[str]:
    """Return every fenced block of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def links(text: str) -> list[str]:
    """Return every target of a link that leads to a file."""
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not target.startswith("http")]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def keys_of(struct: type[msgspec.Struct]) -> dict[str, tuple[str, str]]:
    """Return the keys of a table of the configuration: what each takes, and its default in the words of the pages."""
    return {
        field.encode_name: (kind_of(field.type), _default(field))
        for field in msgspec.structs.fields(struct)
        if not _is_table(field.type)
    }


def kind_of(annotation: Any) -> str:
    """Return what a key takes, in the words of the pages."""
    arguments = get_args(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        nothing = ['"none"'] if type(None) in arguments else []
        return " or ".join([*(kind_of(each) for each in arguments if each is not type(None)), *nothing])
    unit = next((each for each in arguments if isinstance(each, Unit)), None)
    if unit is not None:
        return _UNITS.get(unit, "integer") + (' or "none"' if NO_LIMIT in arguments else "")
    if get_origin(annotation) is Literal:
        return " or ".join(f'"{each}"' for each in arguments)
    if get_origin(annotation) in (tuple, list):
        return "list of " + ("tables" if _is_table(arguments[0]) else kind_of(arguments[0]))
    if get_origin(annotation) is dict:
        return "table"
    return _PLAIN[arguments[0] if arguments else annotation]


def _is_table(annotation: Any) -> bool:
    candidates = [each for each in get_args(annotation) or (annotation,) if each is not type(None)]
    return isinstance(candidates[0], type) and issubclass(candidates[0], msgspec.Struct) and not _is_list(annotation)


def _is_list(annotation: Any) -> bool:
    kinds = [annotation, *get_args(annotation)]
    return any(get_origin(kind) in (tuple, list) for kind in kinds)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if value is None or value == NO_LIMIT:
        return '"none"'
    if value == AS_FILED and NO_LIMIT in get_args(field.type):
        return "the limit"
    if Unit.DURATION in get_args(field.type):
        return f'"{duration(value)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if Unit.DURATION in get_args(field.type):
        return f'"{value / 1e9:g}s"'
    return "empty" if value in ({}, [], ()) else str(value)


def duration(value_ns: int) -> str:
    """Return a duration as a person writes it."""
    sizes = ((10**9, "s"), (10**6, "ms"), (10**3, "us"), (1, "ns"))
    size, unit = next((size, unit) for size, unit in sizes if value_ns % size == 0)
    return f"{value_ns // size}{unit}"


def _bare(cell: str) -> str:
    return cell[1:-1] if re.fullmatch("`[^`]*`", cell) else cell.replace("\\|", "|")
