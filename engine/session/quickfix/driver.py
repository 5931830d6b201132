"""Runs QuickFIX's initiator in our event loop: polled when its socket is readable, and by a timer.

QuickFIX does not reveal its descriptors, so each socket that it opens is found among those of the process, and a
duplicate is watched. It stays open when QuickFIX closes its own, so that no reader is left on a reused number.

Errors  an exception that a poll raises is passed to `on_failure`.
Cost    a poll that reads one report 9 us, handling included; the timer runs 10 times a second while connected.
Thread  the loop thread only.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable

import quickfix

from engine.errors import SessionError
from engine.runtime._sockets import Sockets, Watch
from engine.session.quickfix.descriptors import sockets as sockets_of_process
from engine.session.quickfix.log import SessionLog

CONNECTED_S = 0.1  # between timer polls: often enough for heartbeats and time-outs
SEEKING_S = 0.02  # while there is no connection to watch
MOST_UNFRAMED = 16 * 2**20  # bytes of one message, which QuickFIX would keep without a bound
_BYTES_RECEIVED = 128  # where struct tcp_info of linux/tcp.h has tcpi_bytes_received, 64 bits
_DRAIN_SLACK = 16  # polls beyond one for each message that waits: the kernel may take a message in parts


class Driver:
    """Owns the initiator; `on_turn` is called after each poll, when QuickFIX may be called again."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        build: Callable[[], quickfix.SocketInitiator],
        ports: frozenset[int],
        log: SessionLog,
        sockets: Sockets,
    ) -> None:
        self._loop = loop
        self._ports = ports
        self._log = log
        self._sockets = sockets
        log.on_connecting = self._note_connecting
        before = _inodes()
        self._initiator: quickfix.SocketInitiator | None = build()
        # QuickFIX wakes itself through a socket pair when a message did not fit into the kernel's buffer.
        self._wakers = _duplicates(before, socket.AF_UNIX)
        self._before: set[int] | None = None  # sockets open when QuickFIX began to connect
        self._seen: list[socket.socket] = []  # what it opened since, until one of them is connected
        self._link: socket.socket | None = None  # the connection being watched
        self._watching: Watch | None = None
        self._settled = 0  # messages that have left QuickFIX for certain: those sent before the tick before last
        self._sent_at_tick = 0
        self._framed = (0, 0)  # messages received, and the bytes of the connection when their number last changed
        self._is_draining = False
        self._drained = 0  # polls since QuickFIX had to hold a message back
        self._timer: asyncio.TimerHandle | None = None
        self.is_polling = False
        self.on_failure: Callable[[Exception], None] = lambda error: None
        self.on_turn: Callable[[], None] = lambda: None

    @property
    def is_watching(self) -> bool:
        """Whether the connection's socket was found and wakes the loop."""
        return self._link is not None

    def start(self) -> None:
        """Start polling."""
        if self._timer is None:
            for waker in self._wakers:
                self._loop.add_reader(waker, self._on_backlog)
            self._timer = self._loop.call_later(SEEKING_S, self._tick)
        self.poll_soon()

    def poll_soon(self) -> None:
        """Poll in the next turn of the loop; unlike `poll`, allowed inside a callback."""
        self._loop.call_soon(self.poll)

    def poll(self) -> None:
        """Let QuickFIX read, write, connect and keep time; inside a callback it does nothing."""
        if self.is_polling or self._initiator is None:
            return
        self.is_polling = True
        try:
            self._initiator.poll()
        except Exception as error:
            self.on_failure(error)
        finally:
            self.is_polling = False
        if self._link is None:
            self.seek()
        self.on_turn()

    def seek(self) -> bool:
        """Watch the connection that QuickFIX opened, once it is established; say whether it is."""
        if self._before is not None:
            self._seen += _duplicates(self._before, socket.AF_INET)
            self._before = None
        for found in self._seen:
            if _peer_port(found) in self._ports:
                self._watch(found)
                break
        return self._link is not None

    def close(self) -> None:
        """Stop for good: no reader, timer or descriptor is left. The connection must have been dropped before."""
        if not self._loop.is_closed():
            self._unwatch()
            for waker in self._wakers:
                self._loop.remove_reader(waker)
        if self._timer is not None:
            self._timer.cancel()
        _close(self._wakers)
        if self._initiator is not None:
            self._initiator.stop(True)
            # The binding leaks the frames of a DoNotSend, and they hold the initiator: destroy it by name.
            quickfix.SocketInitiator.__swig_destroy__(self._initiator)
            self._initiator = None

    def _note_connecting(self) -> None:
        """QuickFIX is about to open a socket."""
        self._unwatch()
        self._before = _inodes()

    def _unwatch(self) -> None:
        """Forget the connection; QuickFIX has closed it, or will."""
        self._before = None
        if self._link is not None:
            self._loop.remove_writer(self._link)
            if self._watching is not None:
                self._watching.close()
            self._link.close()
            self._link = self._watching = None
            self._is_draining = False
        _close(self._seen)

    def _watch(self, found: socket.socket) -> None:
        self._seen.remove(found)
        _close(self._seen)
        self._link = found
        self._watching = self._sockets.watch_readable(found, self._on_readable)

    def _tick(self) -> None:
        self._timer = self._loop.call_later(SEEKING_S if self._link is None else CONNECTED_S, self._tick)
        if not self._is_draining:
            self._settled, self._sent_at_tick = self._sent_at_tick, self._log.sent
        self.poll()
        self._bound()

    def _bound(self) -> None:
        """Give up a connection whose bytes make no message."""
        if self._link is None:
            return
        messages, size = self._log.received, _bytes_received(self._link)
        if messages != self._framed[0] or size < self._framed[1]:
            self._framed = (messages, size)
        elif size - self._framed[1] > MOST_UNFRAMED:
            self._framed = (messages, size)
            self.on_failure(SessionError(f"more than {MOST_UNFRAMED} bytes came that make no message"))

    def _on_readable(self) -> None:
        """Poll; QuickFIX reads once, and the loop calls again while there is more."""
        received = self._log.received
        self.poll()
        if self._log.received == received and self._link is not None and _is_over(self._link):
            self._unwatch()

    def _on_backlog(self) -> None:
        """Poll each time the socket takes more from now on: QuickFIX writes one waiting message a poll."""
        self._drained = 0
        self.poll()
        if self._link is not None and not self._is_draining:
            self._is_draining = True
            self._loop.add_writer(self._link, self._on_writable)

    def _on_writable(self) -> None:
        """Poll until every message that may still wait has had its poll: QuickFIX does not say when it is done."""
        self._drained += 1
        self.poll()
        if self._link is not None and self._drained > self._log.sent - self._settled + _DRAIN_SLACK:
            self._is_draining = False
            self._loop.remove_writer(self._link)


def _inodes() -> set[int]:
    return {inode for _, inode in sockets_of_process()}


def _duplicates(before: set[int], family: int) -> list[socket.socket]:
    """Return duplicates of the sockets of `family` that were opened since `before`."""
    new = [descriptor for descriptor, inode in sockets_of_process() if inode not in before]
    copies = [copy for descriptor in new if (copy := _duplicate(descriptor)) is not None]
    wanted = [copy for copy in copies if copy.family == family]
    _close([copy for copy in copies if copy.family != family])
    return wanted


def _duplicate(descriptor: int) -> socket.socket | None:
    try:
        return socket.socket(fileno=os.dup(descriptor))
    except OSError:
        return None  # another thread closed it meanwhile: it was not QuickFIX's


def _close(copies: list[socket.socket]) -> None:
    for copy in copies:
        copy.close()
    copies.clear()


def _peer_port(found: socket.socket) -> int:
    try:
        return int(found.getpeername()[1])
    except OSError:
        return 0  # still connecting, or refused


def _bytes_received(link: socket.socket) -> int:
    size = _BYTES_RECEIVED + 8
    return int.from_bytes(link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)[_BYTES_RECEIVED:], sys.byteorder)


def _is_over(link: socket.socket) -> bool:
    try:
        return not link.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
