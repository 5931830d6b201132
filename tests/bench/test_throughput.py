"""Pipelined orders: never more unanswered than the window, sent in bursts, each one answered."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from time import perf_counter_ns

import pytest

from bench import child, suite
from bench.plan import THROUGHPUT, Plan
from bench.rig import Rig
from bench.subjects import throughput
from bench.subjects.throughput import HALF, PipelinedSampler
from engine.cli import main


async def pipelined(count: int, window: int, burst: int, answers: int) -> tuple[list[int], list[int]]:
    """Answer `answers` orders at a time; return how many were unanswered after each send, and the latencies."""
    unanswered: list[int] = []
    waiting = 0

    def send(number: int) -> None:
        nonlocal waiting
        waiting += 1
        unanswered.append(waiting)

    def answer() -> None:
        nonlocal waiting
        for _ in range(min(answers, waiting)):
            waiting -= 1
            sampler.answered(perf_counter_ns())
        if waiting:
            loop.call_soon(answer)

    loop = asyncio.get_running_loop()
    sampler = PipelinedSampler(send)
    loop.call_soon(answer)
    return unanswered, list(await sampler.pipelined(count, window, burst))


def test_window_is_filled_in_bursts_and_never_exceeded() -> None:
    unanswered, latencies = asyncio.run(pipelined(12, 4, 2, answers=1))
    assert unanswered == [1, 2, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4]
    assert len(latencies) == 12


def test_last_burst_is_what_is_left() -> None:
    unanswered, latencies = asyncio.run(pipelined(7, 4, 4, answers=4))
    assert unanswered == [1, 2, 3, 4, 1, 2, 3]
    assert len(latencies) == 7


def lose_every_second_report(rig: Rig) -> None:
    handle = rig.session.on_message
    turn = iter(range(10**9))
    rig.session.on_message = lambda fields: None if next(turn) % 2 else handle(fields)


def test_lost_report_voids_the_run() -> None:
    plan = Plan(THROUGHPUT, "native", "event", throughput.paces(100), warm_up=10, floor_count=0, window=8, burst=2)
    with pytest.raises(child.BenchError, match="no answer to the oldest order"):
        child.run(replace(plan, prepare=lose_every_second_report))


def test_rate_and_the_latency_at_half_of_it_are_reported(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    command = ["bench", "throughput", "--quick", "--no-pin", "--repetitions", "1", "--session", "native"]
    assert main([*command, "--mode", "event", "--window", "8", "--burst", "4", "--json", str(file)]) == 0
    found = json.loads(file.read_text())
    fast, half = (found["runs"][f"throughput.native.event{pace}"] for pace in ("", f".{HALF}"))
    assert (fast["n"], half["n"]) == (suite.QUICK.pipelined, suite.QUICK.pipelined // 2)
    assert half["rate"] < fast["rate"]
    assert 0 < fast["venue_busy"] < 1
    assert not any(name.startswith("throughput") for name in found["ratios"])
