"""What risk remembers from one run to the next, beside the journal: the day's high, limits set by a person, and holds.

Shapes  `risk.json` in the state directory, replaced whole; a change that a person made is on the disk before it is
        answered.
Units   as in `instrument`; times in ns since 1970.
Errors  ConfigError for a file that cannot be understood: what it held would be forgotten. OSError where it cannot be
        written.
"""

import os
from pathlib import Path

import msgspec

from engine.errors import ConfigError

FILE = "risk.json"
VERSION = 1
MOST_BYTES = 4 * 2**20


class LimitChange(msgspec.Struct, frozen=True, kw_only=True):
    """One limit as a person set it: for one market, or for all where `symbol` is empty."""

    name: str
    symbol: str
    value: int
    filed: int  # what the configuration said then
    day_start_ns: int  # of the trading day
    by: str
    reason: str
    when_ns: int

    @property
    def is_tighter(self) -> bool:
        """Return whether it allows less than the configuration did."""
        return self.value < self.filed


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A market, an event, all of them, or a strategy of which no new order leaves, until somebody lifts it."""

    scope: str  # "market", "event", "all" or "strategy"
    name: str
    by: str
    reason: str
    when_ns: int
    is_ours: bool = False  # the engine did it by itself: `resume` lifts it with the rest
    is_flat: bool = False  # `flatten` closes what is held there, by orders that only reduce

    @property
    def words(self) -> str:
        """Return it as a person reads it."""
        what = "closed out" if self.is_flat else "halted"
        where = (
            ""
            if self.scope in ("market", "strategy")
            else "all markets "
            if self.scope == "all"
            else f"event {self.name} "
        )
        return f"{where}{what} by {self.by}: {self.reason}"


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the file holds."""

    version: int = VERSION
    high: int = 0
    day_start_ns: int = 0
    changes: tuple[LimitChange, ...] = ()
    holds: tuple[Hold, ...] = ()


class RiskMemory:
    """The file of one state directory; without one nothing is kept."""

    def __init__(self, state_dir: Path | None = None) -> None:
        self._path = None if state_dir is None else state_dir / FILE

    def load(self) -> Remembered:
        """Return what an earlier run left, or nothing."""
        if self._path is None or not self._path.exists():
            return Remembered()
        try:
            data = self._path.read_bytes()
            if len(data) > MOST_BYTES:
                raise ValueError(f"{len(data)} bytes are too many")
            found = msgspec.json.decode(data, type=Remembered)
            if found.version != VERSION:
                raise ValueError(f"version {found.version} is not {VERSION}")
        except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
            raise ConfigError(
                f"{self._path}: cannot be understood: {error}; it holds the markets that are halted and the limits that"
                " were set while the engine ran: restore it, or remove it and set them again"
            ) from None
        return found

    @property
    def is_there(self) -> bool:
        """Return whether an earlier run left something, or nothing is kept at all."""
        return self._path is None or self._path.exists()

    def save(self, remembered: Remembered, is_sure: bool = True) -> None:
        """Replace the file; where it `is_sure`, wait for the disk."""
        if self._path is None:
            return
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(msgspec.json.encode(remembered))
            file.flush()
            if is_sure:
                os.fsync(file.fileno())
        fresh.replace(self._path)
        if is_sure:
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
