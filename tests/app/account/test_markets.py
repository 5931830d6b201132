"""What the venue does not know of a universe is told, and keeps nothing from the rest of it."""

import asyncio
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from engine.app.account.markets import NONE_LISTED, MarketsWatch
from engine.net.rest.errors import RestError
from engine.runtime.backoff import Backoff
from engine.venue.reference import ExchangeState, MarketListing, Selection
from engine.venue.rest import Call, Page, PagedCall, RestRequest
from tests.support.desks import Scene

SELECTION = Selection(symbols=("RAIN", "HAIL"), series=("WEATHER", "NOWHERE"))


class Reference:
    """A ReferenceDialect whose calls carry their answers."""

    def exchange_state(self) -> Call[Any]:
        return Call(request("state"), lambda body: ExchangeState(is_open=True, is_trading=True))

    def pauses(self) -> Call[Any]:
        return Call(request("pauses"), lambda body: [])

    def markets(self, selection: Selection) -> list[PagedCall[Any]]:
        paths = [*selection.series, *selection.symbols]
        return [PagedCall(partial(_one_page, path), lambda body: Page([], "")) for path in paths]


def _one_page(path: str, cursor: str) -> RestRequest:
    return request(path)


def request(path: str) -> RestRequest:
    return RestRequest(operation="get", method="GET", path=f"/{path}")


class Client:
    """Lists one market for each path, but for those that it refuses with a status."""

    def __init__(self, refused: dict[str, int]) -> None:
        self.refused = refused

    async def call(self, call: Call[Any]) -> Any:
        return call.read(b"")

    async def all(self, paged: PagedCall[Any]) -> "Client":
        path = paged.following("").path
        if status := self.refused.get(path):
            raise RestError("get", f"HTTP {status}", code="x", status=status)
        self.path = path
        return self

    def complete(self) -> list[MarketListing]:
        return [MarketListing(symbol=self.path[1:], event="", series="", bands=())] if self.path != "/WEATHER" else []


class Keeper:
    """Notes what it is given."""

    def __init__(self) -> None:
        self.taken: list[list[str]] = []

    def take(self, listings: list[MarketListing], asked_ns: int, asked: object = None) -> None:
        self.taken.append([each.symbol for each in listings])

    def to_ask(self) -> tuple[str, ...]:
        return ()

    def tick(self) -> None:
        """Nothing is due."""


class Watched:
    """A watch of two series and two markets, looked at once."""

    def __init__(self, **refused: int) -> None:
        self.keeper = Keeper()
        self.told: list[str] = []
        client: Any = Client({f"/{path}": status for path, status in refused.items()})
        reference: Any = Reference()
        scene = Scene()
        self.loop = SimpleNamespace(markets=scene.loop.markets, instruments=scene.loop.instruments)
        self.watch = MarketsWatch(
            client,
            reference,
            cast(Any, self.keeper),
            SELECTION,
            cast(Any, self.loop),
            lambda: 10**18,
            self.told.append,
            60 * 10**9,
            Backoff(1, 2, Random()),
        )

    async def look(self) -> None:
        """Run until it has looked once."""
        task = asyncio.get_running_loop().create_task(self.watch.run())
        async with asyncio.timeout(10):
            while not (self.keeper.taken or task.done()):
                await asyncio.sleep(0.001)
        if not task.cancel():
            task.result()


def test_series_that_the_venue_does_not_know_is_told_and_the_others_are_traded() -> None:
    watched = Watched(NOWHERE=404, HAIL=404)
    asyncio.run(watched.look())
    assert watched.keeper.taken == [["RAIN"]]
    assert watched.told == [
        "markets: /NOWHERE: get: HTTP 404",
        "markets: /HAIL: get: HTTP 404",
        "markets: the venue does not list HAIL",
    ]
    assert watched.watch.reason == ""


def test_other_refusals_leave_the_list_incomplete() -> None:
    watched = Watched(NOWHERE=503)
    asyncio.run(watched.look())
    assert watched.told == ["markets: get: HTTP 503"]
    assert watched.watch.reason == "the venue's markets cannot be listed: get: HTTP 503"


def test_universe_in_which_nothing_is_listed_says_so() -> None:
    watched = Watched(NOWHERE=404, HAIL=404, RAIN=404)
    asyncio.run(watched.look())
    assert watched.watch.reason == ""  # those of an earlier run are there
    watched.loop.instruments = ()
    assert watched.watch.reason == NONE_LISTED


def test_markets_are_known_once_all_was_asked_for_since_the_last_refresh() -> None:
    async def ask() -> None:
        """Refresh, and wait for the whole list."""
        watched = Watched()
        task = asyncio.get_running_loop().create_task(watched.watch.run())
        async with asyncio.timeout(10):
            await watched.watch.known()
            assert len(watched.keeper.taken) == 1
            watched.watch.refresh()
            await watched.watch.known()
        assert len(watched.keeper.taken) == 2
        task.cancel()

    asyncio.run(ask())
