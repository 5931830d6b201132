"""Markets that join a portfolio and are forgotten, with what they made in its sums."""

import pytest

from engine.errors import ConfigError, OrderError
from engine.fix import BUY, SELL
from engine.instrument import Instrument, PriceBand
from engine.portfolio import Portfolio


def market(name: str, index: int, event: str = "", decimals: int = 4) -> Instrument:
    return Instrument(name, index, [PriceBand(0, 10**decimals, 1)], event=event, price_decimals=decimals)


def test_market_is_added_flat_at_its_index() -> None:
    portfolio = Portfolio([market("A", 0)])
    late = market("B", 2, "A")
    portfolio.add([late])
    assert [position.instrument.symbol for position in portfolio] == ["A", "B"]
    assert (len(portfolio), portfolio[late].net) == (2, 0)
    portfolio.fill(late, BUY, 10, 4_000, 7)
    assert portfolio.event("A").cash == portfolio.cash == -40_000
    portfolio._check()


@pytest.mark.parametrize("index", [0, -1])
def test_index_that_is_not_free_is_an_error(index: int) -> None:
    portfolio = Portfolio([market("A", 0)])
    with pytest.raises(ConfigError, match=f"B: index {index} is not free"):
        portfolio.add([market("C", 1), market("B", index)])
    assert len(portfolio) == 1


def test_market_of_other_units_is_an_error() -> None:
    with pytest.raises(ConfigError, match="must share price_decimals"):
        Portfolio([market("A", 0)]).add([market("B", 1, decimals=2)])


def test_units_are_the_usual_ones_until_there_is_a_market() -> None:
    portfolio = Portfolio(())
    assert portfolio.decimals == (4, 2)
    portfolio.add([market("A", 0, decimals=3)])
    assert portfolio.decimals == (3, 2)


def test_forgotten_market_leaves_what_it_made() -> None:
    first, second = market("A", 0, "E"), market("B", 1, "E")
    portfolio = Portfolio([first, second])
    portfolio.fill(first, BUY, 10, 4_000, 7)
    portfolio.settle(first, 10_000)
    portfolio.remove([first])
    assert (portfolio.pnl, portfolio.realised, portfolio.fees) == (60_000 - 7, 60_000, 7)
    assert portfolio.event("E").pnl == 60_000 - 7
    portfolio._check()
    with pytest.raises(OrderError):
        portfolio[first]
    portfolio.remove([second])
    assert (len(portfolio), portfolio.pnl) == (0, 60_000 - 7)
    with pytest.raises(KeyError):
        portfolio.event("E")


def test_market_that_is_held_stays_with_all_that_were_named_beside_it() -> None:
    first, second = market("A", 0), market("B", 1)
    portfolio = Portfolio([first, second])
    portfolio.fill(second, SELL, 1, 4_000, 0)
    with pytest.raises(OrderError, match="'B' is held"):
        portfolio.remove([first, second])
    assert len(portfolio) == 2
    portfolio._check()


def test_day_counts_what_was_made_in_it_by_markets_that_are_forgotten() -> None:
    first = market("A", 0)
    portfolio = Portfolio([first])
    portfolio.fill(first, BUY, 10, 4_000, 0)
    portfolio.start_day(1)
    portfolio.settle(first, 10_000)
    portfolio.remove([first])
    assert portfolio.day_pnl == 60_000
    portfolio.start_day(2)
    assert portfolio.day_pnl == 0


def test_what_was_made_before_is_restored_into_the_sum_alone() -> None:
    portfolio = Portfolio([market("A", 0)])
    portfolio.restore_past(500, 20, 100)
    portfolio.restore_day(7, 100)
    assert (portfolio.past(), portfolio.pnl, portfolio.day_pnl) == ((500, 20, 100), 480, 380)
    portfolio._check()
