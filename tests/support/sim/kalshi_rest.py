"""A simulated Kalshi behind its REST server alone: a few markets, two members, and what they did.

Units   as the engine counts them: 4150 is 41.50 cents, 100 is one contract.
"""

import ssl
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from engine import fix
from engine.exchange.events import NewOrder
from engine.exchange.ledger.names import account_of
from engine.exchange.listing.grids import bands_of
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.listing.records import EventRecord, FeeChange, MarketRecord, SeriesRecord
from engine.exchange.marketplace import Marketplace
from engine.sim.keys import KeyRing, SimAuthority, TlsFiles, client_context, server_context
from engine.sim.rest.access import VenueAccess
from engine.sim.rest.endpoints.table import OPERATIONS
from engine.sim.rest.settings import RestServerSettings
from engine.sim.rest.tokens import MemberTokens
from tests.support.sim.rest_site import RestSite, SignedClient, new_key

DOLLAR = 1_000_000  # of money
SECOND_NS, HOUR_NS, DAY_NS = 10**9, 3_600 * 10**9, 86_400 * 10**9
RAIN, SNOW, COIN, GAME = "KXDEMORAIN-26DEC01-T2", "KXDEMORAIN-26DEC01-T5", "KXCOIN15M-A", "KXGAME-HOME"
B, S = fix.BUY, fix.SELL


class KalshiSite:
    """The venue on a thread of its own. Time is the machine's, plus `ahead_ns`; a `stepped` one moves a microsecond
    each time that somebody looks, so that nothing depends on how fast the machine is."""

    def __init__(
        self, folder: Path, settings: RestServerSettings | None = None, *, tls: bool = False, stepped: bool = False
    ) -> None:
        self.folder = folder
        self.ahead_ns = 0
        self._step_ns = time.time_ns() if stepped else 0
        self.told: list[VenueEvent] = []
        self.place = Marketplace(nonce="t")
        self.keys = KeyRing()
        self.tokens = MemberTokens(self.now_ns, "prestige")
        self.files: TlsFiles | None = SimAuthority(folder).issue() if tls else None
        self.venue = VenueAccess(
            place=self.place, keys=self.keys, tokens=self.tokens, tell=self.tell, now_ns=self.now_ns
        )
        context = server_context(self.files) if self.files else None
        self.site = RestSite(self.venue, OPERATIONS, settings, context)
        self._ids = 0
        _list_markets(self.place, self.now_ns())
        for member in ("ann", "bob"):
            for shard in (0, 2):
                self.place.ledger.deposit(member, shard, 1_000 * DOLLAR, self.now_ns())

    def now_ns(self) -> int:
        if self._step_ns:
            self._step_ns += 1_000
        return (self._step_ns or time.time_ns()) + self.ahead_ns

    def tell(self, events: Iterable[VenueEvent]) -> None:
        listed = list(events)
        self.told += listed
        self.site.server.take(listed)

    def __enter__(self) -> Self:
        self.site.__enter__()
        return self

    def __exit__(self, *parts: object) -> None:
        self.site.__exit__(*parts)

    def client(self, member: str = "ann", kind: str = "ed25519", **more: Any) -> SignedClient:
        """Return a client with a new key."""
        known, key = new_key(self.folder, member, kind, **more)
        self.keys.add(known)
        return self.client_of(key)

    def client_of(self, key: Any) -> SignedClient:
        trusted: ssl.SSLContext | None = client_context(self.files) if self.files else None
        return AheadClient(self, key, trusted)

    def order(self, member: str, side: int, qty: int, price: int, symbol: str = RAIN, **more: Any) -> list[VenueEvent]:
        """Enter an order beside REST."""
        self._ids += 1
        fields: dict[str, Any] = {"time_in_force": fix.Tif.GTC, "cl_ord_id": f"{member}-{self._ids}", **more}
        subaccount = fields.pop("subaccount", 0)
        request = NewOrder(
            account=account_of(member, subaccount), symbol=symbol, side=side, order_qty=qty, price=price, **fields
        )
        return self.site.do(lambda: self.venue.submit(request, self.now_ns()))

    def life(self, name: str, *arguments: Any, **more: Any) -> list[VenueEvent]:
        """Take a step of a market's life, by its name in `Lifecycle`."""

        def step() -> list[VenueEvent]:
            events: list[VenueEvent] = getattr(self.place.lifecycle, name)(*arguments, now_ns=self.now_ns(), **more)
            self.tell(events)
            return events

        return self.site.do(step)

    def advance(self, by_ns: int = 0) -> None:
        """Let time pass."""
        self.ahead_ns += by_ns
        self.site.do(lambda: self.tell(self.place.advance(self.now_ns())))


class AheadClient(SignedClient):
    """Has the venue's clock."""

    def __init__(self, site: KalshiSite, key: Any, trusted: ssl.SSLContext | None) -> None:
        super().__init__(site.site.port, key, trusted)
        self._site = site

    def send(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        return super().send(method, path, body, **{"now_ns": self._site.now_ns(), **more})


def _list_markets(place: Marketplace, now_ns: int) -> None:
    listing, life = place.listing, place.lifecycle
    listing.add_series(SeriesRecord(ticker="KXDEMORAIN", title="Rain", category="Climate", tags=("Weather",)))
    listing.add_series(SeriesRecord(ticker="KXCOIN15M", title="Coin", category="Crypto", shard=2, multiplier_milli=500))
    listing.add_series(SeriesRecord(ticker="KXGAME", title="Game", category="Sports"))
    for ticker, series in (("KXDEMORAIN-26DEC01", "KXDEMORAIN"), ("KXCOIN15M-1", "KXCOIN15M"), ("KXGAME-1", "KXGAME")):
        life.list_event(EventRecord(ticker=ticker, series=series, title=ticker, sub_title="Dec 1"), now_ns)
    for ticker, event, label in (
        (RAIN, "KXDEMORAIN-26DEC01", "deci_cent"),
        (SNOW, "KXDEMORAIN-26DEC01", "linear_cent"),
        (COIN, "KXCOIN15M-1", "tapered_deci_cent"),
        (GAME, "KXGAME-1", "linear_cent"),
    ):
        life.list_market(_market(ticker, event, label, now_ns), now_ns)
    later_ns = now_ns + DAY_NS
    for change in (
        FeeChange(id="f1", series="KXDEMORAIN", fee_type="quadratic", multiplier_milli=2_000, scheduled_ns=later_ns),
        FeeChange(
            id="f2", series="KXGAME", event="KXGAME-1", fee_type=None, multiplier_milli=500, scheduled_ns=later_ns
        ),
    ):
        life.schedule_fees(change)


def _market(ticker: str, event: str, label: str, now_ns: int) -> MarketRecord:
    return MarketRecord(
        ticker=ticker,
        event=event,
        title=ticker,
        yes_sub_title="2 mm or more",
        no_sub_title="less",
        rules_primary="Resolves YES if it does.",
        label=label,
        bands=bands_of(label),
        strike_type="greater",
        floor_strike="2.5",
        opens_ns=now_ns,
        close_ns=(now_ns // SECOND_NS) * SECOND_NS + 2 * DAY_NS,  # REST tells no part of a microsecond
        latest_expiration_ns=now_ns + 7 * DAY_NS,
        settlement_timer_ns=60 * SECOND_NS,
    )
