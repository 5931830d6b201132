"""Where a profit came from, trip by trip and part by part: money to the unit."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine import fix
from engine.backtest.recorder import HeardFill
from engine.backtest.results.attribution import attribute, markouts
from engine.backtest.results.inventory import held_ns, inventory, path_of
from engine.backtest.results.mids import NO_MID, MidsOfMarket
from engine.backtest.results.trips import figures, trips

S = 1_000_000_000


def fill(side: int, price: int, qty: int, at_s: int = 1, fee: int = 0, symbol: str = "RAIN") -> HeardFill:
    return HeardFill(at_s * S, symbol, side, price, qty, fee, False, "a", "x", at_s * S)


def middles(*points: tuple[int, int]) -> MidsOfMarket:
    found = MidsOfMarket()
    for at_s, doubled in points:
        found.add(at_s * S, doubled)
    return found


SIDES = st.sampled_from((fix.BUY, fix.SELL))
PRICES, SIZES, TIMES, FEES = st.integers(1, 9_999), st.integers(1, 900), st.integers(1, 50), st.integers(0, 9)
FILLS = st.lists(st.builds(fill, SIDES, PRICES, SIZES, TIMES, FEES))
MIDS = st.lists(st.tuples(st.integers(0, 60), st.one_of(st.just(NO_MID), st.integers(2, 19_998)))).map(sorted)


def profit(fills: Sequence[HeardFill], value: int) -> int:
    """Return what the fills brought, the plain way."""
    signed = ((each.qty if each.side == fix.BUY else -each.qty, each) for each in fills)
    return sum(qty * (value - each.price) - each.fee for qty, each in signed)


@given(FILLS, MIDS, st.integers(0, 10_000))
def test_parts_add_up_to_the_profit_exactly(fills: list[HeardFill], points: list[tuple[int, int]], value: int) -> None:
    assert attribute(fills, middles(*points), value).total == 2 * profit(fills, value)


@given(FILLS, st.integers(0, 10_000))
def test_trips_add_up_to_the_profit_exactly(fills: list[HeardFill], value: int) -> None:
    done, still_open = trips(fills, {"RAIN": value}, 99 * S)
    assert sum(trip.profit for trip in done) == profit(fills, value) and not still_open
    assert all(trip.net == 0 and trip.qty > 0 for trip in done)


def test_capture_drift_and_settlement_by_hand() -> None:
    found = attribute([fill(fix.BUY, 48, 10), fill(fix.SELL, 55, 10, 3)], middles((0, 100), (2, 106)), 0)
    assert (found.capture, found.drift, found.final, found.fees) == (10 * 4 + 10 * 4, 10 * 6, 0, 0)


def test_markouts_know_the_middle_before_the_match_and_after_it() -> None:
    mids = middles((0, 100), (1, 90), (2, 110), (3, NO_MID), (90, 120), (200, 120))
    found = markouts([fill(fix.BUY, 48, 10)], {"RAIN": mids}, {"RAIN": 160 * S})
    assert found["0"].money == 10 * (100 - 96) and found["0.1s"].money == 10 * (90 - 96)
    assert found["1s"].money == 10 * (110 - 96) and found["10s"].excluded == 1
    assert found["close"].money == 10 * (120 - 96)


def test_middle_is_not_known_after_the_last_frame() -> None:
    assert markouts([fill(fix.BUY, 48, 10)], {"RAIN": middles((0, 100), (1, 90))}, {})["60s"].excluded == 1


def test_trip_turned_round_is_two_and_shares_the_fee() -> None:
    done, still_open = trips([fill(fix.BUY, 40, 10, 1, 5), fill(fix.SELL, 50, 30, 2, 9)], {}, 9 * S)
    assert [(each.profit, each.fees, each.by) for each in done] == [(10 * 10 - 5 - 3, 8, "fill")]
    assert [(each.net, each.fees, each.side) for each in still_open] == [(-20, 6, fix.SELL)]


def test_figures_of_trips_by_hand() -> None:
    rows = [(fix.BUY, 40, 1, "A"), (fix.SELL, 50, 2, "A"), (fix.BUY, 40, 3, "B"), (fix.SELL, 35, 4, "B")]
    done, _ = trips([fill(side, price, 1, at_s, 0, symbol) for side, price, at_s, symbol in rows], {}, 9 * S)
    found = figures(done, {"A": "E", "B": "F"})
    assert (found.count, found.win_rate, found.expectancy, found.profit_factor) == (2, 0.5, 2.5, 2.0)
    assert found.expectancy_error == 7.5
    assert figures(done[:1], {}).profit_factor == "no loss" and figures([], {}).win_rate is None


def test_inventory_is_weighted_by_time() -> None:
    points = path_of([fill(fix.BUY, 40, 10, 2), fill(fix.SELL, 40, 30, 6)], 0)
    found = inventory(points, 10 * S)
    assert (found.mean, found.mean_abs, found.most) == ((10 * 4 - 20 * 4) / 10, (10 * 4 + 20 * 4) / 10, 20)
    assert held_ns(points, 1 * S, 5 * S) == 3 * S
