"""Watches the sockets that QuickFIX opened, whose descriptors it does not reveal.

Cost    `refresh` reads the process' descriptor table: once per connection, never per message.
Thread  the loop thread only.
Source  Linux proc(5): /proc/self/fd.
"""

import asyncio
import os
import socket
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple

Belongs = Callable[[socket.socket], bool]


class _Watched(NamedTuple):
    inode: int
    duplicate: socket.socket
    is_listening: bool


class Descriptors:
    """Calls `on_readable` while one of QuickFIX's sockets that satisfies `belongs` has something to read.

    A duplicate of each socket is watched, because QuickFIX closes its own whenever it likes and a loop must not watch
    a closed descriptor. QuickFIX shuts a socket down before it closes it, so the duplicate keeps nothing open.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, on_readable: Callable[[], None], belongs: Belongs) -> None:
        self._loop = loop
        self._on_readable = on_readable
        self._belongs = belongs
        self._watched: dict[int, _Watched] = {}  # by QuickFIX's descriptor

    def __len__(self) -> int:
        return len(self._watched)

    def refresh(self) -> None:
        """Watch the sockets that are there now, and no others; needed after QuickFIX opened one by itself."""
        ours = {watched.duplicate.fileno() for watched in self._watched.values()}
        present = {descriptor: inode for descriptor, inode in sockets() if descriptor not in ours}
        for descriptor, watched in list(self._watched.items()):
            if present.get(descriptor) != watched.inode:
                self._forget(descriptor)
        for descriptor, inode in present.items():
            if descriptor not in self._watched:
                self._consider(descriptor, inode)

    def close(self) -> None:
        """Watch nothing."""
        for descriptor in list(self._watched):
            self._forget(descriptor)

    def _ready(self, descriptor: int) -> None:
        self._on_readable()
        watched = self._watched.get(descriptor)
        if watched is not None and (watched.is_listening or _inode(descriptor) != watched.inode):
            self.refresh()

    def _consider(self, descriptor: int, inode: int) -> None:
        duplicate = socket.socket(fileno=os.dup(descriptor))
        try:
            belongs = self._belongs(duplicate)
            is_listening = bool(duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        except OSError:  # not connected, or not any more
            belongs = is_listening = False
        if belongs:
            self._watched[descriptor] = _Watched(inode, duplicate, is_listening)
            self._loop.add_reader(duplicate.fileno(), self._ready, descriptor)
        else:
            duplicate.close()

    def _forget(self, descriptor: int) -> None:
        duplicate = self._watched.pop(descriptor).duplicate
        self._loop.remove_reader(duplicate.fileno())
        duplicate.close()


def is_local_port(port: int) -> Belongs:
    """Answer for an acceptor's sockets: the listening one and its connections."""
    return lambda each: each.family == socket.AF_INET and each.getsockname()[1] == port


def sockets() -> Iterator[tuple[int, int]]:
    """Yield descriptor and inode of every socket of this process."""
    for name in os.listdir("/proc/self/fd"):
        inode = _inode(int(name))
        if inode:
            yield int(name), inode


def _inode(descriptor: int) -> int:
    """Return the inode of an open socket, 0 for anything else."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return 0
    return status.st_ino if stat.S_ISSOCK(status.st_mode) else 0
