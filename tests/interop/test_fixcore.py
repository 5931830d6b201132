"""The native session against fixcore-engine, a FIX engine in plain Python, in both roles."""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.support.session.fix_peer import report, run, until
from tests.support.session.fix_relay import CUT_AFTER, CUT_BEFORE, LOSE, PASS
from tests.support.session.pair import End, ForeignPair, cancel, named, order

pytest.importorskip("fixcore", reason="fixcore-engine is not installed: pip install fixlane[test]")
from fixcore.application import Application  # noqa: E402
from fixcore.message.message import Message  # noqa: E402
from fixcore.session.session_settings import SessionSettings  # noqa: E402
from fixcore.store import MemoryStoreFactory  # noqa: E402
from fixcore.transport import SocketAcceptor, SocketInitiator  # noqa: E402

INITIATOR, ACCEPTOR = ("FIXLANE", "SIMVENUE"), ("SIMVENUE", "FIXLANE")
SETTINGS = """
[DEFAULT]
ConnectionType={kind}
HeartBtInt=30
ReconnectInterval=0
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
SocketAcceptHost=127.0.0.1
SocketAcceptPort={port}
UseDataDictionary=Y
DataDictionary=FIX44.xml
{extra}
[SESSION]
BeginString=FIX.4.4
SenderCompID={names[0]}
TargetCompID={names[1]}
"""


class FixcoreEnd(End, Application):
    """fixcore-engine in one role; what is sent leaves in tasks, one after another."""

    def __init__(self, kind: str, port: int, overrides: dict[str, object]) -> None:
        super().__init__()
        self.received: list[str] = []
        names = INITIATOR if kind == "initiator" else ACCEPTOR
        extra = "\n".join(f"{key}={value}" for key, value in overrides.items())
        settings = SessionSettings.from_string(SETTINGS.format(kind=kind, port=port, names=names, extra=extra))
        make = SocketInitiator if kind == "initiator" else SocketAcceptor
        self.engine: Any = make(settings, self, MemoryStoreFactory(), _Silence())
        (self.session,) = self.engine.sessions.values()
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._sender = asyncio.create_task(self._send_all())

    def from_app(self, message: Message, session_id: object) -> None:
        raw = message.encode().decode("latin-1").replace("\x01", "|")
        self.received.append(named(raw))

    @property
    def is_up(self) -> bool:  # type: ignore[override]
        return bool(self.session.is_logged_on)

    @property
    def numbers(self) -> tuple[int, int]:  # type: ignore[override]
        store = self.session._store
        return store.next_sender_msg_seq_num(), store.next_target_msg_seq_num()

    def deliver(self, body: str) -> None:
        message = Message()
        for piece in body.strip("|").split("|"):
            tag, _, value = piece.partition("=")
            if tag == "35":
                message.header.set(35, value)
            else:
                message.set_field(int(tag), value)
        self._queue.put_nowait(lambda: self._send(message))

    async def flushed(self) -> None:
        await self._queue.join()

    async def _send(self, message: Message) -> None:
        await until(lambda: self.is_up)
        await self.session.send_app(message)

    def logon(self) -> None:
        self._queue.put_nowait(self._start)

    async def _start(self) -> None:
        await asyncio.gather(*self.engine._tasks.values())  # of the session before
        await self.engine.start()

    def logout(self) -> None:
        self._queue.put_nowait(
            getattr(self.engine, "logout", self.session.send_logout)
        )  # an initiator would dial again

    def close(self) -> None:
        self._queue.put_nowait(self.engine.stop)
        self._queue.put_nowait(None)

    async def ended(self) -> None:
        await self._sender

    async def _send_all(self) -> None:
        while (step := await self._queue.get()) is not None:
            with contextlib.suppress(ConnectionError):  # after the message was numbered and kept
                await step()
            self._queue.task_done()


class _Silence:
    """A log factory and a log in one that keep nothing."""

    def create(self, session_id: object) -> "_Silence":
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


async def start(role: str, port: int, overrides: dict[str, object]) -> FixcoreEnd:
    end = FixcoreEnd(role, port, overrides)
    if role == "acceptor":
        await end.engine.start()
    return end


roles = pytest.mark.parametrize("role", ["initiator", "acceptor"])


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "fixcore")


@roles
def test_conversation_leaves_the_same_log_as_with_ours(role: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ForeignPair(role, start, tmp_path) as pair:
            await pair.talk()
            pair.initiator.logout()
            await pair.down()
            await until(lambda: len(pair.relay.log) >= 8)
            assert pair.relay.log == [
                "I A 1", "A A 1", "I F 2 C1", "A 8 2 E1", "I D 3 A1", "A 8 3 F1", "I 5 4", "A 5 4",
            ]  # fmt: skip
            await pair.logon()
            await pair.talk()
            assert pair.relay.log[8:10] == ["I A 5", "A A 5"]

    run("event", scenario())


@roles
def test_lost_message_is_asked_for_and_sent_again(role: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ForeignPair(role, start, tmp_path) as pair:
            lost = {"F C1", "8 E1"}

            def lose(sender: str, text: str) -> str:
                if (name := named(text)) not in lost:
                    return PASS
                lost.remove(name)
                return LOSE

            pair.relay.rule = lose
            for end, bodies in (
                (pair.initiator, [cancel("C1"), cancel("C2")]),
                (pair.acceptor, ["35=8|" + report("E1"), "35=8|" + report("E2")]),
            ):
                for body in bodies:
                    end.send(body)
                await pair.settled()
            assert {"I F 2 C1 dup", "I F 3 C2 dup", "A 2 2 2", "I 2 4 3"} <= set(pair.relay.log)

    run("event", scenario())


@roles
@pytest.mark.parametrize("verdict", [CUT_BEFORE, CUT_AFTER])
def test_connection_lost_with_a_message_loses_and_repeats_nothing(role: str, verdict: str, tmp_path: Path) -> None:
    """One side has a gap afterwards; for losses that leave both with one see docs/fix-interoperability.md."""

    async def scenario() -> None:
        async with ForeignPair(role, start, tmp_path) as pair:
            fatal = ["F C1", "8 E2", "D A3", "8 F4"]

            def cut(sender: str, text: str) -> str:
                if not fatal or named(text) != fatal[0]:
                    return PASS
                fatal.pop(0)
                return verdict

            pair.relay.rule = cut
            for _ in range(5):
                await pair.talk()
            assert fatal == []
            assert sum(" A " in line for line in pair.relay.log) >= 10  # five Logons each

    run("event", scenario())


@roles
@pytest.mark.parametrize("key", ["ResetOnLogon", "ResetOnLogout", "ResetOnDisconnect"])
def test_reset_leaves_both_sides_at_the_same_numbers(role: str, key: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ForeignPair(role, start, tmp_path, **{key: "Y"}) as pair:
            await pair.talk()
            pair.initiator.send(order("A9"))
            await pair.settled()
            if key == "ResetOnDisconnect":
                pair.relay.cut()
                await until(lambda: pair.relay.log.count("A A 1") == 2)
            else:
                pair.initiator.logout()
                await pair.down()
                await pair.logon()
            await pair.settled()
            assert pair.initiator.numbers == (2, 2)
            await pair.talk()

    run("event", scenario())
