"""One desk from its parts, the only place where they are joined: live, demo, measurement, tests and backtest call it.

Units   a delay in ns.
Errors  what the parts raise at construction.
Thread  the loop thread, from then on.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from engine.book import Book
from engine.codec import Fields
from engine.instrument import Instrument
from engine.journal.told import Denials
from engine.journal.writer import NullJournal
from engine.orders.options import Judge, none_offered
from engine.orders.orders import Orders
from engine.orders.report import ExecutionReport
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.risk.shared import SharedRisk
from engine.runtime import log
from engine.runtime.notices import Notices
from engine.strategy import Strategy
from engine.trading.controls.options import OptionRules
from engine.trading.controls.repeats import Repeats
from engine.trading.counters import Counters
from engine.trading.desk import Beside, Desk
from engine.trading.doubts import Doubts
from engine.trading.feed_watch import FeedLimits, FeedWatch
from engine.trading.gateway import Gateway
from engine.trading.guard import Guard, has_hook
from engine.trading.loop import TradingLoop
from engine.trading.market_news import MarketNews
from engine.trading.markets import Markets, Stop
from engine.trading.rejects import Rejects
from engine.trading.serving.timers import CallLater
from engine.trading.serving.trades import LastTrades
from engine.trading.settlements import Settlements
from engine.trading.team.team import SeatParts, Team
from engine.venue import MarketDataStream, TradeFee, Verdict

LOGGER = logging.getLogger(log.LOGGER)


class Parts(NamedTuple):
    """What a desk is made of; `decode_report` is that of its order dialect."""

    books: Sequence[Book]
    market_data: MarketDataStream
    decode_report: Callable[[Fields], ExecutionReport | None]
    orders: Orders
    portfolio: Portfolio
    risk: Risk
    journal: NullJournal
    strategy: Strategy
    feed_limits: FeedLimits = FeedLimits()
    closed_texts: frozenset[str] = frozenset()  # by which the venue says that a market takes no requests
    verdicts: Mapping[str, Verdict] = {}  # what follows from its texts
    judge_options: Judge = none_offered  # whether the venue takes what an order asks for beyond the rest
    fees: TradeFee | None = None  # for the strategy's estimates


class FeedConnections(NamedTuple):
    """The connections of a feed that has several: what begins each anew, and which one carries a market."""

    reconnects: Sequence[Callable[[str], object]]
    of: Callable[[Instrument], int]  # -1 for a market that none carries


class Surroundings(NamedTuple):
    """What differs from one use to another: where requests go, what time it is, and who is told.

    `command` takes frames for the market-data venue, `halt` the reason why trading must end, `log` lines for people,
    `reconnect` the reason why the feed must begin anew.
    """

    gateway: Gateway
    command: Callable[[list[bytes]], object]
    halt: Callable[[str], None]
    clock_ns: Callable[[], int]  # monotonic
    wall_ns: Callable[[], int]  # since 1970
    call_later: CallLater
    log: Callable[[str], object] = LOGGER.warning
    beside: Beside | None = None  # where a strategy's own tasks run
    obstacle: Callable[[], str] = str  # why trading is paused
    reconnect: Callable[[str], object] = LOGGER.warning
    connections: FeedConnections | None = None  # of the feed, where it has several: `reconnect` is not called then


def _connections(around: Surroundings) -> FeedConnections:
    return around.connections or FeedConnections((around.reconnect,), lambda instrument: 0)


def assemble(parts: Parts, around: Surroundings) -> TradingLoop:
    """Return the loop of `parts`, not trading yet; its strategy has its context."""
    notices = Notices(around.wall_ns, around.log)
    markets = Markets(parts.risk, notices, around.wall_ns, lambda *told: guard.call("on_market", *told))
    most = parts.risk.limits.max_rejects_in_a_row
    repeats = Repeats(
        parts.risk.limits,
        parts.risk.activity,
        around.clock_ns,
        lambda market, text: markets.stop(market, Stop.HALTED, text),
        around.halt,
    )
    several = parts.risk if isinstance(parts.risk, SharedRisk) else None
    asking = str if several is None else lambda: several.asking
    rejects = Rejects(markets, notices, most, parts.closed_texts, parts.verdicts, around.call_later, repeats.refused)
    guard = Guard(
        parts.strategy,
        Counters(),
        around.halt,
        lambda change: doubts.contradicted(change),
        rejects,
        parts.risk.explain,
        OptionRules(parts.risk, notices, parts.judge_options).check,
        Denials(parts.journal, around.wall_ns, asking).record,
        repeats,
    )
    instruments = [book.instrument for book in parts.books]
    settlements = Settlements(parts.portfolio, parts.risk, parts.journal, markets, notices, guard, around.wall_ns)
    doubts = Doubts(instruments, parts.orders, parts.risk, parts.journal, markets, notices, guard, around.wall_ns)

    def resync(book: Book) -> None:
        """Ask for the book of a market anew."""
        around.command(parts.market_data.resync((book.instrument,)))

    loop = TradingLoop(
        parts.books,
        parts.market_data,
        parts.decode_report,
        parts.orders,
        parts.portfolio,
        parts.risk,
        parts.journal,
        guard,
        notices,
        markets,
        doubts,
        settlements,
        FeedWatch(parts.books, markets, notices, parts.feed_limits, resync, *_connections(around)),
        MarketNews(
            lambda instrument: loop.book(instrument),
            parts.portfolio,
            guard.counters,
            notices,
            markets,
            around.command,
            settlements.hear,
        ),
        around.gateway,
        around.command,
        around.clock_ns,
        around.wall_ns,
    )
    loop.went_stale = markets.went_stale
    if has_hook(parts.strategy, "on_stale"):
        markets.tell_stale = lambda book: guard.call("on_stale", book)
    if parts.strategy.kept_trades:
        loop.trades = LastTrades(parts.strategy.kept_trades, around.wall_ns)
    seat = SeatParts(around.call_later, around.clock_ns, around.beside, around.obstacle, parts.fees)
    if isinstance(parts.strategy, Team):
        loop.team = parts.strategy
        parts.strategy.join(loop, seat)
    else:
        parts.strategy.context = Desk(loop, *seat)
    return loop
