"""Hooks: what a strategy is told of each outcome, and that none of its mistakes goes unseen."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Never, cast

import pytest

from engine.orders.order import Change, Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from engine.risk import RiskReject
from engine.runtime.notices import NoticeKind, Notices
from engine.strategy import Strategy
from engine.trading.counters import Counters
from engine.trading.guard import MOST_REASONS, OTHER, Guard
from engine.trading.markets import Markets
from engine.trading.rejects import Rejects
from engine.units import NO_LIMIT
from tests.support.desks import HOOKS, Scene
from tests.support.order_reports import RAIN, open_order, report


class Told(Strategy):
    """Records every hook."""

    def __init__(self) -> None:
        super().__init__()
        self.record: list[tuple[Any, ...]] = []


def _recorder(name: str) -> Callable[..., Any]:
    return lambda self, *arguments: self.record.append((name, *arguments))


for _name in HOOKS:
    setattr(Told, _name, _recorder(_name))


def hooked(strategy: Strategy | None = None) -> tuple[Any, list[str]]:
    halts: list[str] = []
    notices = Notices(lambda: 1, lambda line: None)
    rejects = Rejects(cast(Markets, None), notices, NO_LIMIT, (), {}, lambda delay_ns, due: None)
    return Guard(strategy or Told(), Counters(), halts.append, lambda change: halts.append(change.text), rejects), halts


def change_of(kind: int, order: Order | None, **values: Any) -> Change:
    change = Change()
    change.kind, change.order = kind, order
    for name, value in values.items():
        setattr(change, name, value)
    return change


COUNTERS = [name for name in dir(Counters) if not name.startswith("_")]
ORDER = open_order(Orders("T"))


@pytest.mark.parametrize(
    ("kind", "counter", "told"),
    [
        (Outcome.NOTHING, None, []),
        (Outcome.DUPLICATE, "duplicates", []),
        (Outcome.ACCEPTED, "acks", [("on_order", ORDER)]),
        (Outcome.CANCELED, "cancels", [("on_order", ORDER)]),
        (Outcome.EXPIRED, "cancels", [("on_order", ORDER)]),
        (Outcome.REJECTED, "rejects", [("on_reject", ORDER, 3, "why")]),
        (Outcome.CANCEL_REJECTED, "cancel_rejects", [("on_reject", ORDER, 3, "why")]),
        (Outcome.IN_DOUBT, None, [("on_order", ORDER)]),
        (Outcome.REPLACED, "replaces", [("on_order", ORDER)]),
        (Outcome.FILLED, "fills", [("on_fill", ORDER, 4_200, 5)]),
        (Outcome.BUSTED, None, [("on_order", ORDER)]),
        (Outcome.CORRECTED, None, [("on_order", ORDER)]),
    ],
)
def test_outcome_is_counted_and_told(kind: int, counter: str | None, told: list[tuple[Any, ...]]) -> None:
    guard, halts = hooked()
    guard.changed(change_of(kind, ORDER, last_px=4_200, last_qty=5, reason=3, text="why"))
    assert (guard.strategy.record, halts) == (told, [])
    counted = {name for name in COUNTERS if getattr(guard.counters, name) and name != "rejects_by_reason"}
    assert counted == ({counter} if counter else set())


def test_every_outcome_has_a_row_above() -> None:
    assert {value for name, value in vars(Outcome).items() if name.isupper()} == set(range(13))


@pytest.mark.parametrize(("order", "told"), [(None, []), (ORDER, [("on_order", ORDER)])])
def test_unknown_outcome_is_counted_handed_on_and_told(order: Order | None, told: list[tuple[Any, ...]]) -> None:
    guard, contradictions = hooked()
    guard.changed(change_of(Outcome.UNKNOWN, order, text="ClOrdID(11) unknown: 'X'"))
    assert contradictions == ["ClOrdID(11) unknown: 'X'"]
    assert (guard.strategy.record, guard.counters.unknown_reports) == (told, 1)


def test_denial_is_counted_by_code_and_told_in_words() -> None:
    guard, _ = hooked()
    guard.denied(None, RiskReject.RATE)
    guard.denied(ORDER, int(RiskReject.RATE))
    assert guard.strategy.record == [
        ("on_reject", None, RiskReject.RATE, "too many requests"),
        ("on_reject", ORDER, 28, "too many requests"),
    ]
    assert (guard.counters.risk_denials, guard.counters.denials_by_code) == (2, {RiskReject.RATE: 2})


@pytest.mark.parametrize("hook", HOOKS)
def test_exception_in_any_hook_halts_and_names_hook_error_and_line(hook: str) -> None:
    def broken(self: Any, *arguments: Any) -> Never:
        raise ZeroDivisionError("by nothing")

    strategy = type("Broken", (Strategy,), {hook: broken})()
    guard, halts = hooked(strategy)
    guard.call(hook, *[RAIN] * (broken.__code__.co_argcount - 1))
    line = broken.__code__.co_firstlineno + 1
    assert halts == [f"strategy hook {hook} raised ZeroDivisionError: by nothing ({__file__}:{line})"]


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError("gone"), KeyboardInterrupt(), GeneratorExit(), SystemExit(3), Speechless()]
)
@pytest.mark.parametrize("hook", ["on_start", "on_fill"])
def test_whatever_leaves_a_hook_halts(hook: str, error: BaseException) -> None:
    """Among them what ends a task or the process, and an exception that cannot say what it is."""

    def broken(self: Any, *arguments: Any) -> Never:
        raise error

    guard, halts = hooked(type("Broken", (Strategy,), {hook: broken})())
    if hook == "on_fill":
        guard.changed(change_of(Outcome.FILLED, ORDER, last_px=4_200, last_qty=5))
    else:
        guard.call(hook)
    (reason,) = halts
    assert reason.startswith(f"strategy hook {hook} raised {type(error).__name__}: ")
    assert __file__ in reason


def test_o17_error_below_the_strategy_names_its_own_line_and_logs_the_whole_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Reader(Strategy):
        def on_start(self) -> None:
            json.loads("")

    guard, halts = hooked(Reader())
    guard.call("on_start")
    line = Reader.on_start.__code__.co_firstlineno + 1
    assert halts == [
        f"strategy hook on_start raised JSONDecodeError: Expecting value: line 1 column 1 (char 0) ({__file__}:{line})"
    ]
    (record,) = caplog.records
    assert record.getMessage() == halts[0]
    assert record.exc_text is None or "decoder.py" in record.exc_text
    assert record.exc_info is not None and record.exc_info[1].__class__ is json.JSONDecodeError


def test_hook_with_other_parameters_halts_and_says_so() -> None:
    class Short(Strategy):
        def on_fill(self, order: Order) -> None:  # type: ignore[override]
            raise AssertionError("never called")

    guard, halts = hooked(Short())
    guard.changed(change_of(Outcome.FILLED, ORDER, last_px=4_200, last_qty=5))
    (reason,) = halts
    assert "on_fill raised TypeError: " in reason and "positional argument" in reason


def test_denied_strategy_that_never_stops_asking_is_halted_not_followed() -> None:
    class Stubborn(Strategy):
        def on_reject(self, order: Order | None, reason: int, text: str) -> None:
            guard.denied(None, RiskReject.RATE)

    guard, halts = hooked(Stubborn())
    guard.denied(None, RiskReject.RATE)
    assert halts
    assert "RecursionError" in halts[0]


def test_hooks_of_the_base_class_do_nothing() -> None:
    guard, halts = hooked(Strategy())
    for name, arguments in {"on_start": (), "on_book": (0,), "on_trade": (0, 0, 0, 0), "on_order": (None,),
                            "on_fill": (None, 0, 0), "on_reject": (0, 0, ""), "on_timer": (0,), "on_halt": ("",),
                            "on_market": (0, ""), "on_block_trade": (0, 0, 0, 0),
                            "on_stop": ()}.items():  # fmt: skip
        guard.call(name, *arguments)
    assert halts == []


def test_reasons_of_a_venue_that_never_repeats_one_are_counted_within_bounds() -> None:
    scene = Scene(max_rejects_in_a_row=NO_LIMIT)
    for reason in range(1_000, 1_000 + 3 * MOST_REASONS):
        scene.loop.on_report(report(scene.buy().cl_ord_id, "8", "8", reason=reason))
    by_reason = scene.loop.counters.rejects_by_reason
    assert (len(by_reason), by_reason[OTHER], sum(by_reason.values())) == (101, 200, 300)


def test_refusal_without_a_reason_says_so() -> None:
    scene = Scene()
    order = scene.buy()
    scene.loop.on_report(report(order.cl_ord_id, "8", "8"))
    told = {notice.kind: notice.text for notice in scene.loop.notices.all()}
    assert told[NoticeKind.REQUEST_REFUSED] == "ClOrdID(11) T-1 in RAIN: no reason: no text"
