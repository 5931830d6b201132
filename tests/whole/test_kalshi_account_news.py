"""The engine at the simulated Kalshi, while somebody else trades with its account, and while a book goes wrong."""

import asyncio
import contextlib
import time
from pathlib import Path

import pytest
from msgspec import structs

from engine import fix
from engine.app.account.side import AccountSide
from engine.book import BID, Book
from engine.config.sections import EngineConfig
from engine.net.rest.errors import RestError
from engine.orders.orders import Orders
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.venue.kalshi.rest.order_path import KalshiRestOrders
from tests.support.kalshi_pair import PATIENCE_S, Pair, trade

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own

LOST = 100  # of a level, which no frame told of


def account_of(pair: Pair) -> AccountSide:
    assert pair.engine.account is not None
    return pair.engine.account


def quoted(pair: Pair) -> list[Book]:
    """Return the markets with quotes, the one that closes last at the end."""
    found = [book for book in pair.engine.books if book.best_bid_size and book.best_ask_size and not book.is_stale]
    return sorted(found, key=lambda book: book.instrument.close_ns)


def latest_market(pair: Pair) -> Book:
    """Return the market with quotes that closes last."""
    return quoted(pair)[-1]


async def trade_beside(pair: Pair, book: Book) -> None:
    """Take from a book by REST, with the key of the engine, under an id that it never gave."""
    market, now_ns = book.instrument, time.time_ns()
    order = Orders(f"other-{now_ns % 10**12}", lambda *fill: 0).open(
        market, fix.BUY, 9_900, 100, fix.Type.LIMIT, fix.Tif.IOC, False, 0, now_ns
    )
    await account_of(pair).client.call(KalshiRestOrders({market.symbol: 2}).new_order(order, now_ns))


async def stranger(pair: Pair) -> None:
    """Somebody else's fill stops its market, long before the next comparison that is due by itself."""
    account = account_of(pair)
    assert account.watch is not None and account.listener is not None
    await pair.trading()
    await pair.compared()
    notices, markets = pair.engine.trading.notices, pair.engine.trading.markets
    assert not notices.count(NoticeKind.ACCOUNT_CONTRADICTED)
    book = latest_market(pair)
    await trade_beside(pair, book)
    await pair.until(lambda: notices.count(NoticeKind.ACCOUNT_CONTRADICTED), "heard")
    await pair.until(lambda: markets.has(book.instrument, Stop.ACCOUNT.value), "stopped")
    assert account.listener.counts.looks > 0


def test_fill_of_a_stranger_is_heard_and_stops_its_market(tmp_path: Path) -> None:
    result, _ = trade(tmp_path, stranger)
    assert result["venue"]["fills"] > result["fills"]


async def stranger_over_fix(pair: Pair) -> None:
    """Of somebody else's fill nothing is heard; the next report of one of ours tells of a position that is not ours."""
    await pair.trading()
    await pair.compared()
    fills, notices, markets = pair.engine.fills, pair.engine.trading.notices, pair.engine.trading.markets
    assert fills is not None
    await pair.until(lambda: fills.checked >= 3, "filled")
    assert not notices.count(NoticeKind.FILL_CONTRADICTED)
    met: set[Book] = set()
    async with asyncio.timeout(3 * PATIENCE_S):
        while not notices.count(NoticeKind.FILL_CONTRADICTED):
            for book in set(quoted(pair)) - met:  # one may close before it has a fill of ours
                met.add(book)
                with contextlib.suppress(RestError):
                    await trade_beside(pair, book)
            await asyncio.sleep(0.1)
    told = next(each.text for each in notices.all() if each.kind == NoticeKind.FILL_CONTRADICTED)
    assert "the venue holds" in told
    stopped = next(each.instrument for each in pair.engine.books if told.startswith(each.instrument.symbol))
    assert markets.has(stopped, Stop.ACCOUNT.value)
    watch = account_of(pair).watch
    assert watch is not None
    before = watch.comparisons
    await pair.until(lambda: watch.comparisons > before, "compared")
    assert markets.has(stopped, Stop.ACCOUNT.value)


@pytest.mark.parametrize("session", ["native", "quickfix"])
def test_position_that_a_fill_tells_and_is_not_ours_stops_its_market(session: str, tmp_path: Path) -> None:
    def without_news(config: EngineConfig) -> EngineConfig:
        assert config.rest is not None
        rest = structs.replace(config.rest, compare_every_ns=3_600_000_000_000)
        return structs.replace(config, feed=structs.replace(config.feed, channels=()), rest=rest)

    result, _ = trade(tmp_path, stranger_over_fix, session, change=without_news)
    assert result["venue"]["fills"] > result["fills"]


async def ordinary(pair: Pair) -> None:
    """Trade for a while, with every fill and order told twice and one book after the other compared."""
    account = account_of(pair)
    assert account.listener is not None and account.books is not None
    await pair.trading()
    async with asyncio.timeout(3 * PATIENCE_S):
        while account.listener.counts.heard < 40 or account.books.counts.equal < 5:
            await account.books.compare_next()
            await asyncio.sleep(0.01)  # where no market is open there is nothing to wait for
    notices = pair.engine.trading.notices
    # A session that is lost, as on a machine that is too busy, ends orders by the venue without a word over FIX
    assert notices.count(NoticeKind.SESSION_LOST) or not notices.count(NoticeKind.ACCOUNT_CONTRADICTED)


def test_ordinary_trading_contradicts_nothing(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, ordinary)
    notices = engine.trading.notices
    assert result["fills"] == result["venue"]["fills"]
    assert engine.account is not None and engine.account.books is not None
    assert engine.account.books.counts.renewed == 0
    assert notices.count(NoticeKind.BOOK_DIFFERS) == 0
    assert engine.fills is not None and engine.fills.checked == result["fills"]
    assert notices.count(NoticeKind.FILL_CONTRADICTED) == 0


async def wrong_book(pair: Pair) -> None:
    """A level that nobody told of is found, and the book is right again."""
    account = account_of(pair)
    assert account.books is not None
    await pair.trading()
    book = latest_market(pair)
    book.apply(BID, 100, LOST)
    async with asyncio.timeout(PATIENCE_S):
        while not account.books.counts.renewed:
            if (later := quoted(pair)) and later[-1] is not book:  # its market may be over before it is looked at
                book = later[-1]
                book.apply(BID, 100, LOST)
            await account.books.compare_next()
            await asyncio.sleep(0.01)  # where no market is open there is nothing to wait for
    await pair.until(lambda: not book.is_stale and not book.size_at(BID, 100), "right again")


def test_wrong_book_is_found_and_asked_for_anew(tmp_path: Path) -> None:
    result, engine = trade(tmp_path, wrong_book)
    assert result["fills"] == result["venue"]["fills"]
    (told,) = [notice.text for notice in engine.trading.notices.all() if notice.kind == NoticeKind.BOOK_DIFFERS]
    assert told.endswith("bid 0.0100 is 1.00 here, 0.00 there: asked for anew")
