"""Publishes the View of one engine: what is C by the writer, the rest packed here where it moved.

It is a by-product: whatever fails here is told once and ends the publishing, never the trading.

Cost    a view of 200 markets 6 us, ten times that in cold caches; what is costly to read is read once a second.
Thread  the loop thread only.
"""

import mmap
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from engine.net.market_feed import MarketFeed
from engine.ops.view import layout
from engine.ops.view._publish import LIMIT_KINDS, ViewWriter
from engine.ops.view.account import AccountShown
from engine.ops.view.further import FurtherShown
from engine.ops.view.place import ViewFiles, listing
from engine.ops.view.process import boot_id, process_start, program_version
from engine.ops.view.sessions import SessionWatch
from engine.ops.view.strategies import strategy_rows
from engine.session import Session
from engine.trading.controls.desk_state import DeskState
from engine.trading.loop import TradingLoop
from engine.trading.supervisor import Supervisor

INTERVAL_NS = 100_000_000  # in an idle turn; another state is shown at once
LATEST_NS = 250_000_000
IDLE_NS = 5_000_000
SLOW_NS = 1_000_000_000
SIZES = ("max_position", "max_event_position", "max_gross_position")
UNITS = dict.fromkeys(LIMIT_KINDS, "money") | dict.fromkeys(SIZES, "size") | {"max_open_orders": "count"}
LATENCIES = "tick_to_order", "order_to_ack"  # in the order of the writer's recorders
_SHAPES = {
    block.name: (block, [int(shape[:-1]) if shape.endswith("s") else 0 for _, shape, _ in block.rows])
    for block in layout.BLOCKS
}

Tell = Callable[[str], object]


class ViewSource(Protocol):
    """The parts of an engine that are shown."""

    trading: TradingLoop
    supervisor: Supervisor
    session: Session
    clock_ns: Callable[[], int]

    @property
    def feeds(self) -> Sequence[MarketFeed]:
        """The connections of market data."""

    @property
    def account(self) -> AccountShown | None:
        """The REST side; None where there is none."""

    @property
    def session_account(self) -> AccountShown | None:
        """What reads the account over the session of orders; None where nothing does."""

    @property
    def further(self) -> FurtherShown | None:
        """The sessions beside that of orders; None where there are none."""


class Home(Protocol):
    """Where an engine is at home, and who may look."""

    @property
    def state_dir(self) -> Path:
        """Its state directory."""

    @property
    def group_id(self) -> int | None:
        """The group that may look at it, None for the process's own."""


class Publisher:
    """Writes a view whenever it is time, from `open` to `close`; `tell` takes what went wrong, in words."""

    def __init__(self, source: ViewSource, section: Home, wall_ns: Callable[[], int], tell: Tell) -> None:
        self._source = source
        self._place = ViewFiles(section.state_dir, section.group_id)
        self._wall_ns = wall_ns
        self._tell = tell
        self._writer: ViewWriter | None = None
        self._memory: mmap.mmap | None = None
        self._published_ns = self._slow_ns = 0
        self._state: DeskState | None = None  # as published
        self._packed: dict[str, object] = {}  # block: what it was packed from last
        beside = source.further.sessions.values() if source.further is not None else ()
        self._watches = [SessionWatch(each, wall_ns) for each in (source.session, *beside)]
        self._start_utc_ns = self._room = 0  # for so many markets
        self._listings = self._listed_ns = 0  # of the loop, as the list of markets has them, and when it was written

    def open(self) -> None:
        """Make the files and write the first view."""
        try:
            self._open()
            self.publish()
        except Exception as error:
            self._fail(error)

    def tick(self) -> None:
        """Write a view if it is time: call it often, in any turn of the loop."""
        if self._writer is None:
            return
        now_ns = self._source.clock_ns()
        waited_ns = now_ns - self._published_ns
        is_idle = now_ns - self._source.trading.last_frame_ns > IDLE_NS
        is_news = self._source.supervisor.state is not self._state
        if is_news or waited_ns >= LATEST_NS or (is_idle and waited_ns >= INTERVAL_NS):
            try:
                self.publish()
            except Exception as error:
                self._fail(error)

    def publish(self, ended_utc_ns: int = 0) -> None:
        """Write a view now; with `ended_utc_ns` the last one."""
        if self._writer is None or self._memory is None:
            return
        if self._memory.size() < len(self._memory):  # to write behind its end would end the process
            raise OSError("the file of the view was cut short")
        now_ns = self._published_ns = self._source.clock_ns()
        self._state = self._source.supervisor.state
        self._follow_markets(now_ns, is_last=bool(ended_utc_ns))
        self._stage(now_ns)
        self._writer.publish(now_ns, self._wall_ns(), ended_utc_ns)

    def close(self) -> None:
        """Write the last view, leave it in the state directory, and let go of the memory."""
        if self._writer is None:
            return
        try:
            self._slow_ns = 0
            self.publish(self._wall_ns())
            self._release()
            self._place.settle()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._tell(f"no view for status and metrics any more: {type(error).__name__}: {error}")
        self._release()

    def _release(self) -> None:
        if self._writer is not None:
            self._writer.release()
        if self._memory is not None:
            self._memory.close()
        self._writer = self._memory = None

    def _follow_markets(self, now_ns: int, is_last: bool) -> None:
        """Make room for markets that came, and list those that there are now, once a second at most."""
        loop = self._source.trading
        if len(loop.numbers) > self._room:
            self._release()
            self._packed.clear()
            self._slow_ns = now_ns - SLOW_NS  # all of it anew
            self._room = 2 * len(loop.numbers)
            self._make()
        elif loop.listings != self._listings and (is_last or now_ns - self._listed_ns >= SLOW_NS):
            self._listings, self._listed_ns = loop.listings, now_ns
            self._place.list(self._listing())

    def _listing(self) -> bytes:
        loop = self._source.trading
        return listing([(loop.numbers[each.index], each) for each in loop.instruments], self._start_utc_ns)

    def _open(self) -> None:
        self._start_utc_ns, self._room = self._wall_ns(), len(self._source.trading.numbers)
        self._make()

    def _make(self) -> None:
        """Make the files; where a view lies already, it gives way to this one."""
        loop = self._source.trading
        self._listings, self._listed_ns = loop.listings, self._source.clock_ns()
        places, size = layout.places(self._room)
        self._memory = self._place.create(size, self._listing(), self._prepared(places, size))
        self._writer = ViewWriter(self._memory, loop, LIMIT_KINDS, self._room)
        self._put("latencies", [(name, 0, 0, 0, "") for name in LATENCIES])

    def _prepared(self, places: dict[str, tuple[int, int]], size: int) -> bytes:
        """Return the beginning of the file: what the head never changes, and where the blocks are."""
        loop = self._source.trading
        price_decimals, size_decimals = loop.portfolio.decimals
        head = dict.fromkeys(layout.HEAD.names, 0) | {
            "layout_version": layout.VERSION,
            "layout_hash": layout.layout_hash(),
            "file_bytes": size,
            "pid": os.getpid(),
            "pid_start": process_start(os.getpid()),
            "start_ns": self._source.clock_ns(),
            "start_utc_ns": self._start_utc_ns,
            "price_decimals": price_decimals,
            "size_decimals": size_decimals,
            "max_book_age_ns": loop.risk.limits.max_book_age_ns,
        }
        used = {"counters": 1, "latencies": len(LATENCIES), "markets": len(loop.numbers), "listed": len(loop.numbers)}
        prepared = layout.HEAD.struct.pack(layout.MAGIC, *list(head.values())[1:])
        for block in layout.BLOCKS:
            offset, capacity = places[block.name]
            prepared += layout.DIRECTORY.struct.pack(
                block.name.encode(), offset, block.size, capacity, used.get(block.name, 0)
            )
        return prepared

    # What is Python

    def _stage(self, now_ns: int) -> None:
        """Pack what moved since the last view."""
        is_slow = now_ns - self._slow_ns >= SLOW_NS
        if is_slow:
            self._slow_ns = now_ns
        self._stage_desk()
        self._stage_sessions()
        self._stage_feed(is_slow)
        self._stage_told()
        if is_slow:
            self._put("strategies", strategy_rows(self._source.trading))
        parts = self._source.account, self._source.session_account, self._source.further
        for part in parts if is_slow else ():
            for block, rows in part.shown().blocks().items() if part is not None else ():
                self._put(block, rows)

    def _stage_desk(self) -> None:
        trading, supervisor = self._source.trading, self._source.supervisor
        path = getattr(trading.journal, "path", "")
        if self._has_moved("desk", (supervisor.state, trading.risk.state, supervisor.reason, path)):
            state, risk = supervisor.state.value, trading.risk.state.name.lower()
            self._put("desk", [(state, risk, supervisor.reason, program_version(), boot_id(), str(path))])

        limits = trading.risk.limits
        if self._has_moved("limits", limits):
            self._put("limits", [(name, UNITS[name], getattr(limits, name), 0, -1) for name in LIMIT_KINDS])

    def _stage_sessions(self) -> None:
        rows = [watch.row() for watch in self._watches]
        if self._has_moved("sessions", rows):
            self._put("sessions", rows)

    def _stage_feed(self, is_slow: bool) -> None:
        feeds = self._source.feeds
        if self._has_moved("feeds", [(feed.is_connected, feed.last_loss_ns) for feed in feeds]) or is_slow:
            self._put("feeds", [self._feed_row(number, feed) for number, feed in enumerate(feeds)])

    def _feed_row(self, number: int, feed: MarketFeed) -> tuple[object, ...]:
        counts, watch = feed.totals, self._source.trading.watch
        counted = counts.connects, counts.losses, counts.frames, counts.bytes, counts.resyncs
        last = watch.lag_of(number), feed.last_loss_ns, feed.last_loss
        return feed.address, feed.protection, feed.is_connected, *counted, *last

    def _stage_told(self) -> None:
        trading, counters = self._source.trading, self._source.trading.counters
        if self._has_moved("denials", counters.risk_denials):
            self._put("denials", sorted(counters.denials_by_code.items()))
        if self._has_moved("rejects", counters.rejects + counters.cancel_rejects):
            self._put("rejects", sorted(counters.rejects_by_reason.items()))
        notices = trading.notices.all()
        if self._has_moved("notices", sum([notice.count for notice in notices])):
            self._put("notices", [(each.kind, each.count, each.wall_ns, each.text) for each in notices])
        stops = trading.markets.all()
        if self._has_moved("stops", stops):
            rows = [(each.instrument.index, each.since_ns, each.cause.name or "", each.text) for each in stops]
            self._put("stops", rows)

    def _has_moved(self, block: str, value: object) -> bool:
        if self._packed.get(block, self) == value:
            return False
        self._packed[block] = value
        return True

    def _put(self, name: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Pack rows, no more than there is room for, their texts cut to their fields."""
        block, sizes = _SHAPES[name]
        rows = rows[: block.capacity]
        packed = b"".join(
            [
                block.struct.pack(*[_text(item, size) if size else item for item, size in zip(row, sizes, strict=True)])
                for row in rows
            ]
        )
        if self._writer is not None:
            self._writer.stage(name, packed, len(rows))


def _text(item: object, size: int) -> bytes:
    """Return text as it lies in a field: cut to whole characters, with a mark where it was cut."""
    text = str(item).encode(errors="replace")
    if len(text) > size:
        text = (text[: size - 3].decode(errors="ignore") + "…").encode()
    return text
