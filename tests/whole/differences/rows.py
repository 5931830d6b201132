"""Every difference that can be caused at the simulated Kalshi: how it is made, and how it is undone.

What a venue would not do by itself its REST side tells for a while: a lie that the truth follows.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine import fix
from engine.orders.order import Order
from engine.trading.reconcile.rules import Rule
from tests.support.engine.kalshi_life import KalshiLife

Undo = Callable[[], object]


class Difference(NamedTuple):
    """One row: what makes it and returns what undoes it; whether its market stops by the safe rules."""

    rule: Rule
    cause: Callable[[KalshiLife], Undo]
    stops: bool = True
    is_asked: bool = True  # for by an operator; else a logon finds it


def late(life: KalshiLife) -> Undo:
    """Let the session tell nothing until it is undone."""
    life.venue.ask("silent_fix")
    return lambda: life.venue.ask("clear", kind="silent_fix")


def missed_fill(life: KalshiLife) -> Undo:
    life.rest(3_600, 200)
    undo = late(life)
    life.sell_into(3_600, 200)
    return undo


def fill_twice(life: KalshiLife) -> Undo:
    order = life.filled()
    life.lie("doubled", "get_fills", {"order_id": order.order_id}, count_fp="1.00")
    return life.truth


def impossible_fill(life: KalshiLife) -> Undo:
    order = life.filled()
    life.lie("altered", "get_fills", {"order_id": order.order_id}, yes_price_dollars="0.0000")
    return life.truth


def fill_of_other_side(life: KalshiLife) -> Undo:
    order = life.filled()
    life.lie("altered", "get_fills", {"order_id": order.order_id}, book_side="ask", outcome_side="no")
    return life.truth


def of_order(**change: str) -> Callable[[KalshiLife], Undo]:
    """Return what lets the venue tell something else of an order that rests."""

    def cause(life: KalshiLife) -> Undo:
        order = life.rest()
        life.lie("altered", "get_orders", {"client_order_id": order.cl_ord_id}, **change)
        return life.truth

    return cause


def order_over(life: KalshiLife) -> Undo:
    order = life.rest()
    undo = late(life)
    life.cancel_beside(order)
    return undo


def cut(life: KalshiLife) -> Order:
    """Send an order whose session is lost before it is answered, and wait until the session is up again."""
    before = life.losses()
    life.venue.ask("cut_order")
    order: Order | None = life.desk.buy(life.market, 2_800, 100)
    assert order is not None
    life.until(lambda: life.losses() > before and life.trading_loop.is_connected, "back")
    return order


def unknown_outcome(life: KalshiLife) -> Undo:
    cut(life)
    return lambda: None


def never_arrived(life: KalshiLife) -> Undo:
    life.lie("omitted", "get_orders", {"yes_price_dollars": "0.2800"})
    cut(life)
    return life.truth


def order_lost(life: KalshiLife) -> Undo:
    order = life.rest()
    life.lie("omitted", "get_orders", {"client_order_id": order.cl_ord_id})
    return life.truth


def stranger_order(life: KalshiLife) -> Undo:
    life.beside(fix.BUY, 2_000, 100)
    return life.cancel_strangers


def of_position(**change: str) -> Callable[[KalshiLife], Undo]:
    """Return what lets the venue tell something else of a position."""

    def cause(life: KalshiLife) -> Undo:
        life.filled()
        life.lie("altered", "get_positions", {"ticker": life.market.symbol}, **change)
        return life.truth

    return cause


def balance(life: KalshiLife) -> Undo:
    life.reconcile()
    life.lie("altered", "get_balance", balance_dollars="123.0000")
    return life.truth


ROWS = {
    "fill missed": Difference(Rule.FILL_MISSED, missed_fill, stops=False),
    "fill twice": Difference(Rule.FILL_TWICE, fill_twice),
    "fill at an impossible price": Difference(Rule.FILL_IMPOSSIBLE, impossible_fill),
    "fill of the other side": Difference(Rule.FILL_IMPOSSIBLE, fill_of_other_side),
    "price differs": Difference(Rule.ORDER_WORKS, of_order(yes_price_dollars="0.2000"), stops=False),
    "quantity differs": Difference(Rule.ORDER_WORKS, of_order(remaining_count_fp="2.00"), stops=False),
    "order over": Difference(Rule.ORDER_OVER, order_over, stops=False),
    "outcome unknown": Difference(Rule.ORDER_OVER, unknown_outcome, stops=False, is_asked=False),
    "never arrived": Difference(Rule.ORDER_NEVER_ARRIVED, never_arrived, stops=False, is_asked=False),
    "order lost": Difference(Rule.ORDER_LOST, order_lost),
    "side differs": Difference(Rule.ORDER_IMPOSSIBLE, of_order(book_side="ask", outcome_side="no")),
    "fills differ": Difference(Rule.FILLS_DIFFER, of_order(fill_count_fp="1.00")),
    "stranger's order": Difference(Rule.STRANGER_ORDER, stranger_order),
    "position differs": Difference(Rule.POSITION_DIFFERS, of_position(position_fp="900.00")),
    "fees differ": Difference(Rule.FEES_DIFFER, of_position(fees_paid_dollars="9.9900"), stops=False),
    "balance differs": Difference(Rule.BALANCE_DIFFERS, balance),
}
