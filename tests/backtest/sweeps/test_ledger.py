"""Trials are counted once each, on data that overlap, and no crash of a writer spoils the file."""

from pathlib import Path

import pytest

from engine.backtest.sweeps.ledger import Trial, TrialLedger, tried_data
from engine.errors import ConfigError

MORNING = tried_data(0, 10, ["RAIN", "SNOW"])
NOON = tried_data(8, 20, ["RAIN"])
ELSEWHERE = tried_data(0, 20, ["WIND"])
EVENING = tried_data(30, 40, ["RAIN"])


def trial(name: str, data: object, sharpe: float | None = None) -> Trial:
    return Trial(configuration=name, data=getattr(data, "digest"), sharpe=sharpe)  # noqa: B009


def test_configuration_counts_once_for_all_data_that_overlap(tmp_path: Path) -> None:
    ledger = TrialLedger(tmp_path / "trials")
    for data in (MORNING, NOON, ELSEWHERE, EVENING):
        ledger.add(data, [trial("a", data, 0.1), trial(data.digest, data)])
    for found in (ledger, TrialLedger(tmp_path / "trials")):
        assert found.tried(MORNING).count == 3 and found.tried(MORNING).sharpes == [0.1]
        assert found.tried(ELSEWHERE).count == found.tried(EVENING).count == 2


def test_trial_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "trials"
    TrialLedger(path).add(MORNING, [trial("a", MORNING), trial("b", MORNING)])
    before = path.read_bytes()
    TrialLedger(path).add(MORNING, [trial("b", MORNING), trial("a", MORNING)])
    assert path.read_bytes() == before


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_line_that_was_cut_is_left_out_and_written_over(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "trials"
    TrialLedger(path).add(MORNING, [trial("a", MORNING), trial("b", MORNING)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    ledger = TrialLedger(path)
    assert ledger.tried(MORNING).count == 1
    ledger.add(MORNING, [trial("b", MORNING)])
    assert path.read_bytes() == whole


def test_line_that_is_no_trial_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trials"
    path.write_text('{"type":"data"}\n')
    with pytest.raises(ConfigError, match="line 1 is no trial"):
        TrialLedger(path)
