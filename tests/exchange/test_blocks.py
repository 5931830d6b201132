"""Trades beside the book: both sides or neither, and the book hears of the trade alone."""

import pytest

from engine import fix
from engine.exchange.account_events import PositionChanged
from engine.exchange.blocks import BlockTrades
from engine.exchange.events import NewOrder, PublicTrade, Rejected, Traded
from tests.support.sim.marketplace import Bazaar


def order(account: str, side: int, qty: int = 1000, price: int = 4300, **more: object) -> NewOrder:
    fields = {"cl_ord_id": f"{account}-block", "symbol": "A", "time_in_force": fix.Tif.IOC, **more}
    return NewOrder(account=account, side=side, order_qty=qty, price=price, **fields)  # type: ignore[arg-type]


def trade(bazaar: Bazaar, maker: NewOrder, taker: NewOrder) -> list[object]:
    blocks = BlockTrades(bazaar.place.exchange, "R")
    return list(bazaar.place.book_trades(blocks.trade(maker, taker, bazaar.now_ns), bazaar.now_ns))


def test_block_trades_through_a_book_that_stays_as_it_is() -> None:
    bazaar = Bazaar()
    bazaar.new("z", fix.SELL, 500, 4200)
    events = trade(bazaar, order("x", fix.SELL), order("y", fix.BUY))
    fills = [event for event in events if isinstance(event, Traded)]
    assert [(one.account, one.last_px, one.last_qty, one.is_taker, one.ord_status) for one in fills] == [
        ("x", 4300, 1000, False, fix.Status.FILLED),
        ("y", 4300, 1000, True, fix.Status.FILLED),
    ]
    assert len({one.exec_id for one in fills}) == 2 and len({one.trade_id for one in fills}) == 1
    (told,) = [event for event in events if isinstance(event, PublicTrade)]
    assert told.is_block and told.side == fix.BUY
    assert [(one.account, one.net) for one in events if isinstance(one, PositionChanged)] == [("x", -1000), ("y", 1000)]
    assert bazaar.place.exchange.markets["A"].asks.levels() == [(4200, 500)]
    assert bazaar.place.exchange.orders.open_orders("y") == []


@pytest.mark.parametrize("poor", ["x", "y"])
def test_block_of_one_who_cannot_pay_is_none(poor: str) -> None:
    bazaar = Bazaar()
    bazaar.place.ledger.deposit(poor, 0, -99_000_000, bazaar.now_ns)
    (refused,) = trade(bazaar, order("x", fix.SELL), order("y", fix.BUY))
    assert isinstance(refused, Rejected)
    assert (refused.account, refused.text) == (poor, "INSUFFICIENT_BALANCE")
    assert bazaar.place.ledger.positions("x") == bazaar.place.ledger.positions("y") == []


def test_block_under_an_id_that_was_used_and_in_a_closed_market_is_refused() -> None:
    bazaar = Bazaar()
    bazaar.new("y", fix.BUY, 100, 1000, cl_ord_id="y-block")
    (refused,) = trade(bazaar, order("x", fix.SELL), order("y", fix.BUY))
    assert isinstance(refused, Rejected) and refused.text == "ORDER_ALREADY_EXISTS"
    bazaar.place.lifecycle.pause("B", bazaar.now_ns)
    (refused,) = trade(bazaar, order("x", fix.SELL, symbol="B"), order("y", fix.BUY, symbol="B", cl_ord_id="b"))
    assert isinstance(refused, Rejected) and refused.reason == 2
