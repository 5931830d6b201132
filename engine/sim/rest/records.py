"""What the server itself remembers of its venue, beside the venue's own records."""

from dataclasses import dataclass, field
from typing import Any

from engine.sim.rest.lag import ReadLag
from engine.sim.rest.minutes import Minutes


@dataclass(slots=True)
class RestRecords:
    """Prices by the minute, what accounts do not see yet, and by member how its cash is to be spread."""

    minutes: Minutes
    lag: ReadLag
    shares: dict[str, Any] = field(default_factory=dict)
