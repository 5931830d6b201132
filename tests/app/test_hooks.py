"""Hooks that would never be called as their author means are faults of the strategy's class, told when it is loaded."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.app.check import check
from engine.app.strategies.hooks import HOOKS, wrong_hooks
from engine.strategies.quoter import TwoSidedQuoter
from engine.strategies.taker import Taker
from engine.strategy import Book, Order, Strategy
from tests.support.configs import WHOLE


class Misspelt(Strategy):
    def on_filled(self, order: Order, price: int, qty: int) -> None: ...


class Awaited(Strategy):
    async def on_book(self, book: Book) -> None: ...  # type: ignore[override]


class Streamed(Strategy):
    async def on_trade(self, *market: Any) -> AsyncIterator[int]:  # type: ignore[override]
        yield 1


class Lazy(Strategy):
    def on_timer(self, key: object) -> Iterator[int]:  # type: ignore[override]
        yield 1


class Short(Strategy):
    def on_fill(self, order: Order) -> None: ...  # type: ignore[override]


class Demanding(Strategy):
    def on_stop(self, *, now: int) -> None: ...  # type: ignore[override]


class Constant(Strategy):
    on_halt = None  # type: ignore[assignment]


WRONG = {
    Misspelt: "Misspelt.on_filled is no hook and is never called; did you mean on_fill?",
    Awaited: "Awaited.on_book is async: hooks are called, not awaited; use def",
    Streamed: "Streamed.on_trade is async: ",
    Lazy: "Lazy.on_timer has a yield, so that calling it runs nothing",
    Short: "Short.on_fill must take (self, order, price, qty), as it is called",
    Demanding: "Demanding.on_stop must take (self), as it is called",
    Constant: "Constant.on_halt is a hook's name, and no function",
}


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_o20_hook_that_cannot_be_called_as_meant_is_named(kind: type[Strategy]) -> None:
    (problem,) = wrong_hooks(kind)
    assert problem.startswith(f"{__name__}:{WRONG[kind]}")


def test_every_fault_of_a_class_is_told_and_where_it_stands() -> None:
    class Both(Misspelt, Awaited):
        pass

    assert [problem.partition(" ")[0] for problem in wrong_hooks(Both)] == [
        f"{__name__}:Awaited.on_book",
        f"{__name__}:Misspelt.on_filled",
    ]


def test_hooks_by_other_names_of_parameters_defaults_and_decorators_are_right() -> None:
    class Free(Strategy):
        @staticmethod
        def on_stop() -> None: ...

        def on_fill(self, *everything: Any) -> None: ...

        def on_order(self, changed: Order, more: int = 0) -> None: ...

        def on_whim(self) -> None: ...  # near no hook: its author's own

    assert wrong_hooks(Free) == []
    assert wrong_hooks(TwoSidedQuoter) == wrong_hooks(Taker) == wrong_hooks(Strategy) == []
    assert len(HOOKS) == 22


def test_check_names_them(tmp_path: Path) -> None:
    path = tmp_path / "engine.toml"
    path.write_text(WHOLE.replace("tests.support.configs:Quoter", f"{__name__}:Awaited"))
    wrong, _ = check(path)
    assert any(
        "has hooks that would not be called" in problem and "Awaited.on_book is async" in problem for problem in wrong
    )


def test_module_that_exits_is_named_and_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "engine.toml"
    path.write_text(WHOLE.replace("tests.support.configs:Quoter", "leaves:Own"))
    wrong, _ = check(path)
    assert any('"leaves:Own" is no module:Class that can be imported: SystemExit: 3' in problem for problem in wrong)
