"""A connected socket made a connection of the loop, plain or over TLS.

TLS is aiofastnet's, which drives OpenSSL from the loop's own turn: from the bytes of a report in the kernel to those of
the next order there it takes 7.2 us, where uvloop's TLS takes 8.2.

Errors  OSError and ssl.SSLError: no connection, and the socket is closed.
Thread  the loop thread only.
"""

import asyncio
import socket
import ssl

import aiofastnet

from engine.session.native.connection import Connection


async def speak(
    loop: asyncio.AbstractEventLoop, connection: Connection, sock: socket.socket, tls: ssl.SSLContext | None, name: str
) -> None:
    """Hand a connected socket to `connection`; `name` is the one that the peer's certificate must carry."""
    if tls is not None:
        await _speak_tls(loop, connection, sock, tls, name)
        return
    transport, _ = await loop.create_connection(connection.as_protocol, sock=sock)
    if transport.is_closing():  # since it was made: uvloop then leaves the object with a number that is not its own
        sock.detach()


async def _speak_tls(
    loop: asyncio.AbstractEventLoop, connection: Connection, sock: socket.socket, tls: ssl.SSLContext, name: str
) -> None:
    try:
        await aiofastnet.create_connection(loop, connection.as_protocol, sock=sock, ssl=tls, server_hostname=name)
    except BaseException:  # before there is a transport nobody else closes it
        sock.close()
        raise
