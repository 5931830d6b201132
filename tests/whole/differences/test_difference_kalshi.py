"""Each difference that the simulated Kalshi can make: found, decided, journalled, shown; closed until it is gone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.trading.reconcile.rules import KEYS, SAFE
from tests.support.engine.kalshi_life import KalshiLife
from tests.whole.differences.rows import ROWS, Difference

pytestmark = pytest.mark.timeout(300)
HALTS: dict[str, Any] = dict.fromkeys(set(KEYS.values()), "halt")


def lived(directory: Path, session: str, **rules: Any) -> Iterator[KalshiLife]:
    """Yield a life whose differences are dealt with by these rules; in the end both ledgers are equal."""
    life = KalshiLife(directory, session, **rules)
    try:
        yield life.start().trading()
        life.assert_agrees()
    finally:
        life.close()


@pytest.fixture(scope="module", params=["native", "quickfix"])
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KalshiLife]:
    yield from lived(tmp_path_factory.mktemp("differences"), request.param)


@pytest.fixture(scope="module")
def halting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KalshiLife]:
    yield from lived(tmp_path_factory.mktemp("halting"), "native", **HALTS)


def told(life: KalshiLife, row: Difference, before: int, capsys: Any) -> dict[str, Any]:
    """Return the difference as the journal has it, one record since `before`."""
    found = [each for each in life.steps(capsys)[before:] if each.get("rule") == row.rule]
    assert found, life.steps(capsys)[before:]
    return found[0]


@pytest.mark.parametrize("name", ROWS)
def test_difference_is_dealt_with_by_the_safe_rule(life: KalshiLife, name: str, capsys: Any) -> None:
    row, before = ROWS[name], len(life.steps(capsys))
    undo = row.cause(life)
    if row.is_asked:
        assert row.rule in life.differing(row.rule)
        life.until(lambda: life.metric("fixlane_account_differences") > 0, "shown")
    else:  # the logon has compared
        life.until(lambda: any(each.get("rule") == row.rule for each in life.steps(capsys)[before:]), "found")
    assert told(life, row, before, capsys)["decided"] == SAFE.deed(row.rule)
    if not row.stops:  # what was in doubt at logon is so until the venue has answered
        life.until(lambda: not life.stopped_by(life.market), "open")
    else:
        assert life.stopped_by(life.market)
        assert life.desk.buy(life.market, 2_500, 100) is None
        life.until(lambda: "stopped" in life.page() and life.market.symbol in life.page(), "shown as stopped")
    undo()
    life.clean()
    life.assert_agrees()
    assert life.steps(capsys)[-1]["result"] == "clean"
    life.until(lambda: life.metric("fixlane_account_differences") == 0, "shown as gone")


@pytest.mark.parametrize("name", ROWS)
def test_difference_halts_where_that_is_the_rule(halting: KalshiLife, name: str, capsys: Any) -> None:
    life, row = halting, ROWS[name]
    before = len(life.steps(capsys))
    undo = row.cause(life)
    if row.is_asked:
        life.differing(row.rule)
    life.until(lambda: life.supervisor.state.value == "halted", "halted")
    assert str(row.rule) in life.supervisor.reason
    assert told(life, row, before, capsys)["decided"] == "halt"
    undo()
    life.clean()
    life.supervisor.resume("looked at")
    life.until(lambda: life.supervisor.state.value == "trading", "trading again")
    life.assert_agrees()
