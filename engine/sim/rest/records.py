"""What the server itself remembers of its venue, beside the venue's own records."""

from dataclasses import dataclass

from engine.sim.rest.lag import Lag
from engine.sim.rest.minutes import Minutes


@dataclass(slots=True)
class RestRecords:
    """Prices by the minute, and what accounts do not see yet."""

    minutes: Minutes
    lag: Lag
