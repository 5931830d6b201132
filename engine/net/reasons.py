"""Why a connection failed or was lost, as text that says what to do, and how long the venue wants to be left alone.

Units   times in ns.
Source  RFC 6455: closing handshake; RFC 9110: Retry-After; Kalshi: status codes of a refused handshake.
"""

from datetime import UTC
from email.utils import parsedate_to_datetime

from picows import WSHandshakeError, WSTransport

EXCERPT = 200  # characters of a refusal's body that its reason shows
LONGEST_RETRY_NS = 3_600 * 10**9
CREDENTIALS = (401, 403)  # a person has to act: the next attempt would be refused as well
_NS = 1_000_000_000
ADVICE = {
    401: "(check the API key id, its key file, and this host's clock)",
    403: "(the API key lacks the permission)",
    404: "(check the path of the address)",
    429: "(too many connections: close others of this account)",
}


def of_failure(error: Exception) -> str:
    """Return why an attempt to connect failed, with advice where there is any."""
    if isinstance(error, WSHandshakeError) and error.response is not None:
        status = error.response.status
        if status == 101:
            return f"handshake broken: {printable(str(error))}"
        body = printable((error.raw_body or b"")[:EXCERPT].decode("utf-8", "replace"))
        return f"handshake refused: HTTP {status.value} {status.phrase} {body} {ADVICE.get(status, '')}".rstrip()
    if isinstance(error, TimeoutError):
        return "no answer to the handshake in time"
    return f"cannot connect: {printable(str(error))}"


def is_of_credentials(error: Exception) -> bool:
    """Return whether the venue refused who we are."""
    return isinstance(error, WSHandshakeError) and error.response is not None and error.response.status in CREDENTIALS


def retry_after_ns(error: Exception, wall_ns: int) -> int:
    """Return how long a refusal wants us to wait (Retry-After, in seconds or as a date), 0 if it does not say."""
    if not isinstance(error, WSHandshakeError) or error.response is None:
        return 0
    text = (error.response.headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdecimal():
        return min(int(text[:10]) * _NS, LONGEST_RETRY_NS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(int(moment.timestamp() * _NS) - wall_ns, 0), LONGEST_RETRY_NS)


def printable(text: str) -> str:
    """Return the words of a peer without what would break a line of a log or act on a terminal."""
    return "".join(each if each.isprintable() else " " for each in text[: 4 * EXCERPT])


def of_loss(transport: WSTransport) -> str:
    """Return who closed the connection, and how."""
    handshake = transport.close_handshake
    if handshake is None:
        return "connection lost without a close frame"
    who, info = ("the venue", handshake.recv) if handshake.recv_then_sent else ("us", handshake.sent)
    return f"closed by {who}" + (f": {info.code:d} {printable(info.reason or '')}".rstrip() if info is not None else "")
