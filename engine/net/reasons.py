"""Why a connection failed or was lost, as text that says what to do.

Source  RFC 6455: closing handshake; Kalshi: status codes of a refused handshake.
"""

from picows import WSHandshakeError, WSTransport

EXCERPT = 200  # characters of a refusal's body that its reason shows
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
        body = (error.raw_body or b"")[:EXCERPT].decode("latin-1")
        return f"handshake refused: HTTP {status.value} {status.phrase} {body} {ADVICE.get(status, '')}".rstrip()
    if isinstance(error, TimeoutError):
        return "no answer to the handshake in time"
    return f"cannot connect: {error}"


def of_loss(transport: WSTransport) -> str:
    """Return who closed the connection, and how."""
    handshake = transport.close_handshake
    if handshake is None:
        return "connection lost without a close frame"
    who, info = ("the venue", handshake.recv) if handshake.recv_then_sent else ("us", handshake.sent)
    return f"closed by {who}" + (f": {info.code:d} {info.reason or ''}".rstrip() if info is not None else "")
