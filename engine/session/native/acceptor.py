"""The acceptor side: sessions behind listening ports, each found by the first message of a connection.

Shapes  one `AcceptorSession` for each identity, at its own port, one connection for each at a time. A session whose
        TargetCompID is `*` is a template: a peer that no other session names gets a session of its own from it.
Errors  ConfigError for two sessions of one identity; a connection that names no session is closed silently.
Thread  the loop thread only.
Source  FIX 4.4 volume 2, Logon, test case 1S; QuickFIX configuration for the keys.
"""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable, Container, Sequence
from functools import partial

from engine import fix
from engine.codec import Fields
from engine.errors import ConfigError, SessionError
from engine.runtime.notices import Notices
from engine.session.dictionary.dictionary import read_dictionary
from engine.session.file.schedule import read_schedule
from engine.session.file.settings import SessionSettings
from engine.session.native.connection import Connection
from engine.session.native.driver import SessionDriver
from engine.session.native.handshake import Handshake
from engine.session.native.message_log import MessageLog
from engine.session.native.settings import core_settings, ignored
from engine.session.native.socket_options import tuner
from engine.session.native.strangers import Endpoint, Strangers
from engine.session.native.tls import protection, server_context
from engine.session.protocol.session import FixSession
from engine.session.store.file_store import open_store, stem

_logger = logging.getLogger(__name__)
ANY_PEER = "*"  # TargetCompID of a template
MOST_MADE = 4096  # sessions made from templates: each keeps files open


class AcceptorSession(SessionDriver):
    """The acceptor side of one session; `send`, the callables and the numbers are those of `engine.session.Session`."""

    def __init__(
        self,
        settings: SessionSettings,
        loop: asyncio.AbstractEventLoop,
        clock_ns: Callable[[], int],
        wall_ns: Callable[[], int],
        authenticate: Callable[[Fields], str],
        replayed: Container[str] | None,
    ) -> None:
        self._is_paused = False
        agreed = core_settings(settings)
        name = stem(agreed.begin_string, agreed.sender_comp_id, agreed.target_comp_id)
        folder = settings.path("FileLogPath")
        log = None if folder is None else MessageLog(folder, name, wall_ns, settings.secret_tags())
        super().__init__(loop, clock_ns, wall_ns, log)
        store = open_store(settings, name, wall_ns(), is_one_of_many=True)
        self.core = FixSession(
            agreed,
            self,
            store,
            is_initiator=False,
            dictionary=read_dictionary(settings),
            authenticate=authenticate,
            schedule=read_schedule(settings),
            replayed=replayed,
        )
        self.on_timer()
        self.endpoint = endpoint(settings)
        self._allowed = _addresses(settings)

    @property
    def is_connected(self) -> bool:
        """Whether a connection belongs to the session now."""
        return self._connection is not None

    def allows(self, address: str) -> bool:
        """Say whether the peer may come from `address`."""
        return _allows(self._allowed, address)

    def send_or_keep(self, body: bytes) -> None:
        """Send one application message, or store it under its number for when the peer asks after its next Logon."""
        if self.is_logged_on:
            self.send(body)
        else:
            self.core.keep(body, self.clock.now_ns())

    def withhold(self, body: bytes) -> None:
        """Number a message and send it never; refuse from now on what is asked for again, as being too old."""
        self.core.keep(body, self.clock.now_ns())
        self.core.look_back_ns = 1

    def drop(self, reason: str) -> None:
        """Cut the connection without a Logout."""
        if (connection := self._connection) is not None:
            self._run(self.core.drop, reason)
            connection.abort()

    def pause(self) -> None:
        """Neither read nor send Heartbeats until `resume`, as if the process hung."""
        self._is_paused = True
        if self._connection is not None:
            self._connection.pause_reading()

    def resume(self) -> None:
        """Read again, first what the peer has sent meanwhile."""
        self._is_paused = False
        if self._connection is not None:
            self._connection.resume_reading()
        self.read_first()

    def on_timer(self) -> None:
        """Let the session do what is due, unless it is paused."""
        if not self._is_paused:
            super().on_timer()


class SessionAcceptor:
    """The acceptor sessions of a file, and the ports they listen on."""

    def __init__(
        self,
        sessions: Sequence[SessionSettings],
        loop: asyncio.AbstractEventLoop,
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
        authenticate: Callable[[Fields], str] = lambda fields: "",
        replayed: Container[str] | None = None,
        max_made: int = MOST_MADE,
    ) -> None:
        """`authenticate` says why a Logon is refused; `replayed` holds the MsgTypes sent again, None for all.

        At most `max_made` sessions are made from templates; further peers are refused.
        """
        self.on_session: Callable[[AcceptorSession], object] = lambda session: None  # for each made from a template
        self.sessions: dict[tuple[str, str, str], AcceptorSession] = {}
        self.loop = loop
        self._world = (loop, clock_ns, wall_ns, authenticate, replayed)
        self.logon_timeout = max((one.integer("LogonTimeout", 10) for one in sessions), default=10)
        self._settings = list(sessions)
        self._templates: dict[tuple[Endpoint, str, str], SessionSettings] = {}
        self._servers: list[asyncio.Server] = []
        self._notices = Notices(wall_ns, _logger.warning)
        self.strangers = Strangers(loop, self.logon_timeout, self.find, self._notices.tell)
        self.is_paused = False
        for text in dict.fromkeys(text for one in sessions for text in ignored(one)):
            _logger.warning("%s", text)
        for one in sessions:
            self._add(one)
        self._max_sessions = len(self.sessions) + max_made

    async def listen(self) -> list[int]:
        """Listen on every port; return the port numbers, in the order of the file."""
        for place, one in {endpoint(one): one for one in reversed(self._settings)}.items():
            tls = server_context(one)
            server = await self.loop.create_server(
                partial(self._welcome, place, tuner(one), tls),
                *place,
                reuse_address=one.flag("SocketReuseAddress", True),
                backlog=1024,
            )
            self._servers.insert(0, server)
            _logger.info("listening on port %d, %s", server.sockets[0].getsockname()[1], protection(one))
        return [server.sockets[0].getsockname()[1] for server in self._servers]

    def close(self) -> None:
        """Stop listening and release every session."""
        for server in self._servers:
            server.close()
        for session in self.sessions.values():
            session.close()

    def pause(self) -> None:
        """Pause every session and every connection that has none yet."""
        self.is_paused = True
        self.strangers.pause()
        for session in self.sessions.values():
            session.pause()

    def resume(self) -> None:
        """Undo `pause`."""
        self.is_paused = False
        self.strangers.resume()
        for session in self.sessions.values():
            session.resume()

    def find(self, logon: Fields, place: Endpoint, address: str) -> AcceptorSession | None:
        """Return the session at `place` that a Logon from `address` is for, made from a template if need be."""
        begin_string, peer, us = (logon.text(tag) for tag in (fix.BeginString, fix.SenderCompID, fix.TargetCompID))
        if (found := self.sessions.get((begin_string, us, peer))) is not None:
            return found if found.endpoint == place else None
        template = self._templates.get((place, begin_string, us))
        if template is not None:
            return self._make(template, peer) if _allows(_addresses(template), address) else None
        # The same CompIDs under another BeginString: the session itself answers that.
        others = (found for key, found in self.sessions.items() if key[1:] == (us, peer))
        return next((found for found in others if found.endpoint == place), None)

    def _make(self, template: SessionSettings, peer: str) -> AcceptorSession | None:
        """Return a new session from `template` for this peer; None if it cannot have one."""
        if peer in ("", ANY_PEER) or len(self.sessions) >= self._max_sessions:
            return None
        try:
            session = self._add(template.replaced({"TargetCompID": peer}))
        except (SessionError, OSError) as error:
            _logger.warning("no session for %.100r: %s", peer, error)
            return None
        if session is not None:
            self.on_session(session)
        return session

    def _add(self, one: SessionSettings) -> AcceptorSession | None:
        key = (one.text("BeginString"), one.text("SenderCompID"), one.text("TargetCompID"))
        if key[2] == ANY_PEER:
            self._templates[endpoint(one), key[0], key[1]] = one
            core_settings(one)
            read_dictionary(one)  # both are judged now, not while the first peer waits
            return None
        if key in self.sessions:
            raise ConfigError(f"{one.file}: {one.name} is defined twice; remove one")
        self.sessions[key] = AcceptorSession(one, *self._world)
        return self.sessions[key]

    def _welcome(
        self, place: Endpoint, tune: Callable[[socket.socket], None], tls: ssl.SSLContext | None
    ) -> asyncio.Protocol:
        stranger = self.strangers.welcome(place)
        connection = Connection(stranger, tune)
        return connection.as_protocol() if tls is None else Handshake(tls, stranger, connection)


def endpoint(settings: SessionSettings) -> Endpoint:
    """Return the address (None for all) and port that a session listens on."""
    return settings.text("SocketAcceptAddress") or settings.text("SocketAcceptHost") or None, settings.integer(
        "SocketAcceptPort"
    )


def _addresses(settings: SessionSettings) -> frozenset[str]:
    """Return the addresses that the peer may connect from; empty for any."""
    return frozenset(text.strip() for text in settings.text("AllowedRemoteAddresses").split(",") if text.strip())


def _allows(addresses: frozenset[str], address: str) -> bool:
    return not addresses or address in addresses
