"""Connections whose first message has not yet named their session: bounded in number, time and bytes.

Errors  none: a peer that becomes no session is closed without a word on the wire, unless `answer` has one, and told
        here.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from engine import fix
from engine.codec import GARBLED, Fields, Frame, FrameReader
from engine.runtime.notices import NoticeKind
from engine.session.native.connection import Connection, ConnectionListener
from engine.session.native.handshake import Handshake

MOST_STRANGERS = 256  # at once: the one that has waited longest makes room
MOST_GARBAGE = 65_536  # bytes that are no message, before the first one

Endpoint = tuple[str | None, int]


class Adopter(ConnectionListener, Protocol):
    """A session that may take a connection over."""

    @property
    def is_connected(self) -> bool:
        """Whether a connection belongs to it already."""

    def allows(self, address: str) -> bool:
        """Say whether the peer may come from `address`."""


class Strangers:
    """The strangers of one acceptor; `find` returns the session that a Logon at a place from an address is for."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timeout_s: float,
        find: Callable[[Fields, Endpoint, str], Adopter | None],
        notice: Callable[[NoticeKind, str], object],
    ) -> None:
        self.find = find
        self.answer: Callable[[Fields, Endpoint], bytes] = lambda logon, place: b""  # what refuses a first message
        self._loop, self._timeout_s, self._notice = loop, timeout_s, notice
        self._waiting: dict[Stranger, asyncio.TimerHandle] = {}  # the oldest first
        self._is_paused = False

    def __len__(self) -> int:
        return len(self._waiting)

    def welcome(self, place: Endpoint) -> "Stranger":
        """Return what listens to a connection until it has named its session."""
        return Stranger(self, place)

    def pause(self) -> None:
        """Read from none of them until `resume`."""
        self._is_paused = True
        for stranger in self._waiting:
            stranger.connection.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self._is_paused = False
        for stranger in self._waiting:
            stranger.connection.resume_reading()

    def enter(self, stranger: "Stranger") -> None:
        """Give a stranger LogonTimeout for its first message, its TLS handshake included."""
        if stranger not in self._waiting:
            self._begin(stranger)
        if self._is_paused:
            stranger.connection.pause_reading()

    def _begin(self, stranger: "Stranger") -> None:
        self._waiting[stranger] = self._loop.call_later(self._timeout_s, self.refuse, stranger, "no Logon in time")
        if len(self._waiting) > MOST_STRANGERS:
            self.refuse(next(iter(self._waiting)), f"more than {MOST_STRANGERS} at once have sent no Logon")

    def leave(self, stranger: "Stranger") -> None:
        """Forget one that has a session now, or has gone."""
        if (timer := self._waiting.pop(stranger, None)) is not None:
            timer.cancel()

    def refuse(self, stranger: "Stranger", why: str) -> None:
        """Close a connection, and say why to our people only; nothing happens to one that has gone."""
        if stranger not in self._waiting:
            return
        self.leave(stranger)
        self._notice(NoticeKind.SESSION_STRANGER, f"connection from {stranger.connection.peer} closed: {why}")
        stranger.connection.abort()

    def turn_away(self, stranger: "Stranger", connection: Connection, answer: bytes) -> None:
        """Close a connection after an answer to its first message."""
        self.leave(stranger)
        self._notice(NoticeKind.SESSION_STRANGER, f"connection from {connection.peer} turned away with an answer")
        connection.write(answer)
        connection.close()


class Stranger:
    """A connection whose first message has not yet named its session."""

    connection: "Connection | Handshake"

    def __init__(self, strangers: Strangers, place: Endpoint) -> None:
        self._strangers, self._place = strangers, place
        self._reader = FrameReader()
        self._received = b""
        self._garbage = 0

    def on_arrival(self, arrival: Handshake) -> None:
        """Wait for the end of its handshake first."""
        self.connection = arrival
        self._strangers.enter(self)

    def on_failure(self, reason: str) -> None:
        """End a connection whose handshake failed."""
        self._strangers.refuse(self, reason)

    def on_connected(self, connection: Connection) -> None:
        """Wait for the first message."""
        self.connection = connection
        self._strangers.enter(self)

    def on_data(self, data: bytes) -> None:
        """Collect bytes until the first message is complete."""
        self._received += data
        offset = 0
        while (code := self._reader.scan(self._received, offset)) > Frame.SOUND:
            self._garbage += self._reader.end - offset
            offset = self._reader.end
            if code == Frame.TOO_LARGE or self._garbage > MOST_GARBAGE:
                self._received = b""
                self._strangers.refuse(self, f"it sends no FIX: {GARBLED[code]}")
                return
        self._received = self._received[offset:]
        if code == Frame.SOUND:
            self._introduce(self._reader.fields)

    def on_full(self) -> None:
        """Ignore a full socket: nothing is written here."""

    def on_writable(self) -> None:
        """Ignore that the socket has room again."""

    def on_closed(self, reason: str) -> None:
        """Forget a peer that left before it named its session."""
        self._strangers.leave(self)

    def _introduce(self, first: Fields) -> None:
        """Hand the connection to its session, or close it."""
        connection = self.connection
        assert isinstance(connection, Connection)  # nothing is read before the handshake is over
        if answer := self._strangers.answer(first, self._place):
            self._strangers.turn_away(self, connection, answer)
            return
        address = connection.peer
        session = self._strangers.find(first, self._place, address) if first.msg_type == fix.Msg.LOGON else None
        if session is None or session.is_connected or not session.allows(address):
            why = "unknown" if session is None else "connected already" if session.is_connected else "not allowed here"
            self._strangers.refuse(self, f"its session is {why}")
            return
        self._strangers.leave(self)
        connection.listener = session
        received, self._received = self._received, b""
        session.on_connected(connection)
        session.on_data(received)
