"""Every wait of the table "What waits" in docs/bounds.md is as long in the code as it says."""

import importlib
import re

import pytest

from tests.support.places import ROOT

ROW = re.compile(r"^\|(?:[^|]+\|){2} (?P<seconds>\S+) s \|[^|]+\| `(?P<module>\S+) (?P<name>\S+)` \|$")
TEXT = (ROOT / "docs" / "bounds.md").read_text().partition("## What waits")[2]
ROWS = [found for line in TEXT.splitlines() if (found := ROW.match(line))]


def test_the_table_is_read_whole() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("|")]
    assert len(rows) - 2 == len(ROWS) >= 30
    assert len({(row["module"], row["name"]) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['module']}.{row['name']}")
def test_a_wait_is_as_long_as_it_says(row: re.Match[str]) -> None:
    value = float(getattr(importlib.import_module(row["module"]), row["name"]))
    assert (value / 1e9 if row["name"].endswith("_NS") else value) == float(row["seconds"])
