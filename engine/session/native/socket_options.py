"""Options of a session's socket, from the session file.

Source  QuickFIX configuration: SocketNodelay, SocketSendBufferSize, SocketReceiveBufferSize.
"""

import socket
from collections.abc import Callable

from engine.session.file.settings import SessionSettings


def tuner(settings: SessionSettings) -> Callable[[socket.socket], None]:
    """Return a function that sets the options of a new socket; TCP_NODELAY is on unless switched off, for latency."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(_is_undelayed(settings)))]
    for key, option in (("SocketSendBufferSize", socket.SO_SNDBUF), ("SocketReceiveBufferSize", socket.SO_RCVBUF)):
        if size := settings.integer(key):
            options.append((socket.SOL_SOCKET, option, size))

    def tune(sock: socket.socket) -> None:
        """Set the options."""
        for level, option, value in options:
            sock.setsockopt(level, option, value)

    return tune


def _is_undelayed(settings: SessionSettings) -> bool:
    key = "SocketNodelay" if settings.text("SocketNodelay") else "SocketTcpNoDelay"
    return settings.flag(key, True)
