"""One request as it is written in HTTP/1.1.

Errors  RestError for a path or a header that would break it; no header is shown, as some are secret.
Source  RFC 9110, 9112.
"""

import re
from urllib.parse import quote, urlencode

from engine.net.rest.errors import never_sent, printable
from engine.venue.rest import RestRequest

HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "fixlane"}
JSON = {"Content-Type": "application/json"}
_PATH = re.compile(r"/[!\"$->@-~]*")  # from the root, without query and fragment: it cannot lead to another host
_WITHOUT_LENGTH = ("DELETE", "GET")  # where nothing follows, nothing need be said of it


def target(request: RestRequest) -> str:
    """Return path and query as they are sent."""
    if not request.query:
        return request.path
    return f"{request.path}?{urlencode(request.query, quote_via=quote)}"


def check_path(request: RestRequest) -> None:
    """Raise RestError for a path that cannot be sent as it is."""
    if not _PATH.fullmatch(request.path):
        raise never_sent(request, f"its path is {printable(request.path)!r}", "percent-encode it", code="refused")


class RequestText:
    """Writes requests to one host; `host` is that of the header."""

    def __init__(self, host: str) -> None:
        same = {"Host": host, **HEADERS}
        self._same = " HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in same.items())

    def of(self, request: RestRequest, headers: dict[str, str]) -> bytes:
        """Return the bytes of a request with these headers beside the usual ones."""
        check_path(request)
        parts = [request.method, " ", target(request), self._same]
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                raise never_sent(request, f"its header {name} breaks HTTP", "check the credentials", code="refused")
            parts.append(f"{name}: {value}\r\n")
        body = request.body
        if body:
            parts.append(f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n")
        elif request.method not in _WITHOUT_LENGTH:
            parts.append("Content-Length: 0\r\n")
        parts.append("\r\n")
        return "".join(parts).encode("ascii") + body
