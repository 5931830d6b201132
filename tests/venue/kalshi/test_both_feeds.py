"""Random lives of books at the simulated Kalshi arrive equal over WebSocket and FIX, whatever happens to either."""

from collections.abc import Iterable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import fix
from engine.book import ASK, BID, STALE, Book, make_book
from engine.codec import Fields, TimestampFormat
from engine.exchange.listing.lifecycle import VenueEvent
from engine.instrument import Instrument, PriceBand
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.market_data import MarketDataGateway
from engine.sim.keys import KeyRing
from engine.venue import EventKind, MarketEvent
from engine.venue.kalshi.fix.market_data import KalshiFixMarketData
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.support.sim.feed_bazaar import Client, FeedBazaar

SYMBOLS = "AB"
CENT = 100
TIMES = TimestampFormat(3)
DUE = 5
Trade = tuple[str, int, int, int]
PRICES = st.integers(1, 99)
ACTIONS = st.one_of(
    st.tuples(
        st.just("new"), st.sampled_from("xyz"), st.sampled_from([fix.BUY, fix.SELL]), st.integers(1, 9), PRICES,
        st.sampled_from([fix.Tif.GTC, fix.Tif.IOC]), st.sampled_from(SYMBOLS),
    ),
    st.tuples(st.just("cancel"), st.integers(0, 40)),
    st.tuples(st.just("replace"), st.integers(0, 40), st.integers(1, 9), PRICES),
    st.tuples(st.sampled_from(["disconnect fix", "resync fix", "resync feed", "tell"])),
    st.tuples(st.sampled_from(["leave fix", "come fix"]), st.sampled_from(SYMBOLS)),
)  # fmt: skip


class Side:
    """What one feed has made of the venue: a book for each market, and the trades."""

    def __init__(self) -> None:
        self.instruments = {each: Instrument(each, i, [PriceBand(0, 10_000, CENT)]) for i, each in enumerate(SYMBOLS)}
        self.books: dict[str, Book] = {each: make_book(made) for each, made in self.instruments.items()}
        self.trades: list[Trade] = []

    def act(self, event: MarketEvent) -> None:
        """Do what a loop does."""
        assert not event.notices and event.kind not in (EventKind.UNKNOWN, EventKind.REFUSED, EventKind.GAP)
        if event.kind == EventKind.TRADE:
            self.trades.append((event.instrument.symbol, event.side, event.price, event.size))
            return
        if event.kind == EventKind.SNAPSHOT:
            assert self.books[event.instrument.symbol].snapshot(event.bids, event.asks) != STALE
        elif event.kind == EventKind.DELTA:
            assert self.books[event.instrument.symbol].apply(event.side, event.price, event.size) != STALE
        elif event.kind == EventKind.LEVEL:
            assert self.books[event.instrument.symbol].set_level(event.side, event.price, event.size) != STALE

    def depth(self, symbol: str) -> Any:
        book = self.books[symbol]
        return None if book.is_stale else (book.depth(BID, 99), book.depth(ASK, 99))


class OverFix(Side):
    """The side of KalshiMD; it is the client of the venue's gateway too."""

    member = "nobody"

    def __init__(self, bazaar: "Told") -> None:
        super().__init__()
        self.bazaar = bazaar
        self.dialect = KalshiFixMarketData(self.instruments.values(), chunk=1)

    def send(self, body: bytes) -> None:
        """Take a message of the venue."""
        sent = TIMES.format(self.bazaar.now_ns)
        for event in self.dialect.decode(Fields(b"8=FIXT.1.1\x019=1\x01" + body + b"52=" + sent + b"\x0110=000\x01")):
            self.act(event)

    def request(self, bodies: Iterable[bytes]) -> None:
        """Send requests to the venue."""
        for body in bodies:
            self.bazaar.gateway.on_message(self, Fields(b"8=FIXT.1.1\x019=1\x01" + body + b"10=000\x01"))  # type: ignore[arg-type]

    def connect(self) -> None:
        """Begin a session; of an earlier one nothing is left."""
        self.bazaar.gateway.forget(self)  # type: ignore[arg-type]
        for book in self.books.values():
            book.mark_stale()
        self.request(self.dialect.subscribe())


class OverWebSocket(Side):
    """The side of the WebSocket."""

    def __init__(self, bazaar: "Told") -> None:
        super().__init__()
        self.dialect = KalshiMarketData(self.instruments.values())
        self.client: Client = bazaar.client()

    def request(self, commands: Iterable[bytes]) -> None:
        """Send commands to the venue."""
        for command in commands:
            self.client.raw(command)

    def read(self) -> None:
        """Act on what has come."""
        while self.client.frames:
            event = self.dialect.decode(self.client.frames.pop(0))
            self.act(event)
            self.request(event.commands)


class Told(FeedBazaar):
    """A bazaar that tells its markets over FIX too."""

    gateway: MarketDataGateway

    def __init__(self) -> None:
        super().__init__()
        seam = FixAccess(place=self.place, keys=KeyRing(), tell=lambda events: None, now_ns=lambda: self.now_ns)
        self.gateway = MarketDataGateway(seam)

    def short(self, events: Any) -> list[tuple[object, ...]]:
        if hasattr(self, "gateway") and isinstance(events, list):
            told: list[VenueEvent] = events
            self.gateway.take(told)
        return super().short(events)


def play(actions: list[Any]) -> tuple[Told, OverFix, OverWebSocket]:
    """Return both sides after these actions, each begun before them."""
    venue = Told()
    over_fix, over_websocket = OverFix(venue), OverWebSocket(venue)
    over_fix.connect()
    over_websocket.request(over_websocket.dialect.subscribe())
    over_websocket.read()
    placed: list[tuple[str, str]] = []
    for name, *words in actions:
        venue.now_ns += 1_000_000
        carry_out(venue, over_fix, over_websocket, placed, name, words)
        over_websocket.read()
    for _ in range(DUE):  # what was asked for too often is asked for at its own pace
        venue.now_ns += 3_600_000_000_000
        over_fix.request(over_fix.dialect.due(venue.now_ns))
        over_websocket.request(over_websocket.dialect.due(venue.now_ns))
        over_websocket.read()
    return venue, over_fix, over_websocket


def carry_out(
    venue: Told, over_fix: OverFix, feed: OverWebSocket, placed: list[tuple[str, str]], name: str, words: list[Any]
) -> None:
    """Do one thing."""
    if name == "new":
        account, side, contracts, cents, tif, symbol = words
        placed.append((account, f"o{len(placed)}"))
        venue.new(account, side, contracts * 100, cents * CENT, tif, symbol=symbol, cl_ord_id=placed[-1][1])
    elif name == "cancel" and words[0] < len(placed):
        venue.cancel(*placed[words[0]])
    elif name == "replace" and words[0] < len(placed):
        account, cl_ord_id = placed[words[0]]
        venue.replace(account, cl_ord_id, words[1] * 100, words[2] * CENT)
    elif name == "disconnect fix":
        over_fix.connect()
    elif name == "resync fix":
        over_fix.request(over_fix.dialect.resync(over_fix.instruments.values()))
    elif name == "resync feed":
        feed.request(feed.dialect.resync(feed.instruments.values()))
    elif name == "leave fix":
        over_fix.request(over_fix.dialect.remove([over_fix.instruments[words[0]]]))
        over_fix.books[words[0]].mark_stale()
    elif name == "come fix":
        over_fix.request(over_fix.dialect.add([over_fix.instruments[words[0]]]))


@given(st.lists(ACTIONS, max_size=60))
@example([*[("new", "x", fix.BUY, 1, 1, fix.Tif.GTC, "A"), ("resync fix",), ("resync fix",)] * 3, ("cancel", 0)])
@settings(max_examples=60, deadline=None)
def test_books_arrive_equal_over_both(actions: list[Any]) -> None:
    venue, over_fix, over_websocket = play([*actions, ("come fix", "A"), ("come fix", "B")])
    for symbol in SYMBOLS:
        market = venue.place.exchange.markets[symbol]
        at_venue = market.bids.levels(), market.asks.levels()
        assert over_websocket.depth(symbol) == at_venue
        assert over_fix.depth(symbol) == at_venue
    if not any(action[0].startswith("leave") for action in actions):  # who is away hears of no trade
        assert over_fix.trades == over_websocket.trades
    assert over_fix.dialect.waiting() == []


def test_trades_and_levels_of_one_life_are_those_of_the_other() -> None:
    life = [
        ("new", "x", fix.BUY, 5, 45, fix.Tif.GTC, "A"),
        ("new", "y", fix.SELL, 3, 45, fix.Tif.IOC, "A"),
        ("new", "z", fix.SELL, 2, 60, fix.Tif.GTC, "A"),
        ("disconnect fix",),
        ("cancel", 2),
    ]
    _, over_fix, over_websocket = play(life)
    assert over_fix.trades == over_websocket.trades == [("A", ASK, 4_500, 300)]
    assert over_fix.depth("A") == over_websocket.depth("A") == ([(4_500, 200)], [])
