"""What `Gap` and `Replay` ask of the session: values, so that both can be tested without one.

Source  FIX 4.4 volume 2, ResendRequest.
"""

from typing import NamedTuple


class Ask(NamedTuple):
    """Send a ResendRequest(2) with this BeginSeqNo(7) and EndSeqNo(16)."""

    first: int
    end: int


class Again(NamedTuple):
    """Send the messages with these numbers again, both included."""

    first: int
    last: int


class Leave(NamedTuple):
    """End the session with a Logout(5) that carries this Text(58)."""

    text: str
