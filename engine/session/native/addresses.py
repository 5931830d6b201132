"""Chooses which of a peer's addresses to connect to next.

Source  QuickFIX configuration: SocketConnectHost and its numbered variants, HostSelectionPolicy.
"""

from engine.session.file.settings import SessionSettings

_SECOND_NS = 1_000_000_000


class Addresses:
    """The addresses of one peer: after a failure the next one; with PRIORITY the first again after an interval.

    The interval, HostSelectionPolicyPriorityStartOverInterval, runs from the last return to the first address.
    """

    def __init__(self, settings: SessionSettings) -> None:
        self._addresses = settings.endpoints()
        self._index = 0
        self._since_ns = 0
        has_priority = settings.text("HostSelectionPolicy") == "PRIORITY"
        seconds = settings.integer("HostSelectionPolicyPriorityStartOverInterval", 120)
        self._start_over_ns = seconds * _SECOND_NS if has_priority else 0

    def next(self, now_ns: int) -> tuple[str, int]:
        """Return the address to connect to now."""
        if self._start_over_ns and now_ns - self._since_ns >= self._start_over_ns:
            self._index = 0
            self._since_ns = now_ns
        return self._addresses[self._index]

    def failed(self) -> None:
        """Move on: the last address did not lead to an answered Logon."""
        self._index = (self._index + 1) % len(self._addresses)
