"""The command `fixlane replay`: a recorded run once more, and whether it asks for the same.

Errors  ConfigError for what cannot be replayed, JournalError and DecodeError for what is damaged.
"""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from engine.app.plugins import Subparsers
from engine.errors import ConfigError

if TYPE_CHECKING:
    from engine.app.replay.running import Replayed


def add_commands(found: Subparsers) -> None:
    """Add the command."""
    parser = found.add_parser("replay", help="run a recorded run once more, and compare what it asks for")
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument("--capture", type=Path, metavar="DIR", help="what [record] wrote (that of CONFIG)")
    parser.add_argument("--journal", type=Path, metavar="DIR", help="the journal of the run (that of CONFIG)")
    parser.add_argument("--run", type=_number, default=0, metavar="N", help="which recorded run (the last)", dest="of")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what came of it as JSON")
    parser.set_defaults(run=_run)


def _number(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number, 1 or more")
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    from engine.app.replay.running import recording_of, replay
    from engine.config.engine import load

    sys.path.insert(0, str(arguments.config.resolve().parent))  # a strategy may stand beside its configuration
    config = load(arguments.config)
    record, own = config.record, config.journal.directory
    capture = arguments.capture or (record.directory if record is not None else None)
    if capture is None:
        raise ConfigError("nothing is recorded: give --capture DIR, or [record] in the configuration")
    kept = capture / "journal"
    journal = arguments.journal or (kept if kept.is_dir() else own)
    if journal is None:
        raise ConfigError("there is no journal to compare with: give --journal DIR")
    recording = recording_of(capture, arguments.of, _say)
    with TemporaryDirectory(prefix="fixlane-replay-") as folder:
        came = replay(config, journal, recording, Path(folder))
    return _tell(came, arguments.json)


def told(came: "Replayed") -> dict[str, Any]:
    """Return what came of a replay, for people and programs alike."""
    from engine.app.replay.requests import begun, first_difference

    theirs = begun(came.theirs, len(came.ours.records)) if came.is_cut else came.theirs
    found = first_difference(came.ours, theirs)
    return {
        "entries": came.turns,
        "requests": {"journal": len(theirs.records), "replay": len(came.ours.records)},
        "sha256": {"journal": theirs.digest, "replay": came.ours.digest},
        "not_recorded": len(came.theirs.records) - len(theirs.records),
        "is_equal": found is None,
        "difference": found._asdict() if found else None,
        "halted": came.halted,
        "oddities": came.oddities,
    }


def _tell(came: "Replayed", file: Path | None) -> int:
    """Print it; 1 where the requests are not the same."""
    result = told(came)
    if file is not None:
        file.write_text(json.dumps(result, indent=1) + "\n")
    print(f"entries          {result['entries']:,}")
    for name, count in result["requests"].items():
        print(f"{'requests of ' + name:<24}{count:,}  sha256 {result['sha256'][name]}")
    if came.is_cut:
        print(f"note: the record was cut before the run ended: {result['not_recorded']} requests are not compared")
    for text in result["oddities"]:
        print(f"note: {text}")
    if result["halted"]:
        print(f"note: the replay halted: {result['halted']}")
    if result["is_equal"]:
        print("equal, byte for byte")
        return 0
    found = result["difference"]
    values = f"the replay says {found['ours']}, the journal {found['theirs']}"
    print(f"request {found['number']:,}: {found['field']}: {values}")
    return 1


def _say(text: str) -> None:
    print(f"fixlane: {text}", file=sys.stderr)
