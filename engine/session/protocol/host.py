"""The interfaces that a session calls: its host, the rules of its messages, its schedule.

Thread  the loop thread only; none may call back into the session except `Host.deliver` and `Host.on_forsaken`, which
        may send.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from engine.codec._fields import Fields
from engine.runtime.notices import NoticeKind
from engine.session.protocol.faults import Fault
from engine.session.protocol.versions import Versions


class Host:
    """Gives a session its connection, its timer, its application and its operator.

    `write` and `deliver` are called for every message, by C call. Set the attributes before the session connects; the
    last two are called with the reason. `on_forsaken` comes before the Logout of a session whose messages are lost or
    that an operator must see to: it may send, and nothing leaves after it.
    """

    on_logon: Callable[[], None]
    on_logout: Callable[[str], None]
    on_forsaken: Callable[[str], None]

    def write(self, message: bytes) -> None:
        """Send a whole message to the peer."""
        raise NotImplementedError

    def disconnect(self, reason: str) -> None:
        """Close the connection after what was written; do not call back into the session."""
        raise NotImplementedError

    def arm(self, deadline_ns: int) -> None:
        """Call `timer` at this time at the latest."""
        raise NotImplementedError

    def deliver(self, fields: Fields) -> None:
        """Take an application message or a Reject(3)."""
        raise NotImplementedError

    def alert(self, text: str) -> None:
        """Tell the operator."""
        raise NotImplementedError

    def tell(self, kind: NoticeKind, text: str) -> None:
        """Tell what became of the numbers: a gap, messages sent again, a reset."""

    def log(self, text: str) -> None:
        """Log what happened."""
        raise NotImplementedError


class MessageRules(Protocol):
    """The rules of a dictionary."""

    data_fields: Mapping[int, int] | None  # length and data fields; None for those of FIX 4.4
    passes: Callable[[Fields], bool]  # the fast check: what it passes, `check` finds sound; not the reverse

    def check(self, fields: Fields) -> Fault | None:
        """Return the first fault of a message, None for a sound one."""

    def with_versions(self, versions: Versions) -> "MessageRules":
        """Return these rules for a connection whose Logon announced `versions`."""


class Schedule(Protocol):
    """When the session may be up, in ns UTC."""

    def is_new(self, created_ns: int, wall_ns: int) -> bool:
        """Say whether numbers begun at `created_ns` belong to an earlier session than that of `wall_ns`."""

    def may_log_on(self, wall_ns: int) -> bool:
        """Say whether the session may be logged on at this time."""

    def next_change(self, wall_ns: int) -> int:
        """Return when one of the two answers may change next."""
