"""Numbers as texts, pages of lists, and token buckets."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sim.rest.numbers import cents, count, dollars, money, parse_count, parse_price, time_text
from engine.sim.rest.pages import Key, make_cursor, newest_first, page, read_cursor
from engine.sim.rest.refusals import RestRefused
from engine.sim.rest.tokens import TIERS, MemberTokens

NS = 1_000_000_000
amounts = st.integers(-(10**15), 10**15)


@given(amounts)
def test_texts_mean_their_integers(value: int) -> None:
    assert Decimal(dollars(value)) == Decimal(value).scaleb(-4)
    assert Decimal(count(value)) == Decimal(value).scaleb(-2)
    assert Decimal(money(value)) == Decimal(value).scaleb(-6)
    assert cents(value) == int(Decimal(value).scaleb(-4))  # cut off towards zero
    assert len(dollars(value).partition(".")[2]) == 4
    assert len(count(value).partition(".")[2]) == 2
    assert len(money(value).partition(".")[2]) == (6 if value % 100 else 4)


@given(st.integers(1, 10**9))
def test_texts_are_read_back(value: int) -> None:
    assert parse_price(dollars(value)) == value
    assert parse_count(count(value)) == value


@pytest.mark.parametrize("text", ["0", "-1", "1.001", "", "1e3", "many", "9" * 30])
def test_count_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RestRefused) as refused:
        parse_count(text)
    assert (refused.value.status, refused.value.code) == (400, "invalid_order_size")


@pytest.mark.parametrize("text", ["", "0.00001", "half", "NaN", "1" * 30])
def test_price_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RestRefused) as refused:
        parse_price(text)
    assert (refused.value.status, refused.value.code) == (400, "invalid_order")


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_795_444_206 * NS + 5_000_000, "2026-11-23T14:30:06.005000Z"),
        (1_795_444_206 * NS + 999, "2026-11-23T14:30:06Z"),
    ],
)
def test_time_has_the_microseconds_that_there_are(time_ns: int, text: str) -> None:
    assert time_text(time_ns) == text


keys = st.tuples(st.integers(-(10**18), 10**18), st.text(max_size=5))


@given(st.lists(keys, unique=True, max_size=30), st.integers(1, 10))
def test_pages_are_the_list(items: list[Key], limit: int) -> None:
    seen: list[Key] = []
    cursor = ""
    for _ in range(len(items) + 1):
        part = page(items, limit, cursor, lambda item: item, lambda item: item)
        assert len(part.items) <= limit
        seen += part.items
        cursor = part.cursor
        if not cursor:
            break
    assert seen == sorted(items)


@given(st.lists(keys, unique=True, min_size=1, max_size=20), st.lists(keys, max_size=10), st.data())
def test_what_comes_and_goes_between_pages_repeats_and_loses_nothing_else(
    items: list[Key], added: list[Key], data: st.DataObject
) -> None:
    first = page(items, 5, "", lambda item: item, lambda item: item)
    gone = data.draw(st.lists(st.sampled_from(items), unique=True))
    later = (set(items) | set(added)) - set(gone)
    second = page(later, 100, first.cursor, lambda item: item, lambda item: item).items if first.cursor else []
    read = first.items + second
    assert all(one < other for one, other in pairwise(read))
    stayed = set(items) - set(gone)
    assert stayed <= set(read)


@given(keys)
def test_cursor_holds_its_key(key: Key) -> None:
    assert read_cursor(make_cursor(key)) == key


@pytest.mark.parametrize("cursor", ["again", "%%%", "bm90aGluZw==", "W10=", "\u20ac"])
def test_cursor_that_is_none_begins_at_the_start(cursor: str) -> None:
    assert page([(1, "a"), (2, "b")], 1, cursor, lambda item: item, lambda item: item).items == [(1, "a")]


def test_newest_comes_first_and_limit_0_is_100() -> None:
    times = list(range(150))
    part = page(times, 0, "", lambda item: newest_first(item, str(item)), lambda item: item)
    assert part.items == list(range(149, 49, -1))


def test_buckets_of_a_member_are_apart_by_kind_and_shard() -> None:
    tokens = MemberTokens(lambda: 0, "basic", burst_seconds=1)
    most = TIERS["basic"].write
    assert tokens.spend("ann", most)
    assert not tokens.spend("ann", 1)
    assert tokens.spend("ann", most, shard=1)
    assert tokens.spend("bob", most)
    assert tokens.spend_read("ann", TIERS["basic"].read)
    assert not tokens.spend_read("ann", 1)


def test_batch_that_does_not_fit_takes_nothing() -> None:
    tokens = MemberTokens(lambda: 0, "basic", burst_seconds=1)
    assert not tokens.spend("ann", 101)
    assert tokens.spend("ann", 100)


def test_another_tier_fills_the_buckets_anew() -> None:
    tokens = MemberTokens(lambda: 0, "basic", burst_seconds=3)
    assert tokens.spend("ann", 300)
    assert not tokens.has_subaccounts("ann")
    tokens.set_tier("ann", "prestige")
    assert tokens.has_subaccounts("ann")
    assert tokens.tier("ann") == "prestige"
    assert tokens.spend("ann", 9_600 * 3)
    assert not tokens.spend("ann", 1)
    with pytest.raises(KeyError):
        tokens.set_tier("ann", "royal")
