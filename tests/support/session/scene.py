"""One session with a scripted peer: wire text with `|` for SOH in, a list of events out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine import fix
from engine.codec import Fields, Frame, FrameReader, TimestampFormat
from engine.codec.message import Message
from engine.session.protocol.agreed import CoreSettings
from engine.session.protocol.host import Host
from engine.session.protocol.session import FixSession
from engine.session.store.store import MemoryStore

SECOND = 1_000_000_000
START_NS = 1_767_623_400 * SECOND  # 20260105-14:30:00
US, PEER = "US", "PEER"
SETTINGS = CoreSettings(begin_string="FIX.4.4", sender_comp_id=US, target_comp_id=PEER)
# Left out of the events: the same in every message, and proved when it is read back.
PLAIN = (fix.BeginString, fix.BodyLength, fix.SenderCompID, fix.TargetCompID, fix.SendingTime, fix.CheckSum)
_TIME = TimestampFormat(3)


def time_text(ns: int) -> str:
    return _TIME.format(ns).decode()


def frame(
    text: str, sender: str = PEER, target: str = US, now_ns: int = START_NS, begin_string: str = "FIX.4.4"
) -> bytes:
    """Complete `35=..|34=..|...` with the rest of header and trailer; what the text says itself is kept."""
    message = Message.from_text(text)
    fields = [(fix.MsgType, message[fix.MsgType])]
    head = {fix.SenderCompID: sender, fix.TargetCompID: target, fix.SendingTime: time_text(now_ns)}
    fields += [(tag, value) for tag, value in head.items() if tag not in message]
    fields += [(tag, value) for tag, value in message if tag not in (fix.MsgType, fix.BeginString)]
    return Message([(fix.BeginString, message.get(fix.BeginString, begin_string)), *fields]).frame()


class Scene(Host):
    """Events: `> text` sent, `< text` delivered, and the host's other calls by name."""

    def __init__(
        self, *, is_initiator: bool = True, store: Any = None, core: dict[str, Any] | None = None, **changes: Any
    ) -> None:
        self.events: list[str] = []
        self.now_ns = 5 * SECOND  # monotonic
        self.armed_ns = 0
        self.settings = replace(SETTINGS, **changes)
        self.store: Any = store if store is not None else MemoryStore(START_NS)
        self.core = FixSession(self.settings, self, self.store, is_initiator=is_initiator, **(core or {}))
        self.core.wall_offset_ns = START_NS - self.now_ns
        self.reader = FrameReader()
        self.raw: list[bytes] = []
        self.on_logon = lambda: self.events.append("logon")
        self.on_logout = lambda reason: self.events.append("logout")
        self.on_forsaken: Callable[[str], None] = lambda reason: self.events.append("forsaken")

    @property
    def wall_ns(self) -> int:
        return self.now_ns + self.core.wall_offset_ns

    # Host

    def write(self, message: bytes) -> None:
        assert self.reader.scan(message) == Frame.SOUND and self.reader.end == len(message), message
        fields = self.reader.fields
        assert (fields.text(49), fields.text(56)) == (self.settings.sender_comp_id, self.settings.target_comp_id)
        self.raw.append(message)
        self.events.append(
            "> " + str(Message((tag, value.decode("latin-1")) for tag, value in fields if tag not in PLAIN))
        )

    def deliver(self, fields: Fields) -> None:
        self.events.append(
            "< " + str(Message((tag, value.decode("latin-1")) for tag, value in fields if tag not in PLAIN))
        )

    def disconnect(self, reason: str) -> None:
        self.events.append("disconnect")

    def arm(self, deadline_ns: int) -> None:
        self.armed_ns = deadline_ns

    def alert(self, text: str) -> None:
        self.events.append("alert")

    def log(self, text: str) -> None:
        pass

    # Script

    def connect(self) -> "Scene":
        self.core.connected(self.now_ns)
        return self

    def receive(self, *texts: str) -> list[str]:
        """Hand the messages to the core in one read; return what happened."""
        names = (self.settings.target_comp_id, self.settings.sender_comp_id)
        data = b"".join(frame(text, *names, self.wall_ns, self.settings.begin_string) for text in texts)
        self.core.receive(data, self.now_ns)
        return self.take()

    def receive_raw(self, data: bytes) -> list[str]:
        self.core.receive(data, self.now_ns)
        return self.take()

    def send(self, text: str) -> None:
        self.core.send(Message.from_text(text).body(), self.now_ns)

    def wait(self, seconds: float) -> list[str]:
        """Let time pass, with every timer on its way."""
        end = self.now_ns + int(seconds * SECOND)
        while (due := self.core.timer(self.now_ns)) <= end:
            self.now_ns = max(due, self.now_ns + 1)
        self.now_ns = end
        self.core.timer(end)
        return self.take()

    def take(self) -> list[str]:
        events, self.events = self.events, []
        return events

    def up(self, *, logon: str = "98=0|108=30|") -> "Scene":
        """Connect and log on; both sides have used number 1."""
        self.connect()
        self.receive(f"35=A|34=1|{logon}")
        assert self.core.is_logged_on, self.events
        self.take()
        return self
