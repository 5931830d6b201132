"""The tables of what is kept beside the trading: what was said, and what was heard.

Units   durations in ns, sizes in bytes.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from engine.errors import ConfigError
from engine.units import NO_LIMIT, Duration, DurationLimit, Section


class AuditSection(Section, frozen=True, kw_only=True):
    """The file that has all that was said to the venue and by it, without secrets, and what of it."""

    file: Path
    rest: bool = True
    feed: bool = True  # commands and their answers, not the market data
    session: bool = True


class RecordSection(Section, frozen=True, kw_only=True):
    """Where the frames of the feed are kept, with our own orders and reports beside them."""

    directory: Path
    file_bytes: Annotated[int, msgspec.Meta(ge=1 << 16)] = 64 << 20  # after which a new file is begun,
    file_ns: Duration = 3_600_000_000_000  # or after so long
    queue_positions_ns: DurationLimit = NO_LIMIT  # how often the venue is asked where our orders stand

    def __post_init__(self) -> None:
        if not self.queue_positions_ns:
            raise ConfigError('queue_positions must be positive, or "none": the venue would be asked without end')
