"""What a position is valued at: what closing it at once would bring or cost.

A long position is worth the best bid, a short one costs the best ask. Where nobody bids a long one is worth nothing;
where nobody offers a short one costs the payout. What the middle of a book says is a display, never in a limit.

Units   prices as in `instrument`.
Cost    C functions on the path.
"""

from engine.book import NO_ASK, NO_BID, Book

_NO_BID, _NO_ASK = NO_BID, NO_ASK


def mark_of_long(best_bid: int) -> int:
    """Return what one contract held is worth."""
    return 0 if best_bid == _NO_BID else best_bid


def mark_of_short(best_ask: int, limit: int, last: int) -> int:
    """Return what it costs to buy one contract back: `limit` where nobody offers, `last` where there is no limit."""
    if best_ask != _NO_ASK:
        return best_ask
    return limit if limit else last


def middle(book: Book) -> int | None:
    """Return the price halfway between the best bid and ask, rounded down; None unless there are both."""
    bid, ask = book.best_bid, book.best_ask
    return None if bid == NO_BID or ask == NO_ASK else (bid + ask) // 2
