"""The README's strategy is the tested one, and it trades."""

import re

import pytest

from tests.examples.lean_on_size import LeanOnSize, Settings
from tests.support.desks import ASK, BID, Scene
from tests.support.order_reports import fill
from tests.support.places import ROOT

EXAMPLE = ROOT / "tests" / "examples" / "lean_on_size.py"


def test_strategy_in_the_readme_is_the_tested_example() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block == EXAMPLE.read_text()
    assert len(block.splitlines()) < 40


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
    assert capsys.readouterr().out == "RAIN: 10 at 0.4600\n"
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
