"""How the loop waits: `event` sleeps until something happens, `busy` never sleeps.

Errors  ConfigError if the core cannot be had: a run that was meant to be pinned is not run unpinned.
Cost    waking a sleeping core costs about ten times the loopback network; `busy` spends a whole core to avoid it, and
        64 MiB of memory to have no page to fetch while an order is on its way.
"""

import asyncio
import gc
import os
from collections.abc import Callable

from engine.errors import ConfigError
from engine.runtime._sockets import Sockets

EVENT = "event"
BUSY = "busy"
IDLE_CHECK_S = 1.0
IDLE_NS = 5_000_000
HEAP_BYTES = 2**26  # of orders and reports, some 100 000 of them
_BLOCK_BYTES = 400  # the largest that Python keeps in pages of its own is 512
_ARENA_BYTES = 2**20  # what it gives back to the system once all of it is free


def pin(core: int) -> None:
    """Keep this thread, which is the loop's, on one core; the log's thread keeps off it where it can."""
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {core})
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"engine.core: cannot pin to core {core}: {error}; this process may use {sorted(allowed)}"
        ) from None


class Mode:
    """Context manager: the loop runs in `event` or `busy` mode, pinned to `core` if one is given."""

    def __init__(
        self,
        mode: str,
        core: int | None,
        loop: asyncio.AbstractEventLoop,
        sockets: Sockets,
        last_active_ns: Callable[[], int],
        clock_ns: Callable[[], int],
    ) -> None:
        self._core = core
        self._allowed = os.sched_getaffinity(0)
        self._parts: list[HeapReserve | Spinner | IdleCollector] = []
        if mode == BUSY:
            self._parts = [HeapReserve(), Spinner(loop, sockets), IdleCollector(loop, last_active_ns, clock_ns)]

    def __enter__(self) -> "Mode":
        if self._core is not None:
            pin(self._core)
        for part in self._parts:
            part.start()
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts:
            part.stop()
        if self._core is not None:
            os.sched_setaffinity(0, self._allowed)


class HeapReserve:
    """Heap touched before an order needs it: a page fault costs 1 us on a virtual machine."""

    def __init__(self) -> None:
        self._pins: list[bytes] = []

    def start(self) -> None:
        """Touch the memory, and keep a little of each arena so that Python does not return it."""
        blocks = [bytes(_BLOCK_BYTES) for _ in range(HEAP_BYTES // _BLOCK_BYTES)]
        self._pins = blocks[:: _ARENA_BYTES // _BLOCK_BYTES // 2]  # two in each arena: it stays ours

    def stop(self) -> None:
        """Release the memory."""
        self._pins = []


class Spinner:
    """Keeps the event loop turning without blocking in the kernel, and polls the path's sockets in between."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sockets: Sockets) -> None:
        self._loop = loop
        self._sockets = sockets
        self._is_spinning = False

    def start(self) -> None:
        """Take over the sockets and start spinning."""
        if not self._is_spinning:
            self._is_spinning = True
            self._sockets.start()
            self._turn()

    def stop(self) -> None:
        """Give the sockets back and let the loop sleep again."""
        self._is_spinning = False
        self._sockets.stop()

    def _turn(self) -> None:
        if self._is_spinning:
            self._sockets.spin()
            self._loop.call_soon(self._turn)


class IdleCollector:
    """Collects garbage only while nothing has arrived for `IDLE_NS`; automatic collection is off.

    Objects that exist at the start are frozen, and never examined again.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, last_active_ns: Callable[[], int], clock_ns: Callable[[], int]
    ) -> None:
        self._loop = loop
        self._last_active_ns = last_active_ns
        self._clock_ns = clock_ns
        self._timer: asyncio.TimerHandle | None = None
        self._was_enabled = True
        self.collections = 0

    def start(self) -> None:
        """Collect and freeze what there is, and turn automatic collection off."""
        gc.collect()
        gc.freeze()
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = self._loop.call_later(IDLE_CHECK_S, self._check)

    def stop(self) -> None:
        """Undo what `start` did."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            gc.unfreeze()
            if self._was_enabled:
                gc.enable()

    def _check(self) -> None:
        if self._clock_ns() - self._last_active_ns() > IDLE_NS:
            gc.collect(1)
            self.collections += 1
        self._timer = self._loop.call_later(IDLE_CHECK_S, self._check)
