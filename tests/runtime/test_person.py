"""Who did something, as the kernel tells it."""

import os
import pwd
import socket

from engine.runtime.person import Person, peer_of, the_engine, this_process, user_name


def test_person_is_user_and_process() -> None:
    me = Person(os.getuid(), os.getpid(), pwd.getpwuid(os.getuid()).pw_name)
    assert this_process() == me
    assert str(Person(1_000, 77, "alice")) == "alice (uid 1000, pid 77)"
    assert the_engine() == me._replace(name="the engine")


def test_peer_of_a_socket_is_told_by_the_kernel() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert peer_of(one.fileno()) == this_process()


def test_user_without_a_name_goes_by_the_number() -> None:
    assert user_name(4_000_000_000) == "uid 4000000000"
