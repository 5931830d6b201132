"""Who runs the passes of a sweep: this process, processes of this machine, or workers of a cluster. One seam.

A pass is a value that names its data by path, and its rows come back as a value; the order in which passes end is
nobody's concern. A worker that dies in the middle loses nothing: its pass is run again, a few times.

Errors  ConfigError where a package or a cluster is missing; EngineError where a pass kills its worker each time; what
        a pass raises is raised here.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol, TypeVar

from engine.errors import EngineError

P = TypeVar("P")
R = TypeVar("R")

MOST_DEATHS = 3  # of workers in a row, with no pass done in between


class WorkPool(Protocol):
    """Runs `work` over passes and yields each with what it returned, as they end."""

    def run(self, passes: Sequence[P], work: Callable[[P], R]) -> Iterator[tuple[P, R]]:
        """Yield each pass with its result."""
        ...

    def close(self) -> None:
        """Let go of the workers."""
        ...


class InlinePool:
    """This process, one pass after another."""

    def run(self, passes: Sequence[P], work: Callable[[P], R]) -> Iterator[tuple[P, R]]:
        """Yield each pass with its result."""
        for each in passes:
            yield each, work(each)

    def close(self) -> None:
        """Do nothing."""


class LocalPool:
    """Processes of this machine, begun anew (spawn) so that nothing of ours is in them."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._executor = self._begun()

    def _begun(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._jobs, mp_context=multiprocessing.get_context("spawn"))

    def run(self, passes: Sequence[P], work: Callable[[P], R]) -> Iterator[tuple[P, R]]:
        """Yield each pass with its result; where a worker dies, begin the others anew and run what was not done."""
        left, deaths = list(passes), 0
        while left:
            try:
                for done, result in self._once(left, work):
                    left.remove(done)
                    deaths = 0
                    yield done, result
            except BrokenProcessPool:
                deaths += 1
                if deaths == MOST_DEATHS:
                    text = f"workers died {deaths} times in a row with nothing done: is there memory for {self._jobs}?"
                    raise EngineError(f"{text} Give fewer --jobs, or a smaller sets_a_pass") from None
                self.close()
                self._executor = self._begun()

    def _once(self, passes: Sequence[P], work: Callable[[P], R]) -> Iterator[tuple[P, R]]:
        asked: dict[Future[R], P] = {self._executor.submit(work, each): each for each in passes}
        for future in as_completed(asked):
            yield asked[future], future.result()

    def close(self) -> None:
        """End the workers; what they have not begun is not run."""
        self._executor.shutdown(wait=True, cancel_futures=True)
