"""The desk that strategies are tested on: what happens there is what happens in an engine."""

from typing import Any

import pytest

from engine.errors import EngineError
from engine.fix import Status
from engine.strategy import Book, Order, Side, Strategy
from engine.testing import DeskInMemory, DeskRequest, market


class Joining(Strategy):
    """Joins the best bid with one order, and notes every hook."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []
        self.order: Order | None = None

    def on_start(self) -> None:
        self.told.append("start")
        self.context.timer(5, "tick")

    def on_book(self, book: Book) -> None:
        if self.order is None:
            self.order = self.context.buy(book.instrument, book.best_bid, 100, tag="join")
        elif self.order.can_replace and self.order.price != book.best_bid:
            self.context.replace(self.order, book.best_bid, 100)

    def on_order(self, order: Order) -> None:
        self.told.append(("order", order.ord_status))

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        self.told.append(("fill", price, qty, self.context.position(order.instrument).net))

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        self.told.append(("reject", text))

    def on_settle(self, instrument: Any, value: int, position: int) -> None:
        self.told.append(("settle", value, position))

    def on_timer(self, key: object) -> None:
        self.told.append(("timer", key))

    def on_stale(self, book: Book) -> None:
        self.told.append("stale")

    def on_pause(self, reason: str) -> None:
        self.told.append(("pause", self.context.state))

    def on_resume(self) -> None:
        self.told.append(("resume", self.context.state.state))

    def on_load(self, state: Any) -> None:
        self.told.append(("load", state))

    def taken(self) -> list[Any]:
        told, self.told = self.told, []
        return told


def started(**options: Any) -> tuple[DeskInMemory, Joining]:
    strategy = Joining()
    desk = DeskInMemory(strategy, **options)
    desk.show("RAIN", bids=[(4_500, 1_000)], asks=[(4_600, 1_000)])
    assert strategy.taken() == []
    desk.start("kept")
    assert strategy.taken() == [("load", "kept"), "start"]
    return desk, strategy


def test_order_is_acknowledged_moved_and_filled() -> None:
    desk, strategy = started()
    desk.level("RAIN", Side.BUY, 4_500, 900)
    (order,) = desk.orders
    assert desk.requests == [DeskRequest("new", "M-1", "RAIN", Side.BUY, 4_500, 100, "join")]
    assert order.ord_status == Status.NEW
    desk.show("RAIN", bids=[(4_500, 5)], asks=[(4_700, 5)])  # nothing to move to
    desk.show("RAIN", bids=[(4_600, 5)], asks=[(4_700, 5)])
    assert desk.requests[-1] == DeskRequest("replace", "M-2", "RAIN", Side.BUY, 4_600, 100, "join")
    assert (order.price, order.cl_ord_id) == (4_600, "M-2")
    desk.fill(order, 40)
    desk.fill(order, price=4_590, fee=12, is_taker=True)
    assert [each for each in strategy.taken() if each[0] == "fill"] == [
        ("fill", 4_600, 40, 40),
        ("fill", 4_590, 60, 100),
    ]
    assert (desk.position("RAIN").net, desk.position("RAIN").fees, desk.orders) == (100, 12, [])


def test_silent_venue_answers_by_the_test() -> None:
    desk, strategy = started(is_silent=True)
    desk.level("RAIN", Side.BUY, 4_500, 900)
    (order,) = desk.orders
    assert order.ord_status == Status.PENDING_NEW
    desk.accept(order)
    desk.show("RAIN", bids=[(4_400, 5)], asks=[(4_700, 5)])
    desk.reject(order, "not now")
    assert (order.price, order.pending) == (4_500, "")
    desk.end(order, "by the venue")
    assert strategy.taken()[-2:] == [("reject", "not now"), ("order", Status.CANCELED)]
    assert desk.orders == []


def test_new_order_can_be_refused() -> None:
    desk, strategy = started(is_silent=True)
    desk.level("RAIN", Side.BUY, 4_500, 900)
    desk.reject(desk.orders[0], "no funds")
    assert strategy.taken() == [("reject", "no funds")]
    assert desk.orders == []


def test_limits_deny_as_they_do_in_an_engine() -> None:
    desk, strategy = started(max_order_qty=50)
    desk.level("RAIN", Side.BUY, 4_500, 900)
    assert (desk.requests, len(strategy.taken())) == ([], 1)


def test_time_books_pauses_and_settlements_are_told() -> None:
    desk, strategy = started(markets=["RAIN", market("SNOW", 1, "WEATHER")])
    desk.pass_time(5)
    desk.lose_book("RAIN")
    desk.pause("no feed")
    desk.resume()
    assert strategy.taken() == [("timer", "tick"), "stale", ("pause", ("paused", "no feed")), ("resume", "trading")]
    desk.show("RAIN", bids=[(4_500, 1)], asks=[(4_600, 1)])
    desk.fill(desk.orders[0])
    desk.trade("RAIN", Side.SELL, 4_500, 3)
    desk.settle("RAIN", 10_000)
    assert strategy.taken()[-1] == ("settle", 10_000, 100)
    assert desk.book("SNOW").is_stale
    with pytest.raises(EngineError, match="no market 'HAIL': there are RAIN, SNOW"):
        desk.position("HAIL")


class Broken(Strategy):
    def on_book(self, book: Book) -> None:
        raise ValueError("oh")


def test_mistake_of_the_strategy_is_an_error_of_the_test() -> None:
    desk = DeskInMemory(Broken())
    desk.start()
    with pytest.raises(EngineError, match="strategy hook on_book raised ValueError: oh"):
        desk.show("RAIN", bids=[(4_500, 1)])


def test_halt_that_a_test_wants_is_a_value() -> None:
    desk = DeskInMemory(Broken(), may_halt=True)
    desk.start()
    desk.show("RAIN", bids=[(4_500, 1)])
    assert desk.halted.startswith("strategy hook on_book raised ValueError: oh")
    desk.resume()
    assert desk.halted == ""


class Restless(Strategy):
    def on_book(self, book: Book) -> None:
        self.context.buy(book.instrument, 100, 1)

    def on_order(self, order: Order) -> None:
        self.context.buy(order.instrument, 100, 1)


def test_strategy_that_never_comes_to_rest_is_named() -> None:
    desk = DeskInMemory(Restless())
    desk.start()
    with pytest.raises(EngineError, match="asked 1000 times in one step"):
        desk.show("RAIN", bids=[(4_500, 1)])
