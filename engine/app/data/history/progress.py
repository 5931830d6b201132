"""How far the past was fetched, so that a run that was ended goes on, and the next one asks only for what is new.

Shapes  `progress.ndjson`: a line for each market and kind whenever its rows are on the disk; the last one counts.
Errors  DecodeError for a line that is none; a last line that was cut is left out.
"""

from pathlib import Path

import msgspec

from engine.errors import DecodeError


class Fetched(msgspec.Struct, frozen=True):
    """Rows of `kind` of a market are here from `from_ns` up to `until_ns`; `is_final` where no more will come."""

    market: str
    kind: str
    from_ns: int
    until_ns: int
    is_final: bool


class FetchProgress:
    """What is here already."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, str], Fetched] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_bytes() if path.exists() else b""
        lines = text.split(b"\n")
        for number, line in enumerate(lines[:-1], 1):
            try:
                self._keep(msgspec.json.decode(line, type=Fetched))
            except msgspec.DecodeError as error:
                raise DecodeError(f"{path} line {number}: {error}: remove the line") from None
        if lines[-1]:  # it was cut
            path.write_bytes(text[: -len(lines[-1])])

    def since_ns(self, market: str, kind: str, from_ns: int) -> int | None:
        """Return from when on rows are wanted, None where all are here."""
        known = self._known.get((market, kind))
        if known is None or from_ns < known.from_ns:
            return from_ns
        return None if known.is_final else max(known.until_ns, from_ns)

    def from_ns(self, market: str, kind: str, begin_ns: int) -> int:
        """Return from when on rows are here, once those from `begin_ns` on are."""
        known = self._known.get((market, kind))
        return begin_ns if known is None else min(known.from_ns, begin_ns)

    def note(self, fetched: Fetched) -> None:
        """Note that rows are on the disk."""
        self._keep(fetched)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(fetched) + b"\n")

    def _keep(self, fetched: Fetched) -> None:
        self._known[fetched.market, fetched.kind] = fetched
