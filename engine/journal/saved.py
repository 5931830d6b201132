"""What a strategy keeps for its next run, as a record of the journal: the last one counts.

Bounds  `MOST_BYTES` of JSON.
Errors  ValueError for what JSON cannot say, or is too large; what cannot be read is ValueError too.
"""

from typing import Any

import msgspec

from engine.journal.segments import RecordKind
from engine.journal.writer import NullJournal

MOST_BYTES = 262_144


class SavedState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which strategy saved it, in which version of its own, and what; `owner` is its name where there are several."""

    strategy: str
    version: int
    state: msgspec.Raw
    owner: str = ""

    def state_as(self, kind: Any) -> Any:
        """Return the state as an object of a type; ValueError where it is none."""
        return msgspec.json.decode(self.state, type=Any if kind is None else kind)


def text_of_state(strategy: str, version: int, state: object, owner: str = "") -> str:
    """Return the text of a SAVED record."""
    try:
        data = msgspec.json.encode(SavedState(strategy, version, msgspec.Raw(msgspec.json.encode(state)), owner))
    except (TypeError, RecursionError, OverflowError) as error:
        raise ValueError(f"cannot be said in JSON: {error}") from error
    if len(data) > MOST_BYTES:
        raise ValueError(f"{len(data)} bytes, {MOST_BYTES} at most: keep less, or a file of its own")
    return data.decode()


def state_of_text(text: str) -> SavedState:
    """Return what a SAVED record holds."""
    return msgspec.json.decode(text, type=SavedState)


def owner_of(text: str) -> str:
    """Return whose state a SAVED record holds; empty for one that cannot be read, too."""
    try:
        return state_of_text(text).owner
    except ValueError:
        return ""


def append_saved(journal: NullJournal, text: str, now_ns: int) -> None:
    """Record what a strategy keeps."""
    journal.append_state(RecordKind.SAVED, (), text, now_ns)
