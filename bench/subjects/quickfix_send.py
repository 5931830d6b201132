"""Where the time of a send through QuickFIX goes, by the moments at which it calls back.

Within `Session::send` QuickFIX fills the header, calls `toApp`, writes the message's text and stores it, calls the
log's `onOutgoing`, and hands the text to the socket; its times between these calls are its parts.

Units   ns; each mark costs what reading the clock and a Python call cost, about 0.1 us, and is not taken off.
Thread  the loop thread.
"""

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from engine.session.quickfix.initiator import QuickfixSession

SEND_PARTS = (
    "session (ours)",  # checks, and the body to a str
    "message from text",  # SWIG, and the parser of QuickFIX
    "header",  # SWIG, and the standard header
    "text and store",  # the text of the message, and three writes
    "socket",  # the kernel's send, and the way back
    "callbacks (ours)",  # `toApp` and the log, called through SWIG
)

Function = Callable[..., Any]


class SendParts:
    """Marks on one session; `around(send)` stands in for its `send` afterwards."""

    def __init__(self, session: QuickfixSession) -> None:
        self._rows: list[tuple[int, ...]] = []
        self._marks: list[int] = []
        parts: Any = session
        for owner, name in (
            (parts._message, "setString"),
            (parts._session, "send"),
            (parts._callbacks, "toApp"),
            (parts._log, "onOutgoing"),
        ):
            setattr(owner, name, self._marked(getattr(owner, name)))

    def clear(self) -> None:
        """Forget what was marked so far."""
        self._rows = []

    def rows(self) -> list[tuple[int, ...]]:
        """Return the time of each part of each send, in the order of `SEND_PARTS`."""
        return self._rows

    def around(self, send: Function) -> Function:
        marked = self._marked(send)

        def sent(body: bytes) -> None:
            self._marks.clear()
            marked(body)
            start, parse, parsed, header, to_app, text, outgoing, socket, done, end = self._marks
            self._rows.append(
                (
                    parse - start + header - parsed + end - done,
                    parsed - parse,
                    to_app - header,
                    outgoing - text,
                    done - socket,
                    text - to_app + socket - outgoing,
                )
            )

        return sent

    def _marked(self, function: Function) -> Function:
        def marked(*arguments: Any) -> Any:
            self._marks.append(perf_counter_ns())
            try:
                return function(*arguments)
            finally:
                self._marks.append(perf_counter_ns())

        return marked
