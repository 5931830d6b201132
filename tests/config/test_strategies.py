"""Several strategies in a configuration: read whole, and every mistake named with its path."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.config.engine import load
from engine.units import NO_LIMIT
from tests.support.configs import MARKETS, STRATEGY, WHOLE, wrong

SEVERAL = """
[strategies.maker]
class = "tests.support.configs:Quoter"
parameters = { edge = 1 }

[strategies.lean-2]
class = "tests.support.configs:Quoter"
symbols = ["{symbol}"]
on_error = "stop"
limits = { max_position = "20", max_daily_loss = "none" }
"""
SYMBOL = MARKETS.partition('symbol = "')[2].partition('"')[0]
GOOD = SEVERAL.replace("{symbol}", SYMBOL)


def test_several_are_read_with_their_limits(written: Callable[..., Path]) -> None:
    config = load(written(WHOLE.replace(STRATEGY, GOOD)))
    assert list(config.strategies) == ["maker", "lean-2"] and config.strategy.path == ""
    maker, lean = config.strategies.values()
    assert (maker.path, maker.parameters, maker.on_error) == ("tests.support.configs:Quoter", {"edge": 1}, "halt")
    assert (lean.symbols, lean.on_error, lean.limits.max_position) == ((SYMBOL,), "stop", 2_000)
    assert lean.limits.max_daily_loss == maker.limits.max_position == NO_LIMIT
    judged = lean.limits.within(config.risk)
    assert (judged.max_position, judged.max_order_qty, judged.rate) == (2_000, NO_LIMIT, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (STRATEGY + GOOD, "strategies: beside [strategy]: name that one too, as [strategies.NAME]"),
        (GOOD.replace("lean-2", "Lean"), "strategies.Lean: a name has 1 to 32 of a-z 0-9 _ -, a letter first"),
        (GOOD.replace(SYMBOL, "NOWHERE"), "strategies.lean-2.symbols: names no market: NOWHERE"),
        (GOOD.replace('"stop"', '"go on"'), 'strategies.lean-2.on_error: must be "halt" or "stop", not "go on"'),
        (GOOD.replace('"20"', '"x"'), "strategies.lean-2.limits.max_position: "),
        (GOOD.replace("symbols =", "symbol ="), "strategies.lean-2.symbol: unknown key, did you mean symbols?"),
        ("[strategies]\nmaker = 1\n", "strategies.maker: must be a table, not 1"),
        ("[strategies]\n", "strategy: missing: set it"),
        (
            "".join(f'[strategies.s{n}]\nclass = "tests.support.configs:Quoter"\n' for n in range(31)),
            "strategies: 31 are too many: an engine runs 30",
        ),
    ],
)
def test_what_is_wrong_is_named(written: Callable[..., Path], text: str, problem: str) -> None:
    (found,) = wrong(written(WHOLE.replace(STRATEGY, "\n" + text)))
    assert found.startswith(problem)
