"""Faults of the venue's own records: trades busted and corrected, orders lost, answers given twice, a clock set back.

Units   as in `faults`; what is settled while nobody listens takes longer than a market of the life lives.
"""

from functools import partial

from engine.app.chaos.children import VENUE
from engine.app.chaos.faults import LifeFault, nothing
from engine.app.chaos.life import ChaosLife
from engine.app.chaos.shim import PageWord
from engine.app.chaos.wires import ask_if_alive, clear, part

FIX44 = ("fix44",)
MOST_AT_ONCE = 4
TOO_LATE, UNKNOWN_ORDER = 0, 1  # CxlRejReason(102)
BACK_NS = (-2 * 10**9, -5 * 10**9, -30 * 10**9)
BEYOND_A_MARKET = (5200, 7000)


def _some(kind: str, life: ChaosLife, amount: float) -> None:
    ask_if_alive(life, kind, count=1 + int(amount * MOST_AT_ONCE))


def _cancel_twice(life: ChaosLife, amount: float) -> None:
    """Answer cancels by two reports, or by a report and a refusal."""
    ask_if_alive(life, "cancel_twice", count=2, code=UNKNOWN_ORDER if amount < 0.5 else TOO_LATE)


def _lose_orders(life: ChaosLife, amount: float) -> None:
    """Let the venue start again without its open orders."""
    ask_if_alive(life, "lose_orders")
    life.kill(VENUE)


def _set_back(life: ChaosLife, amount: float) -> None:
    """Set the clock back, then let what was sent before be asked for again."""
    life.page(VENUE)[PageWord.CLOCK_NS] = BACK_NS[int(amount * len(BACK_NS))]
    ask_if_alive(life, "drop_fix")


def _set_right(life: ChaosLife) -> None:
    life.page(VENUE)[PageWord.CLOCK_NS] = 0


FAULTS = (
    LifeFault(
        "fills busted",
        "position, cash, fees and profit are without them, at both sides",
        partial(_some, "bust_fill"),
        clear("bust_fill"),
        venues=FIX44,
    ),
    LifeFault(
        "fills corrected",
        "the same, at the price that counts instead",
        partial(_some, "correct_fill"),
        clear("correct_fill"),
        venues=FIX44,
    ),
    LifeFault(
        "cancel answered twice",
        "the second answer is counted and changes nothing",
        _cancel_twice,
        clear("cancel_twice"),
        venues=FIX44,
    ),
    LifeFault(
        "venue starts again without its orders",
        "they are asked for at logon, and over once the venue knows nothing of them",
        _lose_orders,
        nothing,
        venues=FIX44,
    ),
    LifeFault(
        "venue's clock set back",
        "what is sent again seems to be from the future: it counts by its number; lag is judged anew and may pause",
        _set_back,
        _set_right,
        (300, 1500),
        venues=FIX44,
    ),
    LifeFault(
        "settlement during a disconnect",
        "what was held there is paid once the venue says so, missed fills before it; nothing counts twice",
        part,
        clear("silent_fix", "silent_feed"),
        BEYOND_A_MARKET,
        venues=("kalshi",),
    ),
)
