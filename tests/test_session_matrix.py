"""Both sessions of ours and QuickFIX, each as initiator and as acceptor: the same conversations, the same outcome."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.session.acceptor import Acceptor
from engine.session.fields import Fields
from engine.session.native import NativeSession
from engine.session.quickfix_session import QuickfixSession
from engine.session.settings import load_session
from tests.fix_peer import CONFIG, QuickfixPeer, field, free_port, initiator_settings, report, run, shown, until
from tests.fix_relay import CUT_AFTER, CUT_BEFORE, LOSE, PASS, Relay

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

    is_up: bool
    received: list[str]
    numbers: tuple[int, int]  # next out, next in
    deliver: Callable[[str], None]
    logout: Callable[[], None]
    close: Callable[[], None]


class OurEnd(End):
    """A session of the engine, in either role."""

    def __init__(self, session: Any, close: Callable[[], None]) -> None:
        super().__init__()
        self.session = session
        self.received: list[str] = []
        self.logout, self.close = session.logout, close
        session.on_message = self._on_message
        session.on_fault = self.faults.append

    @property
    def is_up(self) -> bool:
        return bool(self.session.is_logged_on)

    @property
    def numbers(self) -> tuple[int, int]:
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
    def is_up(self) -> bool:
        return bool(self.peer.session.isLoggedOn())

    @property
    def numbers(self) -> tuple[int, int]:
        return self.peer.session.getExpectedSenderNum(), self.peer.session.getExpectedTargetNum()

    @property
    def received(self) -> list[str]:
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

    async def __aenter__(self) -> "Pair":
        port = free_port()
        self.acceptor = await self._acceptor(port)
        self.relay = await Relay(port).__aenter__()
        settings = initiator_settings(self._folder, self.relay.port, **self._overrides)
        session = INITIATORS[self._kinds[0]](settings, asyncio.get_running_loop())
        self.initiator = OurEnd(session, session.close)
        await self.logon()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.initiator.close()
        self.acceptor.close()
        await self.relay.__aexit__()

    async def _acceptor(self, port: int) -> End:
        folder = self._folder / "peer"
        if self._kinds[1] == "quickfix":
            return QuickfixAcceptor(folder, port, **self._overrides)
        settings = load_session(CONFIG / "acceptor.cfg", "acceptor", folder)
        acceptor = Acceptor(
            [settings.replaced({"SocketAcceptPort": port, **self._overrides})], asyncio.get_running_loop()
        )
        await acceptor.listen()
        (session,) = acceptor.sessions.values()
        return OurEnd(session, acceptor.close)

    @property
    def ends(self) -> tuple[End, End]:
        return self.initiator, self.acceptor

    async def logon(self) -> None:
        self.initiator.session.logon()
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

    def is_in_sync(self) -> bool:
        (out, expected), (peer_out, peer_expected) = self.initiator.numbers, self.acceptor.numbers
        return self.initiator.is_up and self.acceptor.is_up and (out, expected) == (peer_expected, peer_out)

    async def settled(self) -> None:
        """Wait until both are in sync and have what the other sent, except for orders that were lost."""
        await until(self.is_in_sync)
        assert self.initiator.received == self.acceptor.sent
        passed = {"D " + line.split()[3] for line in self.relay.log if line.startswith("I D") and "lost" not in line}
        expected = [sent for sent in self.initiator.sent if not sent.startswith("D") or sent in passed]
        assert self.acceptor.received == expected


KINDS = [(initiator, acceptor) for initiator in INITIATORS for acceptor in INITIATORS]
matrix = pytest.mark.parametrize("kinds", KINDS, ids="-".join)


@matrix
def test_conversation_leaves_the_same_log_everywhere(kinds: tuple[str, str], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Pair(kinds, tmp_path) as pair:
            await pair.talk()
            pair.initiator.logout()
            await pair.down()
            await pair.logon()
            await pair.talk()
            pair.acceptor.logout()
            await until(lambda: len(pair.relay.log) >= 16)
            assert pair.initiator.faults == []
            assert pair.relay.log[:16] == [
                "I A 1", "A A 1", "I F 2 C1", "A 8 2 E1", "I D 3 A1", "A 8 3 F1", "I 5 4", "A 5 4",
                "I A 5", "A A 5", "I F 6 C2", "A 8 6 E2", "I D 7 A2", "A 8 7 F2", "A 5 8", "I 5 8",
            ]  # fmt: skip

    run("event", scenario())


@matrix
def test_lost_message_is_asked_for_and_sent_again(kinds: tuple[str, str], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Pair(kinds, tmp_path) as pair:
            lost = {"F C1", "8 E1", "D A2"}

            def lose(sender: str, text: str) -> str:
                if (name := named(text)) not in lost:
                    return PASS
                lost.remove(name)
                return LOSE

            pair.relay.rule = lose
            pair.initiator.send(cancel("C1"))
            pair.initiator.send(order("A1"))  # shows the gap
            await pair.settled()
            pair.acceptor.send("35=8|" + report("E1"))
            pair.acceptor.send("35=8|" + report("E2"))
            await pair.settled()
            pair.initiator.send(order("A2"))
            pair.initiator.send(cancel("C2"))
            await pair.settled()
            assert [line for line in pair.relay.log if line.startswith("I")] == [
                "I A 1", "I F 2 C1 lost", "I D 3 A1", "I F 2 C1 dup", "I 4 3 4 dup", "I 2 4 3", "I D 5 A2 lost",
                "I F 6 C2", "I 4 5 6 dup", "I F 6 C2 dup",
            ]  # fmt: skip
            assert pair.initiator.faults == []

    run("event", scenario())


@matrix
@pytest.mark.parametrize("verdict", [CUT_BEFORE, CUT_AFTER])
def test_connection_lost_at_any_step_loses_and_repeats_nothing(
    kinds: tuple[str, str], verdict: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with Pair(kinds, tmp_path) as pair:
            for step in range(1, 7):  # of a Logon each, two requests, two reports, and what the recovery takes
                left = [step]

                def cut(sender: str, text: str, left: list[int] = left) -> str:
                    left[0] -= "|35=0|" not in text
                    return PASS if left[0] else verdict

                pair.relay.cut()
                pair.relay.rule = cut
                await pair.talk()
                await pair.talk()
                assert left[0] <= 0
            pair.relay.rule = lambda sender, text: PASS
            await pair.talk()

    run("event", scenario())


@matrix
@pytest.mark.parametrize("key", ["ResetOnLogon", "ResetOnLogout", "ResetOnDisconnect"])
def test_reset_leaves_both_sides_at_the_same_numbers(kinds: tuple[str, str], key: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Pair(kinds, tmp_path, **{key: "Y"}) as pair:
            await pair.talk()
            if key == "ResetOnDisconnect":
                pair.relay.cut()
                await until(lambda: pair.relay.log.count("A A 1") + pair.relay.log.count("A A 1 Y") == 2)
            else:
                pair.initiator.logout()
                await pair.down()
                await pair.logon()
            await pair.settled()
            assert pair.initiator.numbers == (2, 2)
            await pair.talk()
            assert pair.initiator.numbers == (4, 4)
            assert not [line for line in pair.relay.log if line[2] in "24"]

    run("event", scenario())
