"""ClOrdIDs found by their number: the same as a dictionary, whatever is kept in whatever order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.fix import Status
from engine.instrument import Instrument
from engine.orders._ids import OrderIds
from engine.orders.order import Order, restore_fields

RAIN = Instrument("RAIN", 0, None)
OURS = st.integers(1, 30).map("A-{}".format)
FAR = st.sampled_from(["A-5000", "A-999999999999999999", "A-9223372036854775807", "A-92233720368547758070"])
OTHERS = st.sampled_from(["", "A-", "A-0", "A-07", "A-1x", "a-1", "B-1", "AA-1", "A1", "A--1", "A-\u0661", "A-\u0142"])
IDS = st.one_of(OURS, OURS, FAR, OTHERS)


def order(cl_ord_id: str) -> Order:
    return Order(cl_ord_id, RAIN, 1, 4_500, 10)


@given(st.lists(IDS, max_size=40), st.lists(IDS, max_size=20))
def test_ids_are_found_as_in_a_dictionary(kept: list[str], asked: list[str]) -> None:
    ids, plain = OrderIds("A-"), {}
    for cl_ord_id in kept:
        plain[cl_ord_id] = order(cl_ord_id)
        ids.keep(cl_ord_id, plain[cl_ord_id])
        assert all(ids.get(each) is plain.get(each) for each in (*kept, *asked))
    assert dict(ids.items()) == plain and len(ids.items()) == len(plain)
    assert set(ids.newest_first()) == set(plain.values())


def test_ids_rise_from_the_last_that_was_restored() -> None:
    ids = OrderIds("A-")
    assert [ids.take(), ids.take()] == ["A-1", "A-2"]
    for cl_ord_id in ("A-7", "A-3", "B-100", "A-x", ""):
        ids.restore(cl_ord_id)
    assert (ids.last, ids.take()) == (7, "A-8")


def test_orders_come_newest_first() -> None:
    ids, made = OrderIds("A-"), [order(f"A-{number}") for number in (41, 42, 45)]
    for each in made:
        ids.keep(each.cl_ord_id, each)
    assert list(ids.newest_first()) == made[::-1]
    assert [cl_ord_id for cl_ord_id, _ in ids.items()] == ["A-41", "A-42", "A-45"]


@pytest.mark.parametrize("prefix", ["\u0142", "A" * 65])
def test_prefix_that_no_message_could_carry_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="is not ASCII of at most 64 characters"):
        OrderIds(prefix)


def over(cl_ord_id: str) -> Order:
    made = order(cl_ord_id)
    restore_fields(made, ord_status=Status.CANCELED)
    return made


@given(st.lists(st.booleans(), max_size=120), st.integers(1, 20), st.lists(st.integers(0, 120), max_size=10))
def test_trimmed_ids_are_the_oldest_of_orders_that_are_over(alive: list[bool], most: int, ends: list[int]) -> None:
    ids, made = OrderIds("A-"), {}
    for number, is_alive in enumerate(alive, 1):
        name = f"A-{number}"
        made[name] = order(name) if is_alive else over(name)
        ids.keep(name, made[name])
        if number % 5 == 0:
            ids.trim(most)
            for end in ends:  # one that lived on beyond the window is over by now
                if f"A-{end}" in made:
                    restore_fields(made[f"A-{end}"], ord_status=Status.CANCELED)
    ids.trim(most)
    newest = {f"A-{number}" for number in range(len(alive) - most + 1, len(alive) + 1)}
    for name, each in made.items():
        if not each.is_done or name in newest:
            assert ids.get(name) is each, name
    assert len(ids.items()) <= most + most // 4 + sum(not each.is_done for each in made.values()) + len(ends)


def test_an_order_that_lived_long_is_forgotten_once_it_is_over() -> None:
    ids, old = OrderIds("A-"), order("A-1")
    ids.keep("A-1", old)
    for number in range(2, 31):
        ids.keep(f"A-{number}", over(f"A-{number}"))
    ids.trim(10)
    assert ids.get("A-1") is old and ids.get("A-20") is None and ids.get("A-21") is not None
    restore_fields(old, ord_status=Status.CANCELED)
    for number in range(31, 41):
        ids.keep(f"A-{number}", over(f"A-{number}"))
    ids.trim(10)
    assert ids.get("A-1") is None
