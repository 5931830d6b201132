"""A reader gets whole pictures or a reason, whatever lies where the view should, and whatever its writer does."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine import fix
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.ops.view import layout, process, reader
from engine.ops.view.place import link_of
from engine.ops.view.process import process_start
from engine.ops.view.reader import ViewReader
from tests.support.desks import CENTS
from tests.support.views import Shown, desk


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path)


def put(directory: Path, name: str, value: int) -> None:
    """Overwrite a field of the head."""
    with link_of(directory).open("r+b") as file:
        file.seek(layout.HEAD.offset(name))
        file.write(value.to_bytes(8, "little"))


# A writer that never pauses, and what its readers see: every number of a record is the number of its view

WRITER = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from engine import fix
from engine.instrument import Instrument
from tests.support.desks import CENTS
from tests.support.views import Shown, desk

loop = desk([Instrument(f"M{index}", index, CENTS) for index in range(64)])
shown = Shown(Path(sys.argv[1]), SimpleNamespace(loop=loop, now_ns=5))
end = time.monotonic() + float(sys.argv[2])
turn = 0
while time.monotonic() < end:
    for _ in range(100):
        turn += 1
        loop.last_frame_ns = turn
        loop.counters.frames = loop.counters.unknown_reports = turn
        for book in loop.books:
            book.updated_ns = turn
        for instrument in loop.instruments[::9]:
            loop.portfolio.fill(instrument, fix.BUY, 1, 4_500, 0)
        if turn % 3 == 0 and turn < 1_000:
            order = loop.orders.open(loop.instruments[0], fix.BUY, 4_500, 10, "2", "1", False, 0, turn)
        shown.supervisor.reason = f"turn {turn}"
        shown.publisher.publish()
        time.sleep(turn % 5 / 50_000)
shown.publisher.close()
"""


def test_reader_never_sees_half_a_view(tmp_path: Path) -> None:
    seconds = 3.0
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(seconds)]) as writer:
        watched = ViewReader(tmp_path)
        seen: list[int] = []
        moved = 0
        while writer.poll() is None:
            if not link_of(tmp_path).exists():
                time.sleep(0.01)
                continue
            view = watched.read()
            turn = view.head.last_frame_ns
            if turn and not view.has_ended:
                moved += turn not in seen[-1:]
                seen.append(turn)
                assert {market.updated_ns for market in view.records("markets")} == {turn}
                assert (view.counters.frames, view.counters.unknown_reports) == (turn, turn)
                assert view.desk.reason == f"turn {turn}"
                nets = [market.net for market in view.records("markets")]
                assert nets == [turn if index % 9 == 0 else 0 for index in range(64)]
                assert view.head.cash == -sum(nets) * 4_500 == sum(each.cash for each in view.records("markets"))
                assert len(view.records("orders")) == view.head.live_orders == min(turn // 3, 333)
    assert (writer.returncode, seen) == (0, sorted(seen))
    assert moved > 20  # it did look while the writer wrote


def test_random_bytes_where_the_view_lies_are_refused_and_never_more(shown: Shown) -> None:
    chance = Random(9)
    front = layout.HEAD.size + layout.DIRECTORY.size * len(layout.BLOCKS)
    whole = link_of(shown.directory).read_bytes()
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(front)] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        link_of(shown.directory).write_bytes(data)
        try:
            view = shown.reader.read()
            [view.records(block.name) for block in layout.BLOCKS]
        except ConfigError as error:
            assert str(link_of(shown.directory)) in str(error)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WAIT_S", 0.0)


def test_no_view_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"view: no view \(No such file or directory\); is an engine running"):
        ViewReader(tmp_path).read()


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"x" * 100_000])
def test_other_file_in_its_place_says_so(tmp_path: Path, data: bytes) -> None:
    link_of(tmp_path).write_bytes(data)
    with pytest.raises(ConfigError, match="is no view of an engine"):
        ViewReader(tmp_path).read()


def test_directory_in_its_place_says_so(tmp_path: Path) -> None:
    link_of(tmp_path).mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        ViewReader(tmp_path).read()


@pytest.mark.parametrize("name", ["layout_version", "layout_hash"])
def test_other_layout_says_so_and_what_to_do(shown: Shown, name: str) -> None:
    put(shown.directory, name, 77)
    with pytest.raises(ConfigError, match="of another version of this program; use the fixlane that runs the engine"):
        shown.reader.read()


def test_view_that_was_cut_says_how_much_is_there(shown: Shown) -> None:
    size = link_of(shown.directory).stat().st_size
    os.truncate(link_of(shown.directory), 100_000)
    with pytest.raises(ConfigError, match=f"100000 of {size} bytes are there"):
        shown.reader.read()


def test_writer_in_the_middle_is_waited_for(shown: Shown) -> None:
    sequence = shown.look().head.sequence
    put(shown.directory, "sequence", sequence + 1)
    timer = threading.Timer(0.05, put, (shown.directory, "sequence", sequence + 2))
    timer.start()
    shown.reader.path.stat()
    while True:
        try:
            assert shown.reader.read().head.sequence == sequence + 2
            break
        except ConfigError as error:
            assert "written without a pause by process" in str(error)
    timer.join()


def test_writer_that_died_in_the_middle_leaves_what_there_is(shown: Shown) -> None:
    put(shown.directory, "sequence", 5)
    put(shown.directory, "pid_start", 1)
    view = shown.reader.read()
    assert (view.head.sequence, view.is_alive(), view.has_ended) == (5, False, False)


def test_file_that_shrinks_while_it_is_read_ends_no_reader(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    pread = os.pread

    def short(descriptor: int, size: int, offset: int) -> bytes:
        return pread(descriptor, size, offset)[: layout.HEAD.size // 2]

    monkeypatch.setattr(os, "pread", short)
    with pytest.raises(ConfigError, match="is no view"):
        shown.reader.read()


def test_markets_of_another_run_are_not_taken_for_this_ones(shown: Shown) -> None:
    put(shown.directory, "start_utc_ns", 1)
    assert [name.symbol for name in shown.reader.read().names] == ["market 0", "market 1"]


def test_new_start_brings_its_own_markets(tmp_path: Path, shown: Shown) -> None:
    assert shown.reader.read().symbol(0) == "RAIN"
    loop = desk([Instrument("FOG", 0, CENTS)])
    again: Any = type("scene", (), {"loop": loop, "now_ns": 7})
    later = Shown.__new__(Shown)
    later.wall_ns = 1
    Shown.__init__(later, tmp_path, again)
    later.wall_ns += 1
    later.publisher._open()
    later.publisher.publish()
    assert shown.reader.read().symbol(0) == "FOG"
    assert shown.reader.read().symbol(5) == ""


# Whether it lives


def test_process_is_known_by_its_number_and_its_start(shown: Shown) -> None:
    view = shown.look()
    assert view.is_alive()
    put(shown.directory, "pid_start", view.head.pid_start + 1)  # the number was given to another one
    assert not shown.reader.read().is_alive()


def test_dead_process_has_no_start_even_before_it_is_reaped() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        while process_start(child.pid):
            time.sleep(0.01)
    assert process_start(child.pid) == process_start(2**22 + 7) == 0
    assert process_start(os.getpid()) > 0


def test_view_of_another_boot_is_of_nobody_and_as_old_as_the_clock_on_the_wall_says(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = shown.look()
    monkeypatch.setattr(reader, "boot_id", lambda: "another")
    assert not view.is_alive()
    age_ns = time.time_ns() - shown.wall_ns
    assert abs(view.age_ns() - max(age_ns, 0)) < 10**10


def test_boot_has_a_name() -> None:
    assert len(process.boot_id()) == 36


def test_position_is_a_size_and_money_is_dollars(shown: Shown) -> None:
    shown.scene.portfolio.fill(shown.scene.rain, fix.BUY, 250, 4_500, 3)
    view = shown.look()
    assert (view.size(250), view.price(4_500), view.money(view.head.cash)) == ("2.50", "0.4500", "-1.125000")
