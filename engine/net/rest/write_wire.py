"""Writes over HTTP/1.1, each once, on connections that are kept: what an order costs on its way to the venue.

A connection carries one request at a time. One that is kept is used only while nothing has come over it unasked, not
even its end; still the venue may close it in the same moment, and the outcome of what was written then is unknown.

Units   seconds of the loop's clock.
Errors  RestError. What failed while connecting surely was not sent; all that fails later is a write of unknown outcome.
Bounds  as in `RestSettings`, and of an answer as in `http_answer`; as many connections as there were writes at once.
Cost    a third of what aiohttp takes: some 40 us of processor time, TLS and the kernel included.
Thread  the loop thread only.
Source  RFC 9110, 9112.
"""

import asyncio
import ssl
from urllib.parse import SplitResult

import aiofastnet

from engine.net.rest.answers import check_encoding
from engine.net.rest.errors import CHECK_NET, CHECK_TLS, RestError, cause, never_sent, unanswered
from engine.net.rest.http_answer import AnswerError, HttpAnswer
from engine.net.rest.http_connection import ConnectionLostError, HttpConnection
from engine.net.rest.http_request import RequestText
from engine.net.rest.settings import RestSettings
from engine.venue.rest import RestAnswer, RestRequest

_NS = 1_000_000_000
_NEXT_ADDRESS_S = 0.25  # as RFC 8305 proposes


class WriteWire:
    """The connections that writes go over, from `open` to `close`."""

    def __init__(self, settings: RestSettings, address: SplitResult, ssl_context: ssl.SSLContext) -> None:
        self._settings = settings
        self._host = address.hostname or ""
        self._is_tls = address.scheme == "https"
        self._port = address.port or (443 if self._is_tls else 80)
        self._ssl_context = ssl_context
        self._text = RequestText(address.netloc)
        self._timeout_s = settings.timeout_ns / _NS
        self._idle_s = settings.idle_ns / _NS
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: set[HttpConnection] = set()
        self._idle: list[HttpConnection] = []  # of them; who waits longest is first, and last to be used
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_s = 0.0

    def open(self) -> None:
        """Make ready to send, on the running loop; a connection is made with the first request."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Close every connection."""
        self._loop = None
        for connection in list(self._connections):
            connection.abort("the client was closed")
        if self._timer is not None:
            self._timer.cancel()

    async def exchange(self, request: RestRequest, headers: dict[str, str]) -> RestAnswer:
        """Send a request with these headers beside the usual ones, and return its answer, whatever its status."""
        loop = self._loop
        if loop is None:
            raise never_sent(request, "the client is not open", "open it first", code="closed")
        text = self._text.of(request, headers)
        due_s = loop.time() + self._timeout_s
        connection = self._kept() or await self._connect(loop, request)
        try:
            answer = await self._ask(loop, connection, text, due_s)
        except TimeoutError:
            raise unanswered(request, f"no answer in {self._timeout_s:g} s", code="timeout") from None
        except ConnectionLostError as error:
            raise _lost(request, error) from None
        except AnswerError as error:
            raise unanswered(request, f"the answer {error}", code="broken", status=error.status) from None
        check_encoding(request, answer.status, answer.headers)
        return RestAnswer(status=answer.status, body=answer.body, headers=answer.headers)

    async def _ask(
        self, loop: asyncio.AbstractEventLoop, connection: HttpConnection, text: bytes, due_s: float
    ) -> HttpAnswer:
        connection.due_s = due_s
        self._watch(loop, due_s)
        try:
            answer = await connection.ask(text)
        except asyncio.CancelledError:
            connection.abort("given up")
            raise
        if connection in self._connections:
            connection.due_s = loop.time() + self._idle_s
            self._idle.append(connection)
            self._watch(loop, connection.due_s)
        return answer

    def _kept(self) -> HttpConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.abort("of no use any more")
        return None

    async def _connect(self, loop: asyncio.AbstractEventLoop, request: RestRequest) -> HttpConnection:
        longest_ns = min(self._settings.connect_timeout_ns, self._settings.timeout_ns)
        try:
            async with asyncio.timeout(longest_ns / _NS):
                connection = await self._connected(loop)
        except (OSError, ValueError) as error:
            raise _unconnected(request, error, longest_ns) from None
        if self._loop is None:
            connection.abort("the client was closed")
            raise never_sent(request, "the client was closed while it connected", "", code="closed")
        self._connections.add(connection)
        if not connection.is_open:
            connection.abort("closed at once")
            raise _unconnected(request, ConnectionResetError("closed by the peer at once"), longest_ns)
        return connection

    async def _connected(self, loop: asyncio.AbstractEventLoop) -> HttpConnection:
        _, connection = await aiofastnet.create_connection(
            loop,
            lambda: HttpConnection(loop, self._ended, self._settings.most_body),
            self._host,
            self._port,
            ssl=self._ssl_context if self._is_tls else None,
            server_hostname=self._host if self._is_tls else None,
            happy_eyeballs_delay=_NEXT_ADDRESS_S,
        )
        return connection

    def _ended(self, connection: HttpConnection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _watch(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        """Look at what is due at this moment, or before: one timer for all, as most never fire."""
        if self._timer is not None:
            if self._timer_due_s <= due_s:
                return
            self._timer.cancel()
        self._timer_due_s = due_s
        self._timer = loop.call_at(due_s, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now_s = loop.time()
        for connection in [each for each in self._connections if each.due_s <= now_s]:
            connection.expire()
        if self._connections:
            self._watch(loop, min(each.due_s for each in self._connections))


def _unconnected(request: RestRequest, error: Exception, longest_ns: int) -> RestError:
    if isinstance(error, TimeoutError):
        what, advice = f"no connection in {longest_ns / _NS:g} s", CHECK_NET
    elif isinstance(error, ssl.SSLError | ssl.CertificateError):
        what, advice = f"TLS failed: {cause(error)}", CHECK_TLS
    else:
        what, advice = f"cannot connect: {cause(error)}", CHECK_NET
    return never_sent(request, what, advice, code="connect", may_retry=True)


def _lost(request: RestRequest, error: ConnectionLostError) -> RestError:
    if error.is_cut:
        return unanswered(request, f"the answer is cut short: {cause(error)}", code="broken")
    return unanswered(request, f"the connection was lost before the answer: {cause(error)}", code="lost")
