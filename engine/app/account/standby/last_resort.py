"""Cancels over REST what rests of ours, where the FIX session that carries orders is given up.

The FIX session has sent its cancels before; what they had not reached is looked for and cancelled here, until nothing
of ours rests. Orders that are not ours are left alone.

Errors  none: what fails is told and tried again, for `LONGEST_S`.
Bounds  one round at a time.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from engine.app import loading
from engine.app.account.order_gateway import GONE
from engine.config.sections import RestSection
from engine.errors import ConfigError, EngineError
from engine.net.rest.client import RestClient
from engine.net.rest.errors import RestError
from engine.trading.loop import TradingLoop
from engine.venue.account import AccountDialect, VenueOrder
from engine.venue.rest_orders import RestOrderDialect

LONGEST_S = 30.0
PAUSE_S = 1.0


class LastResort:
    """The cancels of one desk; `note` takes what was done, `after` is called when a round has ended."""

    def __init__(
        self,
        loop: TradingLoop,
        client: RestClient,
        account: AccountDialect,
        path: RestOrderDialect,
        note: Callable[[str], object],
        after: Callable[[str], object],
    ) -> None:
        self.attempts, self.pause_s = int(LONGEST_S / PAUSE_S), PAUSE_S
        self._loop = loop
        self._client = client
        self._account = account
        self._path = path
        self._note = note
        self._after = after
        self._task: asyncio.Task[None] | None = None

    def begin(self, reason: str) -> None:
        """Begin to cancel, unless that is being done."""
        if self._task is None or self._task.done():
            self._note(f"orders of ours are cancelled over REST: {reason}")
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Give up whatever is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        for _ in range(self.attempts):
            try:
                if not await self._cancel_once():
                    self._note("no order of ours rests at the venue by its REST")
                    break
            except EngineError as error:
                self._note(f"orders could not be cancelled over REST: {error}")
            await asyncio.sleep(self.pause_s)
        else:
            self._note(f"orders may still rest at the venue after {self.attempts} attempts over REST: look there")
        self._after("the FIX session was given up, and orders cancelled over REST")

    async def _cancel_once(self) -> int:
        """Cancel what rests of ours now; return how many there were."""
        resting: list[VenueOrder] = (await self._client.all(self._account.open_orders())).complete()
        ours = [each for each in resting if self._loop.orders.find(each.cl_ord_id, "", each.order_id) is not None]
        outcomes = await asyncio.gather(*map(self._cancel, ours), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(ours)

    async def _cancel(self, told: VenueOrder) -> Any:
        """Cancel one order; one that is gone is as good."""
        try:
            await self._client.call(self._path.cancel_told(told))
        except RestError as error:
            if error.status != GONE:
                raise


def order_path(section: RestSection) -> RestOrderDialect | None:
    """Return what cancels orders over REST where they go over FIX alone; None where the venue has no such thing."""
    if section.carries_orders or section.stands_by:  # REST's own gateway does it
        return None
    try:
        return loading.rest_order_dialect(section)
    except ConfigError:
        return None
