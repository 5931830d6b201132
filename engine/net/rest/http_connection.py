"""One connection of the order path: a request out, its answer in, one at a time, and never the same bytes twice.

Errors  ConnectionLostError, AnswerError and TimeoutError from the future of an answer.
Thread  the loop thread only.
"""

import asyncio
import select
from collections.abc import Callable
from typing import cast

from engine.errors import EngineError
from engine.net.rest.http_answer import AnswerError, AnswerReader, HttpAnswer


class ConnectionLostError(EngineError):
    """The connection ended before the answer did. `is_cut` where a part of the answer had come."""

    def __init__(self, what: str, *, is_cut: bool) -> None:
        super().__init__(what)
        self.is_cut = is_cut


class HttpConnection(asyncio.Protocol):
    """The protocol object of one connection. `on_end` hears once that it is of no use any more."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_end: Callable[["HttpConnection"], object], most_body: int
    ) -> None:
        self.due_s = 0.0  # of the loop's clock: when the answer, or the next request, must have come
        self._loop = loop
        self._on_end = on_end
        self._most_body = most_body
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[HttpAnswer] | None = None
        self._reader: AnswerReader | None = None
        self._poll = select.poll()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what requests are written to."""
        self._transport = cast(asyncio.Transport, transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    @property
    def is_open(self) -> bool:
        """Whether a request may be written, as far as the loop has seen."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_usable(self) -> bool:
        """Whether a request may be written: it is open, and nothing has come that the loop has not seen yet."""
        return self.is_open and not self._poll.poll(0)

    def ask(self, request: bytes) -> "asyncio.Future[HttpAnswer]":
        """Write a request, and return the future of its answer."""
        assert self._transport is not None and self._answer is None
        answer = self._answer = self._loop.create_future()
        self._reader = AnswerReader(self._most_body)
        self._transport.write(request)
        return answer

    def data_received(self, data: bytes) -> None:
        """Read on; whatever nobody asked for ends the connection."""
        reader, answer = self._reader, self._answer
        if reader is None or answer is None:
            self._end()
            return
        try:
            is_whole = reader.feed(data)
        except AnswerError as error:
            self._fail(error)
            return
        if is_whole:
            self._finish(reader, answer)

    def eof_received(self) -> None:
        """Take what ends with the connection as whole; the transport closes itself."""
        reader, answer = self._reader, self._answer
        if reader is not None and answer is not None and reader.end():
            self._finish(reader, answer)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        is_cut = self._reader is not None and self._reader.has_head
        self._transport = None
        self._fail(ConnectionLostError(str(error) if error else "closed by the peer", is_cut=is_cut))

    def expire(self) -> None:
        """Give up the connection, and the answer that is due, if one is: with TimeoutError."""
        self._fail(TimeoutError())

    def abort(self, why: str) -> None:
        """End the connection at once; an answer that is due comes no more."""
        self._fail(ConnectionLostError(why, is_cut=False))

    def _finish(self, reader: AnswerReader, answer: "asyncio.Future[HttpAnswer]") -> None:
        assert reader.answer is not None and self._transport is not None
        self._reader = self._answer = None
        if not reader.is_reusable or self._transport.get_write_buffer_size():
            self._end()
        if not answer.done():
            answer.set_result(reader.answer)

    def _fail(self, error: Exception) -> None:
        answer, self._answer, self._reader = self._answer, None, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
        self._end()

    def _end(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        self._on_end(self)
