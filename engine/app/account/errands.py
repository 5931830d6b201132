"""What an operator asks for and an engine cannot answer at once: begun by one request, asked after by others.

Errors  EngineError where another one is under way, or for a number that is none; a failure is part of the answer.
Bounds  one at a time, for `LONGEST_S` at most, with `MOST_LINES` lines.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from engine.errors import EngineError
from engine.ops.control import Action, Answer, OperatorRequest

LONGEST_S = 25.0
MOST_LINES = 500


class ErrandOutcome(NamedTuple):
    """What came of an errand, in lines for people; `is_good` where nothing is left to be done."""

    lines: list[str]
    is_good: bool = True


class Errands:
    """Runs one errand after the other; `note` tells people and the journal what came of it."""

    def __init__(self, note: Callable[[str], object], longest_s: float = LONGEST_S) -> None:
        self._note = note
        self._longest_s = longest_s
        self._name = ""
        self._number = 0
        self._task: asyncio.Task[ErrandOutcome] | None = None

    def action(self, work: Callable[[], Awaitable[ErrandOutcome]]) -> Action:
        """Return the action that begins this work, and answers with its number."""

        def begin(request: OperatorRequest) -> Answer:
            """Begin it."""
            if self._task is not None and not self._task.done():
                raise EngineError(f"{self._name} is still under way: ask again when it has ended")
            self._name, self._number = request.action, self._number + 1
            self._task = asyncio.get_running_loop().create_task(self._run(request, work))
            return {"errand": self._number}

        return begin

    def answer(self, request: OperatorRequest) -> Answer:
        """Return how the errand of that number stands."""
        if self._task is None or request.arguments.get("errand") != self._number:
            raise EngineError("another errand was asked for since, or none: its outcome is in the log")
        if not self._task.done():
            return {"is_done": False}
        outcome = self._task.result()
        lines = outcome.lines
        if len(lines) > MOST_LINES:
            lines = [*lines[:MOST_LINES], f"and {len(lines) - MOST_LINES} more"]
        return {"is_done": True, "is_good": outcome.is_good, "lines": lines}

    async def close(self) -> None:
        """Give up what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, request: OperatorRequest, work: Callable[[], Awaitable[ErrandOutcome]]) -> ErrandOutcome:
        outcome = await self._outcome(work)
        self._note(f"{request.action} of {request.person}: {outcome.lines[-1] if outcome.lines else 'done'}")
        return outcome

    async def _outcome(self, work: Callable[[], Awaitable[ErrandOutcome]]) -> ErrandOutcome:
        try:
            async with asyncio.timeout(self._longest_s):
                return await work()
        except TimeoutError:
            return ErrandOutcome([f"failed: given up after {self._longest_s:g} s; `fixlane status` may say why"], False)
        except EngineError as error:
            return ErrandOutcome([f"failed: {error}"], False)
        except Exception as error:  # a fault of ours must not look as if it went on for ever
            return ErrandOutcome([f"failed: {type(error).__name__}: {error}"], False)
