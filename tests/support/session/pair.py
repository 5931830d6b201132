"""Two ends of a FIX session and a relay between them: what both sent and received, and whether they agree."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

from engine.codec import Fields
from engine.session.file.settings import load_session
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession
from engine.session.quickfix.initiator import QuickfixSession
from tests.support.places import FIX_CONFIG
from tests.support.session.fix_peer import (
    QuickfixPeer,
    field,
    free_port,
    initiator_settings,
    report,
    shown,
    until,
)
from tests.support.session.fix_relay import Relay

INITIATORS = {"native": NativeSession, "quickfix": QuickfixSession}


def cancel(cl_ord_id: str) -> str:
    """Return a request that both initiators send again after a loss."""
    return f"35=F|11={cl_ord_id}|41=A1|54=1|55=KXGOLD|60=20260105-14:30:00|"


def order(cl_ord_id: str) -> str:
    """Return a request that neither initiator sends again."""
    return f"35=D|11={cl_ord_id}|21=1|38=25|40=2|44=0.54|54=1|55=KXGOLD|59=1|60=20260105-14:30:00|"


class End:
    """One side: what it sent and received, as `F C1`, and its numbers."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.faults: list[str] = []

    def send(self, body: str) -> None:
        self.deliver(body)
        self.sent.append(named(body))

    def has_all(self, sent: list[str]) -> bool:
        """Say whether the application got each message once and in order."""
        return self.received == sent

    async def flushed(self) -> None:
        """Wait until what was sent has its number."""

    async def ended(self) -> None:
        """Wait, after close, until nothing of this side is left."""

    is_up: bool
    received: list[str]
    numbers: tuple[int, int]  # next out, next in
    logon: Callable[[], None]
    deliver: Callable[[str], None]
    logout: Callable[[], None]
    close: Callable[[], None]


Start = Callable[[str, int, dict[str, object]], Awaitable[End]]  # role, port, settings


class OurEnd(End):
    """A session of the engine, in either role."""

    def __init__(self, session: Any, close: Callable[[], None]) -> None:
        super().__init__()
        self.session = session
        self.received: list[str] = []
        self.logon, self.logout, self.close = getattr(session, "logon", lambda: None), session.logout, close
        session.on_message = self._on_message
        session.on_fault = self.faults.append

    @property
    def is_up(self) -> bool:  # type: ignore[override]
        return bool(self.session.is_logged_on)

    @property
    def numbers(self) -> tuple[int, int]:  # type: ignore[override]
        return self.session.next_sender_seq_num, self.session.next_target_seq_num

    def deliver(self, body: str) -> None:
        self.session.send(body.replace("|", "\x01").encode())

    def _on_message(self, fields: Fields) -> None:
        self.received.append(named(shown(fields.raw)))


class QuickfixAcceptor(End):
    def __init__(self, folder: Path, port: int, **overrides: object) -> None:
        super().__init__()
        self.peer = QuickfixPeer(folder, port, **overrides)
        self.deliver, self.close = self.peer.send, self.peer.close
        self.logout = lambda: self.peer.session.logout()

    @property
    def is_up(self) -> bool:  # type: ignore[override]
        return bool(self.peer.session.isLoggedOn())

    @property
    def numbers(self) -> tuple[int, int]:  # type: ignore[override]
        return self.peer.session.getExpectedSenderNum(), self.peer.session.getExpectedTargetNum()

    @property
    def received(self) -> list[str]:  # type: ignore[override]
        return [named(text) for kind, text in self.peer.events if kind == "app"]


def named(text: str) -> str:
    """Return `F C1`: MsgType and the id that tells messages of this type apart."""
    text = text if text.startswith("8=") else "|" + text
    tag = 17 if "|35=8|" in text else 11
    return field(text, 35) + (f" {field(text, tag)}" if f"|{tag}=" in text else "")


class Pair:
    """An initiator and an acceptor that are joined by a relay."""

    def __init__(self, kinds: tuple[str, str], folder: Path, **overrides: object) -> None:
        self._kinds, self._folder, self._overrides = kinds, folder, overrides
        self.number = 0

    async def __aenter__(self) -> Self:
        port = free_port()
        self.acceptor = await self._acceptor(port)
        self.relay = await Relay(port).__aenter__()
        self.initiator = await self._initiator(self.relay.port)
        await self.logon()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.initiator.close()
        self.acceptor.close()
        await self.relay.__aexit__()

    async def _initiator(self, port: int) -> End:
        settings = initiator_settings(self._folder, port, **self._overrides)
        session = INITIATORS[self._kinds[0]](settings, asyncio.get_running_loop())
        return OurEnd(session, session.close)

    async def _acceptor(self, port: int) -> End:
        folder = self._folder / "peer"
        if self._kinds[1] == "quickfix":
            return QuickfixAcceptor(folder, port, **self._overrides)
        settings = load_session(FIX_CONFIG / "acceptor.cfg", "acceptor", folder)
        acceptor = SessionAcceptor(
            [settings.replaced({"SocketAcceptPort": port, **self._overrides})], asyncio.get_running_loop()
        )
        await acceptor.listen()
        (session,) = acceptor.sessions.values()
        return OurEnd(session, acceptor.close)

    @property
    def ends(self) -> tuple[End, End]:
        return self.initiator, self.acceptor

    async def logon(self) -> None:
        self.initiator.logon()
        await self.up()

    async def up(self) -> None:
        await until(lambda: self.initiator.is_up and self.acceptor.is_up)

    async def down(self) -> None:
        await until(lambda: not self.initiator.is_up and not self.acceptor.is_up)

    async def talk(self) -> None:
        """Send a cancel, an order and two reports, each once the other has come."""
        self.number += 1
        for end, body in (
            (self.initiator, cancel(f"C{self.number}")),
            (self.acceptor, "35=8|" + report(f"E{self.number}")),
            (self.initiator, order(f"A{self.number}")),
            (self.acceptor, "35=8|" + report(f"F{self.number}")),
        ):
            await self.up()
            end.send(body)
            await self.settled()

    async def settled(self) -> None:
        """Wait until both are in sync and have what the other sent, except for orders that were lost."""
        for end in self.ends:
            await end.flushed()
        await until(self._is_settled)

    def _is_settled(self) -> bool:
        (out, expected), (peer_out, peer_expected) = self.initiator.numbers, self.acceptor.numbers
        passed = {"D " + line.split()[3] for line in self.relay.log if line.startswith("I D") and "lost" not in line}
        sent = [one for one in self.initiator.sent if not one.startswith("D") or one in passed]
        return (
            self.initiator.is_up
            and self.acceptor.is_up
            and (out, expected) == (peer_expected, peer_out)
            and self.acceptor.has_all(sent)
            and self.initiator.has_all(self.acceptor.sent)
        )


class ForeignPair(Pair):
    """A native session, and an engine of other hands in the role that is named."""

    def __init__(self, role: str, start: Start, folder: Path, **overrides: object) -> None:
        super().__init__(("native", "native"), folder, **overrides)
        self._role, self._start = role, start

    @property
    def foreign(self) -> End:
        return self.initiator if self._role == "initiator" else self.acceptor

    async def _initiator(self, port: int) -> End:
        if self._role == "initiator":
            return await self._start(self._role, port, self._overrides)
        return await super()._initiator(port)

    async def _acceptor(self, port: int) -> End:
        if self._role == "acceptor":
            return await self._start(self._role, port, self._overrides)
        return await super()._acceptor(port)

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        await self.foreign.ended()
