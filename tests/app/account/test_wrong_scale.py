"""A book that is the venue's on the other price scale halts trading: so are all the others."""

import asyncio

import pytest

from engine.errors import EngineError
from engine.runtime.notices import NoticeKind
from tests.app.account.test_books import ASKS, Checked


class EndedRun(EngineError):
    """The end of a run."""


def test_asks_on_the_other_scale_halt_trading() -> None:
    checked = Checked()
    checked.venue.asks = {10_000 - price: size for price, size in ASKS.items()}
    checked.compare()
    (halt,) = checked.scene.halts
    assert halt.startswith("RAIN: its asks are read on the wrong price scale: feed.use_yes_price is wrong")
    assert [kind for kind, _ in checked.told()] == [NoticeKind.BOOK_DIFFERS]


def test_other_differences_halt_nothing() -> None:
    checked = Checked()
    checked.venue.asks = {10_000 - price: size + 1 for price, size in ASKS.items()}
    checked.compare()
    assert checked.scene.halts == []
    assert [kind for kind, _ in checked.told()] == [NoticeKind.BOOK_DIFFERS]


def test_books_of_a_connection_that_was_away_are_compared_before_the_others() -> None:
    checked = Checked()
    pauses: list[float] = []

    def look() -> None:
        """End the run with the third wait."""
        pauses.append(checked.pauses[-1])
        if len(pauses) == 2:
            raise EndedRun

    checked.after_look = look
    checked.check.look_soon([checked.scene.rain, checked.scene.snow])
    with pytest.raises(EndedRun):
        asyncio.run(checked.check.run())
    assert (pauses, checked.venue.asked) == ([2.0, 2.0], ["RAIN"])
