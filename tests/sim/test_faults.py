"""Faults: when they are armed, for whom, how often, and how long they hold."""

from typing import Any

import pytest

from engine.errors import ConfigError
from engine.exchange.faults import FaultKind, Faults, InjectedFault
from tests.support.sim.venue import NOON_NS, SECOND_NS

MS = 1_000_000


def test_fault_is_used_up_as_often_as_it_says() -> None:
    faults = Faults([InjectedFault(kind=FaultKind.SKIP_SEQ, count=2)], NOON_NS)
    assert [faults.take(FaultKind.SKIP_SEQ, NOON_NS) is not None for _ in range(3)] == [True, True, False]


def test_fault_waits_for_its_time() -> None:
    faults = Faults([InjectedFault(kind=FaultKind.DROP_FIX, at_ms=5)], NOON_NS)
    assert faults.take(FaultKind.DROP_FIX, NOON_NS + 5 * MS - 1) is None
    assert faults.take(FaultKind.DROP_FIX, NOON_NS + 5 * MS) == InjectedFault(kind=FaultKind.DROP_FIX, at_ms=5)


def test_armed_fault_counts_from_its_command() -> None:
    faults = Faults([], 0)
    faults.arm(InjectedFault(kind=FaultKind.DROP_FIX, at_ms=5), NOON_NS)
    assert faults.take(FaultKind.DROP_FIX, NOON_NS) is None
    assert faults.take(FaultKind.DROP_FIX, NOON_NS + 5 * MS) is not None


def test_fault_of_another_kind_symbol_or_account_is_left_alone() -> None:
    faults = Faults([InjectedFault(kind=FaultKind.REJECT_ORDER, symbol="A", account="a")], NOON_NS)
    assert faults.take(FaultKind.LATE_CANCEL, NOON_NS) is None
    assert faults.take(FaultKind.REJECT_ORDER, NOON_NS, symbol="B", account="a") is None
    assert faults.take(FaultKind.REJECT_ORDER, NOON_NS, symbol="A", account="b") is None
    assert faults.take(FaultKind.REJECT_ORDER, NOON_NS, symbol="A", account="a") is not None


def test_fault_holds_for_its_duration() -> None:
    faults = Faults([InjectedFault(kind=FaultKind.SILENT_FEED, at_ms=1, duration_ms=2)], NOON_NS)
    held = [faults.active(FaultKind.SILENT_FEED, NOON_NS + ms * MS) is not None for ms in range(5)]
    assert held == [False, True, True, False, False]


def test_fault_without_duration_holds_until_cleared() -> None:
    faults = Faults(
        [InjectedFault(kind=FaultKind.SILENT_FIX), InjectedFault(kind=FaultKind.DELAY_FIX, delay_ms=7)], NOON_NS
    )
    later = NOON_NS + 10_000 * SECOND_NS
    assert faults.active(FaultKind.SILENT_FIX, later) is not None
    faults.clear(FaultKind.SILENT_FIX)
    assert faults.active(FaultKind.SILENT_FIX, later) is None
    assert faults.delay_ns(FaultKind.DELAY_FIX, later) == 7 * MS
    faults.clear()
    assert faults.delay_ns(FaultKind.DELAY_FIX, later) == 0


def test_unknown_fault_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="fault 'explode' is unknown: use one of bust_fill, cancel_orders, "):
        InjectedFault(kind="explode")


def test_fault_that_makes_no_sense_is_a_config_error() -> None:
    wrongs: tuple[dict[str, Any], ...] = ({"at_ms": -1}, {"count": 0}, {"duration_ms": -1}, {"delay_ms": -1})
    for wrong in wrongs:
        with pytest.raises(ConfigError, match="fault drop_fix: "):
            InjectedFault(kind=FaultKind.DROP_FIX, **wrong)
