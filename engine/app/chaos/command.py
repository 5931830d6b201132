"""`fixlane chaos`: so many random lives, one after the other, and what was broken in which.

Errors  ConfigError for faults that are none; EngineError where there is no compiler.
"""

import json
import shutil
import sys
import time
from argparse import Namespace
from pathlib import Path
from tempfile import mkdtemp

from engine.app.chaos import shim
from engine.app.chaos.children import ENGINE, VENUE
from engine.app.chaos.life import Broken, ChaosLife
from engine.app.chaos.nursery import Nursery
from engine.app.chaos.plan import Round, chosen, plan
from engine.app.chaos.setup import Setup
from engine.app.chaos.venues import VENUES
from engine.errors import EngineError


def run(arguments: Namespace) -> int:
    """Live so many lives; 0 where nothing was broken in any."""
    faults = chosen(arguments.faults or (), arguments.venue)
    base = Path(mkdtemp(prefix="fixlane-chaos-"))
    nursery = Nursery(shim.compiled(base))
    results = []
    try:
        for seed in range(arguments.seed, arguments.seed + arguments.runs):
            ports = VENUES[arguments.venue].ports(seed)
            directory = base / str(seed)
            directory.mkdir()
            setup = Setup(str(directory), arguments.venue, arguments.session, seed, ports)
            result = live(setup, nursery, plan(seed, faults, arguments.rounds))
            results.append(result)
            print(_line(result), file=sys.stderr, flush=True)
            if not result["wrong"]:
                shutil.rmtree(directory, ignore_errors=True)
    finally:
        nursery.close()
    failed = [result for result in results if result["wrong"]]
    if arguments.json:
        print(json.dumps(results, indent=1))
    print(_sum(results, arguments), file=sys.stderr)
    if not failed:
        shutil.rmtree(base, ignore_errors=True)
    return 1 if failed else 0


def live(setup: Setup, nursery: Nursery, rounds: list[Round]) -> dict[str, object]:
    """Live one life; return what happened and what was wrong."""
    started = time.monotonic()
    life = ChaosLife(setup, nursery)
    wrong: list[str] = []
    try:
        life.start()
        for each in rounds:
            befall(life, each)
        wrong = life.finish()
    except (Broken, EngineError, OSError) as error:
        wrong = [str(error)]
    finally:
        life.close()
    return {
        "seed": setup.seed,
        "venue": setup.venue,
        "session": setup.session,
        "seconds": round(time.monotonic() - started, 2),
        "rounds": [str(each) for each in rounds],
        "told": life.told,
        "engine_kills": life.kills[ENGINE],
        "venue_kills": life.kills[VENUE],
        "resumes": life.resumes,
        "wrong": wrong,
        "directory": setup.directory if wrong else "",
    }


def befall(life: ChaosLife, each: Round) -> None:
    """Let a round happen: traffic, its faults, their ends, and whatever brings both sides back."""
    life.let(each.traffic_s)
    life.told.append(str(each))
    for strike in each.strikes:
        strike.fault.begin(life, strike.amount)
    life.let(max(strike.hold_s for strike in each.strikes))
    for strike in reversed(each.strikes):
        strike.fault.lift(life)
    life.recover()


def _line(result: dict[str, object]) -> str:
    words = f"seed {result['seed']} {result['venue']} {result['session']} {result['seconds']} s: "
    words += f"{result['engine_kills']} + {result['venue_kills']} kills, {result['resumes']} halts"
    if result["wrong"]:
        words += f"\n  rounds: {result['rounds']}\n  told: {result['told']}\n  WRONG: {result['wrong']}"
        words += f"\n  kept in {result['directory']}"
    return words


def _sum(results: list[dict[str, object]], arguments: Namespace) -> str:
    kills = sum(int(str(each["engine_kills"])) + int(str(each["venue_kills"])) for each in results)
    failed = [str(each["seed"]) for each in results if each["wrong"]]
    same = f"--runs 1 --rounds {arguments.rounds} --venue {arguments.venue} --session {arguments.session}"
    if arguments.faults:
        same += " --faults " + " ".join(f'"{name}"' for name in arguments.faults)
    again = [f"again: fixlane chaos --seed {seed} {same}" for seed in failed]
    return "\n".join([f"{len(results)} lives, {kills} kills, {len(failed)} broken", *again])
