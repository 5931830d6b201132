"""What rests of ours is cancelled over REST where FIX is given up; what is not ours stays."""

import asyncio
from typing import Any, cast

from engine.app.account.standby.last_resort import LastResort
from engine.errors import EngineError
from engine.net.rest.errors import RestError
from engine.orders.orders import Orders
from engine.venue.account import VenueOrder
from tests.support.order_reports import RAIN, open_order


class Desk:
    """Orders at a venue, as the calls of a client name them."""

    def __init__(self) -> None:
        self.orders = Orders("n1")
        self.resting: dict[str, VenueOrder] = {}
        self.failures: list[Exception] = []  # of the next requests
        self.stays = ""  # cannot be cancelled
        self.told: list[str] = []
        self.after: list[str] = []
        here = cast(Any, self)
        self.last = LastResort(here, here, here, here, self.told.append, self.after.append)
        self.last.pause_s, self.last.attempts = 0.0, 3

    def add(self, cl_ord_id: str = "") -> str:
        """Have an order rest, ours unless it is named."""
        name = cl_ord_id or open_order(self.orders).cl_ord_id
        self.resting[name] = VenueOrder(
            order_id=f"O-{name}", cl_ord_id=name, symbol=RAIN.symbol, side=1, price=1, order_qty=1, cum_qty=0,
            leaves_qty=1, status="0",
        )  # fmt: skip
        return name

    def open_orders(self) -> str:
        return "list"

    def cancel_told(self, told: VenueOrder) -> VenueOrder:
        return told

    async def all(self, paged: str) -> "Desk":
        return self

    def complete(self) -> list[VenueOrder]:
        if self.failures:
            raise self.failures.pop(0)
        return list(self.resting.values())

    async def call(self, told: VenueOrder) -> None:
        if told.cl_ord_id == self.stays:
            raise EngineError("no connection")
        if self.resting.pop(told.cl_ord_id, None) is None:
            raise RestError("GET", "no such order", code="not_found", status=404)

    def run(self) -> None:
        async def begin() -> None:
            self.last.begin("a gap")
            self.last.begin("again")
            assert self.last._task is not None
            await self.last._task

        asyncio.run(begin())


def test_what_is_ours_is_cancelled_and_what_is_not_stays() -> None:
    desk = Desk()
    desk.add()
    stranger = desk.add("somebody's")
    desk.run()
    assert list(desk.resting) == [stranger]
    begun, ended = desk.told
    assert begun == "orders of ours are cancelled over REST: a gap"
    assert ended == "no order of ours rests at the venue by its REST"
    assert len(desk.after) == 1


def test_a_round_that_fails_is_told_and_taken_again() -> None:
    desk = Desk()
    desk.add()
    desk.failures = [EngineError("no connection")]
    desk.run()
    assert desk.resting == {}
    assert "orders could not be cancelled over REST: no connection" in desk.told


def test_what_cannot_be_cancelled_is_told_in_the_end_and_the_account_compared() -> None:
    desk = Desk()
    desk.stays = desk.add()
    desk.run()
    assert desk.told[-1] == "orders may still rest at the venue after 3 attempts over REST: look there"
    assert len(desk.after) == 1
