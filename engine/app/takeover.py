"""What a start takes over from earlier runs: orders, positions and the trading day; and where it goes on recording.

Errors  JournalError for a journal that cannot be read whole, or is another engine's.
"""

import logging
from typing import NamedTuple

from engine.config.engine import EngineConfig
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.snapshot import Snapshots
from engine.journal.writer import Journal, NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.runtime import log
from engine.trading.day import TradingDay

LOGGER = logging.getLogger(log.LOGGER)


class TakenOver(NamedTuple):
    """The journal of this run, the day that goes on or begins, and what keeps the next start short."""

    journal: NullJournal
    day: TradingDay
    snapshots: Snapshots


def take_over(config: EngineConfig, orders: Orders, portfolio: Portfolio, risk: Risk, wall_ns: int) -> TakenOver:
    """Bring back what earlier runs left."""
    rule = config.risk.day()
    journal = NullJournal()
    directory = config.journal.directory
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        recovered = recover(journal_paths(directory), config.instruments, orders, portfolio, rule.bounds(wall_ns)[0])
        for line in recovered.dropped:
            LOGGER.warning(line)
        if recovered.records:
            LOGGER.info("recovered %d records, %d orders unknown", recovered.records, len(recovered.unknown))
        risk.restore(orders.live())
        journal = Journal(
            directory,
            orders.nonce,
            config.instruments,
            wall_ns,
            sync=config.journal.sync,
            open_count=recovered.open_count,
        )
    snapshots = Snapshots(journal, orders, portfolio)
    snapshots.take()
    day = TradingDay(rule, portfolio, journal)
    day.begin(wall_ns)
    return TakenOver(journal, day, snapshots)
