"""The simulated Kalshi on one loop: what any of its servers changes, all of them tell.

Units   times in ns since 1970, the venue's own clock.
Errors  ConfigError before it listens; whatever goes wrong later ends `run` with an EngineError.
Thread  one; every event is told in the order in which the marketplace made it, before anything else happens.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine._decimal import parse_decimal
from engine.errors import ConfigError
from engine.exchange.faults import Faults
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.marketplace import Marketplace
from engine.sim.control import Command, ControlServer
from engine.sim.feed.server import FeedServer
from engine.sim.feed.venue_feed import VenueFeed
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.admission import MemberRules
from engine.sim.fix.kalshi.gateways import KalshiFix
from engine.sim.fix.kalshi.ports import FixPlace
from engine.sim.kalshi.config import KalshiSimConfig, MemberConfig
from engine.sim.keys import KeyFile, KeyRing, SimAuthority, SimKey, TlsFiles, make_key, server_context
from engine.sim.rest.access import VenueAccess
from engine.sim.rest.endpoints.table import OPERATIONS
from engine.sim.rest.server import RestServer
from engine.sim.rest.tokens import MemberTokens
from engine.sim.turning import Turning, words

_MS, _S = 1_000_000, 1_000_000_000
_MONEY_DECIMALS = 6


class Earlier(NamedTuple):
    """What a venue takes over from an earlier run: everything of its members, its certificates, and their keys."""

    place: Marketplace
    files: TlsFiles
    keys: dict[str, list[KeyFile]]


class KalshiVenue(Turning):
    """One venue, from `start` to the end of `run`."""

    def __init__(
        self, config: KalshiSimConfig, clock: Callable[[], int] = time.time_ns, earlier: Earlier | None = None
    ) -> None:
        super().__init__(config.step_ms, config.mode == "busy")
        self.config = config
        self.now_ns = clock
        self.place = earlier.place if earlier else self._open(clock())
        self.faults = self.place.exchange.faults
        self.folder = Path(config.state_path)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.files = earlier.files if earlier else SimAuthority(self.folder).issue()
        self.keys = KeyRing()
        self.key_files: dict[str, list[KeyFile]] = {}
        self.tokens = MemberTokens(clock, config.rest.tier, config.rest.burst_seconds)
        for member in config.members:
            self._admit(member, earlier)
        for series in () if earlier else config.series:
            self.place.roll(series)
        context = server_context(self.files)
        access = VenueAccess(place=self.place, keys=self.keys, tokens=self.tokens, tell=self.tell, now_ns=clock)
        self.rest = RestServer(access, OPERATIONS, config.rest, context)
        self.feed = VenueFeed(self.place, clock, self.faults)
        self.rest.tell_quotes(self.feed.communications)
        self.feed_server = FeedServer(self.feed.market_data, config.feed, self.keys, self.faults, context)
        rules = MemberRules(may_use_fix=self.tokens.may_use_fix, spend=self.tokens.spend)
        gateways = FixAccess(place=self.place, keys=self.keys, tell=self.tell, now_ns=clock, rules=rules)
        place = FixPlace(config.fix.host, config.fix.first, self.files, self.folder)
        self.fix = KalshiFix(place, gateways, self.faults)
        self.is_frozen = False  # markets stand still, and the house with them
        self.fix.ports.on_fault = self.stop
        self._control: ControlServer | None = None

    def _open(self, now_ns: int) -> Marketplace:
        return Marketplace(
            nonce=f"{now_ns // _MS:x}-",
            faults=Faults((), now_ns),
            liquidity=self.config.liquidity,
            sweep_ns=self.config.sweep_ms * _MS,
            keep_ns=self.config.keep_s * _S,
        )

    def _admit(self, member: MemberConfig, earlier: Earlier | None) -> None:
        """Open a member's account and make its keys, or take both over."""
        self.tokens.set_tier(member.name, member.tier)
        if earlier is None:
            self.place.ledger.open(member.name, member.precision)
            for shard, dollars in member.deposits.items():
                self.place.ledger.deposit(member.name, shard, parse_decimal(dollars, _MONEY_DECIMALS), self.now_ns())
        made = earlier.keys[member.name] if earlier else [make_key(self.folder, kind) for kind in member.keys]
        self.key_files[member.name] = made
        for key in made:
            self.keys.add(SimKey(key.key_id, member.name, key.public_key))

    async def start(self, commands: Mapping[str, Command]) -> dict[str, Any]:
        """Open the first markets, then listen; return the ports, where the authority's certificate is, and the keys."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._failed)
        self.step()
        try:
            rest_port = await self.rest.start()
            fix_ports = await self.fix.start()
            feed_port = await self.feed_server.start()
            self._control = ControlServer(commands)
            control_port = await self._control.start(self.config.control.host, self.config.control.port)
        except OSError as error:
            await self.close()
            raise ConfigError(f"feed.port or control.port: {error}; choose a free one, or 0 for any") from None
        return {
            "rest_port": rest_port,
            "feed_port": feed_port,
            "fix_ports": fix_ports,
            "fix_port": fix_ports["KalshiNR"],
            "control_port": control_port,
            "ca": str(self.files.authority),
            "keys": {
                member: [{"key_id": key.key_id, "file": str(key.file)} for key in made]
                for member, made in self.key_files.items()
            },
        }

    def _failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End with what went wrong, unless it is a client that left: uvloop tells of one that did in a handshake."""
        failure = context.get("exception", context["message"])
        kind = failure if isinstance(failure, type) else type(failure)
        if not (issubclass(kind, ConnectionError | ssl.SSLError) and "protocol" in context):
            self.stop(words(failure))

    def tell(self, events: Iterable[VenueEvent]) -> None:
        """Hand events to everybody whom they concern."""
        batch = list(events)
        if batch:
            self.feed.publish(batch)
            self.fix.take(batch)
            self.rest.take(batch)

    def step(self) -> None:
        """Advance every part to the present."""
        now_ns = self.now_ns()
        if not self.is_frozen:
            self.tell(self.place.advance(now_ns))
        self.feed.market_data.step(now_ns)
        self.feed_server.step(now_ns)
        self.fix.step(now_ns)

    async def close(self) -> None:
        """Stop listening."""
        if self._control is not None:
            self._control.close()
        self.feed_server.close()
        self.fix.close()
        await self.rest.close()
