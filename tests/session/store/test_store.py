"""The file store: what it keeps, what it notices, and that a kill at any moment loses nothing that was sent."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from engine.errors import SessionError
from engine.session.store import archive
from engine.session.store.file_store import FileStore, stem
from engine.session.store.head import RunFacts, write_head
from engine.session.store.store import MemoryStore
from tests.support.session.scene import START_NS, Scene

OpenStore: TypeAlias = Callable[..., FileStore]
SMALL = 4096 * 2


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[OpenStore]:
    opened: list[FileStore] = []

    def open_one(**options: object) -> FileStore:
        for store in opened:
            store.close()
        opened.append(FileStore(tmp_path, "S", 77, **{"segment_size": SMALL, **options}))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


def message(seq_num: int) -> bytes:
    return b"8=FIX.4.4|34=%d|" % seq_num + b"x" * (seq_num * 7 % 90)


def filled(open_store: OpenStore, count: int) -> FileStore:
    store = open_store()
    for seq_num in range(1, count + 1):
        store.append(seq_num, message(seq_num))
    store.set_next_in(5)
    return store


def test_new_store_begins_with_one(open_store: OpenStore) -> None:
    store = open_store()
    assert (store.next_in, store.next_out, store.created_ns) == (1, 1, 77)


@pytest.mark.parametrize("count", [1, 10, 300])
def test_reopened_store_has_numbers_and_messages(open_store: OpenStore, count: int) -> None:
    filled(open_store, count)
    store = open_store()
    assert (store.next_in, store.next_out) == (5, count + 1)
    assert list(store.messages(1, 10_000)) == [(n, message(n)) for n in range(1, count + 1)]
    store.append(count + 1, b"more")
    assert list(open_store().messages(count + 1, count + 1)) == [(count + 1, b"more")]


def test_messages_of_a_range_come_from_every_segment(open_store: OpenStore) -> None:
    store = filled(open_store, 300)
    assert [n for n, _ in store.messages(90, 210)] == list(range(90, 211))


def test_message_longer_than_a_segment_is_kept(open_store: OpenStore) -> None:
    store = filled(open_store, 3)
    store.append(4, b"y" * 3 * SMALL)
    store.append(5, b"z")
    assert list(open_store().messages(4, 5)) == [(4, b"y" * 3 * SMALL), (5, b"z")]


def test_prepared_segment_is_used_later(open_store: OpenStore) -> None:
    store = filled(open_store, 60)
    store.prepare()
    open_store()
    store = filled_on(open_store(), 61, 200)
    assert [n for n, _ in store.messages(1, 999)] == list(range(1, 201))


def test_next_segment_gets_its_pages_a_slice_at_a_time(open_store: OpenStore) -> None:
    large = 2**20
    store = open_store(segment_size=large)
    assert not store.prepare()
    store.append(1, b"x" * (large // 2))
    assert [store.prepare() for _ in range(6)] == [True, True, True, True, False, False]
    store.append(2, b"y" * (large // 2))
    assert list(store.messages(2, 2)) == [(2, b"y" * (large // 2))]


def test_session_goes_on_preparing_until_the_store_is_done() -> None:
    class Preparing(MemoryStore):
        left = 3

        def prepare(self) -> bool:
            self.left -= self.left > 0
            return self.left > 0

    scene = Scene(store=Preparing(START_NS)).up()
    scene.store.left = 3
    pauses = [(scene.core.timer(scene.now_ns) - scene.now_ns) // 1_000_000 for _ in range(3)]
    assert (pauses[:2], pauses[2] > 1_000) == ([50, 50], True)


def filled_on(store: FileStore, first: int, last: int) -> FileStore:
    for seq_num in range(first, last + 1):
        store.append(seq_num, message(seq_num))
        store.prepare()
    return store


def test_reset_begins_a_new_run(open_store: OpenStore, tmp_path: Path) -> None:
    store = filled(open_store, 300)
    store.reset(88, next_in=5)
    assert (store.next_in, store.next_out, store.created_ns) == (5, 1, 88)
    assert list(store.messages(1, 999)) == []
    store.append(1, b"new")
    store = open_store()
    assert (store.next_in, store.next_out, store.created_ns) == (5, 2, 88)
    assert sorted(file.name for file in tmp_path.glob("*.log")) == ["S.2.0.log"]


def archived(folder: Path) -> dict[str, list[tuple[int, bytes]]]:
    """Return what the archive holds, by run."""
    files = sorted((folder / "archive").iterdir(), key=lambda file: int(file.name.split(".")[-2]))
    runs: dict[str, list[tuple[int, bytes]]] = {}
    for file in files:
        assert file.name.startswith("S.20")
        runs.setdefault(file.name.split(".")[-3], []).extend(archive.messages(file))
    return runs


def test_reset_archives_what_was_sent(open_store: OpenStore, tmp_path: Path) -> None:
    filled(open_store, 300).reset(88)
    store = open_store()
    store.append(1, b"second run")
    store.reset(99)
    kept = {"1": [(n, message(n)) for n in range(1, 301)], "2": [(1, b"second run")]}
    assert archived(tmp_path) == kept
    assert sum(file.stat().st_size for file in (tmp_path / "archive").iterdir()) < 40_000
    assert (tmp_path / "archive").stat().st_mode & 0o777 == 0o700


def test_reset_of_an_unused_run_archives_nothing(open_store: OpenStore, tmp_path: Path) -> None:
    open_store().reset(88)
    assert not (tmp_path / "archive").exists()


def test_kill_between_reset_and_archive_loses_nothing(open_store: OpenStore, tmp_path: Path) -> None:
    store = filled(open_store, 3)
    write_head(tmp_path / "S.head", RunFacts("S", run=2, created_ns=88, first_out=1), next_in=1)
    store.close()
    assert open_store().next_out == 1
    assert archived(tmp_path) == {"1": [(n, message(n)) for n in (1, 2, 3)]}


def test_archive_is_shown_without_secrets(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    store.append(1, b"8=FIX.4.4\x0135=A\x01554=hush\x01")
    store.reset(88)
    (file,) = (tmp_path / "archive").iterdir()
    assert list(archive.lines(file)) == ["8=FIX.4.4|35=A|554=***|"]


def test_folder_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    FileStore(tmp_path / "deep" / "store", "S", 77).close()
    assert (tmp_path / "deep" / "store").stat().st_mode & 0o777 == 0o700


def test_numbers_alone_are_kept_where_messages_are_not(open_store: OpenStore) -> None:
    store = open_store(keeps_messages=False)
    store.append(1, b"a")
    store.append(2, b"b")
    store = open_store(keeps_messages=False)
    assert store.next_out == 3 and list(store.messages(1, 2)) == []


def test_synced_store_keeps_the_same(open_store: OpenStore) -> None:
    store = open_store(is_synced=True)
    store.append(1, b"a")
    assert list(open_store(is_synced=True).messages(1, 1)) == [(1, b"a")]


def test_standby_reads_the_shared_store_again_before_its_logon(tmp_path: Path) -> None:
    first, standby = (FileStore(tmp_path, "S", START_NS, is_shared=True, segment_size=SMALL) for _ in range(2))
    scene = Scene(store=standby, refresh_on_logon=True)
    for seq_num in (1, 2, 3):
        first.append(seq_num, message(seq_num))
    first.set_next_in(7)
    first.close()
    assert scene.connect().take() == ["> 35=A|34=4|98=0|108=30|"]
    assert scene.core.next_in == 7
    standby.close()


def test_second_process_is_refused(open_store: OpenStore, tmp_path: Path) -> None:
    open_store()
    with pytest.raises(SessionError, match="in use"):
        FileStore(tmp_path, "S", 77)


def test_closed_store_refuses(open_store: OpenStore) -> None:
    store = open_store()
    append = store.append
    store.close()
    with pytest.raises(SessionError, match="closed"):
        append(1, b"a")
    with pytest.raises(SessionError, match="closed"):
        store.next_in  # noqa: B018


def test_message_is_in_the_store_before_it_is_on_the_wire() -> None:
    scene = Scene().up()

    class Noted(MemoryStore):
        def append(self, seq_num: int, message: bytes) -> None:
            super().append(seq_num, message)
            scene.events.append(f"kept {seq_num}")

        def set_next_in(self, seq_num: int) -> None:
            super().set_next_in(seq_num)
            scene.events.append(f"expects {seq_num}")

    scene.core.store = Noted(START_NS)
    scene.send("35=D|11=A1|")
    assert scene.take() == ["kept 2", "> 35=D|34=2|11=A1|"]
    assert scene.receive("35=8|34=2|37=E1|") == ["< 35=8|34=2|37=E1|", "expects 3"]
    assert (scene.core.store.next_in, scene.core.store.next_out) == (3, 3)


def test_message_that_is_none_is_refused(open_store: OpenStore) -> None:
    store = open_store()
    with pytest.raises(TypeError):
        store.append(1, None)  # type: ignore[arg-type]
    assert (store.next_out, list(store.messages(1, 1))) == (1, [])


def damage(file: Path, offset: int, bits: int = 1) -> None:
    data = bytearray(file.read_bytes())
    data[offset] ^= bits
    file.write_bytes(data)


def refuses(open_store: OpenStore, words: str) -> None:
    with pytest.raises(SessionError, match=words):
        open_store()


def test_damaged_message_is_noticed(open_store: OpenStore, tmp_path: Path) -> None:
    filled(open_store, 3).close()
    damage(tmp_path / "S.1.0.log", 30)
    refuses(open_store, "S.1.0.log: record of message 1 at byte 0 is damaged")


@pytest.mark.parametrize("offset", [0, 7, 8, 15, 20, 60])
def test_damaged_head_is_noticed(open_store: OpenStore, tmp_path: Path, offset: int) -> None:
    filled(open_store, 3).close()
    damage(tmp_path / "S.head", offset)
    refuses(open_store, "damaged")


def test_truncated_head_is_noticed(open_store: OpenStore, tmp_path: Path) -> None:
    filled(open_store, 3).close()
    os.truncate(tmp_path / "S.head", 100)
    refuses(open_store, "head is truncated")


def test_lost_head_is_noticed(open_store: OpenStore, tmp_path: Path) -> None:
    filled(open_store, 3).close()
    (tmp_path / "S.head").unlink()
    refuses(open_store, "S.head: missing beside S.1.0.log")


def test_lost_segment_is_noticed(open_store: OpenStore, tmp_path: Path) -> None:
    filled(open_store, 300).close()
    segments = sorted(tmp_path.glob("*.log"))
    segments[-1].unlink()
    refuses(open_store, "are missing")


def test_head_older_than_its_segments_is_noticed(open_store: OpenStore, tmp_path: Path) -> None:
    filled(open_store, 3).close()
    old = (tmp_path / "S.head").read_bytes()
    store = open_store()
    store.append(4, b"a")
    store.append(5, b"b")
    store.close()
    (tmp_path / "S.head").write_bytes(old)
    refuses(open_store, "the head counts 3 messages, the segments 5")


def test_truncated_segment_is_noticed(open_store: OpenStore, tmp_path: Path) -> None:
    filled(open_store, 20).close()
    os.truncate(tmp_path / "S.1.0.log", 300)
    refuses(open_store, "missing|damaged")


def test_head_of_another_session_is_noticed(open_store: OpenStore, tmp_path: Path) -> None:
    open_store().close()
    (tmp_path / "S.head").rename(tmp_path / "T.head")
    with pytest.raises(SessionError, match="belongs to session S"):
        FileStore(tmp_path, "T", 77)


def test_session_whose_name_goes_on_with_a_number_keeps_its_files(open_store: OpenStore, tmp_path: Path) -> None:
    other = FileStore(tmp_path, "S.2", 77)
    other.append(1, b"theirs")
    filled(open_store, 3).reset(88)
    assert list(other.messages(1, 1)) == [(1, b"theirs")]
    other.close()
    (tmp_path / "S.head").unlink()
    (tmp_path / "S.2.0.log").unlink()
    open_store()


def test_stem_is_a_plain_file_name() -> None:
    assert stem("FIX.4.4", "US", "PEER", "2") == "FIX.4.4-US-PEER-2"
    assert "/" not in stem("FIX.4.4", "../US", "PEER")


def test_segment_of_another_session_is_named_whatever_it_holds(open_store: OpenStore, tmp_path: Path) -> None:
    filled(open_store, 3).close()
    ours = (tmp_path / "S.1.0.log").read_bytes()
    store = FileStore(tmp_path / "other", "S", 77, segment_size=len(ours))
    for number in range(1, 4):
        store.append(number, b"of another session %d" % number)
    store.close()
    (tmp_path / "S.1.0.log").write_bytes((tmp_path / "other" / "S.1.0.log").read_bytes())
    refuses(open_store, "S.1.0.log: damaged at its end, or of another session's store")


def test_store_of_version_1_is_read_and_gone_on_with(open_store: OpenStore, tmp_path: Path) -> None:
    write_head(tmp_path / "S.head", RunFacts("S", run=1, created_ns=88, first_out=1), next_in=1)
    assert b"fixlane store 1 " in (tmp_path / "S.head").read_bytes()
    filled(open_store, 300).close()
    store = open_store()
    assert (store.next_out, len(list(store.messages(1, 300)))) == (301, 300)
    store.reset(99)
    store.append(1, b"bound")
    store.close()
    assert b"fixlane store 2 " in (tmp_path / "S.head").read_bytes()
    assert list(open_store().messages(1, 9)) == [(1, b"bound")]


SENDER = """
import os, sys
from pathlib import Path
from engine.session.store import archive
from engine.session.store.file_store import FileStore
from engine.session.store.head import RunFacts, write_head
store = FileStore(Path(sys.argv[1]), "S", 77, segment_size=8192)
seq_num = store.next_out
while True:
    store.append(seq_num, b"message %d " % seq_num * (1 + seq_num % 5))
    store.set_next_in(seq_num)
    if seq_num % 700 == 0:
        store.reset(seq_num, store.next_in)
        seq_num = 0
        os.write(1, b"reset\\n")
    else:
        os.write(1, b"%d\\n" % seq_num)
    seq_num += 1
    if seq_num % 50 == 0:
        store.prepare()
"""


def test_kill_at_any_moment_keeps_everything_sent(tmp_path: Path) -> None:
    moments = random.Random(11)
    for _ in range(12):
        child = subprocess.Popen([sys.executable, "-c", SENDER, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        first = child.stdout.readline()
        assert first
        time.sleep(moments.uniform(0.0, 0.03))
        child.send_signal(signal.SIGKILL)
        lines = (first + child.stdout.read()).split()
        child.stdout.close()
        child.wait()
        store = FileStore(tmp_path, "S", 77, segment_size=8192)
        kept = list(store.messages(1, 10_000))
        after_reset = lines[len(lines) - lines[::-1].index(b"reset") :] if b"reset" in lines else lines
        last = int(after_reset[-1]) if after_reset else 0
        assert store.next_out - 1 in (last, last + 1) or store.next_out == 1 and last % 700 == 699
        assert kept == [(n, b"message %d " % n * (1 + n % 5)) for n in range(1, store.next_out)]
        store.close()


def test_damaged_store_says_what_to_do(tmp_path: Path) -> None:
    FileStore(tmp_path, "S", 1).close()
    os.truncate(tmp_path / "S.head", 100)
    with pytest.raises(SessionError) as caught:
        FileStore(tmp_path, "S", 1)
    assert str(caught.value) == (
        f"{tmp_path}/S.head: the head is truncated; no logon: restore S.*, or move them away and reset both numbers"
        " with the peer's consent (ResetOnLogon=Y)"
    )
