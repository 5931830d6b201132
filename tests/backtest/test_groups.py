"""A result by strategy, tag and market: parts that add up, and figures against plain references."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import fix
from engine.backtest.history import timed
from engine.backtest.latency import Latency
from engine.backtest.outcomes import MarketOutcome
from engine.backtest.recorder import HeardFill
from engine.backtest.results.groups import KINDS, groups, held_at_limit, turnover
from engine.backtest.results.inventory import StakeFrom, collateral_ns, stakes_of
from engine.backtest.results.result import Assumed, observed, result_of
from engine.exchange import captures
from engine.fix import Tif
from engine.instrument import Instrument
from engine.portfolio import Portfolio
from engine.strategy import Book
from tests.backtest.test_runner import Noted, quiet, ran
from tests.support.rows import BANDS

S = 1_000_000_000
END = 60
LIMIT = 10_000
MARKETS = [
    Instrument("A-1", 0, BANDS, event="A", series="SA", category="Weather"),
    Instrument("A-2", 1, BANDS, event="A", series="SA", category="Weather"),
    Instrument("B-1", 2, BANDS, event="B", series="SB", category="Sports"),
]
SYMBOLS = [each.symbol for each in MARKETS]


def fill(
    at_s: int, symbol: str, side: int, price: int, qty: int, fee: int, is_taker: bool, tag: str, owner: str
) -> HeardFill:
    return HeardFill(at_s * S, symbol, side, price, qty, fee, is_taker, "a", "x", at_s * S, tag, owner)


FILLS = st.lists(
    st.builds(
        fill,
        st.integers(0, END - 1),
        st.sampled_from(SYMBOLS),
        st.sampled_from((fix.BUY, fix.SELL)),
        st.integers(1, LIMIT - 1),
        st.integers(1, 900),
        st.integers(0, 9),
        st.booleans(),
        st.sampled_from(("", "calm", "bold")),
        st.sampled_from(("", "second")),
    ),
    max_size=30,
).map(lambda found: sorted(found, key=lambda each: each.heard_ns))


def account(fills: Sequence[HeardFill], marks: dict[str, int], settled: dict[str, int]) -> Portfolio:
    found = Portfolio(MARKETS)
    for each in fills:
        found.fill(MARKETS[SYMBOLS.index(each.symbol)], each.side, each.qty, each.price, each.fee)
    for market in MARKETS:
        if market.symbol in settled:
            found.settle(market, settled[market.symbol])
        else:
            found.mark(market, marks[market.symbol], marks[market.symbol] + 100)
    return found


MARKS = st.fixed_dictionaries({symbol: st.integers(1, 98).map(lambda cents: cents * 100) for symbol in SYMBOLS})
SETTLED = st.dictionaries(st.sampled_from(SYMBOLS), st.sampled_from((0, LIMIT)))


@given(FILLS, MARKS, SETTLED)
def test_groups_of_each_kind_add_up_to_the_account(
    fills: list[HeardFill], marks: dict[str, int], settled: dict[str, int]
) -> None:
    whole = account(fills, marks, settled)
    found = groups(fills, list(whole), {}, "only", 0, END * S)
    for kind in KINDS:
        rows = [row for row in found if row.kind == kind]
        assert sum(row.pnl for row in rows) == whole.pnl
        assert sum(row.fees for row in rows) == whole.fees
        assert sum(row.fills for row in rows) == len(fills)
        assert all(row.pnl == row.settled + row.marked - row.fees for row in rows)
    for kind in ("market", "event", "series", "category"):  # none of them shares a position with another
        assert sum(row.settled for row in found if row.kind == kind) == whole.realised


@given(FILLS, MARKS)
def test_group_of_a_tag_is_what_an_account_of_its_own_would_say(fills: list[HeardFill], marks: dict[str, int]) -> None:
    whole = account(fills, marks, dict.fromkeys(SYMBOLS, LIMIT))
    for row in groups(fills, list(whole), {}, "only", 0, END * S):
        if row.kind != "tag":
            continue
        own = [each for each in fills if each.tag == row.name]
        signed = [(each.qty if each.side == fix.BUY else -each.qty, each) for each in own]
        assert row.pnl == sum(qty * (LIMIT - each.price) - each.fee for qty, each in signed)
        assert row.marked == 0
        made = sum(each.qty for each in own if not each.is_taker)
        assert row.maker_share == pytest.approx(made / sum(each.qty for each in own))


def test_names_are_of_the_order_the_event_file_and_the_market() -> None:
    fills = [fill(1, "A-1", 1, 50, 1, 0, False, "calm", ""), fill(2, "B-1", 1, 50, 1, 0, False, "", "second")]
    known = {"A-1": MarketOutcome(None, 0, "KXSA", "Climate")}
    found = groups(fills, list(account(fills, dict.fromkeys(SYMBOLS, 100), {})), known, "only", 0, END * S)
    names = {kind: [row.name for row in found if row.kind == kind] for kind in KINDS}
    assert names == {
        "strategy": ["only", "second"],
        "tag": ["", "calm"],
        "series": ["KXSA", "SB"],
        "category": ["Climate", "Sports"],
        "event": ["A", "B"],
        "market": ["A-1", "B-1"],
    }


def held(fills: Sequence[HeardFill], symbol: str, at_s: int) -> int:
    own = [each for each in fills if each.symbol == symbol and each.heard_ns <= at_s * S]
    return sum(each.qty if each.side == fix.BUY else -each.qty for each in own)


@given(FILLS, st.integers(1, 500))
def test_time_at_the_limit_is_what_each_second_says(fills: list[HeardFill], limit: int) -> None:
    seconds = [any(abs(held(fills, symbol, at_s)) >= limit for symbol in SYMBOLS) for at_s in range(END)]
    found = held_at_limit(fills, SYMBOLS, limit, 0, END * S)
    assert found == pytest.approx(sum(seconds) / END)


@given(FILLS)
def test_turnover_is_what_each_second_says(fills: list[HeardFill]) -> None:
    """Each second by an account of its own: a long position can lose its cost, a short one the rest to the limit."""
    staked = 0
    for at_s in range(END):
        then = account([each for each in fills if each.heard_ns <= at_s * S], dict.fromkeys(SYMBOLS, 100), {})
        for each in then:
            staked += each.cost if each.net >= 0 else LIMIT * -each.net + each.cost
    notional = sum(each.price * each.qty for each in fills)
    whole = Portfolio(MARKETS)
    stakes = [stakes_of([each for each in fills if each.symbol == market.symbol], whole, market) for market in MARKETS]
    found = turnover(notional, stakes, 0, END * S)
    mean, days = staked / END, END / 86_400
    assert found == (pytest.approx(notional / days / mean) if staked else None)
    assert sum(collateral_ns(each, 0, END * S) for each in stakes) == staked * S


def test_stakes_by_hand() -> None:
    rows = [fill(1, "A-1", fix.BUY, 4_000, 10, 0, False, "", ""), fill(3, "A-1", fix.SELL, 6_000, 30, 0, False, "", "")]
    assert stakes_of(rows, Portfolio(MARKETS), MARKETS[0]) == [
        StakeFrom(1 * S, 10 * 4_000),
        StakeFrom(3 * S, 20 * (LIMIT - 6_000)),
    ]


def test_tags_come_with_the_fills_of_a_run(tmp_path: Path) -> None:
    path = quiet(("level", (300, "ask", 51, 5)), ("level", (900, "bid", 48, 1))).write(tmp_path)

    def buy(strategy: Noted, book: Book) -> None:
        if not list(strategy.context.tagged("calm")) and not strategy.context.position(book.instrument).net:
            strategy.context.buy(book.instrument, 5_100, 200, Tif.IOC, tag="calm")
            strategy.context.buy(book.instrument, 5_100, 300, Tif.IOC)

    ended = ran([path], Noted(buy))
    assert [(each.tag, each.qty) for each in ended.fills[:2]] == [("calm", 200), ("", 300)]
    frames, markets = timed([path]), captures.markets([path])
    result = result_of(ended, observed(frames, markets), {}, Assumed(latency=Latency()))
    rows = {(row.kind, row.name): row.qty for row in result.groups}
    assert rows["tag", "calm"] == 200 and rows["strategy", "Noted"] == sum(each.qty for each in ended.fills)
    assert result.summary["inventory"]["limit"] is None and result.summary["turnover"] > 0
