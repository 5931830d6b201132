"""A desk on paper hears what it hears in a backtest of the same frames; what the feed contradicts fills nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.app.paper.session import PaperSession
from engine.app.paper.venue import PaperVenue
from engine.backtest.clock import NEVER_NS, MovedClock
from engine.backtest.feed import CapturedFeed
from engine.backtest.gateway import RequestGateway
from engine.backtest.history import TimedFrame, timed
from engine.backtest.latency import Latency
from engine.backtest.runner import Runner
from engine.book import make_book
from engine.errors import SessionError
from engine.exchange import captures
from engine.fix import Status, Tif
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.runtime.notices import NoticeKind
from engine.strategy import Book, Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.loop import TradingLoop
from engine.venue import EventKind, MarketState
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.backtest.test_runner import NoFees, Noted, once, quiet, quoting
from tests.support.recorded import MS, wandering
from tests.support.risks import NO_LIMITS


def parts_of(markets: Sequence[Instrument], strategy: Strategy, use_yes_price: bool = False) -> Parts:
    portfolio = Portfolio(markets)
    return Parts(
        books=[make_book(each) for each in markets],
        market_data=KalshiMarketData(markets, use_yes_price=use_yes_price),
        decode_report=Fix44(markets).decode,
        orders=Orders("B"),
        portfolio=portfolio,
        risk=Risk(NO_LIMITS, markets, portfolio),
        journal=NullJournal(),
        strategy=strategy,
    )


class OnPaper:
    """One desk on paper whose time is a test's to move."""

    def __init__(
        self, frames: Sequence[TimedFrame], markets: Sequence[Instrument], strategy: Strategy, latency: Latency,
        use_yes_price: bool = False,
    ) -> None:  # fmt: skip
        self.clock = clock = MovedClock(frames[0].recv_ns - 1)
        self.venue = PaperVenue(NoFees(), latency, clock, clock.call_later, use_yes_price)
        self.feed = CapturedFeed(frames, use_yes_price)
        parts = parts_of(markets, strategy, use_yes_price)
        self.loop: TradingLoop = assemble(
            parts,
            Surroundings(
                gateway=RequestGateway(self.venue.post),
                command=lambda commands: None,
                halt=lambda reason: None,
                clock_ns=clock,
                wall_ns=clock,
                call_later=clock.call_later,
                log=lambda line: None,
                reconnect=lambda reason: None,
            ),
        )
        self.venue.join(self.loop)
        self.loop.is_connected = True
        self.feed.greet(parts.market_data.subscribe(), self.loop.on_frame)
        self.loop.is_trading = True
        self.loop.guard.call("on_start")

    def run(self) -> None:
        """Hear every frame, and what is due in between."""
        while (due_ns := self.feed.next_ns(NEVER_NS)) != NEVER_NS:
            while self.clock.next_ns <= due_ns:
                self.clock.move(self.clock.next_ns - self.clock.now_ns)
            self.clock.move(due_ns - self.clock.now_ns)
            self.feed.deliver(self.loop.on_frame)

    def told(self, kind: NoticeKind) -> int:
        return self.loop.notices.count(kind)


def heard_at_once(path: Path) -> list[TimedFrame]:
    """Return the frames of a recording, each happening when it is heard."""
    return [each._replace(venue_ns=each.recv_ns) for each in timed([path])]


@pytest.mark.parametrize("use_yes_price", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_the_desk_hears_what_it_hears_in_a_backtest(tmp_path: Path, seed: int, use_yes_price: bool) -> None:
    """Frames come every 50 ms and no way is as long, so that nothing happens at one time."""
    path = wandering(seed).write(tmp_path)
    frames, markets = heard_at_once(path), captures.markets([path])
    latency = Latency(new_ns=7 * MS, cancel_ns=11 * MS, replace_ns=9 * MS, venue_delay_ns=MS, answer_ns=3 * MS)
    in_backtest, on_paper = Noted(quoting), Noted(quoting)
    Runner(lambda found: parts_of(found, in_backtest), markets, frames, NoFees(), latency).run()
    OnPaper(frames, captures.markets([path]), on_paper, latency, use_yes_price).run()
    last = on_paper.heard[-1][0]
    assert [each for each in in_backtest.heard if each[0] <= last and each[1] != "stop"] == on_paper.heard
    assert sum(each[1] == "fill" for each in on_paper.heard) > 3


def buying(strategy: Noted, book: Book) -> None:
    strategy.context.buy(book.instrument, 5100, 300, Tif.IOC)


def test_no_answer_comes_within_the_call_that_asked(tmp_path: Path) -> None:
    path = quiet(("level", (900, "bid", 48, 1))).write(tmp_path)
    seen: list[Any] = []

    def buy(strategy: Noted, book: Book) -> None:
        order = strategy.context.buy(book.instrument, 5100, 300, Tif.IOC)
        assert order is not None
        seen.append((order.ord_status, order.cum_qty))

    paper = OnPaper(heard_at_once(path), captures.markets([path]), Noted(once(buy)), Latency())
    paper.run()
    assert seen == [(Status.PENDING_NEW, 0)]
    assert paper.loop.counters.fills == 1


def test_a_frame_that_contradicts_is_told_once_and_fills_nothing_until_the_next_snapshot(tmp_path: Path) -> None:
    recording = quiet()
    path = recording.write(tmp_path)
    paper = OnPaper(heard_at_once(path), captures.markets([path]), Noted(once(buying)), Latency())
    market = paper.loop.instruments[0]
    level = b'"side":"yes","price_dollars":"0.4900","delta_fp":"-99.00"'
    gone = b'{"type":"orderbook_delta","msg":{"market_ticker":"RAIN",%b}}' % level
    paper.run()
    for _ in range(2):
        paper.venue._move(market, gone)
    assert paper.told(NoticeKind.BOOK_CONTRADICTED) == 1
    paper.venue._move(
        market, b'{"type":"orderbook_snapshot","msg":{"market_ticker":"RAIN","yes_dollars_fp":[["0.4900","5.00"]]}}'
    )
    paper.venue._move(market, gone)
    assert paper.told(NoticeKind.BOOK_CONTRADICTED) == 2


@pytest.mark.parametrize(("state", "alive"), [(MarketState.PAUSED, 1), (MarketState.CLOSED, 0)])
def test_the_end_of_a_market_ends_its_orders(tmp_path: Path, state: int, alive: int) -> None:
    path = quiet(("level", (900, "bid", 48, 1))).write(tmp_path)

    def bid(strategy: Noted, book: Book) -> None:
        strategy.context.buy(book.instrument, 4800, 300)

    paper = OnPaper(heard_at_once(path), captures.markets([path]), Noted(once(bid)), Latency())
    paper.run()
    paper.clock.move(MS)
    assert paper.loop.orders.live_count == 1

    class Told:
        kind, instrument = EventKind.STATE, paper.loop.instruments[0]

    Told.state = state  # type: ignore[attr-defined]
    told: Any = Told
    paper.venue._hear(told)
    paper.clock.move(MS)
    assert paper.loop.orders.live_count == alive


def test_the_session_is_logged_on_in_a_turn_to_come_and_sends_nothing() -> None:
    calls: list[Any] = []
    session = PaperSession(calls.append)
    told: list[str] = []
    session.on_logon = lambda: told.append("on")
    session.on_logout = told.append
    session.logon()
    assert (session.is_logged_on, session.phase) == (False, "logged out")
    calls.pop()()
    session.logout("enough")
    session.logout()
    assert told == ["on", "enough"]
    session.logon()
    session.close()
    calls.pop()()
    assert (told, session.is_logged_on) == (["on", "enough"], False)
    for act in (session.reset, session.test_request, lambda: session.send(b""), lambda: session.set_next(1, 1)):
        with pytest.raises(SessionError, match="paper trading"):
            act()
