"""Stores moved between the native session and QuickFIX, read by the other side."""

import asyncio
from pathlib import Path

import pytest
import uvloop

from engine.errors import SessionError
from engine.session.file.settings import SessionSettings
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession
from engine.session.store.convert import read_quickfix, to_native, to_quickfix
from engine.session.store.file_store import FileStore
from tests.session.test_quickfix import Quickfix, free_port
from tests.support.session.scene import START_NS
from tests.support.session.sockets import Witness, acceptor_settings, body, initiator_settings

NAME = "FIX.4.4-US-PEER"


def filled(folder: Path, numbers: tuple[int, ...] = (1, 2, 3), next_in: int = 9) -> SessionSettings:
    """A native store under the settings that are returned."""
    settings = initiator_settings(folder, 1)
    store = FileStore(folder / "us", NAME, START_NS)
    for n in numbers:
        store.append(n, message(n))
    store.set_next_in(next_in)
    store.close()
    return settings


def message(n: int) -> bytes:
    return f"8=FIX.4.4\x019=5\x0135=D\x0134={n}\x0111=o{n}\x0110=000\x01".encode()


def test_there_and_back_keeps_everything(tmp_path: Path) -> None:
    settings = filled(tmp_path)
    to_quickfix(settings)
    assert read_quickfix(settings) == (9, 4, START_NS, [(n, message(n)) for n in (1, 2, 3)])
    for file in (tmp_path / "us").glob("*.log"):
        file.unlink()
    (tmp_path / "us" / f"{NAME}.head").unlink()
    to_native(settings)
    store = FileStore(tmp_path / "us", NAME, 0)
    assert (store.next_in, store.next_out, store.created_ns) == (9, 4, START_NS)
    assert list(store.messages(1, 9)) == [(n, message(n)) for n in (1, 2, 3)]
    store.close()


def test_files_are_quickfixs(tmp_path: Path) -> None:
    to_quickfix(filled(tmp_path, (1, 2)))
    texts = {kind: (tmp_path / "us" / f"{NAME}.{kind}").read_text() for kind in ("seqnums", "header", "session")}
    size = len(message(1))
    assert texts == {
        "seqnums": "00000000000000000003 : 00000000000000000009",
        "header": f"1,0,{size} 2,{size},{size} ",
        "session": "20260105-14:30:00",
    }


def test_numbers_are_never_lowered(tmp_path: Path) -> None:
    settings = filled(tmp_path)
    to_quickfix(settings)
    store = FileStore(tmp_path / "us", NAME, 0)
    store.append(4, message(4))
    store.close()
    with pytest.raises(SessionError, match=r"^FIX\.4\.4:\S+: .*would lower.*; remove"):
        to_native(settings)


def test_damaged_source_is_named(tmp_path: Path) -> None:
    settings = filled(tmp_path)
    with pytest.raises(SessionError, match="cannot be read"):
        read_quickfix(settings)
    to_quickfix(settings)
    (tmp_path / "us" / f"{NAME}.body").write_bytes(b"short")
    with pytest.raises(SessionError, match="entry '1,0,"):
        to_native(settings)


def test_nothing_to_convert_is_said(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="no native store"):
        to_quickfix(initiator_settings(tmp_path, 1))


def test_session_changes_kind_within_a_day(tmp_path: Path) -> None:
    """QuickFIX, then native, then QuickFIX again, with one acceptor that notices nothing."""

    async def run() -> None:
        loop, port = asyncio.get_running_loop(), free_port()
        acceptor = SessionAcceptor([acceptor_settings(tmp_path, port)], loop)
        await acceptor.listen()
        (peer,) = map(Witness, acceptor.sessions.values())
        settings = initiator_settings(tmp_path, port)
        quickfix = Quickfix(settings)
        await quickfix.start()
        await quickfix.until(lambda: "logon" in quickfix.events)
        quickfix.tell("send D o1")
        await peer.until(lambda: len(peer.messages) == 1)
        await quickfix.stop()
        await peer.until(lambda: not peer.session.is_connected)

        to_native(settings)
        us = Witness(NativeSession(settings, loop))
        us.session.logon()
        await us.logged_on()
        us.session.send(body("o2"))
        await peer.until(lambda: len(peer.messages) == 2)
        us.session.logout()
        await us.until(lambda: us.count("logout") == 1)
        us.session.close()
        await peer.until(lambda: not peer.session.is_connected)

        to_quickfix(settings)
        quickfix = Quickfix(settings)
        await quickfix.start()
        await quickfix.until(lambda: "logon" in quickfix.events)
        quickfix.tell("send D o3")
        await peer.until(lambda: len(peer.messages) == 3)
        await quickfix.stop()
        acceptor.close()
        assert peer.messages == [("D", "o1"), ("D", "o2"), ("D", "o3")]
        assert us.count("fault") == 0 and all("unfilled" not in event for event in peer.events)
        assert peer.count("fault") == 0

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(run(), 100))
