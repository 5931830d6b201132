"""The command `fixlane session`: what is done to FIX sessions, and to the stores of those that are stopped.

Errors  ConfigError for a session file that cannot be used, SessionError for a store that is damaged or would lose
        numbers; whoever calls turns them into an exit status.
"""

from argparse import Namespace
from pathlib import Path

from engine.app.operating import add_place
from engine.app.plugins import Subparsers
from engine.errors import SessionError

REPAIRS = {
    "status": "say where a session stands: its state, both numbers, its last error",
    "logon": "log on now, also after the engine gave up",
    "logout": "log out, and stay out until `logon`",
    "reset": "begin both numbers at 1; a running engine asks the venue for the same in its next Logon",
    "set-next": "set both numbers, by agreement with the venue",
    "test-request": "ask the venue for a Heartbeat",
}


def repair(arguments: Namespace) -> int:
    """Do `command` to the session of a running engine, or to the store of one that does not run."""
    from engine.app.repair import run

    return run(arguments)


def convert(arguments: Namespace) -> int:
    """Move the store of every session in `session_file` to the kind `to`; print what each holds."""
    from engine.session.file.settings import load_sessions
    from engine.session.store.convert import to_native, to_quickfix

    move = {"native": to_native, "quickfix": to_quickfix}[arguments.to]
    for settings in load_sessions(arguments.session_file):
        moved = move(settings)
        print(f"{settings.name}: {moved.next_out} out, {moved.next_in} in, {len(moved.messages)} messages")
    return 0


def archive(arguments: Namespace) -> int:
    """Print the messages of each archived segment in `files`."""
    from engine.session.store.archive import lines

    for file in arguments.files:
        try:
            for line in lines(file):
                print(line)
        except (SessionError, ValueError) as error:
            raise SessionError(f"{file}: {error}; name a file of an `archive` folder") from error
    return 0


def add_commands(commands: Subparsers) -> None:
    """Add `session` and what it can do to the commands of a parser."""
    session = commands.add_parser("session", help="look after FIX sessions and their stores")
    found = session.add_subparsers(required=True, metavar="COMMAND")
    for command, text in REPAIRS.items():
        one = found.add_parser(command, help=text)
        add_place(one)
        one.add_argument("--session", default="", metavar="NAME", help="one of [sessions], such as drop_copy")
        one.add_argument("--reason", default="by command", help="kept in the journal; the Text(58) of a Logout")
        if command == "set-next":
            one.add_argument("--out", type=int, required=True, metavar="N", help="MsgSeqNum(34) of our next message")
            one.add_argument("--in", type=int, required=True, dest="into", metavar="N", help="of the venue's next")
        one.set_defaults(run=repair, command=command)

    one = found.add_parser("convert", help="move numbers and messages to the other kind of session")
    one.add_argument("session_file", type=Path, metavar="SESSION.cfg")
    one.add_argument("to", choices=("native", "quickfix"), help="the kind that the session will be")
    one.set_defaults(run=convert)

    one = found.add_parser("archive", help="print what a native session sent before its numbers began again")
    one.add_argument("files", nargs="+", type=Path, metavar="FILE")
    one.set_defaults(run=archive)
