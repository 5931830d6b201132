"""What a session core needs of the world around it.

Thread  the loop thread only; nothing here may call back into the core except `Host.deliver`, which may send.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from engine.codec._fields import Fields
from engine.session.protocol.faults import Fault
from engine.session.protocol.versions import Versions


class Host:
    """What a core needs of the world; `write` and `deliver` are called for every message, by C call.

    `on_logon` and `on_logout` are attributes, which a sink sets before the core connects.
    """

    on_logon: Callable[[], None]
    on_logout: Callable[[str], None]

    def write(self, message: bytes) -> None:
        raise NotImplementedError

    def disconnect(self, reason: str) -> None:
        """Close the connection after what was written; do not call back into the core."""
        raise NotImplementedError

    def arm(self, deadline_ns: int) -> None:
        """Call `timer` at this time at the latest."""
        raise NotImplementedError

    def deliver(self, fields: Fields) -> None:
        """Take an application message or a Reject(3)."""
        raise NotImplementedError

    def alert(self, text: str) -> None:
        """Tell the operator: somebody must look at this."""
        raise NotImplementedError

    def log(self, text: str) -> None:
        raise NotImplementedError


class MessageRules(Protocol):
    """A dictionary: what a message must look like."""

    data_fields: Mapping[int, int] | None  # length and data fields; None for those of FIX 4.4
    passes: Callable[[Fields], bool]  # the quick test: whatever it lets through, `check` finds sound

    def check(self, fields: Fields) -> Fault | None: ...

    def with_versions(self, versions: Versions) -> "MessageRules":
        """Return these rules for a connection whose Logon said `versions`."""


class Schedule(Protocol):
    """When the session may be up, in ns UTC."""

    def is_new(self, created_ns: int, wall_ns: int) -> bool:
        """Say whether numbers begun at `created_ns` belong to an earlier session than now's."""

    def may_log_on(self, wall_ns: int) -> bool: ...

    def next_change(self, wall_ns: int) -> int:
        """Return when one of the two answers may change next."""
