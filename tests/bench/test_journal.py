"""`fixlane bench journal`: every row is there, and means what it says."""

import json
from pathlib import Path

import pytest

from bench.subjects import journal
from engine.cli import main
from engine.journal.reader import read_all
from engine.journal.segments import RecordKind, journal_paths


def test_every_row_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "QUICK_APPENDS", 200)
    monkeypatch.setattr(journal, "QUICK_HISTORIES", (10**3,))
    file = tmp_path / "found.json"
    assert main(["bench", "journal", "--quick", "--no-pin", "--json", str(file)]) == 0
    runs = json.loads(file.read_text())["runs"]
    assert list(runs) == [
        "journal.append.none",
        "journal.append.interval",
        "journal.append.always",
        "journal.recover.1e3",
        "journal.recover.1e3.late",
    ]
    assert all(run["p50_ns"] > 0 for run in runs.values())


def test_what_is_appended_is_orders_and_reports_in_turn(tmp_path: Path) -> None:
    assert len(journal.appends(tmp_path, "none", 10)) == 10
    kinds = [record.kind for record in read_all(journal_paths(tmp_path))]
    assert kinds == [RecordKind.LINK, *[RecordKind.NEW, RecordKind.REPORT] * 5, RecordKind.END]
