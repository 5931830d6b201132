"""An engine that stands still now and then."""

import asyncio
from time import perf_counter_ns

from bench.rig import Rig


def stall(rig: Rig, stall_ns: int, period_s: float) -> None:
    """Stop the engine's thread for `stall_ns` every `period_s`."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        until_ns = perf_counter_ns() + stall_ns
        while perf_counter_ns() < until_ns:
            pass
        loop.call_later(period_s, stop)

    loop.call_later(period_s, stop)
