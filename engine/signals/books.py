"""What a book says about where its price goes next.

Units   prices and sizes as in `instrument`; an imbalance in millionths.
Errors  none: a book that says nothing gives None.
Cost    O(levels).
"""

from engine.book import ASK, BID, Book

MILLIONTHS = 1_000_000


def imbalance(book: Book, levels: int = 1) -> int | None:
    """Return (bids - asks) / (bids + asks) over the best levels, in millionths, towards 0; None where nothing rests.

    1 000 000 where bids alone rest, -1 000 000 where asks alone do.
    """
    bids = sum([size for _, size in book.depth(BID, levels)])
    asks = sum([size for _, size in book.depth(ASK, levels)])
    if not bids + asks:
        return None
    millionths = abs(bids - asks) * MILLIONTHS // (bids + asks)
    return millionths if bids >= asks else -millionths


def micro_price(book: Book) -> int | None:
    """Return the best prices weighted by the sizes on the other side, rounded down; None unless both sides rest."""
    bid_size, ask_size = book.best_bid_size, book.best_ask_size
    if not (bid_size and ask_size):
        return None
    return (book.best_bid * ask_size + book.best_ask * bid_size) // (bid_size + ask_size)
