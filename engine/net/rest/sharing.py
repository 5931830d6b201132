"""Reads that are under way, so that equal ones share an answer.

A read joins another only if it may: one that takes no age must not get an answer that was asked for before it, and an
urgent one does not wait in the place of one that is less so.

Thread  the loop thread only.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from engine.net.rest.cache import Key
from engine.net.rest.errors import RestError
from engine.venue.rest import RestRequest


class Flight:
    """One read under way. `has_left` is set when it is sent for the first time."""

    def __init__(self, request: RestRequest) -> None:
        self.has_left = False
        self.task: asyncio.Task[Any]
        self._request = request

    def serves(self, request: RestRequest) -> bool:
        """Return whether its answer will do for another request of the same path and query."""
        return self._request.urgency <= request.urgency and (request.max_age_ns > 0 or not self.has_left)

    async def outcome(self) -> Any:
        """Return what came of it. Whoever is cancelled here leaves it to the others; RestError if the client closed."""
        try:
            return await asyncio.shield(self.task)
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if self.task.cancelled() and current is not None and not current.cancelling():
                what = "the client was closed while it waited"
                raise RestError(self._request.operation, what, code="closed") from None
            raise


class Flights:
    """All reads under way, each in a task of its own: whoever waits for it may give up without harm to the others."""

    def __init__(self) -> None:
        self._flights: dict[Key, Flight] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def find(self, request: RestRequest) -> Flight | None:
        """Return the flight that a request may join; None without one."""
        flight = self._flights.get((request.path, request.query))
        return flight if flight is not None and flight.serves(request) else None

    def start(self, request: RestRequest, fly: Callable[[Flight], Awaitable[Any]]) -> Flight:
        """Begin a flight that others may join until it ends."""
        key = (request.path, request.query)
        flight = self._flights[key] = Flight(request)

        async def run() -> Any:
            """Fly, and leave the table."""
            try:
                return await fly(flight)
            finally:
                if self._flights.get(key) is flight:
                    del self._flights[key]

        flight.task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(flight.task)
        flight.task.add_done_callback(self._ended)
        return flight

    async def close(self) -> None:
        """End every flight."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen: those who waited for it got it too, if there still were any
