"""`fixlane markets`: a venue's markets, as many as were asked for.

Errors  EngineError where the list breaks off: what was read of it is printed first.
"""

import time
from argparse import Namespace

from engine.app.venues.connection import browsing_dialect, connected, section_of, warn, warn_of_oddities
from engine.app.venues.tables import Column, Rows, moment, price, show, size
from engine.errors import EngineError
from engine.net.rest.client import RestClient
from engine.venue import MarketState
from engine.venue.reference import BrowsingDialect, MarketListing, Selection

STATES = {
    "open": (MarketState.ACTIVE,),
    "paused": (MarketState.PAUSED,),
    "closed": (MarketState.CLOSED,),
    "determined": (MarketState.DETERMINED,),
    "settled": (MarketState.SETTLED,),
}
_WORDS = {states[0]: word for word, states in STATES.items()}
_ALL = tuple(_WORDS)
_COLUMNS = (
    Column("ticker"), Column("title"), Column("status"), Column("bid", True), Column("ask", True),
    Column("volume", True), Column("closes"), Column("event", is_detail=True), Column("series", is_detail=True),
    Column("payout", True, is_detail=True), Column("shard", True, is_detail=True),
)  # fmt: skip


def run(arguments: Namespace) -> int:
    """List the markets; 1 if the list is incomplete."""
    section = section_of(arguments)
    dialect = browsing_dialect(section)
    found: list[MarketListing] = []

    async def work(client: RestClient) -> None:
        """Read pages until enough is found."""
        await _read(client, dialect, arguments, found)

    try:
        connected(section, work)
    except EngineError:
        if found:
            warn([f"only {len(found)} markets were read before the list broke off"])
            _show(found, arguments)
        raise
    finally:
        warn_of_oddities(dialect)
    if len(found) > arguments.limit:
        warn([f"there are more than these {arguments.limit}: --limit shows more of them"])
    _show(found[: arguments.limit], arguments)
    return 0


async def _read(client: RestClient, dialect: BrowsingDialect, arguments: Namespace, found: list[MarketListing]) -> None:
    """Read until one more is found than are shown, or nothing is left; a market that is listed twice counts once."""
    states = STATES.get(arguments.status, _ALL)
    selection = Selection(events=tuple(arguments.event), series=tuple(arguments.series), states=states)
    is_narrow = bool(arguments.event or arguments.series)
    seen: set[str] = set()
    for call in dialect.markets(selection) if is_narrow else dialect.every_market(states):
        async for market in client.pages(call):
            if is_narrow and not selection.takes(market, time.time_ns()):
                continue
            if market.state in states and market.symbol not in seen and _has(market, arguments.search):
                seen.add(market.symbol)
                found.append(market)
                if len(found) > arguments.limit:
                    return


def _has(market: MarketListing, text: str) -> bool:
    words = text.casefold()
    return any(words in each.casefold() for each in (market.symbol, market.event, market.series, market.title))


def _show(found: list[MarketListing], arguments: Namespace) -> None:
    rows = [
        (
            market.symbol, market.title, _WORDS.get(market.state, ""), price(market.best_bid), price(market.best_ask),
            None if market.volume < 0 else size(market.volume), moment(market.close_ns), market.event, market.series,
            price(market.payout), market.shard,
        )
        for market in found
    ]  # fmt: skip
    show({"markets": Rows(_COLUMNS, rows)}, arguments.form)
