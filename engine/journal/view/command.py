"""What `fixlane journal` prints: every record, those that somebody asks for, or whether all is sound.

Errors  JournalError where the journal is damaged, ConfigError for a question that cannot be asked.
"""

import time
from argparse import Namespace
from pathlib import Path

from engine.errors import ConfigError, JournalError
from engine.journal.segments import journal_paths
from engine.journal.view.dump import dump
from engine.journal.view.entries import Question, since
from engine.journal.view.export import as_json, as_text, entries, write_parquet
from engine.journal.view.verify import verify


def run(arguments: Namespace) -> int:
    """Do the command; return its exit status."""
    *words, path = arguments.path
    if words not in ([], [Path("verify")], [Path("repair")]):
        raise ConfigError("fixlane journal takes one PATH, and before it nothing but the word verify or repair")
    question = Question(
        arguments.order,
        arguments.symbol,
        arguments.kind,
        since(arguments.since, time.time_ns()) if arguments.since else 0,
    )
    _prove_one_thing(arguments, bool(words))
    if path.is_dir() and not arguments.follow and not journal_paths(path):
        raise JournalError(f"{path}: no journal: no file in it is called RUN-SEGMENT.journal")
    if words == [Path("repair")]:
        print(_repaired(path, arguments.reason))
        return 0
    if words or arguments.verify:
        lines = verify(path)
    elif arguments.parquet is not None:
        count = write_parquet(entries(path, question), arguments.parquet)
        lines = iter([f"{arguments.parquet}: {count} records"])
    elif arguments.json:
        lines = map(as_json, entries(path, question, arguments.follow))
    elif arguments.follow or any(question):
        lines = map(as_text, entries(path, question, arguments.follow))
    else:
        lines = dump(path)
    for line in lines:
        print(line, flush=arguments.follow)
    return 0


def _repaired(directory: Path, reason: str) -> str:
    from engine.journal.mending.repair import repair

    if not directory.is_dir():
        raise ConfigError(f"{directory}: name the journal's directory: a segment is repaired with all that follows it")
    if not reason:
        raise ConfigError("say why: --reason TEXT")
    return repair(directory, reason)


def _prove_one_thing(arguments: Namespace, verifies: bool) -> None:
    """Refuse flags that contradict each other, or say nothing together."""
    chosen = [
        f"--{name}" for name in ("order", "symbol", "kind", "since", "follow", "json") if getattr(arguments, name)
    ]
    chosen += ["--parquet"] if arguments.parquet is not None else []
    if (verifies or arguments.verify) and chosen:
        raise ConfigError(f"{chosen[0]}: verify reads every record of all: leave {', '.join(chosen)} out")
    for other in ("--follow", "--json"):
        if arguments.parquet is not None and other in chosen:
            raise ConfigError(f"--parquet and {other}: a Parquet file is written once, and whole: choose one of them")
