"""Lets requests out as the account's tokens and the bounds on what is under way allow, the most urgent first.

Units   times in ns.
Errors  RestError, and nothing was sent: too many wait, it waited too long, it costs more than the bucket holds.
Bounds  as in `RestSettings`.
Thread  the loop thread only.
"""

import asyncio
import contextlib
from collections.abc import Callable

from engine.net.rest.counts import RestCounts
from engine.net.rest.errors import RestError, never_sent
from engine.net.rest.lanes import InFlight, Lane, Waiter
from engine.net.rest.settings import RestSettings
from engine.net.rest.tokens import Tokens
from engine.runtime._rate import TokenBucket
from engine.venue.rest import RestRequest, Urgency

_NS = 1_000_000_000
_SLOWER = "send fewer requests, or ask the venue for a higher tier"


class RestGate:
    """Where each request waits before it is sent; whoever entered must leave."""

    def __init__(self, settings: RestSettings, tokens: Tokens, counts: RestCounts, clock_ns: Callable[[], int]) -> None:
        self._settings = settings
        self._tokens = tokens
        self._counts = counts
        self._clock_ns = clock_ns
        self._read_slots = InFlight(settings.most_reads)
        self._write_slots = InFlight(settings.most_writes, settings.more_cancels)
        self._lanes: dict[TokenBucket, Lane] = {}
        self._futures: dict[Waiter, asyncio.Future[None]] = {}
        self._timers: dict[Lane, asyncio.TimerHandle] = {}
        self._number = 0
        self._is_closed = False
        self._is_drained = asyncio.Event()

    async def enter(self, request: RestRequest, tokens: int) -> int:
        """Return when the request may be sent, with the time that it waited."""
        now_ns = self._clock_ns()
        lane = self._lane(request)
        if self._is_closed:
            raise never_sent(request, "the client is closed", "open another", code="closed")
        if lane.admit(request.urgency, tokens, now_ns):
            self._counts.in_flight += 1
            return 0
        if not lane.can_ever(tokens, now_ns):
            self._counts.refused += 1
            raise never_sent(
                request, f"it costs {tokens} tokens, more than are ever there at once", "split it", code="refused"
            )
        await self._wait(lane, request, tokens)
        waited_ns = self._clock_ns() - now_ns
        self._counts.in_flight += 1
        self._counts.waits += 1
        self._counts.wait_ns += waited_ns
        return waited_ns

    def leave(self, request: RestRequest) -> None:
        """Make room: the request was answered, or came to nothing."""
        self._counts.in_flight -= 1
        self._give_back(request)
        if self._is_closed and not self._counts.in_flight:
            self._is_drained.set()

    async def drained(self, seconds: float) -> None:
        """Return when all who are in have left, or after so many seconds; for after `close`."""
        if self._counts.in_flight:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_drained.wait(), seconds)

    def limited(self, request: RestRequest, retry_after_ns: int) -> None:
        """Hold back what spends the same tokens: the venue refused this request for its rate."""
        wait_ns = min(retry_after_ns, self._settings.longest_retry_after_ns)
        self._lane(request).limited(self._clock_ns(), wait_ns)

    def close(self) -> None:
        """Let nobody in any more; those who wait are told."""
        self._is_closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for waiting, future in self._futures.items():
            waiting.is_out = True
            if not future.done():
                future.set_result(None)

    def _lane(self, request: RestRequest) -> Lane:
        bucket = self._tokens.bucket(request)
        lane = self._lanes.get(bucket)
        if lane is None:
            settings = self._settings
            if request.is_write:
                lane = Lane(bucket, self._write_slots, settings.most_waiting, settings.cancel_reserve)
            else:
                lane = Lane(bucket, self._read_slots, settings.most_waiting)
            self._lanes[bucket] = lane
        return lane

    async def _wait(self, lane: Lane, request: RestRequest, tokens: int) -> None:
        self._number += 1
        waiting = Waiter(request.urgency, tokens, self._number)
        future = self._futures[waiting] = asyncio.get_running_loop().create_future()
        self._counts.waiting += 1
        try:
            self._put_out(lane.join(waiting))
            self._watch(lane)
            await self._turn(future, request)
        except BaseException:
            lane.leave(waiting)
            if waiting.is_admitted:  # in the moment when it gave up
                self._give_back(request)
            self._watch(lane)  # the next one may need less
            raise
        finally:
            del self._futures[waiting]
            self._counts.waiting -= 1
        if not waiting.is_admitted:
            raise self._refusal(request)

    async def _turn(self, future: "asyncio.Future[None]", request: RestRequest) -> None:
        settings = self._settings
        longest = settings.longest_order_wait_ns if request.urgency is Urgency.ORDER else settings.longest_wait_ns
        try:
            async with asyncio.timeout(longest / _NS):
                await future
        except TimeoutError:
            self._counts.refused += 1
            what = f"it waited {longest / _NS:g} s for its turn"
            raise never_sent(request, what, _SLOWER, code="refused", may_retry=False) from None

    def _refusal(self, request: RestRequest) -> RestError:
        if self._is_closed:
            return never_sent(request, "the client was closed while it waited", "", code="closed")
        self._counts.refused += 1
        what = f"{self._settings.most_waiting} requests wait that are as urgent"
        return never_sent(request, what, _SLOWER, code="refused")

    def _put_out(self, waiting: Waiter | None) -> None:
        if waiting is not None and not self._futures[waiting].done():
            self._futures[waiting].set_result(None)

    def _give_back(self, request: RestRequest) -> None:
        slots = self._write_slots if request.is_write else self._read_slots
        slots.used -= 1
        if self._futures:
            for lane in self._lanes.values():
                if len(lane):
                    self._watch(lane)

    def _watch(self, lane: Lane) -> None:
        """Let in whose turn it is, and look again when the next one may have its tokens."""
        timer = self._timers.pop(lane, None)
        if timer is not None:
            timer.cancel()
        if self._is_closed:
            return
        now_ns = self._clock_ns()
        for waiting in lane.serve(now_ns):
            future = self._futures[waiting]
            if not future.done():
                future.set_result(None)
        wait_ns = lane.wait_ns(now_ns)
        if wait_ns:
            loop = asyncio.get_running_loop()
            self._timers[lane] = loop.call_later(wait_ns / _NS, self._watch, lane)
