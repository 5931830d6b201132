"""Memory over many frames and orders, in small, and that growth is found."""

import pytest

from bench.subjects import soak
from bench.subjects.soak import Reading
from engine.book import Book

SMALL = soak.Amounts(books=100, frames=200_000, orders=5_000)


class Hoarder(soak.Watcher):
    """Keeps a little of every hundredth book."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[object] = []

    def on_book(self, book: Book) -> None:
        super().on_book(book)
        if self.moves % 100 == 0:
            self._kept.append(object())


def test_frames_and_orders_leave_no_more_than_they_may(capsys: pytest.CaptureFixture[str]) -> None:
    watcher = soak.Watcher()
    assert soak.run(SMALL, watcher) == 0
    assert watcher.moves == 200_000 + 20_001 + 1  # with the warm-up and the snapshot
    assert capsys.readouterr().out.count("kept of each") == 2


def test_strategy_that_keeps_something_of_a_frame_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.run(SMALL, Hoarder()) == 1
    assert "FAILED: frames: grew by 20" in capsys.readouterr().out


def test_cycles_fail() -> None:
    def tie(number: int) -> None:
        for _ in range(number):
            knot: list[object] = []
            knot.append(knot)

    with pytest.raises(AssertionError, match="objects were left in cycles"):
        soak._readings(tie, 100)


def test_growth_is_told_beyond_what_orders_may_keep() -> None:
    first = Reading(100 * soak.MIB, 1000)
    assert soak.growth([first, Reading(101 * soak.MIB, 1100)]) == ""
    assert soak.growth([first, Reading(102 * soak.MIB, 1101)]) == f"{2 * soak.MIB} bytes and 101 blocks"
    assert soak.growth([first, Reading(102 * soak.MIB, 21_000)], kept=1000) == ""
    assert soak.growth([first, Reading(100 * soak.MIB, 21_101)], kept=1000) == "20101 blocks"
