"""Malformed FIX against the QuickFIX session: nothing crashes, each message is counted, named, and not acted on.

FIXLANE_MALFORMED sets how many mutated messages are sent; 10 000 take about ten seconds.
"""

import asyncio
import logging
import os
import random
import re
from pathlib import Path

import pytest

from engine.session import attempts
from engine.session.quickfix import driver
from engine.session.quickfix import settings as settings_module
from tests.support.session.fix_peer import (
    STRICT,
    RawPeer,
    Side,
    field,
    in_both_modes,
    logged_on,
    report,
    run,
    until,
    wire,
)

COUNT = int(os.environ.get("FIXLANE_MALFORMED", "10000"))
PARTIES = "453=2|448=ACME|447=D|452=1|448=DESK7|447=D|452=24|"
BODIES = [
    ("8", report("E1")),
    ("8", report("E2") + PARTIES + "58=text|"),
    ("8", report("E3") + "354=3|355=abc|"),
    ("9", "37=O1|11=C1|41=A1|39=0|434=1|102=1|"),
    ("j", "45=2|372=D|380=1|58=no|"),
    ("3", "45=2|371=44|373=5|"),
    ("0", "112=x|"),
    ("1", "112=x|"),
    ("2", "7=1|16=0|"),
    ("4", "123=Y|36=99|"),
    ("5", "58=bye|"),
    ("A", "98=0|108=10|95=3|96=a=b|"),
]
VALUES = ["", "0", "-1", "999999999999999999999", "2000000000", "-2000000000", "1e400", "N", "\xff\xfe", "=", "%s%n"]


def mutate(message: bytes, chance: random.Random) -> bytes:
    """Return `message` damaged in one to three places, half of the time with a length and sum that fit again."""
    fields = message.decode("latin-1").split("\x01")[:-1]
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(fields))
        tag, _, value = fields[place].partition("=")
        kind = chance.randrange(8)
        if kind == 0:
            del fields[place]
        elif kind == 1:
            fields.insert(chance.randrange(len(fields)), fields[place])
        elif kind == 2:
            fields[place] = f"{tag}={chance.choice(VALUES)}"
        elif kind == 3:
            fields[place] = f"{chance.choice(['0', '-1', '99999', '8', '9', '10', '35', '', 'x'])}={value}"
        elif kind == 4:
            fields[place] = value
        elif kind == 5:
            chance.shuffle(fields)
        elif kind == 6:
            cut = chance.randrange(len(fields[place]) + 1)
            fields[place] = fields[place][:cut] + chr(chance.randrange(256)) + fields[place][cut:]
        elif fields[place]:
            cut = chance.randrange(len(fields[place]))
            fields[place] = fields[place][:cut] + fields[place][cut + 1 :]
        if not fields:
            break
    if chance.random() < 0.5:
        inner = [field for field in fields if not field.startswith(("8=FIX", "9=", "10="))]
        return wire("".join(f"{field}\x01" for field in inner))
    return "".join(f"{field}\x01" for field in fields).encode("latin-1", "replace")


async def deliver(side: Side, peer: RawPeer, ended: list[str], message: bytes) -> None:
    """Send one message and wait until it was read, ended the session, or was swallowed as the start of another."""
    read, logouts = side.session.counts["received"], len(ended)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 0.002
    peer.write(message)
    while side.session.counts["received"] == read and len(ended) == logouts and loop.time() < deadline:
        await asyncio.sleep(0)
    if side.session.counts["received"] == read and len(ended) == logouts:
        peer.kill()
        await until(lambda: len(ended) > logouts)
    await until(lambda: side.session.is_logged_on)


def test_mutated_messages_are_counted_and_named_and_nothing_breaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SEEKING_S", 0.0005)
    monkeypatch.setattr(driver, "CONNECTED_S", 0.0005)
    monkeypatch.setattr(attempts, "HELD_NS", 0)  # each loss is ours
    caplog.set_level(logging.INFO, "engine.session")
    chance = random.Random(20260105)

    async def scenario() -> None:
        ended: list[str] = []
        async with logged_on(tmp_path, **STRICT) as (side, peer):
            peer.next_number = lambda: side.session.next_target_seq_num
            side.session.on_logout = ended.append
            for _ in range(COUNT):
                msg_type, body = chance.choice(BODIES)
                await deliver(side, peer, ended, mutate(peer.frame(msg_type, body), chance))
            faults = side.faults()
            side.events.clear()
            await deliver(side, peer, ended, peer.frame("8", report("E9")))
            assert "|17=E9|" in side.messages()[0]
            counts = side.session.counts
            events = [record.getMessage().split(": ", 1)[1] for record in caplog.records]
            unreadable = sum(event.startswith("Invalid message: ") for event in events)
            assert COUNT / 10 < counts["garbled"] == unreadable + len(faults)
            assert all("on_message failed: DecodeError: " in fault for fault in faults)
            refused = [event for event in events if re.match(r"Message \S* ?Rejected", event)]
            assert COUNT / 10 < counts["rejected"] <= len(refused)

    run("event", scenario())


@pytest.mark.parametrize(
    "damage",
    [
        (b"10=", b"10=9"),
        (b"\x0138=25\x01", b"\x0138=26\x01"),
        (b"\x019=", b"\x019=1"),  # swallows what follows, as far as it announces
        (b"\x0135=8\x01", b"\x0135=\x01"),
        (b"\x0154=1\x01", b"\x01five=1\x01"),
    ],
)
@in_both_modes
async def test_unreadable_message_is_ignored_and_asked_for_again(tmp_path: Path, damage: tuple[bytes, bytes]) -> None:
    async with logged_on(tmp_path, **STRICT) as (side, peer):
        peer.write(peer.frame("8", report("E1")).replace(*damage, 1))
        for number in range(2, 20):
            peer.send("8", report(f"E{number}"))
        await until(lambda: peer.received("2"))
        assert field(peer.received("2")[0], 7) == "2"
        assert side.session.counts["garbled"] == 1
        assert side.events == [("logon",)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("6=0|", 1),
        (report("E1").replace("38=25", "38=many"), 6),
        (report("E1").replace("54=1", "54=@"), 5),
        (report("E1") + "54=1|", 13),
        (report("E1") + "98=0|", 2),
        (report("E1") + "453=7|448=A|447=D|452=1|", 16),
        (report("E1").replace("54=1", "54="), 4),
        (report("E1") + "77777=x|", 0),
    ],
)
@in_both_modes
async def test_readable_message_against_the_dictionary_is_rejected(tmp_path: Path, body: str, reason: int) -> None:
    async with logged_on(tmp_path, **STRICT) as (side, peer):
        peer.send("8", body)
        peer.send("8", report("E2"))
        await until(lambda: side.messages() and peer.received("3"))
        assert [f"|373={reason}|" in text for text in peer.received("3")] == [True]
        assert side.session.counts["rejected"] == 1
        assert ["|17=E2|" in text for text in side.messages()] == [True]


@pytest.mark.parametrize("length", ["0", "4", "99999", "2000000000", "-5", "-2000000000", "99999999999", "x"])
@in_both_modes
async def test_wrong_length_before_a_data_field_is_counted_and_nothing_more(tmp_path: Path, length: str) -> None:
    async with logged_on(tmp_path, **STRICT) as (side, peer):
        peer.send("8", report("E1") + f"354={length}|355=abc|")
        peer.send("8", report("E2"))
        await until(side.messages)
        assert ["|17=E2|" in text for text in side.messages()] == [True]
        counts = side.session.counts
        assert counts["garbled"] + counts["rejected"] == 1
        assert len(side.faults()) == counts["garbled"]


@pytest.mark.parametrize("begin", [b"8=FIX.4.4\x019=2000000000\x0135=8\x0158=", b"no FIX at all "])
def test_bytes_that_make_no_message_are_bounded(tmp_path: Path, begin: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "MOST_UNFRAMED", 2**20)

    async def scenario() -> None:
        async with logged_on(tmp_path, **STRICT) as (side, peer):
            peer.write(begin)
            for _ in range(20):
                if peer.is_connected:
                    peer.write(b"x" * 100_000)
                await asyncio.sleep(0.01)
            await until(lambda: len(peer.received("A")) == 2)
            await until(lambda: side.session.is_logged_on)
            assert [event[0] for event in side.events] == ["logon", "fault", "logout", "logon"]
            assert "more than 1048576 bytes came that make no message" in side.faults()[0]

    run("event", scenario())


@in_both_modes
async def test_exception_out_of_quickfix_is_reported_and_the_connection_begun_anew(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings_module, "with_safe_dictionaries", lambda settings: settings)
        async with logged_on(tmp_path, **STRICT) as (side, peer):
            peer.send("8", report("E1") + "354=-5|355=abc|")
            await until(lambda: len(peer.received("A")) == 2)
            await until(lambda: side.session.is_logged_on)
            assert [event[0] for event in side.events] == ["logon", "fault", "logout", "logon"]
            assert "reading failed: RuntimeError: " in side.faults()[0]
