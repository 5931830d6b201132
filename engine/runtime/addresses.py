"""Connects to the addresses of a host one after another: a dead one costs its share of the time, not every attempt.

Errors  OSError of the last address, or TimeoutError, where none takes the connection.
Thread  the loop thread only.
"""

import asyncio
import socket
from typing import Any

_NS = 1_000_000_000
Local = tuple[str, int]


class HostAddresses:
    """The addresses of one host, looked up anew for each attempt; `failed` makes the next attempt begin with another.

    An address that takes the connection may still be no good: the handshake tells.
    """

    def __init__(self, timeout_ns: int) -> None:
        self._timeout_ns = timeout_ns
        self._failures = 0

    def failed(self) -> None:
        """Move on: what the last attempt reached was no good."""
        self._failures += 1

    async def connect(self, host: str, port: int, local: Local | None = None) -> socket.socket:
        """Return a socket that is connected, from address and port `local`, to the first address that answers."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        last: Exception = OSError(f"{host} has no address")
        first = self._failures % max(1, len(found))
        for family, kind, protocol, _, address in found[first:] + found[:first]:
            candidate = socket.socket(family, kind, protocol)
            try:
                if local is not None:
                    await _bind(candidate, local)
                await self._connect(candidate, address, len(found))
                return candidate
            except (OSError, TimeoutError) as error:
                last = error
                candidate.close()
            except BaseException:
                candidate.close()
                raise
        raise last

    async def _connect(self, candidate: socket.socket, address: Any, share: int) -> None:
        candidate.setblocking(False)
        async with asyncio.timeout(self._timeout_ns / share / _NS):
            await asyncio.get_running_loop().sock_connect(candidate, address)


async def _bind(candidate: socket.socket, local: Local) -> None:
    """Give a socket its own end; OSError where `local` has no address of the socket's family."""
    found = await asyncio.get_running_loop().getaddrinfo(*local, family=candidate.family, type=socket.SOCK_STREAM)
    if not found:
        raise OSError(f"{local[0]} has no address to connect from")
    candidate.bind(found[0][4])
