"""The demo's screen as a process of its own: it reads looks from standard input and draws the newest.

Drawing takes milliseconds and a terminal can stand still, so neither happens in the process that trades. The screen
ends with its input, however the writer ended, and gives the terminal back as it was.

Shapes  lines of JSON: one `DemoFacts`, then a `Look` for each refresh.
"""

import os
import signal
import sys
from collections.abc import Iterator

import msgspec
from rich.console import Console
from rich.live import Live

from engine.app.demo.look import DemoFacts, Look
from engine.app.demo.view import view

_READ_BYTES = 2**16
_POLITE = 19


def main() -> int:
    """Draw until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the demo, whose end is ours
    os.nice(_POLITE)
    lines = newest_lines(sys.stdin.fileno())
    console = Console(stderr=True)
    facts = msgspec.json.decode(next(lines), type=DemoFacts)
    looks = msgspec.json.Decoder(Look)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for line in lines:
            live.update(view(facts, looks.decode(line), console.width, console.height), refresh=True)
    return 0


def newest_lines(descriptor: int) -> Iterator[bytes]:
    """Yield the first line, then the newest of those that have arrived; what came before it is out of date."""
    rest, is_first = b"", True
    while data := os.read(descriptor, _READ_BYTES):
        *whole, rest = (rest + data).split(b"\n")
        if whole and is_first:
            is_first = False
            yield whole.pop(0)
        if whole:
            yield whole[-1]


if __name__ == "__main__":
    sys.exit(main())
