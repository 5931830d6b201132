"""A market that follows a capture made up frame by frame."""

import gzip
import json
from pathlib import Path

from engine.exchange.captured import CapturedMarket
from engine.exchange.captures import DELTA, SNAPSHOT, TRADE, Frame
from engine.exchange.events import Event
from tests.support.sim.venue import B, S, Venue

Lines = list[tuple[int, str, dict[str, object]]]


def write_capture(path: Path, lines: Lines, symbol: str = "A") -> Path:
    """Write (recv_ms, type, msg) lines as a capture file."""
    with gzip.open(path, "wt") as file:
        for seq, (recv_ms, kind, message) in enumerate(lines, 100):
            event = {"type": kind, "sid": 1, "seq": seq, "msg": {"market_ticker": symbol, **message}}
            file.write(json.dumps({"recv_ms": recv_ms, "event": event}, separators=(",", ":")) + "\n")
    return path


def delta(side: int, cents: int, contracts: int, ts_ms: int = 0) -> tuple[str, dict[str, object]]:
    """Size of the YES book changes by `contracts`; asks are sent as NO bids."""
    price = cents if side == B else 100 - cents
    message = {"price_dollars": f"0.{price:02}00", "delta_fp": f"{contracts}.00", "ts_ms": ts_ms}
    return DELTA, message | {"side": "yes" if side == B else "no"}


def trade(taker: int, cents: int, contracts: int, ts_ms: int = 0, **more: object) -> tuple[str, dict[str, object]]:
    outcome = "yes" if taker == B else "no"
    message = {"yes_price_dollars": f"0.{cents:02}00", "count_fp": f"{contracts}.00", "ts_ms": ts_ms}
    return TRADE, message | {"taker_outcome_side": outcome} | more


def snapshot(bids: dict[int, int], asks: dict[int, int]) -> tuple[str, dict[str, object]]:
    yes = [[f"0.{cents:02}00", f"{size}.00"] for cents, size in bids.items()]
    no = [[f"0.{100 - cents:02}00", f"{size}.00"] for cents, size in asks.items()]
    return SNAPSHOT, {"yes_dollars_fp": yes, "no_dollars_fp": no}


class Captured(Venue):
    """Market A with a capture: bids 44 x 50, 43 x 90; asks 46 x 30, 47 x 80. Sizes here are contracts."""

    def __init__(self) -> None:
        super().__init__()
        self.capture = CapturedMarket(self.exchange, "A")
        self.frames(snapshot({43: 90, 44: 50}, {46: 30, 47: 80}))

    def frames(self, *frames: tuple[str, dict[str, object]]) -> list[tuple[object, ...]]:
        events: list[Event] = []
        for kind, message in frames:
            body = json.dumps({"market_ticker": "A", **message}).encode()
            events += self.capture.apply(Frame(0, "A", kind, body), self.now_ns)
            for side in (B, S):
                assert_within_capture(self, side)
        return self.told(events)

    def queue(self, side: int, cents: int) -> list[tuple[str, int]]:
        """Accounts and contracts in the queue at one price, oldest first; captured size has no account."""
        level = self.exchange.markets["A"].side(side).level(cents * 100)
        return [(order.account, order.leaves_qty // 100) for order in level.queue.values()] if level else []


def assert_within_capture(venue: Captured, side: int) -> None:
    shown = dict(venue.capture.levels(side))
    for level in venue.exchange.markets["A"].side(side):
        queued = sum(order.leaves_qty for order in level.queue.values() if not order.account)
        assert queued <= shown.get(level.price, 0)
