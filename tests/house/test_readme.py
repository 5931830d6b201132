"""The README's strategy is the tested one, and it trades."""

import json
import re

import pytest

from tests.examples.lean_on_size import LeanOnSize, Settings
from tests.support.desks import ASK, BID, Scene
from tests.support.order_reports import fill
from tests.support.places import ROOT

README = ROOT / "README.md"
EXAMPLE = ROOT / "tests" / "examples" / "lean_on_size.py"


def test_strategy_in_the_readme_is_the_tested_example() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert block == EXAMPLE.read_text()
    assert len(block.splitlines()) < 40


def test_example_imports_the_public_face_alone() -> None:
    modules = re.findall(r"^(?:from|import) (\S+)", EXAMPLE.read_text(), re.MULTILINE)
    assert modules == ["msgspec", "engine.strategy"]


def test_readme_stays_a_page() -> None:
    assert len(README.read_text().splitlines()) <= 110


def test_figures_in_the_readme_are_those_of_the_results_that_it_links() -> None:
    text = README.read_text()
    (link,) = set(re.findall(r"bench/results/\S+?\.json", text))
    results = json.loads((ROOT / link).read_text())
    runs, ratios = results["runs"], results["ratios"]
    rows = re.findall(r"^\| `((?:order|tick)\.\S+)` \| (\S+) \| (\S+) \| (\S+) \|", text, re.MULTILINE)
    assert len(rows) == 11
    for name, of_the_floor, of_the_baseline, us in rows:
        floor = "floor.tls_spin.sparse" if ".tls" in name else "floor.tcp_spin.sparse"
        baseline = "order.baseline_quickfix_threaded" if name.startswith("order.") else "tick.baseline"
        of_baseline = 1 if name == baseline else round(ratios[f"{name} / {baseline}"], 2)
        shown = (float(of_the_floor), float(of_the_baseline), float(us))
        measured = (
            float(f"{ratios[f'{name} / {floor}']:.3g}"),
            of_baseline,
            float(f"{runs[name]['p50_ns'] / 1e3:.3g}"),
        )
        assert shown == measured, name
    assert results["commit"] in text


def test_example_buys_when_bids_outweigh_and_sells_when_they_no_longer_do(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene(LeanOnSize(Settings(qty=10, ratio=3)))
    scene.delta(4_500, 200)
    assert scene.sent == []  # three to one is not above three
    scene.delta(4_500, 1)
    scene.delta(4_500, 1)
    assert scene.sent == [b"D T-1"]  # and no second one while it lives
    (order,) = scene.orders.live()
    assert (order.price, order.order_qty, order.time_in_force) == (4_600, 10, "3")
    scene.loop.on_report(fill(order, 10, "E1", 4_600))
    assert capsys.readouterr().out == "RAIN: 0.10 contracts at $0.4600\n"
    scene.delta(4_500, 1)
    assert scene.sent == [b"D T-1"]
    scene.delta(4_600, 100, side=ASK)
    (order,) = scene.orders.live()
    assert (scene.sent[1:], order.side, order.price, order.order_qty) == ([b"D T-2"], 2, 4_500, 10)
    assert scene.halts == []


def test_example_stays_out_of_a_book_without_two_sides() -> None:
    scene = Scene(LeanOnSize(Settings(qty=10)))
    scene.refresh(scene.books[0])
    for price, size in ((4_500, -500),):
        scene.delta(price, size, side=BID)
    assert (scene.sent, scene.halts) == ([], [])
