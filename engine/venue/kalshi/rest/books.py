"""An order book as Kalshi's REST tells it: the bids of YES and of NO, turned into one book of YES prices.

Units   prices in $0.0001, sizes in 0.01 contract.
Errors  DecodeError for a level that cannot be.
Source  Kalshi REST, markets; market model, YES/NO duality.
"""

from engine.errors import DecodeError
from engine.venue.kalshi.rest.numbers import DOLLAR, price, size
from engine.venue.kalshi.rest.operations.markets import KalshiLadders
from engine.venue.reference import BookListing


def book_of(symbol: str, ladders: KalshiLadders) -> BookListing:
    """Return the book; who bids q for NO asks 1 - q for YES."""
    bids = _levels(ladders.yes_dollars, "yes_dollars")
    asks = [(DOLLAR - bid, qty) for bid, qty in _levels(ladders.no_dollars, "no_dollars")]
    return BookListing(symbol=symbol, bids=tuple(sorted(bids, reverse=True)), asks=tuple(sorted(asks)))


def _levels(pairs: list[tuple[str, str]], field: str) -> list[tuple[int, int]]:
    levels = [(price(price_text, field), size(size_text, field)) for price_text, size_text in pairs]
    for bid, qty in levels:
        if not 0 < bid < DOLLAR or qty < 0:
            raise DecodeError(f"{field}: no level: {qty} at {bid}")
    return [level for level in levels if level[1]]
