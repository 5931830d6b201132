"""Random operations on both books and on a plain reference: equal after every step."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.book import ASK, BID, MAX_SIZE, MOVED, NO_ASK, NO_BID, QUIET, STALE, Book, SortedBook
from engine.instrument import Instrument, PriceBand
from tests.support.books import CENTI_CENTS, CENTS, TAPERED, AnyBook

EDGE_CENTI_CENTS = [PriceBand(0, 100, 1), PriceBand(100, 9_900, 10), PriceBand(9_900, 10_000, 1)]
SIXTEEN = [PriceBand(5_000, 5_015, 1)]
SIXTY_FOUR = [PriceBand(5_000, 5_063, 1)]  # as many prices as bits in a word of the bitmap


Operation: TypeAlias = tuple[Any, ...]  # a name and its arguments


def prices_of(instrument: Instrument) -> Sequence[int]:
    assert instrument.grid is not None
    return instrument.grid.prices


class ReferenceBook:
    """The book as one would explain it: a dict of sizes, sorted whenever it is read."""

    def __init__(self, instrument: Instrument, watch_depth: int) -> None:
        self.instrument = instrument
        self.watch_depth = watch_depth
        self.sizes: dict[tuple[int, int], int] = {}
        self.is_stale = True

    def depth(self, side: int, levels: int | None) -> list[tuple[int, int]]:
        held = [(price, size) for (on, price), size in self.sizes.items() if on == side]
        return sorted(held, reverse=side == BID)[:levels]

    def best(self, side: int) -> tuple[int, int]:
        return self.depth(side, 1)[0] if self.depth(side, 1) else ((NO_BID if side == BID else NO_ASK), 0)

    def apply(self, side: int, price: int, change: int) -> int:
        return self.set_level(side, price, self.sizes.get((side, price), 0) + change)

    def set_level(self, side: int, price: int, size: int) -> int:
        if self.is_stale or not self.takes(price, size):
            self.is_stale = True
            return STALE
        before = self.best(side)[0], self.depth(side, self.watch_depth)
        self.hold(side, price, size)
        return QUIET if before == (self.best(side)[0], self.depth(side, self.watch_depth)) else MOVED

    def snapshot(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> int:
        levels = [(side, *level) for side, given in ((BID, bids), (ASK, asks)) for level in given]
        self.sizes = {}
        prices = [(side, price) for side, price, size in levels if size]
        self.is_stale = len(set(prices)) < len(prices) or not all(self.takes(*level) for _, *level in levels)
        if self.is_stale:
            return STALE
        for level in levels:
            self.hold(*level)
        return MOVED

    def takes(self, price: int, size: int) -> bool:
        return price in prices_of(self.instrument) and 0 <= size <= MAX_SIZE

    def hold(self, side: int, price: int, size: int) -> None:
        self.sizes[side, price] = size
        if not size:
            del self.sizes[side, price]

    def sweep(self, side: int, qty: int, limit_price: int) -> tuple[int, int, int]:
        filled, cost, worst = 0, 0, (NO_BID if side == BID else NO_ASK)
        for price, size in self.depth(side, None):
            if filled < qty and (limit_price <= price if side == BID else price <= limit_price):
                take = min(size, qty - filled)
                filled, cost, worst = filled + take, cost + take * price, price
        return filled, cost, worst


sides = st.sampled_from([BID, ASK])
sizes = st.integers(1, 40) | st.sampled_from([1, MAX_SIZE])


def operations(prices: st.SearchStrategy[int]) -> st.SearchStrategy[Operation]:
    """Mostly what a venue sends; now and then what it never should."""
    levels = st.lists(st.tuples(prices, sizes), max_size=12, unique_by=lambda level: level[0])
    wrong_price = st.sampled_from([0, -1, 10_000, 5_016, 2**40])
    return st.one_of(
        st.tuples(st.just("apply"), sides, prices, sizes),
        st.tuples(st.just("set_level"), sides, prices, st.integers(0, 40)),
        st.tuples(st.just("take"), sides, st.integers(0, 6), st.integers(0, 4)),
        st.tuples(st.just("take"), sides, st.integers(0, 6), st.integers(0, 4)),
        st.tuples(st.just("snapshot"), levels, levels),
        st.tuples(st.sampled_from(["apply", "set_level"]), sides, prices | wrong_price, st.integers(-45, 45)),
        st.tuples(st.just("snapshot"), levels, st.lists(st.tuples(prices | wrong_price, st.integers(-1, 40)))),
    )


def resolve(reference: ReferenceBook, operation: Operation) -> tuple[str, list[Any]]:
    """Turn "take" into the delta that takes a part of a level that is there, or all of it."""
    name, *arguments = operation
    if name != "take":
        return name, arguments
    side, place, part = arguments
    held = reference.depth(side, None)
    if not held:
        return "apply", [side, prices_of(reference.instrument)[0], 0]
    price, size = held[place % len(held)]
    return "apply", [side, price, -(size if part < 2 else size // part)]


def run(
    bands: Sequence[PriceBand], watch_depth: int, operations: list[Operation], sweeps: list[tuple[int, int, int]]
) -> None:
    instrument = Instrument("KXTEST", 0, bands)
    reference = ReferenceBook(instrument, watch_depth)
    books: list[AnyBook] = [Book(instrument, watch_depth), SortedBook(instrument, watch_depth)]
    for name, arguments in [("snapshot", [[], []]), *(resolve(reference, each) for each in operations)]:
        if reference.is_stale and name != "snapshot":  # go on with what was there, as a resynchronised feed does
            levels = reference.depth(BID, None), reference.depth(ASK, None)
            assert [each.snapshot(*levels) for each in (reference, *books)] == [MOVED] * 3
        outcome = getattr(reference, name)(*arguments)
        for book in books:
            assert getattr(book, name)(*arguments) == outcome
            book._check()
            assert book.is_stale == reference.is_stale
            for side in (BID, ASK):
                assert book.depth(side, 10_000) == reference.depth(side, None)
            assert (book.best_bid, book.best_bid_size) == reference.best(BID)
            assert (book.best_ask, book.best_ask_size) == reference.best(ASK)
            assert book.is_crossed == (reference.best(BID)[0] >= reference.best(ASK)[0])
        assert books[0].updates == books[1].updates
        for sweep in sweeps:
            assert [book.sweep(*sweep) for book in books] == [reference.sweep(*sweep)] * 2


def check(
    bands: Sequence[PriceBand], watch_depth: int, examples: int, steps: int = 40, prices: Sequence[int] | None = None
) -> None:
    """Run `examples` random histories over a grid; `prices` narrows the choice where the grid is wide."""
    choice = st.sampled_from(prices or prices_of(Instrument("KXTEST", 0, bands)))
    sweeps = st.lists(st.tuples(sides, st.integers(-1, 300), choice), min_size=2, max_size=2)

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(st.lists(operations(choice), min_size=steps // 2, max_size=steps), sweeps)
    def histories(history: list[Operation], sweeps: list[tuple[int, int, int]]) -> None:
        run(bands, watch_depth, history, sweeps)

    histories()


@pytest.mark.parametrize("watch_depth", [0, 1, 3])
@pytest.mark.parametrize("bands", [SIXTEEN, SIXTY_FOUR, CENTS, TAPERED], ids=["16", "64", "cents", "tapered"])
def test_random_operations_equal_the_reference(bands: Sequence[PriceBand], watch_depth: int) -> None:
    check(bands, watch_depth, examples=20)


@pytest.mark.parametrize("watch_depth", [1, 5])
def test_random_operations_on_a_wide_grid_equal_the_reference(watch_depth: int) -> None:
    words_apart = [1, 2, 63, 64, 65, 128, 4_999, 5_000, 5_001, 9_935, 9_936, 9_998, 9_999]
    check(CENTI_CENTS, watch_depth, examples=12, steps=15, prices=words_apart)


def test_random_operations_on_a_grid_fine_at_both_ends_equal_the_reference() -> None:
    check(EDGE_CENTI_CENTS, 2, examples=15)
