"""One run of a live engine once more, in a folder of its own: the recorded entries into an engine of a configuration.

Errors  ConfigError for a run that is not there, or had what is not recorded; DecodeError for a record that is damaged;
        JournalError for a journal that is; EngineError where an entry finds no way in.
Thread  one; the journal's next segment is made by its own.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.app.engine import Engine
from engine.app.replay.entries import Facts
from engine.app.replay.facts import beside_of, put_state
from engine.app.replay.playing import ReplayedEntries, ReplayedSession
from engine.app.replay.recorded_frames import RecordedFrame, frames_of
from engine.app.replay.requests import RunRequests, requests_of, run_with
from engine.app.replay.turns import BEGIN, END, Turn, find_turns, read_turns
from engine.app.seams import Seams
from engine.config.credentials import Credentials
from engine.config.sections import EngineConfig
from engine.errors import ConfigError, DecodeError, EngineError
from engine.journal.directory import NEWEST
from engine.journal.segments import journal_paths, paths_of_run, run_of


class Replayed(NamedTuple):
    """What came of it: the requests of then and of now, how many entries there were, and what is odd about them."""

    ours: RunRequests
    theirs: RunRequests
    turns: int
    is_cut: bool  # the record ends before the run did
    halted: str
    oddities: list[str]


class RecordedRun(NamedTuple):
    """One recorded run: what it began with, its entries and its frames, in order."""

    facts: Facts
    turns: Iterator[Turn]
    frames: Iterator[RecordedFrame]
    begun: Turn


def recording_of(folder: Path, number: int, tell: Callable[[str], object]) -> RecordedRun:
    """Return the run of this number, counted from 1, 0 for the last."""
    found = find_turns(folder)
    if number > len(found):
        raise ConfigError(f"--run {number}: {len(found)} are recorded in {folder}")
    turns = read_turns(found[number - 1], tell)
    begun = next(turns, None)
    if begun is None or begun.what != BEGIN:
        raise DecodeError(f"{found[number - 1][0]}: it does not say what its run began with: nothing can be replayed")
    try:
        facts = Facts(**begun.args[0])
    except (TypeError, IndexError) as error:
        raise DecodeError(f"{found[number - 1][0]}: what its run began with cannot be read: {error}") from None
    return RecordedRun(facts, turns, frames_of(folder, facts.frames, tell), begun)


def replay(config: EngineConfig, journal: Path, recording: RecordedRun, folder: Path) -> Replayed:
    """Run it again in `folder`, and return what it asked for then and now."""
    facts = recording.facts
    if beside := [*facts.beside, *beside_of(config)]:
        named = ", ".join(sorted(set(beside)))
        raise ConfigError(f"this run cannot be replayed: {named}: what it told is not recorded")
    run = run_with(journal, facts.nonce)
    theirs = requests_of(journal, run)
    _copy_before(journal, run, folder / "journal")
    put_state(folder / "state", facts.state)
    entries, session = ReplayedEntries(), ReplayedSession(facts)
    entries.take(recording.begun)
    seams = Seams(
        call_later=lambda delay_ns, due: None,
        command=lambda commands: None,
        open_session=lambda: session,
        entries=entries,
        nonce=lambda: facts.nonce,
    )
    with asyncio.Runner() as runner:
        engine = Engine(_alone(config, folder), runner.get_loop(), seams)
        try:
            turns, is_whole = _run_all(recording, entries, session)
            reason = engine.supervisor.reason if engine.trading.is_halted else ""
        finally:
            runner.run(engine.close())
    return Replayed(
        requests_of(folder / "journal", run_with(folder / "journal", facts.nonce)),
        theirs,
        turns,
        not is_whole,
        reason,
        _oddities(config, facts, entries),
    )


def _run_all(recording: RecordedRun, entries: ReplayedEntries, session: ReplayedSession) -> tuple[int, bool]:
    """Return how many entered, and whether that was all of the run."""
    number = 0
    for number, turn in enumerate(recording.turns, 1):
        if turn.what == END:
            return number, True
        entries.take(turn)
        if turn.state:
            session.stand(turn.state)
        if turn.what == "timer":
            entries.fire(turn.args[0])
        elif turn.what != "frame":
            _enter(entries, turn)
        elif (frame := next(recording.frames, None)) is not None:
            _take_frame(entries, turn, frame)
        else:  # of a run that was cut the frames may end first
            if any(later.what == END for later in recording.turns):
                raise DecodeError(f"entry {turn.number}: its frame is not in the recording: a part of it is missing")
            return number - 1, False
    return number, False


def _take_frame(entries: ReplayedEntries, turn: Turn, frame: RecordedFrame) -> None:
    if frame.feed != turn.args[0]:
        raise DecodeError(f"entry {turn.number}: its frame is of connection {frame.feed + 1}, not of its own")
    entries.frame(frame.feed, frame.frame, frame.is_last)


def _enter(entries: ReplayedEntries, turn: Turn) -> None:
    """Let one enter; what an operator was refused then is refused now."""
    try:
        entries.enter(turn.what, turn.args)
    except EngineError:
        if not turn.what.startswith("operator "):
            raise


def _alone(config: EngineConfig, folder: Path) -> EngineConfig:
    """Return the configuration of an engine that reaches nobody, and whose files are its own."""
    replace = msgspec.structs.replace
    return replace(
        config,
        engine=replace(config.engine, state_dir=folder / "state", control_group=None),
        session=replace(config.session, credentials=Credentials()),
        feed=replace(config.feed, credentials=Credentials()),
        journal=replace(config.journal, directory=folder / "journal", sync="none"),
        record=None,
        audit=None,
    )


def _copy_before(journal: Path, run: int, to: Path) -> None:
    """Copy the runs before this one, from which it took over what was held and open."""
    to.mkdir(parents=True)
    before = [path for path in journal_paths(journal) if run_of(path) < run]
    for path in before:
        shutil.copy(path, to)
    if before:
        last = paths_of_run(journal, run_of(before[-1]))[-1]
        (to / NEWEST).write_text(f"{last.name}\n")


def _oddities(config: EngineConfig, facts: Facts, entries: ReplayedEntries) -> list[str]:
    found = []
    if config.digest != facts.digest:
        found.append("the configuration is another one than that of the run")
    if entries.unread:
        found.append(f"{entries.unread} times were read then and not now")
    if entries.beyond:
        found.append(f"{entries.beyond} times were read now and not then")
    return found
