"""A message store on a disk that fills while the session is logged on: what is left serves what is sent."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from engine.errors import SessionError
from engine.session.native.initiator import NativeSession
from engine.session.store import file_store
from engine.session.store.file_store import FileStore
from engine.session.store.store import MemoryStore
from tests.support.session.fix_peer import Side, logged_on, order, until
from tests.support.session.fix_peer import run as run_quickfix
from tests.support.session.sockets import Pair, Run, body, initiator_settings, run
from tests.support.session.unwilling import Unwilling, unwilling

__all__ = ["run"]
NO_SPACE = OSError(28, "No space left on device")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that holds one segment and little more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=18m", "tmpfs", str(folder)], check=False)
    if made.returncode:
        pytest.skip("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Unprepared(MemoryStore):
    """A store that has room, and cannot make more."""

    def prepare(self) -> bool:
        raise NO_SPACE


def test_o1_a_store_that_cannot_prepare_keeps_its_session(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.core.store.close()
        store = Unprepared()
        store.next_in, store.next_out = pair.session.next_target_seq_num, pair.session.next_sender_seq_num
        pair.session.core.store = store
        pair.session.on_timer()
        with pytest.raises(SessionError, match="the store cannot grow: .*No space left"):
            pair.session.prepare()
        pair.session.send(body("cancel"))
        await pair.peer.until(lambda: pair.peer.messages == [("D", "cancel")])
        assert pair.session.is_logged_on and pair.us.count("logout") + pair.us.count("fault") == 0
        pair.close()

    run(main())


def test_o1_a_full_disk_leaves_half_a_segment_for_cancels_and_recovers(small_disk: Path) -> None:
    store = FileStore(small_disk / "store", "S", 1)
    (small_disk / "filler").write_bytes(bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize))
    message = b"x" * 1000
    number = 1
    with pytest.raises(OSError, match="No space left"):
        while True:
            store.append(number, message)
            number += 1
            store.prepare()
    assert number * 1024 < file_store.SEGMENT_SIZE * 0.6
    for _ in range(2000):  # cancels
        store.append(number, message)
        number += 1
    (small_disk / "filler").unlink()
    (small_disk / "store").joinpath("unrelated").touch()
    with pytest.raises(OSError, match="No space left"):
        store.prepare()  # 2 MB are not enough for a segment
    store.close()
    assert FileStore(small_disk / "store", "S", 1).next_out == number


def test_o1_a_session_whose_store_is_full_dials_slowly_and_comes_back(tmp_path: Path) -> None:
    async def main() -> None:
        async with unwilling(Unwilling.LOGON, wall_ns=time.time_ns) as venues:
            loop = asyncio.get_running_loop()
            session = NativeSession(initiator_settings(tmp_path, venues[0].port, ReconnectInterval=0), loop)

            class Full(MemoryStore):
                is_full = True

                def append(self, seq_num: int, message: bytes) -> None:
                    if self.is_full:
                        raise NO_SPACE
                    super().append(seq_num, message)

            session.core.store.close()
            store = session.core.store = Full()
            session.logon()
            await asyncio.sleep(0.7)
            assert len(venues[0].times) <= 5 and "No space left" in session.last_error
            store.is_full = False
            session.logon()
            await until(lambda: session.is_logged_on)
            assert session.next_sender_seq_num == 2
            session.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_o1_quickfix_says_early_that_its_disk_fills(small_disk: Path) -> None:
    async def main() -> None:
        async with logged_on(small_disk) as (side, peer):
            side.session.prepare()
            left = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
            (small_disk / "filler").write_bytes(bytes(left - 2**20))
            with pytest.raises(SessionError, match="the store cannot grow for long"):
                await said(side)
            side.send(order("C1"))
            await until(lambda: peer.received("D"))
            (small_disk / "filler").unlink()
            side.session.prepare()

    run_quickfix("event", main())


async def said(side: Side) -> None:
    async with asyncio.timeout(3):
        while True:
            side.session.prepare()
            await asyncio.sleep(0.05)
