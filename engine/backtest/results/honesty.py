"""What a reader of the result has to know before it is believed.

Units   money and sizes as in `instrument`; times in ns; shares as fractions.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from engine._decimal import format_decimal
from engine.backtest.latency import Latency
from engine.backtest.results.coverage import Coverage
from engine.backtest.runner import Ended

LIKELY = 0.95  # how likely a Sharpe ratio should be more than that of the best of so many trials without skill
LARGE_QUEUE = 0.50  # of the profit
LARGE_SHARE = 0.10  # of the traded volume: beyond it the missing impact matters

FIDELITY = "full depth; an order waits behind all that is shown at its price; where cancels of others come from: queue "
ONE_QUEUE = "no other queue model was run: fills of a less cautious one would be more"
ASSUMPTIONS = (
    "no impact: nobody answers what the strategy does",
    "a frame is heard when the recorder heard it; the venue's clock is moved to the smallest distance of each file",
    "the strategy does not see its own orders in the book",
    ONE_QUEUE,
)


class Honesty(msgspec.Struct, kw_only=True):
    """The block; `warnings` are what should be red."""

    fidelity: str = FIDELITY + "risk-averse"
    assumptions: list[str]
    frames: int
    markets: int
    silences: int
    silent_ns: int
    resubscriptions: int
    ran_back: int
    unpaired_trades: int
    share_of_volume: float | None
    trials: int
    deflated_sharpe: float | None = None
    pnl_without_best_event: int
    pnl_without_best_day: int
    halted: str
    unsettled: list[str] = []
    sensitivity: dict[str, int] = {}
    queue_extremes: dict[str, int] = {}
    queue_share: float | None = None  # how far those are apart, of the profit
    warnings: list[str] = []

    def name_queue(self, model: str) -> None:
        """Say which model of the queue was run."""
        self.fidelity = FIDELITY + model

    def take_extremes(self, found: Mapping[str, int], pnl: int) -> None:
        """Say what the two extreme queues came to, and warn where the profit hangs on the choice."""
        self.queue_extremes = dict(found)
        self.assumptions = [each for each in self.assumptions if each != ONE_QUEUE]
        apart = max(found.values()) - min(found.values())
        self.queue_share = apart / abs(pnl) if pnl else None
        self.warn()

    def warn(self) -> None:
        """Say what a reader must not miss."""
        found = [f"halted: {self.halted}"] if self.halted else []
        if self.share_of_volume is not None and self.share_of_volume > LARGE_SHARE:
            found.append(f"own fills are {self.share_of_volume:.0%} of the traded volume, and no impact is modelled")
        if self.unsettled:
            found.append(
                f"no result is known of {', '.join(self.unsettled[:5])}: what is held there is marked, not paid"
            )
        if self.silences:
            found.append(
                f"{self.silences} silences, {self.silent_ns / 1e9:.0f} s in all: what happened then is unknown"
            )
        if self.unpaired_trades:
            found.append(f"{self.unpaired_trades} trades have no decrease of the book")
        if self.queue_share is not None and self.queue_share > LARGE_QUEUE:
            found.append(f"the model of the queue decides: its extremes are {self.queue_share:.0%} of the profit apart")
        if self.deflated_sharpe is not None and self.deflated_sharpe < LIKELY:
            found.append(f"the best of {self.trials} trials: {self.deflated_sharpe:.0%} likely to be more than luck")
        self.warnings = found


def honesty(
    ended: Ended,
    covered: Sequence[Coverage],
    latency: Latency,
    by_event: Mapping[str, int],
    days: Sequence[tuple[str, int]],
    capital: int,
    trials: int,
) -> Honesty:
    """Return the block of a run."""
    volume = sum(row.volume for row in covered)
    filled = sum(fill.qty for fill in ended.fills)
    pnl, decimals = ended.loop.portfolio.pnl, sum(ended.loop.portfolio.decimals)
    gains = [later - earlier for earlier, later in pairwise([capital, *(worth for _, worth in days)])]
    return Honesty(
        assumptions=[*ASSUMPTIONS, latency.words(), f"returns are of ${format_decimal(capital, decimals)}"],
        frames=sum(row.frames for row in covered),
        markets=len(covered),
        silences=sum(row.silences for row in covered),
        silent_ns=sum(row.silent_ns for row in covered),
        resubscriptions=sum(max(row.snapshots - 1, 0) for row in covered),
        ran_back=sum(row.ran_back for row in covered),
        unpaired_trades=sum(row.unpaired for row in covered),
        share_of_volume=filled / volume if volume else None,
        trials=trials,
        pnl_without_best_event=pnl - max(0, *by_event.values(), 0),
        pnl_without_best_day=pnl - max(0, *gains, 0),
        halted=ended.halted,
    )
