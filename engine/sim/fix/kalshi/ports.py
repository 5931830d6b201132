"""The six ports: one acceptor for each kind of session, a client for each API key that has logged on.

Shapes  a client lives as long as the venue; its session is connected or not. Of the kinds that recover, what is sent
        to a client that is away is kept and numbered; of the others it is lost, and counted.
Errors  ConfigError for a certificate or a port that cannot be used, SessionError for a store that cannot.
Thread  the loop thread only; made while the loop runs.
Source  Kalshi FIX: endpoints, TLS, sequence numbers and recovery.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from engine import fix
from engine.codec import Fields
from engine.errors import ConfigError, SessionError
from engine.session.file.settings import SessionSettings
from engine.session.native.acceptor import AcceptorSession, SessionAcceptor
from engine.session.native.strangers import Endpoint
from engine.session.protocol.faults import Fault
from engine.sim.fix.kalshi.admission import CLOCK_WINDOW_NS, Admission, MemberRules
from engine.sim.fix.kalshi.flags import LogonFlags, read_flags
from engine.sim.fix.kalshi.kinds import APPL_VER_ID, BEGIN_STRING, KINDS, GatewayKind
from engine.sim.keys import KeyRing, SimKey, TlsFiles
from engine.sim.outbox import Outbox

_HOUR_NS = 3600 * 10**9
_ANY = "*"


class FixPlace(NamedTuple):
    """Where the ports are: `first` is that of KalshiNR, the others follow; 0 for any free ones. No TLS is for tests."""

    host: str = "127.0.0.1"
    first: int = 8228
    tls: TlsFiles | None = None
    state_path: Path | None = None  # where retransmission sessions keep their messages; None: in memory


class FixClient:
    """One API key at one kind of session."""

    def __init__(self, kind: GatewayKind, key: SimKey, session: AcceptorSession, outbox: Outbox[bytes]) -> None:
        self.kind, self.key, self.session = kind, key, session
        self._outbox = outbox
        self.flags = LogonFlags()
        self.name = f"{kind.comp_id}/{key.key_id}"  # of the session, at the exchange
        self.accounts: set[str] = set()  # that it has entered orders for
        self.is_cut = False  # a fault: it hears nothing of what it asks for now
        self.loses = False  # a fault: the next message is numbered, and lost for good
        self.lost = 0  # messages for which it was not there

    @property
    def member(self) -> str:
        """Whose key it is."""
        return self.key.member

    @property
    def is_logged_on(self) -> bool:
        """Whether its session is up."""
        return self.session.is_logged_on

    def send(self, body: bytes) -> None:
        """Send a message, as soon as no fault holds it back."""
        self._outbox.put(self._send, body)

    def _send(self, body: bytes) -> None:
        """Send a message now; keep it where the session recovers, count it as lost where it does not."""
        if self.loses:
            self.loses = False
            self.session.withhold(body)
            return
        is_there = self.is_logged_on and not self.is_cut
        if not is_there and not self.kind.recovers:
            self.lost += 1
            return
        try:
            if is_there:
                self.session.send(body)
            else:
                self.session.core.keep(body, self.session.clock.now_ns())
        except SessionError as error:  # longer than the client takes
            self.session.logout(str(error))


class FixPorts:
    """Every port and every client; set the callables before `start`."""

    def __init__(
        self,
        place: FixPlace,
        keys: KeyRing,
        rules: MemberRules,
        wall_ns: Callable[[], int],
        kinds: Iterable[GatewayKind] = KINDS,
    ) -> None:
        self.on_message: Callable[[FixClient, Fields], None] = lambda client, fields: None
        self.on_logon: Callable[[FixClient], None] = lambda client: None
        self.on_logout: Callable[[FixClient], None] = lambda client: None
        self.on_fault: Callable[[str], None] = lambda text: None
        self.clients: dict[tuple[str, str], FixClient] = {}
        self.ports: dict[str, int] = {}  # by CompID, known once it listens
        self.is_ghost: Callable[[SimKey], bool] = lambda key: False  # a fault: taken to be connected already
        self.outbox: Outbox[bytes] = Outbox()
        self.admission = Admission(keys, rules, self.is_connected, wall_ns)
        self._keys = keys
        loop = asyncio.get_running_loop()
        self._acceptors = {kind: self._open(kind, place, loop, wall_ns) for kind in kinds}

    async def start(self) -> dict[str, int]:
        """Listen on every port; return them by CompID."""
        for kind, acceptor in self._acceptors.items():
            try:
                (self.ports[kind.comp_id],) = await acceptor.listen()
            except OSError as error:
                raise ConfigError(f"port of {kind.comp_id} cannot be bound: {error.strerror}; choose others") from None
        return self.ports

    def is_connected(self, key_id: str) -> bool:
        """Return whether a key has a live connection, at whatever port."""
        key = self._keys.get(key_id)
        if key is not None and self.is_ghost(key):
            return True
        return any(client.session.is_connected for client in self.clients.values() if client.key.key_id == key_id)

    def of(self, member: str) -> list[FixClient]:
        """Return the member's clients, in the order of their first Logon."""
        return [client for client in self.clients.values() if client.member == member]

    def pause(self) -> None:
        """Neither read nor send heartbeats until `resume`, as if the gateways hung."""
        for acceptor in self._acceptors.values():
            acceptor.pause()

    def resume(self) -> None:
        """Undo `pause`."""
        for acceptor in self._acceptors.values():
            acceptor.resume()

    def drop(self, name: str = "") -> None:
        """Cut the connections of a key or a member, or every one, without a Logout."""
        for client in self._named(name):
            client.session.drop("dropped by a fault")

    def lose(self, name: str = "") -> None:
        """Number the next message to the order sessions of a key or a member, or to every one, and send it never."""
        for client in self._named(name):
            client.loses = fix.Msg.NEW_ORDER_SINGLE in client.kind.takes

    def logout(self, text: str = "", name: str = "") -> None:
        """Say Logout to a key or a member, or to everybody; they may log on again."""
        for client in self._named(name):
            client.session.logout(text)

    def close(self) -> None:
        """Stop listening and release every session."""
        for acceptor in self._acceptors.values():
            acceptor.close()

    def _named(self, name: str) -> list[FixClient]:
        return [client for client in self.clients.values() if name in ("", client.key.key_id, client.member)]

    def _open(
        self, kind: GatewayKind, place: FixPlace, loop: asyncio.AbstractEventLoop, wall_ns: Callable[[], int]
    ) -> SessionAcceptor:
        authenticate = partial(self._admit, kind)
        acceptor = SessionAcceptor([_settings(kind, place)], loop, wall_ns=wall_ns, authenticate=authenticate)
        acceptor.strangers.answer = partial(self._answer, kind)
        acceptor.strangers.find = lambda logon, where, address: (
            acceptor.find(logon, where, address) if self.admission.is_served(kind, logon) else None
        )
        acceptor.on_session = partial(self._attend, kind)
        return acceptor

    def _answer(self, kind: GatewayKind, logon: Fields, place: Endpoint) -> bytes:
        return self.admission.answer(kind, logon)

    def _admit(self, kind: GatewayKind, logon: Fields) -> str:
        """Take the flags of a Logon that the doorkeeper has let in; nothing refuses it any more."""
        client = self.clients[kind.comp_id, logon.text(fix.SenderCompID)]
        flags = read_flags(kind, logon)
        if isinstance(flags, Fault):
            return flags.text
        client.key = self._keys.get(client.key.key_id) or client.key  # it may have been registered anew
        client.flags = flags
        client.session.core.look_back_ns = flags.retention_hours * _HOUR_NS if kind.recovers else 0
        return ""

    def _attend(self, kind: GatewayKind, session: AcceptorSession) -> None:
        """Make the client of a session that a first Logon has called into being."""
        key = self._keys.get(session.core.settings.target_comp_id)
        assert key is not None  # the doorkeeper knows it
        client = self.clients[kind.comp_id, key.key_id] = FixClient(kind, key, session, self.outbox)
        session.core.offers_recovery = kind.recovers
        session.on_message = lambda fields: self.on_message(client, fields)
        session.on_logon = lambda: self.on_logon(client)
        session.on_logout = lambda reason: self.on_logout(client)
        session.on_fault = lambda text: None if text == session.core.needs_operator else self.on_fault(text)


def _settings(kind: GatewayKind, place: FixPlace) -> SessionSettings:
    """Return the template that the sessions of a kind are made from."""
    values = {
        "ConnectionType": "acceptor", "BeginString": BEGIN_STRING, "DefaultApplVerID": APPL_VER_ID,
        "SenderCompID": kind.comp_id, "TargetCompID": _ANY, "NonStopSession": "Y", "UseDataDictionary": "N",
        "SocketAcceptAddress": place.host, "SocketAcceptPort": str(_port(kind, place)),
        "MaxLatency": str(CLOCK_WINDOW_NS // 10**9), "OnBehalfOfCompID": _ANY, "DeliverToCompID": _ANY,
    }  # fmt: skip
    if place.tls is not None:
        values |= {
            "SocketUseSSL": "Y",
            "ServerCertificateFile": str(place.tls.certificate),
            "ServerCertificateKeyFile": str(place.tls.key),
        }
    if kind.recovers and place.state_path is not None:
        values["FileStorePath"] = str(place.state_path)
    return SessionSettings(Path(kind.comp_id), values)


def _port(kind: GatewayKind, place: FixPlace) -> int:
    return place.first + KINDS.index(kind) if place.first else 0
