"""What a position is valued at."""

from engine.book import NO_ASK, NO_BID, Book


def mark_price(book: Book) -> int:
    """Return the price a position is valued at: the middle of the book, its one side, or 0 when it is empty."""
    bid, ask = book.best_bid, book.best_ask
    if bid == NO_BID:
        return 0 if ask == NO_ASK else ask
    return bid if ask == NO_ASK else (bid + ask) // 2
