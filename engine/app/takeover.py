"""What a start takes over from earlier runs: orders, positions and the trading day; and where it goes on recording.

Errors  JournalError for a journal that cannot be read whole, or is another engine's.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from engine.config.sections import EngineConfig
from engine.instrument import Instrument
from engine.journal.directory import OwnedDirectory
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.snapshot import Snapshots
from engine.journal.told import HaltStanding, Lasting, append_config, standing_of
from engine.journal.writer import Journal, NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.risk.fee_bound import NO_FEE, FeeBound
from engine.runtime import log
from engine.runtime.halt_word import HaltWord
from engine.trading.day import TradingDay
from engine.trading.supervisor import Supervisor

FORGOTTEN = (
    "{} holds no journal, and the session's store has the numbers {} out and {} in: there was an earlier life, whose"
    " orders and positions are not known"
)
LOGGER = logging.getLogger(log.LOGGER)


class TakenOver(NamedTuple):
    """The journal of this run, the day that goes on or begins, and what keeps the next start short."""

    journal: NullJournal
    day: TradingDay
    snapshots: Snapshots
    doubts: list[str]  # why the venue must be asked before this is believed
    has_past: bool = False  # whether there were earlier runs

    def close(self, wall_ns: int) -> None:
        """End the run, with a snapshot."""
        try:
            self.day.close(wall_ns)
            self.snapshots.end()
        finally:
            self.journal.close()

    def recall(self, word: HaltWord, wall_ns: int) -> None:
        """Let the halt word say what the journal kept of it, where its file was lost or is an old one.

        OSError where it cannot be written.
        """
        kept = self.snapshots.standing
        if kept is not None and kept.outlives(word.word):
            LOGGER.warning("the halt word was lost, or is an old one: %s", word.word)
            word.set(kept.as_word())
        if kept is None or (kept.state, kept.file_ns) != (word.word.state, word.file_ns):
            self.stand(word, wall_ns)

    def stand(self, word: HaltWord, wall_ns: int) -> None:
        """Keep what the halt word says from now on; JournalError where the journal has no room."""
        self.snapshots.stand(standing_of(word, wall_ns), wall_ns)

    def distrust(self, supervisor: Supervisor, is_compared: bool) -> None:
        """Let no order leave before the venue was asked, or, where the account is not compared with it, a person."""
        for line in self.doubts:
            if is_compared:
                supervisor.note(line)
            else:
                supervisor.halt(f"{line}: compare orders and positions with the venue, then resume")


def take_over(
    config: EngineConfig,
    orders: Orders,
    portfolio: Portfolio,
    risk: Risk,
    wall_ns: int,
    bound: Callable[[Instrument], FeeBound] = lambda instrument: NO_FEE,
    numbers: tuple[int, int] = (1, 1),
) -> TakenOver:
    """Bring back what earlier runs left; a start that fails here leaves no run in the journal.

    Where the configuration names no market those that came while an earlier run ran are brought back too, and `bound`
    says what fills in them can cost. `numbers` are those of the session's store: beside an empty journal they say that
    there was an earlier life, of which nothing is known.
    """
    rule = config.risk.day()
    directory = config.journal.directory
    journal: NullJournal = NullJournal()
    doubts: list[str] = []
    kept, has_past = Lasting().values(), False
    if directory is not None:
        journal, doubts, kept, has_past = _journal_of(
            directory, config, orders, portfolio, rule.bounds(wall_ns)[0], wall_ns, numbers
        )
    try:
        if not config.instruments and len(portfolio):
            adopted = [position.instrument for position in portfolio]
            risk.add(adopted, [bound(each) for each in adopted])
        risk.restore(orders.live())
        snapshots = Snapshots(journal, orders, portfolio, config.instruments, *kept)
        snapshots.take()
        day = TradingDay(rule, portfolio, journal)
        day.begin(wall_ns)
        append_config(journal, config.digest, wall_ns)
    except BaseException:
        journal.abandon()
        raise
    return TakenOver(journal, day, snapshots, doubts, has_past)


def new_nonce() -> str:
    """Return a ClOrdID prefix that no other start of any engine has: milliseconds since 1970 and our process."""
    return f"{time.time_ns() // 1_000_000:x}{os.getpid() & 0xFFFF:04x}"


def _journal_of(
    directory: Path,
    config: EngineConfig,
    orders: Orders,
    portfolio: Portfolio,
    day_start_ns: int,
    wall_ns: int,
    numbers: tuple[int, int],
) -> tuple[NullJournal, list[str], tuple[Mapping[str, str], HaltStanding | None], bool]:
    """Replay a journal into `orders` and `portfolio`, and begin a run behind it."""
    owned = OwnedDirectory(directory)  # first of all: another engine that is ending writes until it lets go
    try:
        paths = journal_paths(directory)
        recovered = recover(
            paths,
            config.instruments,
            orders,
            portfolio,
            day_start_ns,
            adopts=not config.instruments,
        )
    except BaseException:
        owned.release()
        raise
    doubts = recovered.doubts
    if not recovered.records and max(numbers) > 1:
        doubts = [*doubts, FORGOTTEN.format(directory, *numbers)]
    for line in recovered.dropped + doubts:
        LOGGER.warning(line)
    if recovered.records:
        LOGGER.info("recovered %d records, %d orders unknown", recovered.records, len(recovered.unknown))
    journal = Journal(
        directory,
        orders.nonce,
        config.instruments,
        wall_ns,
        sync=config.journal.sync,
        is_helped=True,
        open_count=recovered.open_count,
        owned=owned,
    )
    return journal, doubts, (recovered.saved, recovered.standing), bool(paths)
