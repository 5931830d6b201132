"""Ports of 127.0.0.1 that nobody has, for a venue that must come back where it was.

Errors  EngineError where there are none in a row.
"""

import socket
from contextlib import ExitStack

from engine.errors import EngineError

FIRST_TRIED, LAST_TRIED = 21_000, 32_000  # below those that the system gives out


def free_ports(count: int) -> tuple[int, ...]:
    """Return so many ports."""
    with ExitStack() as held:
        made = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return tuple(int(each.getsockname()[1]) for each in made)


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
