"""`fixlane chaos`: so many random lives, one after the other or some at once, and what was broken in which.

Errors  ConfigError for faults that are none; EngineError where there is no compiler.
"""

import json
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from tempfile import mkdtemp

from engine.app.chaos import shim
from engine.app.chaos.faults import SESSIONS
from engine.app.chaos.faults import VENUES as NAMES
from engine.app.chaos.lives import Lives, Result, Wish, kills_of
from engine.app.chaos.plan import chosen


def run(arguments: Namespace) -> int:
    """Live so many lives; 0 where nothing was broken in any."""
    wish = wish_of(arguments)
    for venue, _ in wish.pairs:
        chosen(wish.faults, venue)
    started = time.monotonic()
    base = Path(mkdtemp(prefix="fixlane-chaos-"))
    lives = Lives(wish, base, shim.compiled(base))
    try:
        results = lives.run(arguments.at_once)
    finally:
        failed = [result for result in lives.results if result["wrong"]]
        if not failed:
            shutil.rmtree(base, ignore_errors=True)
    if arguments.json:
        print(json.dumps(results, indent=1))
    print(_sum(results, wish, time.monotonic() - started), file=sys.stderr)
    return 1 if failed else 0


def wish_of(arguments: Namespace) -> Wish:
    """Return which lives are asked for."""
    venues = NAMES if arguments.venue == "both" else (arguments.venue,)
    sessions = SESSIONS if arguments.session == "both" else (arguments.session,)
    return Wish(
        seed=arguments.seed,
        runs=arguments.runs,
        kills=arguments.kills,
        rounds=arguments.rounds,
        pairs=tuple((venue, session) for venue in venues for session in sessions),
        faults=tuple(arguments.faults or ()),
    )


def _sum(results: list[Result], wish: Wish, seconds: float) -> str:
    failed = [result for result in results if result["wrong"]]
    lines = [_counted(f"{venue} {session}", results, (venue, session)) for venue, session in wish.pairs]
    kills = kills_of(results)
    rate = f"{seconds / 60:.1f} minutes, {kills * 60 / seconds:.0f} kills a minute"
    return "\n".join(
        [
            *(lines if len(lines) > 1 else ()),
            f"{len(results)} lives, {kills} kills, {len(failed)} broken; {rate}",
            *_again(failed, wish),
        ]
    )


def _counted(name: str, results: list[Result], pair: tuple[str, str]) -> str:
    its = [result for result in results if (result["venue"], result["session"]) == pair]
    engine, venue = (sum(int(each[f"{role}_kills"]) for each in its) for role in ("engine", "venue"))
    return f"{name}: {len(its)} lives, {engine} + {venue} kills"


def _again(failed: list[Result], wish: Wish) -> Iterable[str]:
    """Say how to live the broken lives again."""
    names = "".join(f' "{name}"' for name in wish.faults)
    for each in failed:
        same = f"--runs 1 --rounds {wish.rounds} --venue {each['venue']} --session {each['session']}"
        yield f"again: fixlane chaos --seed {each['seed']} {same}{' --faults' * bool(names)}{names}"
