"""Ctrl-C reaches every process of a terminal at once; here only those hear it that have something to finish."""

import contextlib
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """Start processes within: they are deaf to interrupts from their first moment, until they call `listen`."""
    resource_tracker.ensure_running()  # its start would end the deafness
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def listen() -> None:
    """Let an interrupt raise KeyboardInterrupt, also after the import of quickfix, which takes that away."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
