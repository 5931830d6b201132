"""What is measured in which order, what becomes of it, and what is left when a part fails."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import child, interrupts, suite
from bench.child import BenchError
from bench.plan import BASELINE, ORDER, TICK, Pace, Plan, Repetition, Samples
from bench.report.results import NEEDED
from bench.report.summary import BLOCKING_FLOOR, FLOOR, SPARSE_FLOOR
from bench.subjects import micro, rest
from engine.cli import main

MS = 1_000_000
SPARSE, HOT, FAST, SLOW = (
    Pace("", 1, MS),
    Pace("back_to_back", 1, 0),
    Pace("open_loop@10000", 1, MS // 10, True),
    Pace("open_loop@1000", 1, MS, True),
)
PACES = (SPARSE, HOT, FAST, SLOW)
BASE, BUSY, EVENT = (
    Plan(ORDER, BASELINE, paces=PACES),
    Plan(ORDER, "quickfix", "busy", paces=PACES),
    Plan(ORDER, "quickfix", "event", paces=PACES),
)


def repetition(latency: int) -> Repetition:
    spin, sparse, block = ([array("q", [value])] for value in (10, 20, 40))
    samples = {pace.name: Samples(array("q", [latency]), 2.0, 1.0, 1, 1) for pace in PACES}
    table = {"stamp_ns": 1, "paths": {}}
    return Repetition(samples, spin, sparse, block, stages=table)


class Runs:
    """Stands in for `child.run`; an outcome is a latency, or an exception to raise."""

    def __init__(self, *outcomes: int | BaseException) -> None:
        self.outcomes = list(outcomes)
        self.plans: list[Plan] = []

    def __call__(self, plan: Plan) -> Repetition:
        self.plans.append(plan)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return repetition(outcome)


def measure(
    monkeypatch: pytest.MonkeyPatch, plans: list[Plan], repetitions: int, *outcomes: int | BaseException
) -> Any:
    runs = Runs(*outcomes)
    monkeypatch.setattr(child, "run", runs)
    measured = suite.measure(plans, repetitions, lambda done, of, what: None)
    assert not runs.outcomes
    return measured


def test_repetitions_are_interleaved_and_stages_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(*range(100, 107))
    monkeypatch.setattr(child, "run", runs)
    suite.measure([BASE, BUSY, EVENT], 2, lambda done, of, what: None)
    assert runs.plans == [BASE, BUSY, EVENT, BASE, BUSY, EVENT, suite.staged(BUSY)]


def test_each_pace_is_set_against_the_floor_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = measure(monkeypatch, [EVENT], 1, 200)
    name = "order.quickfix.event"
    assert measured.ratios == {
        f"{name} / floor.tcp_spin": 20.0,
        f"{name} / floor.tcp_spin.sparse": 10.0,
        f"{name}.back_to_back / floor.tcp_spin": 20.0,
        f"{name}.open_loop@10000 / floor.tcp_spin": 20.0,
        f"{name}.open_loop@1000 / floor.tcp_spin": 20.0,
        f"{name}.open_loop@1000 / floor.tcp_spin.sparse": 10.0,
    }
    own = {run: measured.runs[f"{name}{run}"]["floor"] for run in ("", ".back_to_back", ".open_loop@1000")}
    assert own == {"": SPARSE_FLOOR, ".back_to_back": FLOOR, ".open_loop@1000": SPARSE_FLOOR}
    floors = {run: measured.runs[run]["p50_ns"] for run in (FLOOR, SPARSE_FLOOR, BLOCKING_FLOOR)}
    assert floors == {"floor.tcp_spin": 10, "floor.tcp_spin.sparse": 20, "floor.tcp_block": 40}


def test_processor_time_is_a_part_of_the_time_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measure(monkeypatch, [EVENT], 1, 200).runs["order.quickfix.event"]["cpu"] == 0.5


@pytest.mark.parametrize(("samples", "shown"), [(3_300, []), (3_500, [1.5])])
def test_collector_is_set_against_none_where_enough_samples_tell(
    monkeypatch: pytest.MonkeyPatch, samples: int, shown: list[float]
) -> None:
    def run(plan: Plan) -> Repetition:
        made = repetition(0)
        made.samples[""].values_ns = array("q", [30 if plan.collects_garbage else 20]) * samples
        return made

    monkeypatch.setattr(child, "run", run)
    quiet = Plan(TICK, "quickfix", "busy", (SPARSE,))
    measured = suite.measure([quiet, replace(quiet, collects_garbage=True)], 3, lambda done, of, what: None)
    name = "tick.quickfix.gc_on p99.9 / tick.quickfix p99.9"
    assert [value for key, value in measured.ratios.items() if key == name] == shown


def test_whole_run_has_samples_enough_for_p99_9_of_every_sparse_subject() -> None:
    assert suite.FULL.sparse * suite.FULL.repetitions >= NEEDED["p99_9_ns"]


def test_subject_that_fails_has_no_figures_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = measure(monkeypatch, [BASE, EVENT], 2, 400, BenchError("order, quickfix: wrong price"), 600)
    assert measured.failures == ["order, quickfix: wrong price"]
    assert measured.runs["order.baseline_quickfix_threaded"]["repetitions"] == 2
    assert not any("quickfix.event" in name for name in (*measured.runs, *measured.ratios))


def test_stages_that_fail_leave_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = measure(monkeypatch, [BUSY], 1, 200, BenchError("no stages"))
    assert (measured.failures, measured.stages, "order.quickfix" in measured.runs) == (["no stages"], {}, True)


def test_interrupt_keeps_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = measure(monkeypatch, [BASE, EVENT], 2, 400, 200, 400, KeyboardInterrupt())
    assert measured.failures == [suite.INTERRUPTED]
    assert [run["repetitions"] for name, run in measured.runs.items() if name.endswith("@1000")] == [2, 1]
    assert measured.ratios["order.quickfix.event / order.baseline_quickfix_threaded"] == 0.5


def bench(subject: str, path: Path) -> list[str]:
    return ["bench", subject, "--quick", "--no-pin", "--mode", "event", "--session", "quickfix", "--json", str(path)]


def test_results_are_written_though_the_micro_benchmarks_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("websockets")

    def fail(is_quick: bool, core: int | None) -> None:
        raise BenchError("micro-benchmarks failed: one of them")

    monkeypatch.setattr(child, "run", Runs(*range(100, 110)))
    monkeypatch.setattr(micro, "measure", fail)
    monkeypatch.setattr(rest, "measure", lambda is_quick, repetitions, cores: {})
    path = tmp_path / "results.json"
    assert main(bench("all", path)) == 1
    written = json.loads(path.read_text())
    assert written["failures"] == ["micro-benchmarks failed: one of them"]
    assert "tick.quickfix.event" in written["runs"]
    assert capsys.readouterr().out.splitlines()[-1] == "INCOMPLETE: micro-benchmarks failed: one of them"


def test_nothing_measured_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(child, "run", Runs(BenchError("first"), BenchError("second")))
    assert main(bench("order", tmp_path / "results.json")) == 1
    assert capsys.readouterr().err.endswith("fixlane: nothing was measured\nfirst\nsecond\n")
    assert not (tmp_path / "results.json").exists()


def test_interrupt_while_a_repetition_starts_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def interrupted() -> Iterator[None]:
        yield
        raise KeyboardInterrupt  # as one that came meanwhile does when it is let in again

    monkeypatch.setattr(interrupts, "deaf", interrupted)
    monkeypatch.setattr(child, "INTERRUPTED_S", 0.1)
    with pytest.raises(KeyboardInterrupt):
        child.run(Plan(ORDER, BASELINE))
    assert multiprocessing.active_children() == []


def test_interrupt_from_the_terminal_leaves_a_results_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    command = [sys.executable, "-m", "engine", *bench("order", path), "--repetitions", "9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b"order.quickfix.event, repetition 1" in line:
                break
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 1, err
    assert out.decode().splitlines()[-1] == f"INCOMPLETE: {suite.INTERRUPTED}"
    assert err == b""
    assert "order.baseline_quickfix_threaded" in json.loads(path.read_text())["runs"]
