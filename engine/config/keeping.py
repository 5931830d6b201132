"""The tables of what is kept beside the trading: what was said, and what was heard.

Units   durations in ns, sizes in bytes.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from engine.units import Duration, Section


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
