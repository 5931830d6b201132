"""Many lives, several at once: what each was like, and ports that no two of them share.

Errors  EngineError where a process that forks does not start.
Thread  one for each life at once, with a process of its own that forks; a life knows nothing of the others.
"""

import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from engine.app.chaos.children import ENGINE, VENUE
from engine.app.chaos.life import Broken, ChaosLife
from engine.app.chaos.nursery import Nursery
from engine.app.chaos.plan import Round, chosen, plan
from engine.app.chaos.setup import Setup
from engine.app.chaos.venues import VENUES
from engine.errors import EngineError

Result = dict[str, Any]
Pair = tuple[str, str]  # a venue, and the session that leads there


class Wish(NamedTuple):
    """Which lives are wanted: `pairs` take turns, and there are `runs`, or as many as it takes to have `kills`."""

    seed: int
    runs: int
    kills: int
    rounds: int
    pairs: tuple[Pair, ...]
    faults: tuple[str, ...]


class Lives:
    """The lives of one command; `results` are those that are over, in the order in which they ended."""

    def __init__(self, wish: Wish, base: Path, library: Path) -> None:
        self.results: list[Result] = []
        self._wish, self._base, self._library = wish, base, library
        self._lock = threading.Lock()
        self._numbers = count()
        self._ports: set[int] = set()  # of the lives that are being lived
        self._is_over = False

    def run(self, at_once: int) -> list[Result]:
        """Live them all, so many at once; return what happened, by seed."""
        with ThreadPoolExecutor(at_once) as pool:
            workers = [pool.submit(self._work) for _ in range(at_once)]
            try:
                for worker in workers:
                    worker.result()
            finally:
                self._is_over = True  # Ctrl-C, or an error of another's: no further life begins
        return sorted(self.results, key=lambda result: int(result["seed"]))

    def _work(self) -> None:
        nursery = Nursery(self._library)
        try:
            while (number := self._next()) is not None:
                self._live(number, nursery)
        finally:
            nursery.close()

    def _next(self) -> int | None:
        """Return the number of a life yet to be lived."""
        with self._lock:
            number, wish = next(self._numbers), self._wish
            is_enough = kills_of(self.results) >= wish.kills if wish.kills else number >= wish.runs
            return None if self._is_over or is_enough else number

    def _live(self, number: int, nursery: Nursery) -> None:
        wish, seed = self._wish, self._wish.seed + number
        venue, session = wish.pairs[number % len(wish.pairs)]
        directory = self._base / str(seed)
        directory.mkdir()
        ports = self._take_ports(venue, seed)
        setup = Setup(str(directory), venue, session, seed, ports)
        result = live(setup, nursery, plan(seed, chosen(wish.faults, venue), wish.rounds))
        with self._lock:
            self._ports.difference_update(ports)
            self.results.append(result)
        sys.stderr.write(line_of(result) + "\n")
        if not result["wrong"]:
            shutil.rmtree(directory, ignore_errors=True)

    def _take_ports(self, venue: str, seed: int) -> tuple[int, ...]:
        with self._lock:
            while self._ports.intersection(ports := VENUES[venue].ports(seed)):
                pass  # a venue that is dead for a moment leaves its ports free
            self._ports.update(ports)
        return ports


def live(setup: Setup, nursery: Nursery, rounds: list[Round]) -> Result:
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


def kills_of(results: list[Result]) -> int:
    """Return how often a side was killed."""
    return sum(int(each["engine_kills"]) + int(each["venue_kills"]) for each in results)


def line_of(result: Result) -> str:
    """Return a life in a line, and how it was where something was wrong."""
    words = f"seed {result['seed']} {result['venue']} {result['session']} {result['seconds']} s: "
    words += f"{result['engine_kills']} + {result['venue_kills']} kills, {result['resumes']} halts"
    if result["wrong"]:
        words += f"\n  rounds: {result['rounds']}\n  told: {result['told']}\n  WRONG: {result['wrong']}"
        words += f"\n  kept in {result['directory']}"
    return words
