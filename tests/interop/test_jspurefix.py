"""The native session against jspurefix, a FIX engine in TypeScript, in both roles; it runs in a process of its own."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.session.fix_peer import field, report, run, until
from tests.support.session.fix_relay import CUT_AFTER, CUT_BEFORE, LOSE, PASS
from tests.support.session.pair import End, ForeignPair, cancel, named, order

PROGRAM = Path(__file__).parent / "jspurefix" / "peer.js"
MODULES = Path(sys.prefix) / "jspurefix" / "node_modules"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(
    NODE is None or not (MODULES / "jspurefix").is_dir(),
    reason="jspurefix is not installed: with node 18 or newer and npm on the machine, `make test` does it",
)
NAMES = {"initiator": ("FIXLANE", "SIMVENUE"), "acceptor": ("SIMVENUE", "FIXLANE")}


class JspurefixEnd(End):
    """jspurefix behind the pipes of its process: it obeys commands in order and counts them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__()
        self.received: list[str] = []
        self.is_up, self.numbers, self.port = False, (1, 1), 0
        self._process, self._asked, self._done = process, 0, 0
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, role: str, port: int, overrides: dict[str, object]) -> "JspurefixEnd":
        settings = {
            "role": role,
            "port": port,
            "names": NAMES[role],
            "heartbeat": overrides.get("HeartBtInt", 30),
            # An acceptor that resets by itself answers with the number that it had, so ours alone asks for it.
            "reset": role == "initiator" and overrides.get("ResetOnLogon") == "Y",
        }
        end = cls(
            await asyncio.create_subprocess_exec(
                str(NODE), str(PROGRAM), json.dumps(settings),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "NODE_PATH": str(MODULES)},
            )
        )  # fmt: skip
        if role == "acceptor":
            await until(lambda: end.port, 20)  # reading the dictionary takes a second
        return end

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            event = json.loads(line)
            self.port = event.get("port", self.port)
            self.is_up, self.numbers, self._done = event["up"], tuple(event["numbers"]), event["done"]
            if "received" in event:
                self.received.append(event["received"])
            if "fault" in event:
                self.faults.append(event["fault"])

    def _command(self, *words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words).encode() + b"\n")
        self._asked += 1

    def deliver(self, body: str) -> None:
        self._command("send", *named(body).split())

    def has_all(self, sent: list[str]) -> bool:
        """After a gap jspurefix hands messages out late, and those behind the gap twice."""
        return set(self.received) == set(sent)

    async def flushed(self) -> None:
        await until(lambda: self._done == self._asked)

    def logon(self) -> None:
        self._command("logon")

    def logout(self) -> None:
        self._command("logout")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # the program ends with it

    async def ended(self) -> None:
        """Wait for its end; one that does not come must not hold up whoever waits for ours."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(20):
                await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._listening.cancel()


roles = pytest.mark.parametrize("role", ["initiator", "acceptor"])


def log(pair: ForeignPair, start: int = 0) -> list[str]:
    """Return what passed, without the N of ResetSeqNumFlag(141) that jspurefix writes out."""
    return [line.removesuffix(" N") for line in pair.relay.log[start:]]


@roles
def test_conversation_leaves_the_same_log_as_with_ours(role: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ForeignPair(role, JspurefixEnd.start, tmp_path) as pair:
            await pair.talk()
            pair.initiator.logout()
            await pair.down()
            await pair.logon()
            await pair.talk()
            pair.acceptor.logout()
            await until(lambda: len(pair.relay.log) >= 16)
            assert log(pair)[:16] == [
                "I A 1", "A A 1", "I F 2 C1", "A 8 2 E1", "I D 3 A1", "A 8 3 F1", "I 5 4", "A 5 4",
                "I A 5", "A A 5", "I F 6 C2", "A 8 6 E2", "I D 7 A2", "A 8 7 F2", "A 5 8", "I 5 8",
            ]  # fmt: skip

    run("event", scenario())


@roles
def test_lost_message_is_asked_for_and_sent_again(role: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ForeignPair(role, JspurefixEnd.start, tmp_path) as pair:
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
            await until(lambda: len(pair.relay.log) == 12)
            lines = log(pair)
            assert [line for line in lines if line[0] == "I"] == [
                "I A 1", "I F 2 C1 lost", "I F 3 C2", "I F 2 C1 dup", "I F 3 C2 dup", "I 2 4 3",
            ]  # fmt: skip
            assert [line for line in lines if line[0] == "A"] == [
                "A A 1", "A 2 2 2", "A 8 3 E1 lost", "A 8 4 E2", "A 8 3 E1 dup", "A 8 4 E2 dup",
            ]  # fmt: skip
            late, first = ("8 E1", "8 E2") if role == "initiator" else ("F C1", "F C2")
            await until(lambda: pair.foreign.received == [first, late, first])

    run("event", scenario())


@roles
def test_connection_lost_with_a_message_loses_and_repeats_nothing(role: str, tmp_path: Path) -> None:
    """Each recovery ends before the next loss; for others see docs/fix-interoperability.md."""

    async def scenario() -> None:
        async with ForeignPair(role, JspurefixEnd.start, tmp_path) as pair:
            fatal = {
                "F C1": CUT_BEFORE, "8 E2": CUT_BEFORE, "D A3": CUT_BEFORE, "8 F4": CUT_BEFORE,
                "D A5": CUT_AFTER, "8 E6": CUT_AFTER, "F C7": CUT_AFTER,
            }  # fmt: skip
            pair.relay.rule = lambda sender, text: fatal.pop(named(text), PASS)
            for _ in range(8):
                await pair.talk()
            assert fatal == {}
            assert sum(" A " in line for line in pair.relay.log) == 16  # eight Logons each

    run("event", scenario())


@roles
def test_silence_is_broken_by_a_test_request_and_its_answer(role: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ForeignPair(role, JspurefixEnd.start, tmp_path, HeartBtInt=1) as pair:
            seen: dict[str, list[str]] = {"I": [], "A": []}

            def lose(sender: str, text: str) -> str:
                """Lose one side's heartbeats until the other asks, then the other side's."""
                seen[sender].append(text)
                if "|35=0|" not in text:
                    return PASS
                mute = "A" if not asked("I") else "I" if not asked("A") else ""
                return LOSE if sender == mute else PASS

            def asked(sender: str) -> list[str]:
                return [field(text, 112) for text in seen[sender] if "|35=1|" in text]

            def answered(sender: str) -> set[str]:
                return {field(text, 112) for text in seen[sender] if "|35=0|" in text and "|112=" in text}

            pair.relay.rule = lose
            await until(lambda: set(asked("I")) & answered("A") and set(asked("A")) & answered("I"), 10)
            await pair.talk()
            assert sum(" A " in line for line in pair.relay.log) == 2  # the first connection still stands

    run("event", scenario())


@roles
def test_reset_leaves_both_sides_at_the_same_numbers(role: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ForeignPair(role, JspurefixEnd.start, tmp_path, ResetOnLogon="Y") as pair:
            await pair.talk()
            pair.initiator.logout()
            await pair.down()
            await pair.logon()
            await pair.settled()
            assert pair.initiator.numbers == (2, 2)
            await pair.talk()
            assert not [line for line in pair.relay.log if line[2] in "24"]

    run("event", scenario())


def test_number_that_fell_back_waits_for_an_operator(tmp_path: Path) -> None:
    """After a connection lost behind a resend, jspurefix starts again below what it sent."""

    async def scenario() -> None:
        async with ForeignPair("acceptor", JspurefixEnd.start, tmp_path) as pair:
            fatal = {"8 E1": CUT_BEFORE, "D A1": CUT_BEFORE}
            pair.relay.rule = lambda sender, text: fatal.pop(named(text), PASS)
            pair.acceptor.send("35=8|" + report("E1"))
            await until(lambda: pair.initiator.received == ["8 E1"])
            pair.initiator.send(order("A1"))
            await until(lambda: pair.initiator.faults)
            assert pair.initiator.faults == ["MsgSeqNum too low, expecting 4 but received 3"]
            await pair.logon()

    run("event", scenario())
