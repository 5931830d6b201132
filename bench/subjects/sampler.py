"""Times orders: one after another, or each from the time that was set for it.

Units   times in ns of CLOCK_MONOTONIC.
Shapes  orders are numbered from 0 and answered in that order.
Errors  `fail` ends the run: the figures of a run with a wrong reply mean nothing.
Thread  the loop thread only.
"""

import asyncio
import socket
from array import array
from collections import deque
from collections.abc import Callable
from time import perf_counter_ns

from bench.venue._ping import VenueError
from engine.runtime._sockets import Sockets

WORD = 8  # bytes of one trigger: the time that was set for an order


class Sampler:
    """Decides when an order leaves; `send(number)` sends it, `answered(now_ns)` tells when its report was handled."""

    def __init__(self, send: Callable[[int], None]) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._samples = array("q")
        self._started_ns: deque[int] = deque()
        self._number = 0
        self._count = 0
        self._interval_ns = 0
        self._is_closed_loop = True
        self._done: asyncio.Future[None] = self._loop.create_future()
        self.patience_s = 10.0
        self.last_ns = 0  # when the latest order was decided

    async def closed(self, count: int, interval_ns: int) -> "array[int]":
        """Send `count` orders, each after the report of the one before and `interval_ns` after that one's start."""
        self._begin(count, interval_ns, True)
        self._next()
        return await self._finish()

    async def triggered(
        self, trigger: socket.socket, sockets: Sockets, sent: Callable[[], "asyncio.Future[int]"]
    ) -> "array[int]":
        """Send an order for each trigger, timed from what it says, until `sent` tells how many there were."""
        self._begin(0, 0, False)
        rest = bytearray()

        def read() -> None:
            rest.extend(trigger.recv(1 << 16))
            whole = len(rest) // WORD * WORD
            for scheduled_ns in array("q", bytes(rest[:whole])):
                self._start(scheduled_ns)
            del rest[:whole]

        watch = sockets.watch_readable(trigger, read)
        try:
            self._count = await sent()
            if len(self._samples) < self._count:
                return await self._finish()
            return self._samples
        finally:
            watch.close()

    def answered(self, now_ns: int) -> None:
        """Note that the report of the oldest unanswered order was handled at `now_ns`."""
        self._samples.append(now_ns - self._started_ns.popleft())
        if len(self._samples) == self._count:
            if not self._done.done():
                self._done.set_result(None)
        elif self._is_closed_loop:
            wait_ns = self._interval_ns - (now_ns - self.last_ns)
            if wait_ns > 0:
                self._loop.call_later(wait_ns / 1e9, self._next)
            else:
                self._next()

    def fail(self, reason: str) -> None:
        """End the run: something other than an answer came."""
        if not self._done.done():
            self._done.set_exception(VenueError(reason))

    def _begin(self, count: int, interval_ns: int, is_closed_loop: bool) -> None:
        self._samples = array("q")
        self._started_ns.clear()
        self._count = count
        self._interval_ns = interval_ns
        self._is_closed_loop = is_closed_loop
        self._done = self._loop.create_future()

    async def _finish(self) -> "array[int]":
        while not self._done.done():
            before = len(self._samples)
            await asyncio.wait((self._done,), timeout=self.patience_s)
            if not self._done.done() and len(self._samples) == before:
                raise VenueError(f"{before} of {self._count} orders were answered")
        self._done.result()
        return self._samples

    def _next(self) -> None:
        self._start(perf_counter_ns())

    def _start(self, started_ns: int) -> None:
        self.last_ns = started_ns
        self._started_ns.append(started_ns)
        number = self._number
        self._number = number + 1
        self._send(number)
