"""Two session cores joined by a connection that breaks: in the end both have every message once, in order."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.codec import Fields
from engine.session.protocol.agreed import CoreSettings
from engine.session.protocol.host import Host
from engine.session.protocol.session import FixSession
from engine.session.store.file_store import FileStore
from engine.session.store.store import MemoryStore, Store
from tests.support.session.scene import SECOND, SETTINGS, START_NS


class End(Host):
    """One side: its core, what it sent and received, and its bytes on the way to the other side."""

    def __init__(self, agreed: CoreSettings, store: Store, is_initiator: bool) -> None:
        self.agreed, self.store, self.is_initiator = agreed, store, is_initiator
        self.sent: list[str] = []
        self.received: list[str] = []
        self.alerts: list[str] = []
        self.is_open = False
        self.on_logon = lambda: None
        self.on_logout = lambda reason: None
        self.on_forsaken = lambda reason: None
        self.start()

    def start(self) -> None:
        """Start as a process does: nothing is left but the store."""
        self.pipe = bytearray()
        self.core = FixSession(self.agreed, self, self.store, is_initiator=self.is_initiator)
        self.core.wall_offset_ns = START_NS

    def write(self, message: bytes) -> None:
        self.pipe += message

    def deliver(self, fields: Fields) -> None:
        self.received.append(fields.text(58))

    def disconnect(self, reason: str) -> None:
        self.is_open = False

    def arm(self, deadline_ns: int) -> None: ...

    def alert(self, text: str) -> None:
        self.alerts.append(text)

    def log(self, text: str) -> None: ...

    def send(self, now_ns: int) -> None:
        if self.core.is_logged_on:
            text = f"{self.agreed.sender_comp_id}{len(self.sent)}"
            self.core.send(f"35=B\x01148=news\x0158={text}\x01".encode(), now_ns)
            self.sent.append(text)


class World:
    def __init__(self, changes: dict[str, Any], stores: tuple[Store, Store]) -> None:
        agreed = replace(SETTINGS, logon_timeout_ns=10**15, **changes)
        mirrored = replace(agreed, sender_comp_id=agreed.target_comp_id, target_comp_id=agreed.sender_comp_id)
        self.ends = (End(agreed, stores[0], True), End(mirrored, stores[1], False))
        self.now_ns = 0

    def connect(self) -> None:
        if any(end.is_open for end in self.ends):
            return
        for end in reversed(self.ends):  # the acceptor listens before the initiator sends
            end.pipe.clear()
            end.is_open = True
            end.core.connected(self.now_ns)

    def cut(self) -> None:
        """Lose the connection and everything on its way."""
        for end in self.ends:
            end.pipe.clear()
            end.is_open = False
            end.core.disconnected(self.now_ns, "cut")

    def kill(self, side: int) -> None:
        self.cut()
        self.ends[side].start()

    def carry(self, side: int, count: int) -> None:
        """Let bytes from `side` arrive at the other."""
        source, target = self.ends[side], self.ends[1 - side]
        data = bytes(source.pipe[:count])
        del source.pipe[:count]
        if data and target.is_open:
            target.core.receive(data, self.now_ns)
        if not (target.is_open and source.is_open) and not source.pipe:
            self.cut()

    def settle(self) -> None:
        """Connect and let everything arrive until nothing moves."""
        for _ in range(20):
            self.connect()
            for _ in range(400):
                if not any(end.pipe for end in self.ends):
                    break
                for side in (0, 1):
                    self.carry(side, 1 << 20)
                    self.ends[side].core.timer(self.now_ns)
            if all(end.is_open and end.core.is_logged_on and not end.core.gap.end for end in self.ends):
                return
            self.cut()

    def run(self, steps: list[tuple[str, int, int]]) -> None:
        for step, side, amount in steps:
            self.now_ns += SECOND // 100
            match step:
                case "connect":
                    self.connect()
                case "cut":
                    self.cut()
                case "kill":
                    self.kill(side)
                case "send":
                    for _ in range(amount % 5 + 1):
                        self.ends[side].send(self.now_ns)
                case "carry":
                    self.carry(side, amount)
        self.settle()

    def check(self) -> None:
        us, peer = self.ends
        assert (peer.received, us.received) == (us.sent, peer.sent)
        assert us.core.next_in == peer.core.next_out and peer.core.next_in == us.core.next_out
        assert us.alerts == peer.alerts == []


WORDS = ["connect"] * 2 + ["cut", "kill"] + ["send"] * 3 + ["carry"] * 7
STEPS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.integers(0, 1), st.one_of(st.integers(0, 400), st.just(1 << 20))),
    max_size=100,
)
CHANGES = st.fixed_dictionaries(
    {
        "resend_request_chunk_size": st.sampled_from([0, 0, 1, 3]),
        "closed_resend_interval": st.booleans(),
        "send_next_expected_msg_seq_num": st.booleans(),
    }
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(steps=STEPS, changes=CHANGES)
def test_broken_connections_lose_and_repeat_nothing(steps: list[tuple[str, int, int]], changes: dict[str, Any]) -> None:
    world = World(changes, (MemoryStore(START_NS), MemoryStore(START_NS)))
    world.run(steps)
    world.check()


def test_long_runs_lose_and_repeat_nothing() -> None:
    resend_requests = 0
    for seed in range(100):
        some = random.Random(seed)
        steps = [
            (some.choice(WORDS), some.randint(0, 1), some.choice([some.randint(0, 400), 1 << 20])) for _ in range(150)
        ]
        world = World(
            {"resend_request_chunk_size": some.choice([0, 3])}, (MemoryStore(START_NS), MemoryStore(START_NS))
        )
        world.run(steps)
        world.check()
        resend_requests += sum(
            b"\x0135=2\x01" in message for end in world.ends for _, message in end.store.messages(1, 100_000)
        )
    assert resend_requests > 300  # the runs are worth their time


@settings(max_examples=25, deadline=None, derandomize=True)
@given(steps=STEPS)
def test_stores_on_disk_lose_and_repeat_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("stores")
    stores = [FileStore(folder, name, START_NS, segment_size=8192) for name in ("us", "peer")]
    world = World({}, (stores[0], stores[1]))
    world.run(steps)
    world.check()
    for store in stores:
        store.close()
