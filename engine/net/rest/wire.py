"""One request over HTTP and its answer, once: no waiting for tokens, no second attempt, no meaning.

Writes go by `write_wire`, which costs an order little; all else by aiohttp.

Units   sizes in bytes.
Errors  RestError where there is no whole answer. Of a write it says whether it may have been applied: only what failed
        while connecting surely was not.
Bounds  as in `RestSettings`; lines and headers of an answer as aiohttp bounds them.
Thread  the loop thread only.
Source  RFC 9110, 9112.
"""

import asyncio
import ssl

import aiohttp
from yarl import URL

from engine.net.rest.answers import check_encoding
from engine.net.rest.errors import CHECK_NET, CHECK_TLS, RestError, cause, never_sent, unanswered
from engine.net.rest.http_request import HEADERS, JSON, check_path, target
from engine.net.rest.settings import RestSettings, check_verifies, origin
from engine.net.rest.write_wire import WriteWire
from engine.venue.rest import RestAnswer, RestRequest

_NS = 1_000_000_000


class Wire:
    """The connections to one venue, kept open between requests."""

    def __init__(self, settings: RestSettings, ssl_context: ssl.SSLContext | None = None) -> None:
        address = origin(settings.url)
        self._origin = f"{address.scheme}://{address.netloc}"
        self._settings = settings
        self._timeout_s = settings.timeout_ns / _NS
        self._ssl_context = ssl_context or ssl.create_default_context()
        check_verifies(self._ssl_context)
        self._writes = WriteWire(settings, address, self._ssl_context)
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make ready to send, on the running loop; a connection is made with the first request."""
        self._writes.open()
        settings = self._settings
        connect_s = settings.connect_timeout_ns / _NS
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._ssl_context, keepalive_timeout=settings.idle_ns / _NS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=HEADERS,
            timeout=aiohttp.ClientTimeout(total=None, connect=connect_s),
            auto_decompress=False,
        )
        # aiohttp sends a DELETE or PUT again by itself where a kept connection turns out to be gone: a cancel twice.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close every connection."""
        self._writes.close()
        if self._session is not None:
            await self._session.close()

    async def exchange(self, request: RestRequest, headers: dict[str, str]) -> RestAnswer:
        """Send a request with these headers beside the usual ones, and return its answer, whatever its status."""
        if request.is_write:
            return await self._writes.exchange(request, headers)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(request, headers)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise _unconnected(request, error, self._settings) from None
        except TimeoutError:
            raise unanswered(request, f"no answer in {self._timeout_s:g} s", code="timeout") from None
        except (aiohttp.ClientConnectionError, OSError) as error:
            what = f"the connection was lost before the answer: {cause(error)}"
            raise unanswered(request, what, code="lost") from None
        except aiohttp.ClientPayloadError as error:
            raise unanswered(request, f"the answer is cut short: {cause(error)}", code="broken") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise unanswered(request, f"the answer breaks HTTP: {cause(error)}", code="broken") from None

    async def _exchange(self, request: RestRequest, headers: dict[str, str]) -> RestAnswer:
        session = self._session
        if session is None:
            raise never_sent(request, "the client is not open", "open it first", code="closed")
        check_path(request)
        url = URL(self._origin + target(request), encoded=True)
        if request.body:
            headers = {**headers, **JSON}
        body = request.body or None
        async with session.request(request.method, url, data=body, headers=headers, allow_redirects=False) as response:
            shown = {name.lower(): value for name, value in response.headers.items()}
            check_encoding(request, response.status, shown)
            return RestAnswer(status=response.status, body=await self._body(request, response), headers=shown)

    async def _body(self, request: RestRequest, response: aiohttp.ClientResponse) -> bytes:
        most = self._settings.most_body
        content = response.content
        parts: list[bytes] = []
        size = response.content_length or 0
        if size <= most:
            size = 0
            while size <= most and (part := await content.readany()):
                parts.append(part)
                size += len(part)
        if size > most:
            response.close()
            error = unanswered(request, f"the answer has more than {most} bytes", code="broken", status=response.status)
            error.may_retry = False  # it would be as long again
            raise error
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _unconnected(request: RestRequest, error: Exception, settings: RestSettings) -> RestError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        what, advice = f"no connection in {settings.connect_timeout_ns / _NS:g} s", CHECK_NET
    elif isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        what, advice = f"TLS failed: {cause(error)}", CHECK_TLS
    else:
        what, advice = f"cannot connect: {cause(error)}", CHECK_NET
    return never_sent(request, what, advice, code="connect", may_retry=True)
