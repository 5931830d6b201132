"""The native core and QuickFIX as acceptors of the same random messages: both send the same, times and texts aside.

Where they differ and ours does what the standard wants the stream ends: `explained` holds these cases, and
docs/fix-interoperability.md the reasons.
"""

import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

from engine.codec.message import Message
from engine.session.dictionary.dictionary import Dictionary, read_dictionary
from engine.session.file.dictionaries import find_dictionary
from tests.support.session.fix_peer import QuickfixPeer, field, free_port, report, run, shown
from tests.support.session.scene import Scene, frame
from tests.support.session.sockets import acceptor_settings

OURS, PEER = "SIMVENUE", "FIXLANE"
ORDER = "11=A|21=1|38=25|40=2|44=0.54|54=1|55=KXGOLD|59=1|60=20260105-14:30:00|"
DUP = "43=Y|122=20260105-14:30:00|"
COMPARED = (35, 34, 43, 7, 16, 36, 123, 45, 371, 372, 373, 112, 17)


def stream(seed: int) -> list[str]:
    """Return what the peer sends after its Logon, `send` where we send a report."""
    some = random.Random(seed)
    number = 2
    steps: list[str] = []
    for _ in range(some.randint(5, 25)):
        kind = some.choice(KINDS)
        if kind == "send":
            steps.append("send")
            continue
        if kind == "skip":  # messages that are lost on their way
            number += some.randint(1, 3)
            continue
        text, used = MAKERS[kind](some, number)
        steps.append(text)
        number += used
    return steps


def resend(some: random.Random, number: int) -> tuple[str, int]:
    return f"35=2|34={number}|7=1|16={some.choice([0, 0, 1, 2, 999])}|", 1


def gap_fill(some: random.Random, number: int) -> tuple[str, int]:
    to = number + some.randint(1, 4)
    return f"35=4|34={number}|123=Y|36={to}|", to - number


def fill_again(some: random.Random, number: int) -> tuple[str, int]:
    first = max(1, number - some.randint(1, 6))
    return f"35=4|34={first}|{DUP}123=Y|36={number}|", 0


def duplicate(some: random.Random, number: int) -> tuple[str, int]:
    return f"35=D|34={max(1, number - some.randint(1, 6))}|{DUP}{ORDER}", 0


def reset(some: random.Random, number: int) -> tuple[str, int]:
    to = number + some.randint(0, 3)
    return f"35=4|34={number}|36={to}|", to - number


MAKERS: dict[str, Callable[[random.Random, int], tuple[str, int]]] = {
    "order": lambda some, number: (f"35=D|34={number}|{ORDER}", 1),
    "test": lambda some, number: (f"35=1|34={number}|112=T{number}|", 1),
    "heartbeat": lambda some, number: (f"35=0|34={number}|", 1),
    "reject": lambda some, number: (f"35=3|34={number}|45=1|", 1),
    "resend": resend,
    "gap fill": gap_fill,
    "fill again": fill_again,
    "duplicate": duplicate,
    "reset": reset,
    "no side": lambda some, number: (f"35=D|34={number}|{ORDER.replace('54=1|', '')}", 1),
    "wrong side": lambda some, number: (f"35=D|34={number}|{ORDER.replace('54=1|', '54=Z|')}", 1),
    "wrong price": lambda some, number: (f"35=D|34={number}|{ORDER.replace('44=0.54|', '44=x|')}", 1),
    "foreign tag": lambda some, number: (f"35=D|34={number}|{ORDER}112=T|", 1),
    "unknown type": lambda some, number: (f"35=ZZ|34={number}|58=x|", 1),
    "duplicate of nothing": lambda some, number: (f"35=D|34={number}|43=Y|{ORDER}", 1),
    "too low": lambda some, number: (f"35=D|34=1|{ORDER}", 0),
    "logout": lambda some, number: (f"35=5|34={number}|", 1),
}
KINDS = ["order"] * 6 + ["send"] * 4 + ["skip"] * 2 + ["resend", "fill again", "duplicate"] * 2 + list(MAKERS)[1:]


def essence(message: str) -> str:
    """Return what must be the same: type, numbers, references and reasons."""
    fields = Message.from_text(message)
    if (fields.get(373) == "11" or fields.get(372) == "4") and 371 in fields:
        del fields[371]  # we name the tag, QuickFIX does not; the field may be there or not
    return "|".join(f"{tag}={fields[tag]}" for tag in COMPARED if tag in fields)


class Native:
    """The core alone, told what arrives."""

    def __init__(self, dictionary: Dictionary) -> None:
        names = {"sender_comp_id": OURS, "target_comp_id": PEER}
        self.scene = Scene(is_initiator=False, core={"dictionary": dictionary}, **names).connect()

    def receive(self, text: str) -> list[str]:
        return self._sent(self.scene.receive(text))

    def send(self, body: str) -> list[str]:
        self.scene.send(body)
        return self._sent(self.scene.take())

    def _sent(self, events: list[str]) -> list[str]:
        return [essence(event[2:]) for event in events if event.startswith("> ")]

    @property
    def numbers(self) -> tuple[int, int]:
        return self.scene.core.next_out, self.scene.core.next_in


class Quickfix:
    """QuickFIX behind a socket, polled by hand."""

    def __init__(self, peer: QuickfixPeer, port: int) -> None:
        self._peer = peer
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def receive(self, text: str) -> list[str]:
        self.socket.send(frame(text, PEER, OURS, time.time_ns()))
        return self._sent()

    def send(self, body: str) -> list[str]:
        self._peer.send(body)
        return self._sent()

    @property
    def numbers(self) -> tuple[int, int]:
        return self._peer.session.getExpectedSenderNum(), self._peer.session.getExpectedTargetNum()

    def close(self) -> None:
        self.socket.close()
        self._poll()

    def _poll(self) -> None:
        assert self._peer._acceptor is not None
        for _ in range(3):
            self._peer._acceptor.poll()

    def _sent(self) -> list[str]:
        self._poll()
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return []
        except ConnectionError:
            return ["gone"]
        return [essence("8=" + text) for text in shown(data).split("8=FIX")[1:]] if data else ["gone"]


def explained(step: str, ours: list[str], theirs: list[str]) -> bool:
    """Say whether the standard wants what we do."""
    asks = bool(ours) and ours[-1].startswith("35=2")
    waits = asks or not ours  # for a gap, which has been asked for already
    rejects, logs_out = (bool(theirs) and theirs[0].startswith(kind) for kind in ("35=3", "35=5"))
    return (
        (asks and not theirs)
        or (waits and rejects)
        or (step.startswith("35=5") and waits and logs_out)
        or (step.startswith("35=2") and asks and ours[:-1] == theirs)
        or (step.startswith("35=2") and any(sent.startswith("35=3") and "|43=Y|" in sent for sent in ours))
        or (not theirs and all("|371=122|" in sent for sent in ours))
    )


def differences(seed: int, native: Native, quickfix: Quickfix) -> str:
    """Return the first step at which the two differ, empty if none."""
    logon = "35=A|34=1|98=0|108=30|141=Y|"
    native.receive(logon)
    quickfix.receive(logon)
    done: list[str] = []
    is_counted_apart = False
    for step in stream(seed):
        body = "35=8|" + report("E")
        # A Reject or ResendRequest beyond a gap: QuickFIX counts the one at once and the other not at all.
        is_counted_apart |= step.startswith(("35=2|", "35=3|")) and int(field(step, 34)) > native.numbers[1]
        ours = native.send(body) if step == "send" else native.receive(step)
        theirs = quickfix.send(body) if step == "send" else quickfix.receive(step)
        done.append(step)
        if (ours, native.numbers) != (theirs, quickfix.numbers):
            if is_counted_apart or explained(step, ours, theirs):
                return ""
            return f"{seed=}: after {done}: native {ours} {native.numbers}, QuickFIX {theirs} {quickfix.numbers}"
        if any(sent.startswith("35=5") for sent in ours):
            break
    return ""


def fix44() -> Dictionary:
    path = find_dictionary("FIX44.xml", Path())
    assert path is not None
    found = read_dictionary(acceptor_settings(Path(), UseDataDictionary="Y", DataDictionary=str(path)))
    assert found is not None
    return found


def test_random_streams_are_answered_alike(tmp_path: Path) -> None:
    async def scenario() -> None:
        port = free_port()
        dictionary = fix44()
        found = []
        with QuickfixPeer(tmp_path, port) as peer:
            for seed in range(1000):
                quickfix = Quickfix(peer, port)
                found.append(differences(seed, Native(dictionary), quickfix))
                quickfix.close()
        assert [one for one in found if one] == []

    run("event", scenario())
