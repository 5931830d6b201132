"""What an engine does where something holds its loop: says what, and past the second limit ends.

Thread  `warn` and `end` run on the watchdog's thread while the loop stands still; the rest on the loop thread.
"""

import logging
import os
import time
from collections.abc import Callable

from engine.app.engine import Engine
from engine.runtime import halt_word, log
from engine.runtime.halt_word import HALT, Word
from engine.runtime.person import the_engine
from engine.runtime.watch.watchdog import UNNAMED, LastWord, Stall, Watchdog

LOGGER = logging.getLogger(log.LOGGER)
EXIT_HELD = 3
QUIET_NS = 60_000_000_000  # between two lines about one place
MOST_PLACES = 100  # that are remembered
FLUSH_S = 1.0


class LoopWatch:
    """The watchdog of one engine; `flush` has the log written, for so many seconds at most."""

    def __init__(self, engine: Engine, flush: Callable[[float], object]) -> None:
        section = engine.config.watchdog
        self._engine = engine
        self._flush = flush
        self._ends = section.action == "end"
        self._path = engine.config.engine.state_dir / halt_word.FILE
        self._told_ns: dict[str, int] = {}  # when, by place
        self._dog = Watchdog(section.warn_after_ns, section.end_after_ns, self.warn, self.end)
        engine.watchdog = self._dog
        self.hurry = self._dog.hurry

    def __enter__(self) -> "LoopWatch":
        self._dog.start(self._last_word() if self._ends else None)
        return self

    def __exit__(self, *_: object) -> None:
        self._dog.stop()

    def halt(self, reason: str) -> None:
        """Set the halt word, which a loop that is held obeys too."""
        try:
            halt_word.write(self._path, Word(HALT, time.time_ns(), the_engine(), reason))
        except OSError as error:
            LOGGER.error("the halt word cannot be written: %s", error)

    def warn(self, stall: Stall, stack: str) -> None:
        """Tell what holds the loop now, of one place once a minute."""
        now_ns = time.monotonic_ns()
        if now_ns - self._told_ns.get(stall.place, -QUIET_NS) < QUIET_NS:
            return
        if len(self._told_ns) >= MOST_PLACES:
            self._told_ns.clear()
        self._told_ns[stall.place] = now_ns
        LOGGER.error("%s, and is held still", stall, extra={"stack": stack})

    def end(self, stall: Stall, stack: str) -> None:
        """Stop new orders, end the connections, so that a venue cancels on disconnect, and then the process."""
        is_over = self._ends or self._dog.is_hurried
        self.halt(f"{stall}, too long for the watchdog")
        self._engine.sockets.shut_down()
        live = self._engine.trading.orders.live_count
        then = f"the process ends with status {EXIT_HELD}" if is_over else "new orders are refused"
        words = f"{stall}, too long for the watchdog: connections are shut down, {then}; {live} orders may be alive"
        LOGGER.critical(words, extra={"stack": stack})
        self._flush(FLUSH_S)
        if is_over:
            os.write(2, f"fixlane: {words}\n".encode())
            os._exit(EXIT_HELD)

    def _last_word(self) -> LastWord:
        text = f"the loop was held by {UNNAMED}, too long for the watchdog"
        word = halt_word.pack(Word(HALT, 0, the_engine(), text))
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        return LastWord(descriptor, word, f"fixlane: {text}: status {EXIT_HELD}\n".encode(), EXIT_HELD)
