"""Both sessions of ours and QuickFIX, each as initiator and as acceptor: the same conversations, the same outcome."""

from pathlib import Path

import pytest

from tests.support.session.fix_peer import report, run, until
from tests.support.session.fix_relay import CUT_AFTER, CUT_BEFORE, LOSE, PASS
from tests.support.session.pair import INITIATORS, Pair, cancel, named, order

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
