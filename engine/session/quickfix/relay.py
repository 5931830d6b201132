"""TLS for QuickFIX, which has none: it connects to a port of this host, and the relay there to the venue, by TLS.

The port is at 127.0.0.1 and takes one connection, of this very process; whoever else connects is turned away. Nothing
is read from QuickFIX for the venue before the venue has proved who it is, so that a Logon which did not get there is
known not to have left.

Errors  ConfigError for keys of TLS that cannot be used; what stops a connection is `fault`.
Cost    two more system calls a message, and the TLS of the loop; `session = "native"` needs neither.
Thread  the loop thread only.
Source  the keys of TLS as in `engine.session.native.tls`.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from engine.runtime._sockets import Sockets
from engine.runtime.notices import NoticeKind
from engine.session.file.security import wants_tls
from engine.session.file.settings import SessionSettings
from engine.session.native.addresses import CONNECT_TIMEOUT_NS, Addresses
from engine.session.native.connection import Connection
from engine.session.native.socket_options import tuner
from engine.session.native.tls import client_context, server_name
from engine.session.quickfix.descriptors import sockets as sockets_of_process
from engine.session.refusal import of_tls

LOCAL = "127.0.0.1"
MOST_HELD = 65_536  # bytes of QuickFIX before the venue is there: it sends a Logon and waits
_WAITING = 8  # connections that the kernel holds until they are looked at
_REDIRECTED = ("SocketConnectHost", "SocketConnectPort", "SocketConnectSource", "SocketLocal")

Notice = Callable[[NoticeKind, str], object]


class Route:
    """The way to the venue that QuickFIX takes by itself; `settings` are those that QuickFIX gets."""

    fault: Exception | None = None  # why the last attempt did not reach the venue

    def __init__(self, settings: SessionSettings, notice: Notice) -> None:
        self.settings = settings
        self.ports = frozenset(port for _, port in settings.endpoints())
        self.notice = notice

    def begin(self) -> str:
        """Choose where the next attempt leads; return it in words, "" where QuickFIX chooses."""
        return ""

    def failed(self) -> None:
        """Note that an attempt did not lead to a session."""

    def close(self) -> None:
        """Release everything."""


class TlsRelay(Route):
    """The way through a TLS connection of ours."""

    def __init__(
        self, settings: SessionSettings, loop: asyncio.AbstractEventLoop, sockets: Sockets, notice: Notice
    ) -> None:
        self._tls = client_context(settings)
        self._loop, self._sockets = loop, sockets
        self._name, self._file = settings.name, settings
        self._addresses = Addresses(settings)
        self._tune = tuner(settings)
        self._chosen = ("", 0)
        self._joint: Joint | None = None
        self._listening = socket.create_server((LOCAL, 0), backlog=_WAITING)
        self._listening.setblocking(False)
        self.port = int(self._listening.getsockname()[1])
        self.strangers = 0
        loop.add_reader(self._listening, self._accept)
        super().__init__(redirected(settings, self.port), notice)

    def begin(self) -> str:
        """Choose the address of the next attempt."""
        self.fault = TimeoutError("no connection in time")  # until it is there
        self._chosen = self._addresses.next(time.monotonic_ns())
        return f"{self._chosen[0]} on port {self._chosen[1]}"

    def failed(self) -> None:
        """Move on to the next address."""
        self._addresses.failed()

    def close(self) -> None:
        """Give up the port and what goes through it."""
        if self._listening.fileno() >= 0:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._listening)
            self._listening.close()
        if self._joint is not None:
            self._joint.abort()
            self._joint = None

    def _accept(self) -> None:
        try:
            near, address = self._listening.accept()
        except OSError:  # gone again
            return
        if not is_of_this_process(address):
            near.close()
            self.strangers += 1
            text = f"{self._name}: {address[0]} port {address[1]} at the relay: not of this process, turned away"
            self.notice(NoticeKind.SESSION_STRANGER, text)
            return
        if self._joint is not None:  # QuickFIX has left it
            self._joint.abort()
        near.setblocking(False)
        self._joint = Joint(self)
        self._joint.task = self._loop.create_task(self._join(self._joint, near))

    async def _join(self, joint: "Joint", near: socket.socket) -> None:
        """Take QuickFIX's connection, then connect to the venue; end the one where the other fails."""
        make = Connection(joint.near, self._tune).as_protocol
        transport, _ = await self._loop.connect_accepted_socket(make, near)
        if transport.is_closing():  # uvloop then leaves the object with a number that is not its own
            near.detach()
        try:
            if not joint.is_over:
                await self._connect(joint)
        except Exception as error:
            self.fault = TimeoutError("no connection in time") if isinstance(error, TimeoutError) else error
            joint.near.end()

    async def _connect(self, joint: "Joint") -> None:
        """Connect to the venue; raise where it is not there, or does not prove who it is."""
        async with asyncio.timeout(CONNECT_TIMEOUT_NS / 1_000_000_000):
            sock = await self._addresses.connect()
            transport, _ = await self._loop.create_connection(
                Connection(joint.far, self._tune).as_protocol,
                sock=sock,
                ssl=self._tls,
                server_hostname=server_name(self._file, self._chosen[0]),
            )
        if transport.is_closing():
            sock.detach()

    def reached(self, connection: Connection, receive: Callable[[bytes], object]) -> None:
        """Note that the venue has proved who it is; its connection makes busy mode turn the loop after every look.

        The loop alone reads QuickFIX's, so that it can be left unread while the venue does not read.
        """
        self.fault = None
        connection.watch(self._sockets, receive)

    def broke(self, reason: str) -> None:
        """Note that the venue refuses us by TLS, which in version 1.3 comes after the handshake."""
        if of_tls(reason) is not None:
            self.fault = ConnectionError(reason)


class Joint:
    """QuickFIX's connection, `near`, and the venue's, `far`: what one reads, the other writes."""

    def __init__(self, relay: TlsRelay) -> None:
        self.task: asyncio.Task[None] | None = None
        self.is_over = False
        self.near = RelayEnd(relay, self)
        self.far = RelayEnd(relay, self, is_far=True)
        self.near.other, self.far.other = self.far, self.near

    def stop_connecting(self) -> None:
        """Connect to the venue no more; the task ends by itself while it takes QuickFIX's connection."""
        self.is_over = True
        if self.task is not None and self.near.was_there:
            self.task.cancel()

    def abort(self) -> None:
        """End both at once."""
        self.stop_connecting()
        for end in (self.near, self.far):
            if end.connection is not None:
                end.connection.abort()


class RelayEnd:
    """One connection of the two; a ConnectionListener."""

    other: "RelayEnd"

    def __init__(self, relay: TlsRelay, joint: Joint, *, is_far: bool = False) -> None:
        self.connection: Connection | None = None
        self._relay, self._joint, self._is_far = relay, joint, is_far
        self._held: list[bytes] = []  # what came while the other was not there
        self.was_there = False

    def on_connected(self, connection: Connection) -> None:
        """Read from it, and write what waited."""
        self.connection = connection
        self.was_there = True
        if self._joint.is_over:
            connection.abort()
            return
        if self._is_far:
            self._relay.reached(connection, self.on_data)
        for data in self.other.take():
            connection.write(data)

    def take(self) -> list[bytes]:
        """Return what was held, once."""
        held, self._held = self._held, []
        return held

    def on_data(self, data: bytes) -> None:
        """Pass on what was read."""
        if self.other.connection is not None:
            self.other.connection.write(data)
            return
        self._held.append(data)
        if sum(map(len, self._held)) > MOST_HELD:
            self.end()

    def on_full(self) -> None:
        """Leave what the other has to say in its kernel."""
        if self.other.connection is not None:
            self.other.connection.pause_reading()

    def on_writable(self) -> None:
        """Read from the other again."""
        if self.other.connection is not None:
            self.other.connection.resume_reading()

    def on_closed(self, reason: str) -> None:
        """End the other too, once what was read has left."""
        self.connection = None
        if self._is_far:
            self._relay.broke(reason)
        self.other.end()
        if not self._is_far:
            self._joint.stop_connecting()

    def end(self) -> None:
        """Close it, where it is there."""
        if self.connection is not None:
            self.connection.close()


def open_route(settings: SessionSettings, loop: asyncio.AbstractEventLoop, sockets: Sockets, notice: Notice) -> Route:
    """Return the way to the venue that the session file asks for."""
    return TlsRelay(settings, loop, sockets, notice) if wants_tls(settings.values) else Route(settings, notice)


def redirected(settings: SessionSettings, port: int) -> SessionSettings:
    """Return settings that lead to a port of this host, and to nowhere else."""
    others = dict.fromkeys((key for key in settings.values if key.startswith(_REDIRECTED)), None)
    return settings.replaced({**others, "SocketConnectHost": LOCAL, "SocketConnectPort": port})


def is_of_this_process(address: tuple[str, int]) -> bool:
    """Return whether the socket that is bound to an address of this host is one of ours."""
    for descriptor, _ in sockets_of_process():
        with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as copy:
            if copy.family == socket.AF_INET and copy.getsockname() == address:
                return True
    return False
