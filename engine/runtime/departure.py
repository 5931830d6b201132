"""What other processes and threads of a strategy may not do to an engine's: outlive it, or be a second one.

Thread  the main thread; `Departure` has a timer of its own once the engine has ended.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import NoReturn

from engine.runtime import log

PATIENCE_S = 2.0  # for work that a strategy gave to the loop's executor


class Departure:
    """The end of a process whose engine has ended: no thread that a strategy left keeps it alive."""

    def __init__(self, writer: log.Listener) -> None:
        self._writer = writer
        self._former = set(threading.enumerate())
        self._status: int | None = None
        self._timer = threading.Timer(PATIENCE_S, self._leave)
        self._timer.daemon = True

    def begin(self, status: int) -> None:
        """Bound the time for closing the loop, which waits for its executor; the process ends with `status`."""
        self._status = status
        self._timer.start()

    def end(self) -> None:
        """Leave at once if there is a thread that the interpreter would wait for."""
        self._timer.cancel()
        if self._status is not None and self._left():
            self._leave()

    def _left(self) -> list[str]:
        ours = {*self._former, self._timer, threading.current_thread(), threading.main_thread()}
        return [each.name for each in threading.enumerate() if each not in ours and not each.daemon]

    def _leave(self) -> NoReturn:
        assert self._status is not None
        names = ", ".join(self._left())
        self._writer.stop()
        log.say(f"threads that the strategy left end with the process: {names}; let on_stop end them")
        os._exit(self._status)


@contextlib.contextmanager
def no_forks() -> Iterator[None]:
    """Refuse os.fork: the child would share journal and sessions, and hold the connections when we are gone."""
    forks = os.fork, os.forkpty
    os.fork = os.forkpty = _refuse_fork
    try:
        yield
    finally:
        os.fork, os.forkpty = forks


def _refuse_fork() -> NoReturn:
    raise RuntimeError(
        "an engine does not fork: the child would share its journal and its sessions; use subprocess, or"
        ' multiprocessing.get_context("spawn")'
    )
