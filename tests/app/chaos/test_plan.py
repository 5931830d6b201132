"""A life's plan comes from its seed and nothing else."""

import pytest

from engine.app.chaos.plan import FAULTS, MOST_ROUNDS, chosen, plan
from engine.errors import ConfigError


def test_same_seed_makes_the_same_plan() -> None:
    faults = chosen((), "fix44")
    assert [plan(seed, faults) for seed in range(50)] == [plan(seed, faults) for seed in range(50)]
    assert plan(1, faults) != plan(2, faults)


def test_plans_stay_within_their_bounds_and_leave_no_fault_out() -> None:
    faults = chosen((), "fix44")
    seen = set()
    for seed in range(500):
        rounds = plan(seed, faults)
        assert 2 <= len(rounds) <= MOST_ROUNDS
        for strike in (strike for each in rounds for strike in each.strikes):
            seen.add(strike.fault.name)
            least, most = strike.fault.hold_ms
            assert 0 <= strike.amount < 1
            assert least <= strike.hold_s * 1000 <= most + 1e-6
    assert seen == {fault.name for fault in faults if fault.weight}


def test_faults_are_chosen_by_name_and_venue() -> None:
    assert [fault.name for fault in chosen(["kill both", "reports lost"], "kalshi")] == ["kill both"]
    names = {fault.name for venue in ("fix44", "kalshi") for fault in chosen((), venue)}
    assert names == set(FAULTS)


def test_beginning_of_names_chooses_all_of_them_and_a_whole_name_that_one() -> None:
    kills = [fault.name for fault in chosen(["kill"], "fix44")]
    assert kills == [name for name in FAULTS if name.startswith("kill ")]
    assert [fault.name for fault in chosen(["strategy: raise"], "fix44")] == ["strategy: raise"]
    assert [fault.name for fault in chosen(["store: r"], "fix44")] == ["store: read-only"]


def test_name_that_is_no_fault_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="'flood' is none of: kill engine at a step"):
        chosen(["flood"], "fix44")
