"""An account without orders, and an order that the venue has acknowledged."""

import pytest

from engine.orders.order import Order
from engine.orders.orders import Orders
from tests.support.order_reports import ack, open_order


@pytest.fixture
def orders() -> Orders:
    return Orders("A1")


@pytest.fixture
def order(orders: Orders) -> Order:
    """An acknowledged order: buy 10 at 0.42."""
    opened = open_order(orders)
    orders.apply(ack(opened, order_id="V1"))
    return opened
