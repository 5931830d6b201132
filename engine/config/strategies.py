"""The strategy of an engine, or several that share its account, as tables of the configuration file.

Units   as of the limits.
Errors  ConfigError for a name that no journal can carry.
"""

import re
from typing import Any, Literal

from engine.orders.options import MOST_TAG
from engine.risk.limits import StrategyLimits
from engine.units import Section

MOST_STRATEGIES = 30  # as many have room in a view
_NAME = re.compile(rf"[a-z][a-z0-9_-]{{0,{MOST_TAG - 1}}}")


class StrategySection(Section, frozen=True, kw_only=True, rename={"path": "class"}):
    """The strategy as `module:Class`, and the table that its own `Parameters` reads."""

    path: str
    parameters: dict[str, Any] = {}


class MemberSection(StrategySection, frozen=True, kw_only=True, rename={"path": "class"}):
    """One of several strategies: which markets it sees, what a mistake of its own stops, and limits of its own."""

    symbols: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    on_error: Literal["halt", "stop"] = "halt"
    limits: StrategyLimits = StrategyLimits()


NO_STRATEGY = StrategySection(path="")  # where there are several


def named_wrong(name: str) -> str:
    """Return what is wrong with the name of a strategy; empty for nothing."""
    if _NAME.fullmatch(name):
        return ""
    return f"a name has 1 to {MOST_TAG} of a-z 0-9 _ -, a letter first"
