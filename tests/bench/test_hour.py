"""`soak --minutes` in small: what stays passes, and what grows, leaks or slows down is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.subjects import hour
from bench.subjects.hour import MinuteReading, SoakPace, verdict

MIB = 2**20
FLAT = MinuteReading(70 * MIB, 10, 80 * MIB, 36, 1.001, 1000, 4000)


def after(**changed: Any) -> list[MinuteReading]:
    """Return an hour that changes in its last half."""
    return [FLAT] * 30 + [FLAT._replace(**changed)] * 30


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ([FLAT] * 60, []),
        (after(desk_bytes=71 * MIB, ratio=1.01), []),
        ([FLAT._replace(desk_bytes=40 * MIB)] * 5 + [FLAT] * 55, []),  # until all is warm
        (after(desk_bytes=72 * MIB), ["desk: memory grew to 1.029"]),
        (after(demo_bytes=90 * MIB), [f"demo: memory grew by {10 * MIB} bytes with 100 requests"]),
        (after(demo_descriptors=40), ["demo: descriptors grew from 36 to 40"]),
        (after(desk_descriptors=13), ["desk: descriptors grew from 10 to 13"]),
        ([FLAT] * 6 + [FLAT._replace(ratio=1.03)] * 54, ["desk: frame to order takes 1.030"]),
    ],
)
def test_verdict_names_what_did_not_stay(readings: list[MinuteReading], words: list[str]) -> None:
    found = verdict(readings, requests=100)
    assert len(found) == len(words) and all(each.startswith(word) for each, word in zip(found, words, strict=True))


def test_growth_that_its_orders_account_for_passes() -> None:
    assert verdict(after(demo_bytes=90 * MIB), requests=20_000) == []


def test_short_soak_reads_every_minute_and_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hour, "verdict", lambda readings, orders: [])  # a moment says nothing of an hour
    assert hour.run(SoakPace(minutes=2, minute_s=3.0, work_s=0.1, frames=40), tmp_path / "soak.json") == 0
    written = json.loads((tmp_path / "soak.json").read_text())
    assert len(written["minutes"]) == 2 and written["failures"] == []
    assert all(each["demo_bytes"] > MIB and each["ratio"] > 0 for each in written["minutes"])
    assert "both sides agree" in capsys.readouterr().out
