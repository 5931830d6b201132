"""A connection to an acceptor with TLS before its handshake is over: a stranger, bounded and told as they are.

Errors  none: a handshake that fails ends the connection, and is told by `Strangers`.
Thread  the loop thread only.
"""

import asyncio
import os
import socket
import ssl
from typing import Protocol, cast

from engine.session.native.connection import Connection


class Waiting(Protocol):
    """What a handshake belongs to: the stranger of its connection."""

    def on_arrival(self, arrival: "Handshake") -> None:
        """Count a connection that has only just arrived."""

    def on_failure(self, reason: str) -> None:
        """End a connection whose handshake failed."""


class Handshake(asyncio.Protocol):
    """Takes an accepted connection away from the server, so that its TLS is ours to count and to cut off.

    Of a server with TLS nobody learns before the handshake is over. A copy of the descriptor keeps the connection while
    the transport that was made for it is closed, unread.
    """

    def __init__(self, context: ssl.SSLContext, stranger: Waiting, connection: Connection) -> None:
        self._context, self._stranger, self._connection = context, stranger, connection
        self._task: asyncio.Task[None] | None = None
        self.peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        accepted = transport.get_extra_info("socket")
        copy = socket.socket(fileno=os.dup(accepted.fileno()))
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        cast(asyncio.Transport, transport).abort()
        self._task = asyncio.get_running_loop().create_task(self._shake_hands(copy))
        self._stranger.on_arrival(self)

    def pause_reading(self) -> None:
        """Do nothing: a handshake goes on while sessions are paused."""

    def resume_reading(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Close now."""
        if self._task is not None:
            self._task.cancel()

    async def _shake_hands(self, sock: socket.socket) -> None:
        loop, connection = asyncio.get_running_loop(), self._connection
        try:
            transport, _ = await loop.connect_accepted_socket(connection.as_protocol, sock, ssl=self._context)
        except Exception as error:  # of OpenSSL or of the socket
            self._stranger.on_failure(f"no TLS: {str(error) or type(error).__name__}")
            sock.close()
        except asyncio.CancelledError:
            sock.close()
        else:
            if transport.is_closing():  # since it was made: uvloop then leaves the object a number that is not its own
                sock.detach()
