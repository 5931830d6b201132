"""Which of a session's addresses is tried next, by policy and time."""

import asyncio
import socket
from pathlib import Path

import pytest

from engine.session.file.settings import SessionSettings
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.addresses import Addresses
from engine.session.native.initiator import NativeSession
from tests.support.session.sockets import Witness, acceptor_settings, initiator_settings

SECOND = 1_000_000_000
BEGIN = 1_000_000 * SECOND  # a monotonic clock that has run for long
FIRST, SECOND_ADDRESS, THIRD = ("a", 1), ("b", 2), ("c", 3)
HOSTS = {
    "SocketConnectHost": "a",
    "SocketConnectPort": "1",
    "SocketConnectHost2": "c",
    "SocketConnectPort2": "3",
    "SocketConnectHost1": "b",
    "SocketConnectPort1": "2",
}


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def addresses(**more: str) -> Addresses:
    return Addresses(SessionSettings(Path("session.cfg"), HOSTS | more))


def tried(them: Addresses, *times_ns: int) -> list[tuple[str, int]]:
    """Return the addresses tried at these times, each of which fails."""
    found = []
    for now_ns in times_ns:
        found.append(them.next(now_ns))
        them.failed()
    return found


@pytest.mark.parametrize("policy", [{}, {"HostSelectionPolicy": "ROUNDROBIN"}, {"HostSelectionPolicy": "PRIORITY"}])
def test_failures_lead_through_every_address_and_around(policy: dict[str, str]) -> None:
    assert tried(addresses(**policy), *[BEGIN] * 4) == [FIRST, SECOND_ADDRESS, THIRD, FIRST]


def test_address_that_was_reached_is_tried_again_without_a_failure() -> None:
    them = addresses()
    tried(them, BEGIN)
    assert [them.next(BEGIN), them.next(BEGIN + 500 * SECOND)] == [SECOND_ADDRESS] * 2


def test_round_robin_never_starts_over() -> None:
    them = addresses()
    assert tried(them, BEGIN, BEGIN + 10_000 * SECOND) == [FIRST, SECOND_ADDRESS]


@pytest.mark.parametrize(("key", "seconds"), [({}, 120), ({"HostSelectionPolicyPriorityStartOverInterval": "7"}, 7)])
def test_priority_starts_over_when_the_interval_is_over_and_not_before(key: dict[str, str], seconds: int) -> None:
    them = addresses(HostSelectionPolicy="PRIORITY", **key)
    over_ns = BEGIN + seconds * SECOND
    assert tried(them, BEGIN, over_ns - 1, over_ns) == [FIRST, SECOND_ADDRESS, FIRST]
    # The interval runs anew from there.
    assert tried(them, over_ns + seconds * SECOND - 1, over_ns + seconds * SECOND) == [SECOND_ADDRESS, FIRST]


def test_interval_of_zero_never_starts_over() -> None:
    them = addresses(HostSelectionPolicy="PRIORITY", HostSelectionPolicyPriorityStartOverInterval="0")
    assert tried(them, BEGIN, BEGIN + 10_000 * SECOND) == [FIRST, SECOND_ADDRESS]


@pytest.mark.skipif(not has_ipv6(), reason="this host has no IPv6")
@pytest.mark.parametrize("source", [{}, {"SocketConnectSourceHost": "::1"}])
def test_o31_native_session_speaks_ipv6(tmp_path: Path, source: dict[str, str]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        acceptor = SessionAcceptor([acceptor_settings(tmp_path, SocketAcceptAddress="::1")], loop)
        (port,) = await acceptor.listen()
        us = Witness(NativeSession(initiator_settings(tmp_path, port, SocketConnectHost="::1", **source), loop))
        us.session.logon()
        try:
            await us.logged_on()
        finally:
            us.session.close()
            acceptor.close()

    with asyncio.Runner() as runner:
        runner.run(main())
