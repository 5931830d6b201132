"""A desk that trades on a generated exchange which is asked for queue positions, and the files of it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine._decimal import format_decimal
from engine.backtest.capture.index import run_of
from engine.backtest.clock import START_NS
from engine.backtest.gateway import ACCOUNT
from engine.backtest.generated.venue import FEED_NS, GeneratedVenue
from engine.backtest.queues.reported import places_file
from engine.exchange.events import Event, Report, Traded
from engine.exchange.market import Market
from tests.backtest.own.trading import LATENCY, listed, quoter, traded, venue_of
from tests.backtest.test_runner import NoFees
from tests.support.recorded import MS


class Asked(GeneratedVenue):
    """Says every `every_ns` what trades before each own order, as the frames heard by then show it."""

    def __init__(self, seed: int, seconds: int, every_ns: int) -> None:
        self.places: list[tuple[int, str, str, str, int]] = []  # heard, OrderID, ClOrdID, market, position
        self.reports: list[tuple[int, Report]] = []
        self._every_ns, self._due_ns = every_ns, START_NS + every_ns
        plain = venue_of(seed, seconds)
        super().__init__(listed(2), NoFees(), plain.settings, LATENCY, START_NS, START_NS + seconds * 1_000 * MS)

    def act(self) -> None:
        if self.next_ns > self._due_ns:
            for market in self._exchange.markets.values():
                for side in (1, 2):
                    self.places += [(self._due_ns + FEED_NS, *each) for each in self._standing(market, side)]
            self._due_ns += self._every_ns
        super().act()

    def _standing(self, market: Market, side: int) -> Iterator[tuple[str, str, str, int]]:
        before = 0
        for level in market.side(side):
            for order in level.queue.values():
                if order.account == ACCOUNT:
                    yield order.order_id, order.cl_ord_id, order.symbol, before
                before += order.leaves_qty

    def _answer(self, events: Sequence[Event], now_ns: int) -> None:  # type: ignore[override]
        super()._answer(events, now_ns)
        self.reports += [(now_ns + LATENCY.answer_ns, each) for each in events if isinstance(each, Report)]


def recorded(directory: Path, seed: int, seconds: int, every_ns: int) -> tuple[Path, Asked]:
    """Trade, and write frames, reports and positions; return the file of frames, and the venue."""
    venue = Asked(seed, seconds, every_ns)
    traded(venue, quoter())
    path = venue.record(directory)
    own = [json.dumps(entry(heard_ns, report)) for heard_ns, report in venue.reports]
    (directory / f"own-{run_of(path)}.jsonl").write_text("".join(f"{each}\n" for each in own))
    lines = [line(heard_ns, order_id, symbol, lots) for heard_ns, order_id, _, symbol, lots in venue.places]
    places_file(directory, run_of(path)).write_text("".join(lines))
    return path, venue


def line(asked_ns: int, order_id: str, symbol: str, lots: int, heard_ns: int = 0) -> str:
    """Return a line of reported positions."""
    found = {"asked_ns": asked_ns, "heard_ns": heard_ns or asked_ns, "order_id": order_id, "market": symbol}
    return json.dumps({**found, "position": format_decimal(lots, 2)}) + "\n"


def entry(heard_ns: int, report: Report) -> dict[str, object]:
    """Return a report as the journal tells it."""
    found: dict[str, object] = {
        "kind": "REPORT", "msg_type": "8", "time_ns": heard_ns, "exec_type": report.exec_type,
        "order_id": report.order_id, "symbol": report.symbol, "side": report.side,
        "price": format_decimal(report.price, 4), "leaves_qty": format_decimal(report.leaves_qty, 2),
    }  # fmt: skip
    if isinstance(report, Traded):
        found |= {"last_px": format_decimal(report.last_px, 4), "last_qty": format_decimal(report.last_qty, 2)}
    return found
