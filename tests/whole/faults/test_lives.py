"""Every fault of the driver befalls a life, at both venues and over both sessions in turn: nothing lost or doubled.

Then 60 kills between two steps of the path, in the engine, in the venue, and while either starts.
FIXLANE_SEED is the first life's seed; each prints its own, with the command that lives it again. FIXLANE_ROUNDS makes
lives longer, FIXLANE_KILLS makes more of them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.app.chaos import shim
from engine.app.chaos.faults import SESSIONS, LifeFault
from engine.app.chaos.lives import Lives, Wish, kills_of, live
from engine.app.chaos.nursery import Nursery
from engine.app.chaos.plan import FAULTS, plan
from engine.app.chaos.setup import Setup
from engine.app.chaos.venues import VENUES

SEED = int(os.environ.get("FIXLANE_SEED", "1"))
ROUNDS = int(os.environ.get("FIXLANE_ROUNDS", "1"))
GUARDED = list(FAULTS.values())
KILLS = int(os.environ.get("FIXLANE_KILLS", "60"))
PAIRS = [(venue, session) for venue in VENUES for session in SESSIONS]
HALTING = [fault for fault in GUARDED if fault.name.startswith(("strategy: raise", "strategy: fork"))]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(shim.compiled(tmp_path_factory.mktemp("shim")))
    yield nursery
    nursery.close()


def place_of(number: int, fault: LifeFault) -> tuple[str, str]:
    """Return at which venue and over which session a fault happens this time."""
    possible = [pair for pair in PAIRS if pair[0] in fault.venues]
    return possible[(number + SEED) % len(possible)]


def lived(
    nursery: Nursery, directory: Path, seed: int, faults: list[LifeFault], venue: str, session: str
) -> dict[str, object]:
    names = " ".join(f'"{fault.name}"' for fault in faults)
    print(
        f"fixlane chaos --seed {seed} --runs 1 --rounds {ROUNDS} --venue {venue} --session {session} --faults {names}"
    )
    setup = Setup(str(directory), venue, session, seed, VENUES[venue].ports(seed))
    result = live(setup, nursery, plan(seed, faults, ROUNDS))
    assert result["wrong"] == [], result["told"]
    return result


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory


@pytest.mark.parametrize("number", range(len(GUARDED)), ids=[fault.name for fault in GUARDED])
def test_nothing_is_lost_doubled_or_left_alive(nursery: Nursery, tmp_path: Path, number: int) -> None:
    fault = GUARDED[number]
    venue, session = place_of(number, fault)
    result = lived(nursery, tmp_path, SEED + number, [fault], venue, session)
    kills = {"engine": result["engine_kills"], "venue": result["venue_kills"]}
    for role, count in kills.items():
        if fault.name.startswith(("kill both", f"kill {role}")):
            assert count
    if fault in HALTING:  # where the machine is too busy, a life may end before its strategy is asked for anything
        lives = (lived(nursery, made(tmp_path / str(seed)), seed, [fault], venue, session) for seed in (1_001, 2_002))
        assert result["resumes"] or any(life["resumes"] for life in lives)


@pytest.mark.parametrize("number", range(4))
def test_two_faults_at_once_are_no_more_than_both(nursery: Nursery, tmp_path: Path, number: int) -> None:
    venue, session = PAIRS[number]
    faults = [fault for fault in GUARDED if venue in fault.venues]
    seed = next(seed for seed in range(SEED + 100 * number, 10**6) if len(plan(seed, faults, 1)[0].strikes) == 2)
    chosen = [strike.fault for strike in plan(seed, faults, 1)[0].strikes]
    print(f"together: {', '.join(fault.name for fault in chosen)}")
    setup = Setup(str(tmp_path), venue, session, seed, VENUES[venue].ports(seed))
    assert live(setup, nursery, plan(seed, faults, 1))["wrong"] == []


@pytest.mark.parametrize("number", range(len(PAIRS)), ids=[" ".join(pair) for pair in PAIRS])
def test_kills_between_any_two_steps_lose_nothing(tmp_path: Path, number: int) -> None:
    venue, session = PAIRS[number]
    most = KILLS // (3 if venue == "fix44" else 6)  # a life at a venue whose markets come and go takes twice the time
    wish = Wish(SEED + 1000 * number, runs=1, kills=most, rounds=12, pairs=(PAIRS[number],), faults=("kill",))
    same = f"--rounds 12 --venue {venue} --session {session} --faults kill"
    print(f"fixlane chaos --seed {wish.seed} --kills {most} {same}")
    results = Lives(wish, tmp_path, shim.compiled(tmp_path)).run(at_once=1)
    assert [each["wrong"] for each in results if each["wrong"]] == []
    assert kills_of(results) >= most
    assert all(sum(each[f"{role}_kills"] for each in results) for role in ("engine", "venue"))
