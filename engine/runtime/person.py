"""Who did something: a process of this machine, by the user that it runs as.

Errors  none: a user that the system does not know goes by its number.
"""

import os
import pwd
import socket
import struct
from typing import NamedTuple

_CREDENTIALS = struct.Struct("3i")  # of SO_PEERCRED: process, user, group


class Person(NamedTuple):
    """A process, its user by number and by name."""

    uid: int
    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (uid {self.uid}, pid {self.pid})"


def this_process() -> Person:
    """Return who runs this process."""
    return Person(os.geteuid(), os.getpid(), user_name(os.geteuid()))


def the_engine() -> Person:
    """Return this process as what acts by itself, without any person's order."""
    return this_process()._replace(name="the engine")


def peer_of(descriptor: int) -> Person:
    """Return who connected to this Unix socket, as the kernel tells it."""
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(credentials)
    return Person(uid, pid, user_name(uid))


def user_name(uid: int) -> str:
    """Return the name of a user, "uid N" where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
