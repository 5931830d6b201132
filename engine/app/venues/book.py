"""`fixlane book`: one order book in YES prices, the best levels in the middle."""

from argparse import Namespace

from engine.app.venues.connection import browsing_dialect, connected, section_of, warn_of_oddities
from engine.app.venues.tables import Column, Rows, price, show, size
from engine.net.rest.client import RestClient
from engine.venue.reference import BookListing

_COLUMNS = (Column("side"), Column("price", True), Column("size", True), Column("sum", True))


def run(arguments: Namespace) -> int:
    """Print the book."""
    section = section_of(arguments)
    dialect = browsing_dialect(section)
    call = dialect.book(arguments.symbol, arguments.depth)
    found: list[BookListing] = []

    async def work(client: RestClient) -> None:
        """Ask for the book."""
        found.append(await client.call(call))

    connected(section, work)
    warn_of_oddities(dialect)
    (book,) = found
    asks, bids = _side("ask", book.asks, arguments.depth), _side("bid", book.bids, arguments.depth)
    show({"book": Rows(_COLUMNS, [*reversed(asks), *bids])}, arguments.form)
    return 0


def _side(name: str, levels: tuple[tuple[int, int], ...], depth: int) -> list[tuple[str, str | None, str, str]]:
    """Return the levels of a side, the best one first, each with what stands there and before it."""
    rows, total = [], 0
    for level_price, level_size in levels[:depth]:
        total += level_size
        rows.append((name, price(level_price), size(level_size), size(total)))
    return rows
