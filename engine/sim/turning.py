"""What every simulated venue's loop does: turn in steps until it is stopped, and say at its end what went wrong.

Thread  the loop thread.
"""

import asyncio

from engine.errors import EngineError


class Turning:
    """`run` turns until `stop`; whoever derives from it has `step`, `close`, and how long a step is."""

    def __init__(self, step_ms: int, is_busy: bool) -> None:
        self.is_stopping = False
        self._step_s = step_ms / 1000
        self._is_busy = is_busy
        self._stopping = asyncio.Event()
        self._failure = ""

    async def run(self) -> None:
        """Turn until `stop`; raise EngineError with the failure if there was one."""
        loop = asyncio.get_running_loop()
        if self._is_busy:
            loop.call_soon(self._spin, loop)
        loop.call_soon(self._tick, loop)
        await self._stopping.wait()
        await self.close()
        if self._failure:
            raise EngineError(self._failure)

    def stop(self, failure: str = "") -> None:
        """End `run`, with an error if there was a failure."""
        self._failure = self._failure or failure
        self.is_stopping = True
        self._stopping.set()

    def step(self) -> None:
        """Advance every part to the present."""

    async def close(self) -> None:
        """Stop listening and let go of every file."""

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Step; then again, one step later."""
        if not self.is_stopping:
            loop.call_later(self._step_s, self._tick, loop)
            self.step()

    def _spin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Keep the loop turning, so that nothing waits for a sleeping core."""
        if not self.is_stopping:
            loop.call_soon(self._spin, loop)


def words(failure: object) -> str:
    """Return what went wrong: an error that we raised says it itself."""
    return str(failure) if isinstance(failure, EngineError) else repr(failure)
