"""What a strategy keeps: given back at the next start, told and left out where it cannot be, never an obstacle."""

from pathlib import Path
from typing import Any, Never

import msgspec
import pytest

from engine.journal.reader import read_all
from engine.journal.recovery import recover
from engine.journal.saved import MOST_BYTES, state_of_text
from engine.journal.segments import RecordKind, journal_paths
from engine.journal.snapshot import Snapshots
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.runtime.notices import NoticeKind
from engine.strategy import Strategy
from engine.trading.serving.saved_state import SAVE_NS, StateKeeper
from tests.support.desks import Scene
from tests.support.journals import journal_in
from tests.support.order_reports import INSTRUMENTS


class Memory(msgspec.Struct):
    """What is kept."""

    fair: dict[str, int]
    count: int = 0


class Remembering(Strategy):
    """Keeps what it is told to."""

    State = Memory

    def __init__(self, memory: Any = None) -> None:
        super().__init__()
        self.memory = memory
        self.loaded: list[Any] = []

    def on_load(self, state: Any) -> None:
        self.loaded.append(state)

    def on_save(self) -> object:
        return self.memory


class Start:
    """One start of a desk on a journal."""

    def __init__(self, directory: Path, strategy: Strategy) -> None:
        orders, portfolio = Orders("R"), Portfolio(INSTRUMENTS)
        saved = recover(journal_paths(directory), INSTRUMENTS, orders, portfolio).saved
        self.journal = journal_in(directory)
        self.snapshots = Snapshots(self.journal, orders, portfolio, saved=saved)
        self.snapshots.take()
        self.scene = Scene(strategy)
        self.notices = self.scene.loop.notices
        self.keeper = StateKeeper(strategy, self.journal, self.scene.loop.guard, self.notices, self.snapshots)
        self.keeper.load()

    def end(self) -> None:
        self.keeper.save(1)
        self.snapshots.end()
        self.journal.close()


def saved(directory: Path) -> list[str]:
    return [record.text for record in read_all(journal_paths(directory)) if record.kind == RecordKind.SAVED]


def lived(directory: Path, memory: Any, kind: type[Remembering] = Remembering) -> None:
    start = Start(directory, kind(memory))
    start.end()


def loaded(directory: Path, kind: type[Remembering] = Remembering) -> tuple[Any, Start]:
    strategy = kind()
    start = Start(directory, strategy)
    start.journal.close()
    (found,) = strategy.loaded
    return found, start


def test_state_comes_back_at_every_later_start(tmp_path: Path) -> None:
    lived(tmp_path, Memory({"RAIN": 4_500}, 3))
    for _ in range(3):
        found, _ = loaded(tmp_path)
        assert found == Memory({"RAIN": 4_500}, 3)


def test_first_start_has_none(tmp_path: Path) -> None:
    found, start = loaded(tmp_path)
    assert found is None
    assert start.scene.halts == []


def test_state_is_kept_without_an_orderly_end(tmp_path: Path) -> None:
    strategy = Remembering(Memory({}, 1))
    start = Start(tmp_path, strategy)
    for now_ns, count in ((SAVE_NS, 1), (SAVE_NS + 1, 2), (2 * SAVE_NS, 3), (3 * SAVE_NS, 3)):
        strategy.memory.count = count
        start.keeper.tick(now_ns)
    start.journal.close()  # no snapshot, as after kill -9
    assert [state_of_text(text).state_as(Memory).count for text in saved(tmp_path)] == [
        1,
        3,
    ]  # what did not change is left out
    assert loaded(tmp_path)[0] == Memory({}, 3)


def test_plain_state_needs_no_struct(tmp_path: Path) -> None:
    class Plain(Remembering):
        State = None  # type: ignore[assignment]

    lived(tmp_path, {"fair": [1, 2]}, Plain)
    assert loaded(tmp_path, Plain)[0] == {"fair": [1, 2]}


class Newer(Remembering):
    state_version = 2


class Shaped(Remembering):
    class State(msgspec.Struct):
        """Another shape."""

        fair: str


class Other(Remembering):
    pass


@pytest.mark.parametrize("kind", [Newer, Shaped, Other])
def test_state_that_does_not_fit_is_told_and_not_used(tmp_path: Path, kind: type[Remembering]) -> None:
    class Same(kind):  # type: ignore[misc,valid-type]
        pass

    if kind is not Other:
        Same.__qualname__, Same.__module__ = Remembering.__qualname__, Remembering.__module__
    lived(tmp_path, Memory({"RAIN": 1}))
    found, start = loaded(tmp_path, Same)
    assert found is None
    assert start.scene.halts == []
    assert start.notices.count(NoticeKind.STATE_LOST) == 1


def test_text_that_is_no_state_stops_no_start(tmp_path: Path) -> None:
    for text in ("", "{", '{"strategy": 1}', "[]"):
        journal = journal_in(tmp_path)
        journal.append_state(RecordKind.SAVED, (), text)
        journal.close()
        assert loaded(tmp_path)[0] is None


@pytest.mark.parametrize("state", [object(), "x" * MOST_BYTES, {1j: 2}])
def test_state_that_cannot_be_kept_is_told(tmp_path: Path, state: object) -> None:
    start = Start(tmp_path, Remembering(state))
    start.end()
    assert start.notices.count(NoticeKind.STATE_LOST) == 1
    assert start.scene.halts == []
    assert loaded(tmp_path)[0] is None


def test_hook_that_fails_halts(tmp_path: Path) -> None:
    class Broken(Remembering):
        def on_save(self) -> Never:
            raise ValueError("no")

    start = Start(tmp_path, Broken())
    start.keeper.tick(SAVE_NS)
    start.journal.close()
    assert start.scene.halts[0].startswith("strategy hook on_save raised ValueError: no")


def test_nothing_is_asked_of_a_strategy_without_the_hooks(tmp_path: Path) -> None:
    start = Start(tmp_path, Strategy())
    start.end()
    assert saved(tmp_path) == []
