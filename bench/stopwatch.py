"""Wall-clock and processor time of a run."""

import time


class Stopwatch:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._started_s = time.perf_counter()
        self._started_cpu_s = time.process_time()

    def read(self) -> tuple[float, float]:
        """Return seconds gone by, and seconds of processor time: user and system, all threads."""
        return time.perf_counter() - self._started_s, time.process_time() - self._started_cpu_s
