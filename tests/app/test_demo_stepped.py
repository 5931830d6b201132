"""The demo in steps: whichever session carries it, the same orders, the same fills, word for word."""

import json
import subprocess
import sys
from typing import Any

import pytest

STEPS = 800
PAIRS = [(session, acceptor) for session in ("quickfix", "native") for acceptor in ("quickfix", "native")]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """What each pair of an engine's session and a venue's acceptor came to."""
    found = {}
    for session, acceptor in PAIRS:
        path = tmp_path_factory.mktemp("stepped") / "demo.json"
        flags = ["--steps", str(STEPS), "--session", session, "--acceptor", acceptor, "--json", str(path)]
        done = subprocess.run(
            [sys.executable, "-m", "engine", "demo", *flags], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        found[session, acceptor] = json.loads(path.read_text())
    return found


def fields(line: str) -> dict[str, str]:
    return dict(field.split("=", 1) for field in line[2:].split("|"))


def orders(run: dict[str, Any]) -> list[tuple[str, ...]]:
    """Every new order and replace: MsgType, Symbol, Side, Price, OrderQty."""
    asked = [fields(line) for line in run["conversation"] if line.startswith("> ")]
    return [tuple(each[tag] for tag in ("35", "55", "54", "44", "38")) for each in asked if each["35"] in "DG"]


def fills(run: dict[str, Any]) -> list[tuple[str, ...]]:
    """Every fill: Symbol, Side, LastPx, LastQty, CumQty, LeavesQty, fee."""
    told = [fields(line) for line in run["conversation"] if line.startswith("< ")]
    tags = ("55", "54", "31", "32", "14", "151", "137")
    return [tuple(each[tag] for tag in tags) for each in told if each.get("150") == "F"]


def test_orders_and_fills_are_the_same_over_every_pair_of_sessions(
    runs: dict[tuple[str, str], dict[str, Any]],
) -> None:
    first = runs[PAIRS[0]]
    assert len(orders(first)) > 1000
    assert len(fills(first)) == first["fills"] == first["venue"]["fills"] > 5
    for pair in PAIRS[1:]:
        assert orders(runs[pair]) == orders(first), pair
        assert fills(runs[pair]) == fills(first), pair


def test_whole_conversation_and_what_it_came_to_are_the_same(runs: dict[tuple[str, str], dict[str, Any]]) -> None:
    first = runs[PAIRS[0]]
    for pair in PAIRS[1:]:
        assert runs[pair]["conversation"] == first["conversation"], pair
        assert runs[pair]["record"] == first["record"]
        assert runs[pair] | {"session": ""} == first | {"session": ""}
