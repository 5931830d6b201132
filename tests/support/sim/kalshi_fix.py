"""A simulated Kalshi with FIX ports and little else, and a client that shows every field it is sent.

Units   as in `engine.sim.fix.kalshi.wire`.
"""

import asyncio
import base64
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from engine.codec import Fields, Frame, FrameEncoder, FrameReader, TimestampFormat
from engine.exchange.faults import Faults
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.listing.records import EventRecord, MarketRecord, SeriesRecord
from engine.exchange.marketplace import Marketplace
from engine.instrument import PriceBand
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.admission import MemberRules
from engine.sim.fix.kalshi.gateways import KalshiFix
from engine.sim.fix.kalshi.ports import FixPlace
from engine.sim.keys import KeyRing, SimAuthority, SimKey, client_context
from engine.venue.kalshi.signing import parse_private_key
from tests.support.sim.accounts import DOLLAR

RAIN, SNOW, COMBO = "KXDEMORAIN-26DEC01-T2", "KXSNOW-26DEC01", "KXCOMBO-1"
DECI = (PriceBand(0, 10_000, 10),)
HALF_CENT = (PriceBand(0, 10_000, 50),)
CENTS = (PriceBand(0, 10_000, 100),)
NOON_NS = 1_795_444_205_000_000_000  # 2026-11-23 14:30:05 UTC
SECOND_NS = 10**9
ALL_FLAGS = {8013: "Y", 21005: "Y", 21007: "Y", 21008: "Y", 21012: "Y", 21026: "Y"}
_TIMES = TimestampFormat(3)
PATIENCE_S = 10.0
ANY = "*"  # stands for a value that the venue makes


class FixVenue:
    """A marketplace and FIX ports. The clock stands still unless a test moves it, or it `is_live`."""

    def __init__(
        self,
        folder: Path,
        *,
        rules: MemberRules | None = None,
        with_tls: bool = False,
        is_live: bool = False,
        **access: Any,
    ) -> None:
        self._is_live, self._now_ns = is_live, NOON_NS
        self.keys = KeyRing()
        self.private: dict[str, Any] = {}
        self.wires: list[FixWire] = []
        self.folder = folder
        self.tls = SimAuthority(folder).issue() if with_tls else None
        self.faults = Faults()
        self.place = Marketplace(nonce="n", faults=self.faults)
        self.place.listing.add_series(SeriesRecord(ticker="KXDEMORAIN"))
        self.place.listing.add_series(SeriesRecord(ticker="KXCOMBO", shard=1))
        self._list("KXDEMORAIN", RAIN, HALF_CENT)
        self._list("KXDEMORAIN", SNOW, CENTS)
        self._list("KXCOMBO", COMBO, DECI)
        seam = FixAccess(
            place=self.place,
            keys=self.keys,
            tell=self.publish,
            now_ns=lambda: self.now_ns,
            rules=rules or MemberRules(),
            **access,
        )
        self.fix = KalshiFix(FixPlace(first=0, tls=self.tls, state_path=folder / "state"), seam, self.faults)

    @property
    def now_ns(self) -> int:
        return time.time_ns() if self._is_live else self._now_ns

    @now_ns.setter
    def now_ns(self, now_ns: int) -> None:
        self._now_ns = now_ns

    def _list(self, series: str, symbol: str, bands: tuple[PriceBand, ...]) -> None:
        if self.place.listing.event(series) is None:
            self.place.lifecycle.list_event(EventRecord(ticker=series, series=series), self.now_ns)
        close_ns = self.now_ns + 30 * 24 * 3600 * SECOND_NS
        market = MarketRecord(ticker=symbol, event=series, bands=bands, opens_ns=self.now_ns, close_ns=close_ns)
        self.place.lifecycle.list_market(market, self.now_ns)

    def publish(self, events: Iterable[VenueEvent]) -> None:
        self.fix.take(events)

    def advance(self, by_ns: int = 0) -> None:
        """Let time pass."""
        self.now_ns += by_ns
        self.publish(self.place.advance(self.now_ns))
        self.fix.step(self.now_ns)

    def add_key(self, member: str = "ann", key_id: str = "", kind: str = "ed25519", **more: Any) -> str:
        """Register a key and return its id."""
        private = Ed25519PrivateKey.generate()
        key_id = key_id or f"key-{len(self.keys) + 1}"
        self.private[key_id] = private
        self.keys.add(SimKey(key_id, member, private.public_key(), **more))
        for shard in (0, 1):
            self.place.ledger.deposit(member, shard, 1000 * DOLLAR, self.now_ns)
        return key_id

    async def log_on(self, key_id: str, comp_id: str = "KalshiNR", **logon: Any) -> "FixWire":
        """Return a client that is logged on with all flags, or those given."""
        wire = await self.connect(key_id, comp_id)
        wire.log_on(**logon)
        answer = await wire.next()
        assert answer[35] == "A", answer
        wire.logon = answer
        return wire

    async def gone(self, wire: "FixWire") -> None:
        """Cut a client's connection, and wait until the venue has noticed."""
        wire.close()
        async with asyncio.timeout(PATIENCE_S):
            while self.fix.ports.is_connected(wire.key_id):
                await asyncio.sleep(0.005)

    async def connect(self, key_id: str, comp_id: str = "KalshiNR", port_of: str = "") -> "FixWire":
        port = self.fix.ports.ports[port_of or comp_id]
        context = client_context(self.tls) if self.tls is not None else None
        host = "localhost" if context is not None else None
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=host)
        self.wires.append(FixWire(self, key_id, comp_id, reader, writer))
        return self.wires[-1]


class FixWire:
    """One connection: messages by tags, answers as dicts; a repeated tag keeps its first value (`entries` has all)."""

    def __init__(
        self, venue: FixVenue, key_id: str, comp_id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.venue, self.key_id, self.comp_id = venue, key_id, comp_id
        self.out = 1
        self.ahead_ns = 0  # of the venue's clock
        self.logon: dict[int, str] = {}
        self.entries: list[tuple[int, str]] = []  # of the last message
        self._reader, self._writer = reader, writer
        self._frames = FrameReader()
        self._data = b""
        self._encoder = FrameEncoder("FIXT.1.1", key_id, comp_id)

    def log_on(self, flags: dict[int, str] | None = None, fields: dict[int, str] | None = None, seq: int = 1) -> None:
        """Send a signed Logon; `fields` replace or, empty, remove its own."""
        wanted = {98: "0", 108: "30", 141: "Y", 1137: "9", **(ALL_FLAGS if flags is None else flags)}
        if self.comp_id != "KalshiNR" and flags is None:
            wanted = {98: "0", 108: "30", 141: "Y", 1137: "9", 21005: "Y"}
        now_ns = self.venue.now_ns + self.ahead_ns  # once: what is signed is what stands in the header
        time = _TIMES.format(now_ns).decode()
        signed = "\x01".join((time, "A", str(seq), self.key_id, self.comp_id)).encode()
        signature = base64.b64encode(sign(self.venue.private.get(self.key_id), signed)).decode()
        wanted |= {95: str(len(signature)), 96: signature, **(fields or {})}
        self.out = seq
        self.send("A", now_ns=now_ns, **{f"t{tag}": value for tag, value in wanted.items() if value})

    def send(self, msg_type: str, text: str = "", now_ns: int = 0, **tags: Any) -> int:
        """Send a message whose fields are `text` with | for SOH, or keywords t11="..."; return its number."""
        body = f"35={msg_type}\x01" + "".join(f"{tag[1:]}={value}\x01" for tag, value in tags.items())
        body += "".join(f"{field}\x01" for field in text.split("|") if field)
        self._writer.write(self._encoder.encode(body.encode(), self.out, now_ns or self.venue.now_ns + self.ahead_ns))
        self.out += 1
        return self.out - 1

    async def next(self) -> dict[int, str]:
        """Return the next message that is no Heartbeat; empty once the connection is closed."""
        while True:
            code = self._frames.scan(self._data, 0)
            if code == Frame.SOUND:
                fields = Fields(self._data[: self._frames.end])
                self._data = self._data[self._frames.end :]
                self.entries = [(tag, value.decode("latin-1")) for tag, value in fields]
                found: dict[int, str] = {}
                for tag, value in self.entries:
                    found.setdefault(tag, value)
                return found
            assert code == Frame.INCOMPLETE, code
            try:
                async with asyncio.timeout(PATIENCE_S):
                    data = await self._reader.read(65_536)
            except ConnectionError:
                data = b""
            if not data:
                return {}
            self._data += data

    async def all(self, count: int) -> list[dict[int, str]]:
        return [await self.next() for _ in range(count)]

    async def silent(self) -> bool:
        """Return whether nothing came before the answer to a TestRequest."""
        self.send("1", t112="anything?")
        answer = await self.next()
        return (answer.get(35), answer.get(112)) == ("0", "anything?")

    def close(self) -> None:
        if (transport := self._writer.transport) is not None:
            transport.abort()


async def expect(wire: FixWire, text: str) -> dict[int, str]:
    """Read the next message; it must have these fields and no others, beside header and trailer."""
    told = await wire.next()
    wanted = [(int(tag), value) for tag, _, value in (field.partition("=") for field in text.split("|"))]
    made = {tag for tag, value in wanted if value == ANY}
    header = (8, 9, 10, 34, 49, 52, 56)
    got = [(tag, ANY if tag in made else value) for tag, value in wire.entries if tag not in header]
    assert sorted(got) == sorted(wanted)
    assert (told[8], told[49], told[56]) == ("FIXT.1.1", wire.comp_id, wire.key_id)
    return told


def sign(private: Any, message: bytes, salt_length: int = 32) -> bytes:
    """Return the signature of an API key, of a key that nobody knows without one."""
    if isinstance(private, RSAPrivateKey):
        return private.sign(message, PSS(mgf=MGF1(SHA256()), salt_length=salt_length), SHA256())
    key: Ed25519PrivateKey = private or Ed25519PrivateKey.generate()
    return key.sign(message)


def load(pem: bytes) -> Any:
    return parse_private_key(pem)


def play(folder: Path, main: Callable[[FixVenue], Coroutine[Any, Any, None]], **venue: Any) -> None:
    """Run a test on a loop of its own, a minute at most, with a venue that listens."""

    async def run() -> None:
        played = FixVenue(folder, **venue)
        faults: list[str] = []
        played.fix.ports.on_fault = faults.append
        await played.fix.start()
        try:
            await asyncio.wait_for(main(played), 60)
        finally:
            for wire in played.wires:
                wire.close()
            played.fix.close()
            await asyncio.sleep(0)
        assert (faults, played.fix.rejects) == ([], 0)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
