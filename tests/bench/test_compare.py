"""`compare` on made-up results: noise is not taken for a difference, and a difference not for noise."""

from random import Random
from statistics import median
from typing import Any

import pytest

from bench.report.compare import FLOOR, differences, noise
from bench.report.results import spread

RUNS, PAIRS, REPETITIONS = 40, 300, 3
Noise = tuple[float, ...]  # of each run, as the deviation of one repetition's p50 from the next

EVEN = (0.05,) * RUNS
MIXED = (0.05, 0.01, 0.02, 0.1, 0.2) * (RUNS // 5)
QUIET_FLOOR = (0.01,) + (0.1,) * (RUNS - 1)


def results(random: Random, noises: Noise, factor: float = 1.0, outliers: float = 0.0) -> dict[str, Any]:
    """One file: the same figures each time, but for noise and, in `outliers` of the repetitions, half as much again."""
    runs = {}
    for number, deviation in enumerate(noises):
        name = f"run {number}" if number else FLOOR
        true_ns = 10_000 * (factor if number else 1.0)
        each = [
            true_ns * random.lognormvariate(0, deviation) * (1.5 if random.random() < outliers else 1)
            for _ in range(REPETITIONS)
        ]
        runs[name] = {"p50_ns": median(each), "spread": spread(each), "repetitions": REPETITIONS}
    return {"runs": runs}


@pytest.mark.parametrize(
    ("noises", "outliers", "most"),
    [(EVEN, 0.0, 0.05), (EVEN, 0.1, 0.1), (MIXED, 0.0, 0.1), (QUIET_FLOOR, 0.0, 0.1)],
    ids=["even", "outliers", "mixed", "quiet floor"],
)
def test_files_of_the_same_engine_seldom_differ_in_any_run(noises: Noise, outliers: float, most: float) -> None:
    random = Random(1)
    alarms = [
        differences(results(random, noises, outliers=outliers), results(random, noises, outliers=outliers))
        for _ in range(PAIRS)
    ]
    assert sum(map(bool, alarms)) / PAIRS <= most
    assert sum(map(len, alarms)) / PAIRS / RUNS <= 0.003


def test_machine_that_became_slower_is_no_slower_engine() -> None:
    random = Random(2)
    alarms = 0
    for _ in range(PAIRS):
        old, new = results(random, EVEN), results(random, EVEN, factor=1.2)
        new["runs"][FLOOR]["p50_ns"] *= 1.2
        alarms += bool(differences(old, new))
    assert alarms / PAIRS <= 0.1


@pytest.mark.parametrize(("factor", "least"), [(1.5, 0.95), (1.25, 0.95)])
def test_slower_engine_is_found(factor: float, least: float) -> None:
    random = Random(3)
    noises = (0.02,) * RUNS
    found = [len(differences(results(random, noises), results(random, noises, factor))) for _ in range(PAIRS)]
    assert sum(found) / PAIRS / (RUNS - 1) >= least


def test_run_without_a_second_repetition_never_differs() -> None:
    old, new = results(Random(4), EVEN), results(Random(4), EVEN, factor=5.0)
    new["runs"]["run 1"]["repetitions"] = 1
    assert noise("run 1", old, new) == 1.0
    assert "run 1" not in differences(old, new)
    assert "run 2" in differences(old, new)


def test_repetitions_that_agree_by_chance_are_not_believed() -> None:
    old = {f"micro.{n}": {"p50_ns": 100, "spread": 0.04, "repetitions": 2} for n in range(9)}
    new = old | {"micro.0": {"p50_ns": 103, "spread": 0.0, "repetitions": 2}}
    old["micro.0"] = {"p50_ns": 100, "spread": 0.0, "repetitions": 2}
    assert differences({"runs": old}, {"runs": new}) == []
    new["micro.0"]["p50_ns"] = 106
    assert differences({"runs": old}, {"runs": new}) == ["micro.0"]
