"""What a supervisor asks of whatever compares the account with the venue's.

Errors  none.
Thread  the loop thread only.
"""

from typing import Protocol


class AccountGate(Protocol):
    """What compares our account with the venue's: trading waits for it after each logon."""

    def logged_on(self) -> None:
        """Learn that the venue can be reached, and that much may have happened meanwhile."""

    def obstacle(self) -> str:
        """Return what keeps trading from starting, empty if nothing does."""

    def bear(self) -> None:
        """Trade on with what differs now, by a person's decision."""
