"""The compiled pass: books, money, risk, time, and that no parameter set knows of another."""

from array import array
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest.core._pass import CompiledPass
from engine.backtest.core._rows_desk import REASON_NAMES, RowsDesk
from engine.backtest.core.settings import (
    TABLE,
    UNLIMITED,
    DeskLimits,
    ParameterSet,
    PassResult,
    QuadraticTerms,
    QueueModel,
    QuoteBoth,
    RowAnswer,
    Ways,
)
from engine.errors import ConfigError, DecodeError
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.risk.fee_terms import FeeTerms
from engine.venue.kalshi.fees import KalshiFees, QuadraticFee
from tests.support.rows import BANDS, LEVEL, MadeRows, Wild, grids

SEEDS = st.integers(0, 2**32)
MS = 1_000_000
LATE = Ways(new=5 * MS, cancel=5 * MS, replace=5 * MS, answer=5 * MS)


def rows(seed: int, markets: int = 1, steps: int = 150, pairs: float = 1.0, losses: bool = False) -> dict[str, Any]:
    made = MadeRows(seed, markets)
    for step in range(steps):
        made.step(pairs=pairs)
        if losses and step % 40 == 20:
            made.lose(step % markets)
    return made.columns()


def run(columns: dict[str, Any], *sets: ParameterSet, markets: int = 1) -> CompiledPass:
    made = CompiledPass(columns, grids(markets), sets)
    made.run_all()
    return made


def one(strategy: object, **more: Any) -> ParameterSet:
    return ParameterSet(strategy=strategy, **{"limits": UNLIMITED, **more})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SEEDS, st.integers(1, 3))
def test_both_books_are_those_of_a_dictionary(seed: int, markets: int) -> None:
    made = MadeRows(seed, markets)
    for _ in range(100):
        made.step()
    passed = run(made.columns(), one(None), markets=markets)
    for market in range(markets):
        for side in (1, 2):
            held = [(price, size) for (which, price), size in made.books[market].items() if which == side and size]
            wanted = sorted(held, reverse=side == 1)
            assert passed.levels(market, side) == wanted == passed.levels(market, side, at_venue=True)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(("risk-averse", "optimistic", "power:3", "matched")), st.sampled_from((Ways(), LATE)))
def test_money_and_positions_are_the_sum_of_the_fills(seed: int, queue: str, ways: Ways) -> None:
    wild = Wild(seed)
    columns = rows(seed, 2, pairs=0.7, losses=True)
    terms = QuadraticTerms(1_000, 25, 100)
    passed = run(columns, one(wild, queue=QueueModel.parse(queue), ways=ways, fees=terms), markets=2)
    sides = {sent.order: (sent.side, sent.market) for sent in wild.sent}
    handles = {handle: order for handle, order in wild._places.items()}
    cash, positions = 0, {0: 0, 1: 0}
    for fill in passed.fills(0):
        side, market = sides[handles[fill.order]]
        sign = 1 if side == 1 else -1
        cash -= sign * fill.price * fill.qty + fill.fee
        positions[market] += sign * fill.qty
    result = passed.result(0)
    assert (result.cash, result.positions) == (cash, {at: held for at, held in positions.items() if held})
    assert result.fees == sum(fill.fee for fill in passed.fills(0))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(("risk-averse", "optimistic", "log", "matched")))
def test_no_more_is_filled_than_was_there(seed: int, queue: str) -> None:
    """Passive fills at a price and time are within what traded there; what takes, within what was shown."""
    columns = rows(seed, pairs=0.8)
    passed = run(columns, one(QuoteBoth(700), queue=QueueModel.parse(queue)), one(Wild(seed)))
    traded = sum(size for kind, size in zip(columns["kind"], columns["size"], strict=True) if kind == 2)
    arrived = shown = 0
    book: dict[tuple[int, int], int] = {}
    for kind, side, price, size in zip(
        *(columns[name] for name in ("kind", "maker_side", "price", "size")), strict=True
    ):
        if kind == LEVEL:
            arrived += max(0, size - book.get((side, price), 0))
            book[side, price] = size
        elif kind == 0:
            book.clear()
    shown = arrived
    assert passed.result(0).volume <= traded + arrived
    assert sum(fill.qty for fill in passed.fills(1) if fill.is_taker) <= shown
    assert sum(fill.qty for fill in passed.fills(1) if not fill.is_taker) <= traded + arrived


@settings(max_examples=30, deadline=None, derandomize=True)
@given(SEEDS)
def test_set_alone_is_the_set_among_others_and_a_silent_market_changes_nothing(seed: int) -> None:
    table = Ways(new=tuple(range(TABLE)), cancel=3 * MS, replace=2 * MS, answer=tuple(range(0, TABLE * MS, MS)))
    sets = [
        one(QuoteBoth(300 + 100 * place, place % 3), queue=QueueModel.parse(queue), ways=table)
        for place, queue in enumerate(("risk-averse", "power", "matched", "optimistic"))
    ]
    made = MadeRows(seed)
    for _ in range(150):
        made.step()
    columns = made.columns()
    together = run(columns, *sets)
    for place, each in enumerate(sets):
        alone = run(columns, each)
        wider = run(columns, each, markets=3)
        for found in (alone, wider):
            assert found.result(0) == together.result(place)
            assert [_bare(fill) for fill in found.fills(0)] == [_bare(fill) for fill in together.fills(place)]


def _bare(answer: RowAnswer) -> tuple[object, ...]:
    """Return what an answer says, its order by number alone: which slot of memory it had is nobody's business."""
    said = {name: getattr(answer, name) for name in answer.__struct_fields__}
    return tuple((said | {"account": 0, "order": answer.order >> 24}).values())


class Quoter:
    """QuoteBoth again, in Python."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._mine: dict[int, list[Any]] = {1: [], 2: []}  # handle, price, filled, working, changing

    def on_book(self, desk: RowsDesk, market: int) -> None:
        bid, ask = desk.best_bid(market), desk.best_ask(market)
        if bid and ask and bid >= ask:
            return
        for side, price in ((1, bid), (2, ask)):
            mine = self._mine[side]
            if not mine:
                if price:
                    handle = desk.submit(market, side, price, self._size, post_only=True)
                    self._mine[side] = [handle, price, 0, False, False] if handle > 0 else []
            elif mine[3] and not mine[4]:
                if not price:
                    mine[4] = desk.cancel(mine[0]) == 0
                elif price != mine[1] and desk.replace(mine[0], price, mine[2] + self._size) == 0:
                    mine[4], mine[1] = True, price

    def on_answer(self, desk: RowsDesk, answer: RowAnswer) -> None:
        side = next((side for side in (1, 2) if self._mine[side] and self._mine[side][0] == answer.order), 0)
        if not side:
            return  # a request that came too late for its order
        mine = self._mine[side]
        if answer.kind == 0:
            mine[3] = True
        elif answer.kind == 2:
            mine[2] += answer.qty
        elif answer.kind in (4, 5):
            mine[4] = False
        if not desk.is_live(answer.order):
            self._mine[side] = []
        if answer.kind in (0, 2, 4):
            self.on_book(desk, 0)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from((Ways(), LATE)))
def test_quoter_in_python_does_what_the_compiled_one_does(seed: int, ways: Ways) -> None:
    columns = rows(seed)
    passed = run(columns, one(QuoteBoth(500), ways=ways))
    python = run(columns, one(Quoter(500), ways=ways))
    assert [_bare(fill) for fill in passed.fills(0)] == [_bare(fill) for fill in python.fills(0)]
    assert passed.result(0).sent == python.result(0).sent


@settings(max_examples=30, deadline=None, derandomize=True)
@given(SEEDS, st.integers(20, 120))
def test_what_comes_later_changes_nothing_before_it(seed: int, cut: int) -> None:
    """Fills heard before a row are the same when everything from that row on is another story."""
    columns = rows(seed, steps=150)
    cut = min(cut, len(columns["recv_ns"]) - 1)
    other = {name: values[:cut] for name, values in columns.items()}
    until_ns = other["venue_ns"][-1]
    whole, part = Wild(seed), Wild(seed)
    run(columns, one(whole, ways=LATE))
    run(other, one(part, ways=LATE))
    assert [each for each in whole.sent if each.sent_ns < until_ns] == [
        each for each in part.sent if each.sent_ns < until_ns
    ]
    assert [each for each in whole.told() if each[2] < until_ns] == [each for each in part.told() if each[2] < until_ns]


@given(st.integers(1, 10**9), st.integers(2, 99), st.sampled_from((1_000, 500, 2_000)))
def test_fee_is_the_venues(qty: int, cents: int, multiplier: int) -> None:
    terms = QuadraticTerms(multiplier)
    made = MadeRows(1)
    made.rows.clear()
    made._add(0, 0, 32, 0, 0, 0)
    made._add(0, LEVEL, 32, 2, cents * 100, qty)
    made._add(0, LEVEL, 32, 1, 100, 1)
    made._now_ns += 100 * MS
    made._add(0, LEVEL, 0, 1, 100, 2)
    passed = run(made.columns(), one(Once(cents * 100, qty), fees=terms))
    (fill,) = passed.fills(0)
    wanted = QuadraticFee(multiplier).fee(Instrument("A", 0, BANDS), cents * 100, qty, True)
    assert (fill.qty, fill.price, fill.fee) == (qty, cents * 100, wanted)


class Once:
    """Buys once."""

    def __init__(self, price: int, qty: int, tif: str = "IOC") -> None:
        self._order: tuple[int, int, str] | None = (price, qty, tif)
        self.answered = 0

    def on_book(self, desk: RowsDesk, market: int) -> None:
        if self._order is not None and desk.best_bid(market):
            price, qty, tif = self._order
            self.answered = desk.submit(market, 1, price, qty, tif=tif)
            self._order = None


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from((1, 100, 10_000)))
def test_rounding_of_an_order_is_paid_back_as_the_venue_does(seed: int, precision: int) -> None:
    wild = Wild(seed)
    passed = run(rows(seed), one(wild, fees=QuadraticTerms(1_000, 25, precision)))
    instrument = Instrument("A", 0, BANDS)
    decimals = {1: 6, 100: 4, 10_000: 2}[precision]
    fees = KalshiFees(FeeTerms(account_decimals=decimals))
    fees.set_terms(instrument, 1_000, 25)
    orders: dict[int, Order] = {}
    sides = {
        handle: next(sent.side for sent in wild.sent if sent.order == order) for handle, order in wild._places.items()
    }
    for fill in passed.fills(0):
        order = orders.setdefault(fill.order, Order("c", instrument, sides[fill.order], 1, 1))
        assert fill.fee == fees.charge(order, fill.price, fill.qty, fill.is_taker)


NARROW = DeskLimits(qty=1_000, position=1_500, open_orders=2, open_cost=5_000_000, collar=200)


@pytest.mark.parametrize(
    ("orders", "reason"),
    [
        ([(4_400, 1_001)], "risk: quantity"),
        ([(4_450, 100)], "risk: price"),
        ([(4_900, 100)], "risk: collar"),
        ([(4_400, 1_000), (4_400, 501)], "risk: position"),
        ([(4_400, 1), (4_300, 1), (4_200, 1)], "risk: open orders"),
        ([(4_400, 1_000), (4_300, 500)], "risk: open cost"),
    ],
)
def test_risk_refuses_and_counts(orders: list[tuple[int, int]], reason: str) -> None:
    answered: list[int] = []

    class Asks:
        def on_book(self, desk: RowsDesk, market: int) -> None:
            if not answered and desk.best_bid(market):
                answered.extend(desk.submit(market, 1, price, qty) for price, qty in orders)

    passed = run(_still(), one(Asks(), limits=NARROW))
    assert REASON_NAMES[-answered[-1]] == reason
    assert passed.result(0).refused[reason] >= 1


def _still() -> dict[str, Any]:
    """Return a book of 45 against 46, and some rows that change nothing at its best."""
    made = MadeRows(1)
    made.rows.clear()
    made._add(0, 0, 32, 0, 0, 0)
    made._add(0, LEVEL, 32, 1, 4_500, 1_000)
    made._add(0, LEVEL, 32, 2, 4_600, 1_000)
    made._now_ns += 100 * MS
    made._add(0, LEVEL, 0, 1, 4_400, 500)
    return made.columns()


def _spoil(name: str, value: int) -> Callable[[dict[str, Any]], None]:
    def spoil(columns: dict[str, Any]) -> None:
        columns[name] = array(columns[name].typecode, columns[name])
        columns[name][2] = value

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        _spoil("price", 4_550),
        _spoil("price", -1),
        _spoil("market", 7),
        _spoil("market", -1),
        _spoil("maker_side", 3),
        _spoil("size", -5),
        _spoil("venue_order", 99),
        _spoil("venue_order", -4),
    ],
)
def test_row_that_cannot_be_is_named(spoil: Callable[[dict[str, Any]], None]) -> None:
    columns = _still()
    spoil(columns)
    with pytest.raises(DecodeError, match=r"^row -?\d+ of 4 names a market, a price or a size"):
        run(columns, one(None))


def test_columns_that_do_not_fit_are_refused() -> None:
    columns = _still()
    with pytest.raises(ConfigError, match="not of one length"):
        run(columns | {"price": columns["price"][:-1]}, one(None))
    with pytest.raises(ConfigError, match="a market and a parameter set"):
        CompiledPass(columns, [], [one(None)])


def test_exception_of_a_strategy_ends_the_run_as_it_is() -> None:
    class Breaks:
        def on_book(self, desk: RowsDesk, market: int) -> None:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(_still(), one(Breaks()))


def test_desk_names_what_it_does_not_have() -> None:
    class Asks:
        def on_book(self, desk: RowsDesk, market: int) -> None:
            with pytest.raises(IndexError, match="market 5 of 1"):
                desk.best_bid(5)
            with pytest.raises(ValueError, match="side must be 1"):
                desk.size_at_best(0, 3)
            with pytest.raises(ValueError, match="tif must be one of GTC"):
                desk.submit(0, 1, 100, 1, tif="DAY")
            assert REASON_NAMES[-desk.cancel(123)] == "no such order"

    run(_still(), one(Asks()))


def test_loss_refuses_orders_and_fills_none_until_the_snapshot() -> None:
    made = MadeRows(1)
    made.rows.clear()
    made._add(0, 0, 32, 0, 0, 0)
    made._add(0, LEVEL, 32, 1, 4_500, 1_000)
    made._add(0, LEVEL, 32, 2, 4_600, 1_000)
    for kind, side, price, size in (
        (LEVEL, 1, 4_500, 900),
        (3, 0, 0, 0),
        (2, 1, 4_500, 900),
        (0, 0, 0, 0),
        (LEVEL, 2, 4_500, 300),
    ):
        made._now_ns += 50 * MS if kind in (LEVEL, 3) and price != 4_500 or kind == 3 else MS
        made._add(0, kind, 32 if kind == 0 or side == 2 else 0, side, price, size)
    made._now_ns += 100 * MS
    made._add(0, LEVEL, 0, 2, 4_700, 100)
    passed = run(made.columns(), one(Once(4_500, 200, "GTC")))
    (fill,) = passed.fills(0)
    assert (fill.qty, fill.price, fill.is_gap, fill.is_taker) == (200, 4_500, True, False)


@pytest.mark.parametrize("late_ms", [10, 1_500])
def test_decrease_of_an_unpaired_trade_is_no_cancel(late_ms: int) -> None:
    """What the trade used up went from ahead of the order, once: 1000 stood there, 300 and 800 trade."""
    made = MadeRows(1)
    made.rows.clear()
    made._add(0, 0, 32, 0, 0, 0)
    made._add(0, LEVEL, 32, 1, 4_500, 1_000)
    made._add(0, LEVEL, 32, 2, 4_600, 1_000)
    for wait_ms, kind, flags, size in (
        (20, LEVEL, 0, 1_500),
        (1, 2, 0, 300),
        (late_ms, LEVEL, 0, 1_200),
        (1, 2, 2, 800),
        (0, LEVEL, 2, 400),
    ):
        made._now_ns += wait_ms * MS
        made._add(0, kind, flags, 1, 4_500, size)
    passed = run(made.columns(), one(Once(4_500, 200, "GTC"), queue=QueueModel.parse("optimistic")))
    assert [(fill.qty, fill.ahead) for fill in passed.fills(0)] == [(100, 700)]


def test_result_is_the_same_every_time() -> None:
    columns = rows(5, 2, pairs=0.7, losses=True)

    def result() -> tuple[PassResult, list[RowAnswer]]:
        passed = run(columns, one(Wild(5), ways=Ways(new=tuple(range(TABLE)))), markets=2)
        return passed.result(0), passed.fills(0)

    assert result() == result() == result()
