"""Every configuration that was ever tried on some data, in one file by the results: the best of many proves little.

Shapes  a line of JSON each: first the data, once (its digest, span and markets), then a trial for each configuration.
        A trial counts for whatever shares a market with its data and overlaps their span, each configuration once.
        A line that was cut while it was written is left out.
Errors  ConfigError names file and line of anything else that is none.
"""

import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from engine.errors import ConfigError

NAME = "trials"


class TriedData(msgspec.Struct, frozen=True, kw_only=True, tag="data"):
    """What trials ran on."""

    digest: str
    from_ns: int
    to_ns: int
    markets: list[str]

    def overlaps(self, other: "TriedData") -> bool:
        """Return whether both hold some market at some time."""
        is_together = self.from_ns <= other.to_ns and other.from_ns <= self.to_ns
        return is_together and not set(self.markets).isdisjoint(other.markets)


class Trial(msgspec.Struct, frozen=True, kw_only=True, tag="trial"):
    """One configuration on one span, with its Sharpe ratio of days, where it has one."""

    configuration: str
    data: str
    sharpe: float | None = None


class Tried(msgspec.Struct, frozen=True):
    """How many distinct configurations, and the Sharpe ratios of days of those that have one."""

    count: int
    sharpes: list[float]


_LINES = msgspec.json.Decoder(TriedData | Trial)


class TrialLedger:
    """The file; it is read once and grows with `add`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data: dict[str, TriedData] = {}
        self._trials: dict[tuple[str, str], Trial] = {}
        content = path.read_bytes() if path.exists() else b""
        whole, _, self._cut = content.rpartition(b"\n")
        for number, line in enumerate(whole.splitlines(), 1):
            self._take(number, line)

    def _take(self, number: int, line: bytes) -> None:
        try:
            entry = _LINES.decode(line)
        except msgspec.DecodeError as error:
            raise ConfigError(f"{self._path} line {number} is no trial: {error}: remove the line") from None
        if isinstance(entry, TriedData):
            self._data[entry.digest] = entry
        else:
            self._trials[entry.configuration, entry.data] = entry

    def add(self, data: TriedData, trials: Iterable[Trial]) -> None:
        """Note trials on `data`; those that are there are not written again."""
        new: list[TriedData | Trial] = [] if data.digest in self._data else [data]
        self._data[data.digest] = data
        for trial in trials:
            if self._trials.get((trial.configuration, trial.data)) != trial:
                self._trials[trial.configuration, trial.data] = trial
                new.append(trial)
        if new:
            self._append(b"".join(msgspec.json.encode(each) + b"\n" for each in new))

    def _append(self, lines: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("r+b" if self._path.exists() else "wb") as file:
            file.seek(-len(self._cut), os.SEEK_END)  # over what was cut
            file.truncate()
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self._cut = b""

    def tried(self, data: TriedData) -> Tried:
        """Return what was tried on data that overlap with these."""
        near = {digest for digest, each in self._data.items() if each.overlaps(data)}
        found = {configuration: trial for (configuration, of), trial in self._trials.items() if of in near}
        return Tried(len(found), [trial.sharpe for trial in found.values() if trial.sharpe is not None])


def tried_data(from_ns: int, to_ns: int, markets: Sequence[str], files: Sequence[str] = ()) -> TriedData:
    """Return the entry of data; `files` are digests of what they were read from."""
    ordered = sorted(markets)
    digest = sha256(msgspec.json.encode([from_ns, to_ns, ordered, sorted(files)])).hexdigest()
    return TriedData(digest=digest, from_ns=from_ns, to_ns=to_ns, markets=ordered)
