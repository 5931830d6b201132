"""What a trading engine keeps of its feed: each frame before it is acted on, and at the end its own orders.

Without [record] none of this is in the way of a frame; with it a frame costs 0.4 us more.

Errors  ConfigError for a folder that cannot be written; afterwards none: what is lost is told.
Thread  the loop thread; the files have their own.
"""

import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from engine.app import loading
from engine.app.account.side import AccountSide
from engine.app.feeds.queue_log import QueueLog
from engine.backtest.capture.events import write_events
from engine.backtest.capture.frame_log import FrameLog
from engine.backtest.queues.reported import places_file
from engine.config.keeping import RecordSection
from engine.config.sections import EngineConfig
from engine.errors import ConfigError, JournalError
from engine.instrument import Instrument
from engine.journal.view.entries import Question
from engine.journal.view.export import as_json, entries
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.units import NO_LIMIT
from engine.venue.account import QueueDialect

_MARKETS_NS = 10**9  # how often new markets are looked for


class NothingRecorded:
    """Keeps nothing, and the interface of what does; `run` is what the files of its run begin with."""

    run = ""

    def start(self) -> None:
        """Begin to write."""

    def tick(self, instruments: Iterable[Instrument]) -> None:
        """Do what is due; for idle moments."""

    def close(self) -> None:
        """Write what is left, and what the journal, which is closed by now, says of this run."""


class FeedRecord(NothingRecorded):
    """Records from `start` to `close` into the folder of `section`; beside it what `journal`, if there is one, says."""

    def __init__(
        self, section: RecordSection, journal: Path | None, tell: Callable[[str], object], wall_ns: Callable[[], int]
    ) -> None:
        self.log = FrameLog(section.directory, tell, wall_ns, file_bytes=section.file_bytes, file_ns=section.file_ns)
        self.run = self.log.run
        self._journal = journal
        self._tell = tell
        self._wall_ns = wall_ns
        self._began_ns = wall_ns()
        self._looked_ns = 0
        self._known: set[str] = set()

    def start(self) -> None:
        """Begin to write."""
        self.log.start()

    def before(self, number: int, on_frame: Callable[[bytes, bool], object]) -> Callable[[bytes, bool], object]:
        """Return what records a frame of connection `number`, and hands it on."""
        add = self.log.add

        def recorded(frame: bytes, is_last: bool) -> None:
            """Record, then act."""
            add(number, frame, is_last)
            on_frame(frame, is_last)

        return recorded

    def on_feed(self, connection: int) -> None:
        """Note that a connection is there."""
        self.log.note(connection, "connected")

    def on_feed_lost(self, reason: str, connection: int) -> None:
        """Note that a connection is away: what follows is not what came before."""
        self.log.note(connection, "lost", reason)

    def tick(self, instruments: Iterable[Instrument]) -> None:
        """Tell what was lost, and write down markets that are new; for idle moments."""
        self.log.tell_losses()
        now_ns = self._wall_ns()
        if now_ns - self._looked_ns < _MARKETS_NS:
            return
        self._looked_ns = now_ns
        fresh = [each for each in instruments if each.symbol not in self._known]
        self._known.update(each.symbol for each in fresh)
        try:
            write_events(self.log.directory, fresh)
        except OSError as error:
            self._tell(f"{self.log.directory}: what is known of {len(fresh)} markets: {error.strerror}")

    def close(self) -> None:
        """Write what is left, and what the journal, which is closed by now, says of this run."""
        self.log.close()
        if self._journal is None:
            return
        path = self.log.directory / f"own-{self.log.run}.jsonl"
        try:
            with path.open("w", encoding="utf-8") as file:
                for entry in entries(self._journal, Question("", "", "", self._began_ns)):
                    file.write(as_json(entry) + "\n")
        except (OSError, JournalError) as error:
            self._tell(f"{path}: our own orders are in the journal alone: {error}")


def record_of(
    config: EngineConfig, tell: Callable[[str], object], wall_ns: Callable[[], int] = time.time_ns
) -> NothingRecorded:
    """Return what records the feed of a configuration, or nothing of it."""
    if config.record is None:
        return NothingRecorded()
    if config.feed.is_fix:
        raise ConfigError('record: frames are of a WebSocket: set feed.source = "websocket", or leave [record] out')
    return FeedRecord(config.record, config.journal.directory, tell, wall_ns)


def record_queues(
    record: NothingRecorded, config: EngineConfig, account: AccountSide | None, loop: TradingLoop
) -> None:
    """Have the REST side ask where our orders stand, as often as [record] says; raise ConfigError where it cannot."""
    section = config.record
    if section is None or section.queue_positions_ns == NO_LIMIT:
        return
    if account is None or config.rest is None:
        raise ConfigError("record.queue_positions wants [rest]: the venue is asked over it")
    dialect = loading.account_dialect(config.rest)
    if not isinstance(dialect, QueueDialect):
        raise ConfigError(f'record.queue_positions: venue "{config.rest.dialect}" does not tell them: leave it out')
    tell = partial(loop.notices.tell, NoticeKind.RECORD_LOST)
    path, every_ns = places_file(section.directory, record.run), section.queue_positions_ns
    account.queues = QueueLog(path, account.client, dialect, loop.orders, account.wall_ns, every_ns, tell)
