"""An order's tag on the wire of the plain dialect: in the field that was chosen, or nowhere."""

from typing import Any

import pytest

from engine.errors import ConfigError, OrderError
from engine.orders.options import OrderOptions
from engine.orders.orders import Orders
from engine.venue.fix44 import orders
from engine.venue.kalshi.fix.orders import KalshiOrders
from tests.support.order_reports import INSTRUMENTS, ack, open_order


def tagged(**options: Any) -> Any:
    order = open_order(Orders("T"))
    order.take_options(OrderOptions(**options))
    return order


def test_tag_leaves_in_the_field_that_was_chosen() -> None:
    order = tagged(tag="quote-1")
    plain, chosen = orders(INSTRUMENTS), orders(INSTRUMENTS, terms={"tag_field": 5_001})
    assert plain.new_order_with(order, 10**18) == plain.new_order(order, 10**18)
    assert chosen.new_order_with(order, 10**18) == plain.new_order(order, 10**18) + b"5001=quote-1\x01"


def test_replace_repeats_the_tag() -> None:
    live = Orders("T")
    order = open_order(live)
    order.take_options(OrderOptions(tag="quote-1"))
    live.apply(ack(order))
    live.request_replace(order, 4_300, 20, 1)
    plain, chosen = orders(INSTRUMENTS), orders(INSTRUMENTS, terms={"tag_field": 5_001})
    assert chosen.replace(order, 10**18) == plain.replace(order, 10**18) + b"5001=quote-1\x01"
    bare = open_order(live)
    live.apply(ack(bare))
    live.request_replace(bare, 4_300, 20, 1)
    assert chosen.replace(bare, 10**18) == plain.replace(bare, 10**18)


def test_option_of_a_venue_s_own_cannot_be_said() -> None:
    with pytest.raises(OrderError, match="order_group G"):
        orders(INSTRUMENTS).new_order_with(tagged(tag="a", order_group="G"), 10**18)


@pytest.mark.parametrize("terms", [{"tag_field": 58}, {"tag_field": "5001"}, {"tag_field": True}, {"account": "x"}])
def test_term_that_is_none_is_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="session.terms"):
        orders(INSTRUMENTS, terms=terms)


def test_kalshi_has_no_field_for_a_tag() -> None:
    dialect = KalshiOrders(INSTRUMENTS)
    assert dialect.new_order_with(tagged(tag="a"), 10**18) == dialect.new_order(tagged(), 10**18)
    group = "11111111-2222-3333-4444-555555555555"
    both, alone = tagged(tag="a", order_group=group), tagged(order_group=group)
    assert dialect.new_order_with(both, 10**18) == dialect.new_order_with(alone, 10**18)
