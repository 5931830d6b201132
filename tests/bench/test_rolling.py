"""`rolling` passes on a desk that forgets what is over, and fails on one that does not."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.subjects import rolling
from bench.subjects.rolling import Rolled, TurningDesk
from bench.subjects.strategies import QTY
from engine.instrument import Instrument
from tests.support.places import ROOT

SMALL = Rolled(markets=8_000, young=400, frames=40)


@pytest.fixture(autouse=True)
def any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "MOST_TIME", 100.0)  # the machine may be busy: memory is what is looked at


def test_desk_that_forgets_what_is_over_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert rolling.run(SMALL) == 0
    assert capsys.readouterr().out.startswith("8000 markets, 200 at once, ")


HOARD = """
import sys
from bench.subjects import rolling
kept, roll = [], rolling.TurningDesk.roll
def hoard(desk):
    roll(desk)
    kept.append(bytes(40_000))
rolling.TurningDesk.roll, rolling.MOST_TIME = hoard, 100.0
sys.exit(rolling.run(rolling.Rolled(markets=8_000, young=400, frames=40)))
"""


def test_desk_that_keeps_what_is_over_fails() -> None:
    """In a process of its own: one that has run other tests has room in which much can hide."""
    ended = subprocess.run([sys.executable, "-c", HOARD], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (1, ""), ended


def test_desk_that_grew_slow_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "MOST_TIME", 1.5)
    answer = TurningDesk.answer

    def slow(desk: TurningDesk, instrument: Instrument, number: int) -> int:
        return answer(desk, instrument, number) * (4 if desk.made > SMALL.young + rolling.ALIVE else 1)

    monkeypatch.setattr(TurningDesk, "answer", slow)
    assert rolling.run(SMALL) == 1


def test_every_frame_is_answered_at_its_ask(tmp_path: Path) -> None:
    desk = TurningDesk(tmp_path)
    try:
        for number in range(2 * rolling.STEPS):
            desk.answer(desk.alive[0], number)
        assert (desk.fills, desk.portfolio[desk.alive[0]].net) == (2 * rolling.STEPS, 2 * rolling.STEPS * QTY)
    finally:
        desk.journal.close()
