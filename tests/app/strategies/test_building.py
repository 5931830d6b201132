"""A strategy compiled by `fixlane build-strategy`: the same hooks, called in C; and what cannot be compiled."""

import importlib
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.app.strategies.building import build
from engine.app.strategies.hooks import wrong_hooks
from engine.cli import main
from engine.errors import ConfigError, EngineError
from engine.strategy import Strategy
from engine.trading.guard import has_hook, is_native
from engine.venue import EventKind
from tests.support.desks import ASK, BID, Scene
from tests.support.order_reports import canceled, fill
from tests.support.places import ROOT

COMPILER = (sysconfig.get_config_var("CC") or "cc").split()[0]
needs_compiler = pytest.mark.skipif(shutil.which(COMPILER) is None, reason="there is no C compiler")
SAMPLE = ROOT / "tests" / "examples" / "lean_on_size_fast.pyx"
PLAIN = """
from engine.strategy import Book, Strategy


class Plain(Strategy):
    def on_book(self, book: Book) -> None:
        self.context.buy(book.instrument, book.best_bid, 5, post_only=True)
"""


def imported(directory: Path, name: str) -> ModuleType:
    sys.path.insert(0, str(directory))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(directory))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The sample's class, compiled."""
    directory = tmp_path_factory.mktemp("built")
    shutil.copy(SAMPLE, directory)
    made = build(directory / SAMPLE.name)
    assert made.parent == directory and made.exists()
    yield imported(directory, SAMPLE.stem).LeanOnSize
    del sys.modules[SAMPLE.stem]


@needs_compiler
def test_compiled_class_is_a_strategy_with_its_hooks(sample: Any) -> None:
    assert issubclass(sample, Strategy)
    assert wrong_hooks(sample) == []
    assert [has_hook(sample(), name) for name in ("on_book", "on_fill", "on_stale")] == [True, True, False]
    assert is_native(sample())
    assert not is_native(Strategy())


@needs_compiler
def test_hooks_of_the_path_are_called_without_python(sample: Any) -> None:
    strategy = sample()
    scene = native(strategy)
    scene.loop._on_book = None  # what Python would call
    scene.delta(4_500, 500, side=BID)
    (order,) = scene.orders.live()
    assert (order.price, order.order_qty, order.time_in_force, order.tag) == (4_600, 100, "3", "lean")
    scene.delta(4_500, 1, side=BID)
    assert len(scene.sent) == 1  # it waits
    scene.loop.on_report(fill(order, 40, "E1", 4_600))
    assert strategy.filled == 40
    scene.loop.on_report(canceled(order, cum_qty=40))
    scene.delta(4_600, -1, side=ASK)
    assert len(scene.sent) == 2
    assert scene.halts == []


@needs_compiler
def test_orders_and_trades_are_told_without_python_too(sample: Any) -> None:
    strategy = sample()
    scene = native(strategy)
    scene.delta(4_500, 500, side=BID)
    (order,) = scene.orders.live()
    scene.loop.guard.strategy = None  # what Python would call
    scene.frame(EventKind.TRADE, instrument=scene.rain, side=BID, price=4_600, size=7, trade_id="T1")
    assert strategy.traded == 7
    scene.loop.on_report(canceled(order))
    scene.delta(4_600, -1, side=ASK)
    assert len(scene.sent) == 2  # `on_order` told it that it waits no more
    assert scene.halts == []


@needs_compiler
def test_mistake_in_a_compiled_hook_halts(sample: Any) -> None:
    strategy = sample()
    scene = native(strategy)
    strategy.context = None
    scene.delta(4_500, 500, side=BID)
    assert scene.halts[0].startswith("strategy hook on_book raised AttributeError")


def native(strategy: Any) -> Scene:
    """Return a scene whose strategy no spy stands before."""
    return Scene(strategy, is_spied=False)


@needs_compiler
def test_plain_python_can_be_compiled_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "plain_lane.py"
    source.write_text(PLAIN)
    assert main(["build-strategy", str(source)]) == 0
    made = Path(capsys.readouterr().out.strip().splitlines()[-1])
    assert made.parent == tmp_path
    source.unlink()
    strategy = imported(tmp_path, "plain_lane").Plain()
    scene = native(strategy)
    scene.delta(4_500, 1, side=BID)
    assert [order.price for order in scene.orders.live()] == [4_500]
    assert not is_native(strategy)


@needs_compiler
def test_source_that_does_not_compile_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "broken.pyx"
    source.write_text("cdef class Broken(:\n")
    with pytest.raises(EngineError, match="does not compile"):
        build(source)


@pytest.mark.parametrize("name", ["a.txt", "not-a-module.pyx", "missing.pyx"])
def test_what_is_no_source_is_refused(tmp_path: Path, name: str) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_text("")
    with pytest.raises(ConfigError, match=name):
        build(tmp_path / name)
