"""Ports of 127.0.0.1 that nobody has, for a venue that must come back where it was.

Errors  EngineError where there are none.
"""

import os
import socket
from contextlib import ExitStack
from itertools import count as counted

from engine.errors import EngineError

# Below those that the system gives out: one of these nobody takes for a connection before the venue listens there.
FIRST_SINGLE, FIRST_TRIED, LAST_TRIED = 10_000, 21_000, 32_000
_STEP = 101  # from one process's first to the next one's
_NEXT = counted()


def free_ports(count: int) -> tuple[int, ...]:
    """Return so many ports, others at each call."""
    found: list[int] = []
    for _ in range(FIRST_TRIED - FIRST_SINGLE):
        place = os.getpid() * _STEP + next(_NEXT)
        port = FIRST_SINGLE + place % (FIRST_TRIED - FIRST_SINGLE)
        if _are_free(port, 1):
            found.append(port)
        if len(found) == count:
            return tuple(found)
    raise EngineError(f"no {count} ports are free from {FIRST_SINGLE} to {FIRST_TRIED}")


def free_row(count: int, start: int) -> int:
    """Return the first of so many ports in a row; `start` says where to begin to look, so that two do not meet."""
    places = (LAST_TRIED - FIRST_TRIED) // count
    for place in range(places):
        first = FIRST_TRIED + (start + place) % places * count
        if _are_free(first, count):
            return first
    raise EngineError(f"no {count} ports in a row are free from {FIRST_TRIED} to {LAST_TRIED}")


def _are_free(first: int, count: int) -> bool:
    try:
        with ExitStack() as held:
            for port in range(first, first + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
    except OSError:
        return False
    return True
