"""The liquidity generator: repeatable, busy, two-sided, and never off the grid."""

from collections import Counter

import pytest

from engine import fix
from engine.errors import ConfigError
from engine.exchange.events import Accepted, Event, LevelChanged, NewOrder, PublicTrade, Rejected, Replaced, Traded
from engine.exchange.exchange import Exchange
from engine.exchange.liquidity import Liquidity, LiquiditySettings
from engine.instrument import Instrument, PriceBand
from engine.venue.kalshi.fees import QuadraticFee
from tests.support.sim.venue import CENT, NOON_NS, SECOND_NS, TAPERED

STEP_NS = SECOND_NS // 50


def instruments() -> list[Instrument]:
    return [*(Instrument(f"M{index}", index, CENT) for index in range(3)), Instrument("T", 3, TAPERED)]


def venue(seed: int = 1) -> tuple[Liquidity, Exchange]:
    liquidity = Liquidity(instruments(), LiquiditySettings(seed=seed))
    return liquidity, Exchange(instruments(), QuadraticFee(), house=liquidity.accounts)


def run(liquidity: Liquidity, exchange: Exchange, seconds: int) -> list[Event]:
    return [event for step in range(seconds * 50) for event in liquidity.step(exchange, NOON_NS + step * STEP_NS)]


def test_same_seed_gives_the_same_events() -> None:
    assert run(*venue(), 3) == run(*venue(), 3)


def test_another_seed_gives_other_events() -> None:
    assert run(*venue(1), 1) != run(*venue(2), 1)


def test_first_step_fills_every_book() -> None:
    liquidity, exchange = venue()
    liquidity.step(exchange, NOON_NS)
    assert all(len(market.bids.levels()) >= 3 <= len(market.asks.levels()) for market in exchange.markets.values())


def test_markets_are_busy_and_trade_on_both_sides() -> None:
    kinds: Counter[str] = Counter()
    for event in run(*venue(), 20):
        kinds[type(event).__name__] += 1
        if isinstance(event, PublicTrade):
            kinds[f"taker {event.side}"] += 1
    assert kinds["LevelChanged"] > 20 * 200
    assert kinds["taker 1"] > 100 < kinds["taker 2"]
    assert kinds["Rejected"] == kinds["CancelRejected"] == 0


def test_no_price_ever_leaves_its_grid() -> None:
    grids = {instrument.symbol: instrument for instrument in instruments()}
    events = run(*venue(), 20)
    assert all(grids[e.symbol].is_valid_price(e.price) for e in events if isinstance(e, LevelChanged | PublicTrade))
    assert len({e.price for e in events if isinstance(e, LevelChanged) and e.symbol == "T"}) > 10


def test_wandering_at_the_end_of_the_grid_stays_inside() -> None:
    settings = LiquiditySettings(wander=5.0)
    markets = [Instrument("M", 0, (PriceBand(0, 10_000, 400),))]
    liquidity = Liquidity(markets, settings)
    exchange = Exchange(markets, QuadraticFee(), house=liquidity.accounts)
    assert not [event for event in run(liquidity, exchange, 10) if isinstance(event, Rejected)]


def test_books_are_two_sided_nearly_always() -> None:
    liquidity, exchange = venue()
    seen = two_sided = 0
    for step in range(20 * 50):
        liquidity.step(exchange, NOON_NS + step * STEP_NS)
        for market in exchange.markets.values():
            market._check()
            seen += 1
            two_sided += market.bids.best() is not None and market.asks.best() is not None
    assert two_sided > 0.98 * seen


def test_stall_is_made_up_for_by_a_second_at_most() -> None:
    liquidity, exchange = venue()
    liquidity.step(exchange, NOON_NS)
    requests = [e for e in liquidity.step(exchange, NOON_NS + 100 * SECOND_NS) if isinstance(e, Accepted | Replaced)]
    assert 100 < len(requests) < 500


def test_memory_stays_bounded_as_the_house_forgets() -> None:
    liquidity, exchange = venue()
    run(liquidity, exchange, 10)
    settings = LiquiditySettings()
    assert len(exchange.orders) <= 4 * settings.makers * 2 * settings.depth


def test_resting_order_of_a_guest_gets_filled() -> None:
    liquidity, exchange = venue()
    liquidity.step(exchange, NOON_NS)
    book = exchange.markets["M0"]
    bid = book.bids.levels()[0][0]
    exchange.new(NewOrder(account="guest", cl_ord_id="1", symbol="M0", side=fix.BUY, order_qty=100, price=bid), NOON_NS)
    fills = [e for e in run(liquidity, exchange, 20) if isinstance(e, Traded) and e.account == "guest"]
    assert fills and not any(fill.is_taker for fill in fills)


def test_grid_too_small_to_quote_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="M: its grid needs 24 prices"):
        Liquidity([Instrument("M", 0, (PriceBand(0, 10_000, 1_000),))], LiquiditySettings())
    with pytest.raises(ConfigError, match="M: its grid"):
        Liquidity([Instrument("M", 0, None)], LiquiditySettings())


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"wander": -1.0}, {"taker_share": 1.1}, {"makers": 0}, {"depth": 0}])
def test_setting_that_makes_no_sense_is_a_config_error(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="liquidity: .*" + next(iter(wrong))):
        LiquiditySettings(**wrong)  # type: ignore[arg-type]
