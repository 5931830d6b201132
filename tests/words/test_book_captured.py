"""Captured feeds through both books: equal after every frame, and no size ever below zero."""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.book import ASK, BID, MOVED, STALE, Book, SortedBook
from engine.instrument import Instrument
from tests.support.books import CENTS, AnyBook, Levels
from tests.support.captures import each_capture, frames


class Message(msgspec.Struct):
    yes_dollars_fp: list[tuple[str, str]] = []
    no_dollars_fp: list[tuple[str, str]] = []
    side: str = ""
    price_dollars: str = ""
    delta_fp: str = ""


class Frame(msgspec.Struct):
    type: str
    msg: Message


def events(capture: Path, instrument: Instrument) -> Iterator[tuple[Any, ...]]:
    """Yield a snapshot as (bids, asks), a delta as (side, price, change); a NO price q is a YES ask at 1 - q."""
    decoder = msgspec.json.Decoder(Frame)
    price_of, size_of, limit = instrument.parse_price, instrument.parse_size, instrument.limit
    for _, text in frames(capture):
        frame = decoder.decode(text)
        msg = frame.msg
        if frame.type == "orderbook_snapshot":
            bids = [(price_of(price), size_of(size)) for price, size in msg.yes_dollars_fp]
            yield bids, [(limit - price_of(price), size_of(size)) for price, size in msg.no_dollars_fp]
        elif frame.type == "orderbook_delta":
            price = price_of(msg.price_dollars)
            is_bid = msg.side == "yes"
            yield (BID if is_bid else ASK), (price if is_bid else limit - price), size_of(msg.delta_fp)


def quotes(book: AnyBook) -> tuple[int, int, int, int]:
    return book.best_bid, book.best_bid_size, book.best_ask, book.best_ask_size


def content(book: AnyBook) -> tuple[Levels, Levels]:
    book._check()
    return book.depth(BID, 100), book.depth(ASK, 100)


@each_capture
def test_captured_feed_gives_equal_books_after_every_frame(capture: Path) -> None:
    instrument = Instrument("KXGOLD15M", 0, CENTS)
    book, peer = Book(instrument), SortedBook(instrument)
    sizes: dict[tuple[int, int], int] = {}
    for count, event in enumerate(events(capture, instrument)):
        if len(event) == 2:
            assert (book.snapshot(*event), peer.snapshot(*event)) == (MOVED, MOVED)
            sizes = {
                (side, price): size for side, levels in zip((BID, ASK), event, strict=True) for price, size in levels
            }
        else:
            side, price, change = event
            sizes[side, price] = size = sizes.get((side, price), 0) + change
            assert size >= 0
            outcome = book.apply(side, price, change)
            assert outcome == peer.apply(side, price, change) != STALE
            assert book.size_at(side, price) == peer.size_at(side, price) == size
        assert quotes(book) == quotes(peer)
        if count % 200 == 0:
            assert content(book) == content(peer)
    held = {(side, price): size for side in (BID, ASK) for price, size in book.depth(side, 100)}
    assert held == {level: size for level, size in sizes.items() if size}
    assert content(book) == content(peer)
    assert count > 20_000


@each_capture
def test_captured_feed_in_batches_equals_single_deltas(capture: Path) -> None:
    instrument = Instrument("KXGOLD15M", 0, CENTS)
    one, many = Book(instrument), Book(instrument)
    columns = array("q"), array("q"), array("q")
    ending: tuple[Any, ...] = ([], [])
    for event in [*events(capture, instrument), ending]:
        if len(event) == 3:
            one.apply(*event)
            for column, value in zip(columns, event, strict=True):
                column.append(value)
            continue
        assert many.apply_many(*columns) == len(columns[0])
        assert content(many) == content(one)
        columns = array("q"), array("q"), array("q")
        assert [one.snapshot(*event), many.snapshot(*event)] == [MOVED, MOVED]
    assert (one.updates, one.is_stale) == (many.updates, False)
