"""A session may take another name while it runs, where its numbers begin anew with each Logon."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.errors import SessionError
from engine.session import RenamableSession
from engine.session.native.initiator import NativeSession
from engine.session.quickfix.initiator import QuickfixSession
from tests.support.session.sockets import initiator_settings


@contextmanager
def session(folder: Path, **changes: object) -> Iterator[NativeSession]:
    loop = asyncio.new_event_loop()
    with closing(loop), closing(NativeSession(initiator_settings(folder, 1, **changes), loop)) as one:
        yield one


def test_name_changes_with_the_next_connection(tmp_path: Path) -> None:
    with session(tmp_path, ResetOnLogon="Y") as one:
        before = one.name
        assert isinstance(one, RenamableSession)
        one.rename("OTHER")
        assert one.name == before
        one.core.rename("OTHER")  # as the next attempt does
        assert one.name == f"{before.partition(':')[0]}:OTHER->{before.partition('->')[2]}"
        assert b"\x0149=OTHER\x01" in one.core.encoder.encode(b"35=0\x01", 1, 0)


def test_session_whose_numbers_go_on_keeps_its_name(tmp_path: Path) -> None:
    with session(tmp_path) as one, pytest.raises(SessionError, match="its numbers go on over connections"):
        one.rename("OTHER")


def test_quickfix_cannot() -> None:
    assert not issubclass(QuickfixSession, RenamableSession)
