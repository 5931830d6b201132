"""What `fixlane backtest` does: the parts of a configuration, on captured frames.

Errors  ConfigError for what `run` would refuse as well, and for files that say nothing.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from engine.app import loading
from engine.backtest.history import timed
from engine.backtest.latency import Latency
from engine.backtest.runner import Ended, Runner
from engine.book import make_book
from engine.config.engine import load
from engine.config.sections import EngineConfig
from engine.exchange import captures
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategy import Strategy
from engine.trading.assembly import Parts


def run(arguments: argparse.Namespace) -> int:
    """Run, print, write."""
    config = load(arguments.config)
    outcome = backtest(config, arguments.data, arguments.latency)
    found = figures(outcome)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    for name, value in found.items():
        if not isinstance(value, list):
            print(f"{name:<16}{value}")
    return 1 if outcome.halted else 0


def backtest(config: EngineConfig, paths: Sequence[Path], latency_ns: int) -> Ended:
    """Run the strategy of a configuration over files of captured frames."""
    frames = timed(paths)
    instruments = captures.markets(paths)
    ways = {name: latency_ns for name in ("new_ns", "cancel_ns", "replace_ns", "answer_ns")}
    fees = loading.fees(config.feed, config.fees)

    def parts(markets: Sequence[Instrument]) -> Parts:
        portfolio = Portfolio(markets)
        dialect = loading.order_dialect(config.session, markets)
        return Parts(
            books=[make_book(each, config.feed.watch_depth) for each in markets],
            market_data=loading.market_data_dialect(config.feed, markets),
            decode_report=dialect.decode,
            orders=Orders("B", fees.charge),
            portfolio=portfolio,
            risk=Risk(config.risk, markets, portfolio, [fees.bound(each) for each in markets]),
            journal=NullJournal(),
            strategy=strategy(config, markets),
            feed_limits=config.feed.limits(),
        )

    use_yes = bool(config.feed.use_yes_price)
    return Runner(parts, instruments, frames, fees, Latency(**ways), {}, use_yes).run()


def strategy(config: EngineConfig, markets: Sequence[Instrument]) -> Strategy:
    """Return the strategy of a configuration."""
    return loading.build_strategy(config.strategy, tuple(markets))


def figures(outcome: Ended) -> dict[str, object]:
    """Return the result as JSON takes it: money in millionths of the currency."""
    portfolio, counters = outcome.loop.portfolio, outcome.loop.counters
    return {
        "from_ns": outcome.first_ns,
        "to_ns": outcome.last_ns,
        "orders": counters.orders,
        "fills": len(outcome.fills),
        "open_at_end": outcome.open_at_end,
        "cash": portfolio.cash,
        "fees": portfolio.fees,
        "pnl": portfolio.pnl,
        "halted": outcome.halted,
        "trades": [each._asdict() for each in outcome.fills],
    }
