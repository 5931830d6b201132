"""What is done about each difference between our account and the venue's: one table, and the choices that it leaves.

Whatever can be set right is set right, also where the engine halts for it: a fill that is known is booked.

Units   a duration in ns.
Errors  ConfigError for a choice that there is not, and for a timer that never rests.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from engine.errors import ConfigError
from engine.units import Duration, Section


class Rule(StrEnum):
    """What a finding is, as it stands in the journal and in reports."""

    FILL_MISSED = "fill missed"  # the venue has a fill that we did not hear of
    FILL_TWICE = "fill twice"  # the venue names two fills alike, and says different things of them
    FILL_IMPOSSIBLE = "fill impossible"  # at a price that no market has, of no size, or of another side or market
    ORDER_WORKS = "order works"  # its state was unknown, or it works on other terms
    ORDER_OVER = "order over"  # it ended without our hearing of it
    ORDER_NEVER_ARRIVED = "order never arrived"  # the venue does not have it
    ORDER_LOST = "order lost"  # the venue took it and does not have it now
    ORDER_IMPOSSIBLE = "order impossible"  # the venue has it with another side, or in another market
    FILLS_DIFFER = "fills differ"  # its fills do not make what the venue says is filled
    STRANGER_ORDER = "stranger's order"  # it rests there and is none of ours
    STRANGER_FILL = "stranger's fill"  # of an order that is none of ours
    POSITION_DIFFERS = "position differs"  # after every fill was booked
    FEES_DIFFER = "fees differ"
    BALANCE_DIFFERS = "balance differs"  # two looks in a row, where both sides hold the same


class Deed(StrEnum):
    """What is done about a difference."""

    CORRECT = "correct"  # ours becomes what the venue says, by reports
    STOP = "stop"  # its market takes no new orders until both sides agree, or a person resumes
    HALT = "halt"  # set right where it can be, and nothing trades until a person resumes
    TELL = "tell"
    ADOPT = "adopt"  # what the venue has is ours from now on
    CANCEL = "cancel"  # it is adopted, and cancelled
    IGNORE = "ignore"  # it is not looked for


class ReconcileSection(Section, frozen=True, kw_only=True):
    """What is done about differences, by their kind, and how often they are looked for."""

    every_ns: Duration = 60_000_000_000
    missed_fill: Literal["correct", "halt"] = "correct"
    order_state: Literal["correct", "halt"] = "correct"
    contradiction: Literal["stop", "halt"] = "stop"
    stranger_order: Literal["stop", "adopt", "cancel", "halt"] = "stop"
    stranger_fill: Literal["stop", "tell", "halt"] = "stop"
    position: Literal["stop", "adopt", "halt"] = "stop"
    fees: Literal["tell", "stop", "halt"] = "tell"
    balance: Literal["stop", "tell", "halt", "ignore"] = "stop"

    def __post_init__(self) -> None:
        if not self.every_ns:
            raise ConfigError("every must be positive: the venue would be asked without end")

    def deed(self, rule: Rule) -> Deed:
        """Return what is done where a rule applies."""
        return Deed(getattr(self, KEYS[rule]))


KEYS = MappingProxyType(
    {
        Rule.FILL_MISSED: "missed_fill",
        Rule.FILL_TWICE: "contradiction",
        Rule.FILL_IMPOSSIBLE: "contradiction",
        Rule.ORDER_WORKS: "order_state",
        Rule.ORDER_OVER: "order_state",
        Rule.ORDER_NEVER_ARRIVED: "order_state",
        Rule.ORDER_LOST: "contradiction",
        Rule.ORDER_IMPOSSIBLE: "contradiction",
        Rule.FILLS_DIFFER: "contradiction",
        Rule.STRANGER_ORDER: "stranger_order",
        Rule.STRANGER_FILL: "stranger_fill",
        Rule.POSITION_DIFFERS: "position",
        Rule.FEES_DIFFER: "fees",
        Rule.BALANCE_DIFFERS: "balance",
    }
)
SAFE = ReconcileSection()
