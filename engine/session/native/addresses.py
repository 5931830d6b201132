"""Chooses which of a peer's addresses to connect to next, and connects.

Source  QuickFIX configuration: SocketConnectHost and its numbered variants, HostSelectionPolicy.
"""

import socket

from engine.runtime.addresses import HostAddresses
from engine.session.file.settings import SessionSettings

_SECOND_NS = 1_000_000_000
CONNECT_TIMEOUT_NS = 10 * _SECOND_NS  # shared by the addresses that a host has


class Addresses:
    """The addresses of one peer: after a failure the next one; with PRIORITY the first again after an interval.

    The interval, HostSelectionPolicyPriorityStartOverInterval, runs from the last return to the first address.
    """

    def __init__(self, settings: SessionSettings) -> None:
        self._addresses = settings.endpoints()
        self._hosts = [HostAddresses(CONNECT_TIMEOUT_NS) for _ in self._addresses]
        self._local = _local_address(settings)
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

    async def connect(self) -> socket.socket:
        """Connect to the address that `next` has returned; OSError or TimeoutError where none of the host answers."""
        return await self._hosts[self._index].connect(*self._addresses[self._index], self._local)

    def failed(self) -> None:
        """Move on: the last address did not lead to an answered Logon."""
        self._hosts[self._index].failed()
        self._index = (self._index + 1) % len(self._addresses)


def _local_address(settings: SessionSettings) -> tuple[str, int] | None:
    """Return the address to bind to before connecting; None leaves it to the system."""
    host = settings.text("SocketLocalHost") or settings.text("SocketConnectSourceHost")
    port = settings.integer("SocketLocalPort") or settings.integer("SocketConnectSourcePort")
    any_address = "::" if ":" in settings.text("SocketConnectHost") else "0.0.0.0"
    return (host or any_address, port) if host or port else None
