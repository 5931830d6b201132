"""Price grids of the venue's labels, and the way between text and integers."""

import pytest

from engine.errors import ConfigError, DecodeError
from engine.instrument import NOWHERE, Instrument, PriceBand, Slots, price_grid

LIMIT = 10_000


def bands(*rows: tuple[int, int, int]) -> tuple[PriceBand, ...]:
    return tuple(PriceBand(*row) for row in rows)


def ends(edge: int, centre: int, cut: int = 1_000) -> tuple[PriceBand, ...]:
    return bands((0, cut, edge), (cut, LIMIT - cut, centre), (LIMIT - cut, LIMIT, edge))


# label of the venue: its bands, how many prices that is, some prices on the grid, some off it
GRIDS = {
    "linear_cent": (bands((0, LIMIT, 100)), 99, (100, 5_000, 9_900), (50, 150, 9_950)),
    "deci_cent": (bands((0, LIMIT, 10)), 999, (10, 990, 9_990), (5, 9_995)),
    "tapered_deci_cent": (ends(10, 100), 279, (10, 990, 1_000, 1_100, 9_000, 9_010), (5, 1_010, 8_990)),
    "center_whole_edge_half_cent": (ends(50, 100), 119, (50, 950, 1_000, 9_050), (10, 1_050, 8_950)),
    "center_whole_edge_quint_cent": (ends(20, 100), 179, (20, 980, 9_020), (10, 50, 1_020)),
    "center_half_edge_half_cent": (bands((0, LIMIT, 50)), 199, (50, 5_050), (10, 5_010)),
    "center_half_edge_quint_cent": (ends(20, 50), 259, (20, 1_050, 9_980), (50, 1_020)),
    "center_half_edge_deci_cent": (ends(10, 50), 359, (10, 1_050, 9_990), (5, 1_010)),
    "center_quint_edge_quint_cent": (bands((0, LIMIT, 20)), 499, (20, 5_020), (10, 50)),
    "center_quint_edge_deci_cent": (ends(10, 20), 599, (10, 1_020, 9_990), (1_010, 8_990)),
    "center_centi_edge_centi_cent": (bands((0, LIMIT, 1)), 9_999, (1, 5_001, 9_999), ()),
    "center_deci_edge_centi_cent": (ends(1, 10, 100), 1_179, (1, 99, 110, 9_901), (101, 105, 9_899)),
}


@pytest.mark.parametrize("label", GRIDS)
def test_grid_holds_exactly_the_prices_of_its_bands(label: str) -> None:
    rows, count, on_grid, off_grid = GRIDS[label]
    grid = price_grid(rows, LIMIT)
    assert len(grid) == len(grid.prices) == count
    assert [price in grid for price in on_grid] == [True] * len(on_grid)
    assert [price in grid for price in (-1, 0, *off_grid, LIMIT, LIMIT + 100)] == [False] * (len(off_grid) + 4)
    assert [price for price in range(LIMIT + 1) if price in grid] == list(grid.prices)


@pytest.mark.parametrize("label", GRIDS)
def test_grid_of_the_venue_is_symmetric_and_has_every_cent(label: str) -> None:
    grid = price_grid(GRIDS[label][0], LIMIT)
    assert [LIMIT - price for price in reversed(grid.prices)] == list(grid.prices)
    assert all(price in grid for price in range(100, LIMIT, 100))


@pytest.mark.parametrize("label", GRIDS)
def test_slot_is_the_place_of_a_price(label: str) -> None:
    grid = price_grid(GRIDS[label][0], LIMIT)
    assert [grid.slot_of[price] for price in grid.prices] == list(range(len(grid)))
    assert sum(slot >= 0 for slot in grid.slot_of) == len(grid)


def test_band_inside_the_range_keeps_both_ends() -> None:
    assert price_grid(bands((5_000, 5_015, 5)), LIMIT).prices == (5_000, 5_005, 5_010, 5_015)


def test_equal_bands_share_one_grid() -> None:
    one, two = (Instrument(symbol, 0, [PriceBand(0, LIMIT, 100)]) for symbol in "AB")
    assert one.grid is two.grid
    assert one.grid is not Instrument("C", 0, [PriceBand(0, LIMIT, 10)]).grid


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ((0, LIMIT, 0), "must rise"),
        ((0, LIMIT, -100), "must rise"),
        ((500, 500, 100), "must rise"),
        ((600, 500, 100), "must rise"),
        ((-100, 500, 100), "must rise"),
        ((0, LIMIT + 100, 100), "must rise"),
        ((0, 10_000, 300), "must rise"),
        ((5_000, 5_050, 100), "must rise"),
        ((0, LIMIT, LIMIT), "holds no price strictly between 0 and 10000"),
    ],
)
def test_band_that_makes_no_sense_is_refused(row: tuple[int, int, int], text: str) -> None:
    with pytest.raises(ConfigError, match=rf"price band PriceBand\(start={row[0]}, end={row[1]}, .*{text}"):
        Instrument("KXTEST", 0, [PriceBand(*row)])


def test_grid_without_bands_is_refused() -> None:
    with pytest.raises(ConfigError, match="price bands are empty"):
        Instrument("KXTEST", 0, [])


def test_instrument_knows_its_names_and_its_limit() -> None:
    plain = Instrument("KXTEST-T1", 3, [PriceBand(0, LIMIT, 100)])
    assert (plain.symbol, plain.event, plain.index, plain.limit) == ("KXTEST-T1", "KXTEST-T1", 3, LIMIT)
    assert repr(plain) == "Instrument('KXTEST-T1', 3)"
    assert Instrument("KXTEST-T1", 3, None, event="KXTEST").event == "KXTEST"
    assert Instrument("KXTEST", 0, [PriceBand(0, 100, 1)], price_decimals=2).limit == 100


def test_price_is_valid_on_the_grid_or_positive_without_one() -> None:
    gridded, unbounded = Instrument("A", 0, [PriceBand(0, LIMIT, 100)]), Instrument("B", 1, None)
    prices = [-100, 0, 1, 100, 9_900, LIMIT, 10**12]
    assert [gridded.is_valid_price(price) for price in prices] == [False, False, False, True, True, False, False]
    assert [unbounded.is_valid_price(price) for price in prices] == [False, False, True, True, True, True, True]
    assert (unbounded.grid, unbounded.limit) == (None, 0)


def test_text_passes_through_the_units_of_the_instrument() -> None:
    kalshi = Instrument("KXTEST", 0, [PriceBand(0, LIMIT, 100)])
    assert [kalshi.parse_price(text) for text in ("0.4150", "0.960", b"1")] == [4_150, 9_600, 10_000]
    assert [kalshi.parse_size(text) for text in ("-85.50", "1000", b"0.01")] == [-8_550, 100_000, 1]
    assert (kalshi.format_price(4_150), kalshi.format_size(-8_550)) == ("0.4150", "-85.50")
    other = Instrument("BTC", 0, None, price_decimals=2, size_decimals=8)
    assert (other.parse_price("60000.01"), other.parse_size("0.00000001")) == (6_000_001, 1)
    assert (other.format_price(6_000_001), other.format_size(1)) == ("60000.01", "0.00000001")


def test_text_finer_than_the_units_is_refused() -> None:
    kalshi = Instrument("KXTEST", 0, [PriceBand(0, LIMIT, 100)])
    for parse, text in ((kalshi.parse_price, "0.00001"), (kalshi.parse_size, "0.001"), (kalshi.parse_price, "half")):
        with pytest.raises(DecodeError, match=f"'{text}'"):
            parse(text)


# Places


def test_market_gets_the_lowest_free_place() -> None:
    markets = [Instrument(name, NOWHERE, None) for name in "ABCDE"]
    slots = Slots()
    for market in markets[:4]:
        slots.give(market)
    assert [market.index for market in markets] == [0, 1, 2, 3, NOWHERE]
    slots.take_back(markets[2])
    slots.take_back(markets[1])
    assert [market.index for market in markets] == [0, NOWHERE, NOWHERE, 3, NOWHERE]
    slots.give(markets[4])
    assert (markets[4].index, slots.count) == (1, 4)


def test_places_between_those_that_are_taken_are_free() -> None:
    slots = Slots([Instrument("A", 1, None), Instrument("B", 3, None)])
    fresh = [Instrument(name, NOWHERE, None) for name in "CDE"]
    for market in fresh:
        slots.give(market)
    assert [market.index for market in fresh] == [0, 2, 4]
