"""What an operator does to the FIX session: through a running engine, or on the store of one that is stopped.

Errors  SessionError for what the session's state does not allow, ConfigError where it cannot be found.
Thread  the loop thread for `actions`; the others are commands of their own.
"""

import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.errors import ConfigError, SessionError
from engine.ops.control import Action, Answer, NotRunning, OperatorRequest, ask, plain, read_answer
from engine.runtime.person import this_process
from engine.session import Session
from engine.session.file.settings import SessionSettings

ANSWERED = "session", "phase", "next_msg_seq_num_out", "next_msg_seq_num_in", "last_error"


def actions(
    session: Session, note: Callable[[str], object], beside: Mapping[str, Session] | None = None
) -> dict[str, Action]:
    """Return what the control socket takes for sessions; what changes their numbers is noted with who did it.

    A request is about `session`, unless it names one of those `beside` it.
    """

    def chosen(request: OperatorRequest) -> Session:
        """Return the session that a request is about."""
        name = str(request.arguments.get("name", ""))
        found = (beside or {}).get(name) if name else session
        if found is None:
            known = ", ".join(beside or {}) or "none beside that of orders"
            raise SessionError(f'no session "{name}" is configured; there are: {known}')
        return found

    def changing(change: Callable[[Session, OperatorRequest], object]) -> Action:
        """Return an action that changes numbers."""

        def act(request: OperatorRequest) -> Answer:
            """Change them, and note what they were."""
            session = chosen(request)
            before = f"next out {session.next_sender_seq_num}, next in {session.next_target_seq_num}"
            change(session, request)
            after = f"next out {session.next_sender_seq_num}, next in {session.next_target_seq_num}"
            which = f" of {session.name}" if session in (beside or {}).values() else ""
            note(f"{request.action}{which} by {request.person}: {after}; before: {before}")
            return _answer(session)

        return act

    def doing(step: Callable[[Session, OperatorRequest], object]) -> Action:
        """Return an action that changes none."""

        def act(request: OperatorRequest) -> Answer:
            """Do it, and answer how the session stands."""
            session = chosen(request)
            step(session, request)
            return _answer(session)

        return act

    return {
        "session-status": doing(lambda session, request: None),
        "session-logon": doing(lambda session, request: session.logon()),
        "session-logout": doing(lambda session, request: session.logout(request.reason)),
        "session-reset": changing(lambda session, request: session.reset()),
        "session-set-next": changing(
            lambda session, request: session.set_next(_number(request, "out"), _number(request, "in"))
        ),
        "session-test-request": doing(lambda session, request: session.test_request()),
    }


def run(arguments: Namespace) -> int:
    """Do one command: the running engine does it, or it is done to the store."""
    from engine.app.operating import place_of

    numbers: dict[str, Any] = {}
    if arguments.command == "set-next":
        numbers = {"out": arguments.out, "in": arguments.into}
    if arguments.session:
        numbers["name"] = arguments.session
    state_dir, reason = place_of(arguments), plain(arguments.reason)
    try:
        answer = read_answer(ask(state_dir, f"session-{arguments.command}", reason, numbers), *ANSWERED)
    except NotRunning as error:
        return _on_store(arguments, state_dir, str(error))
    print(_shown(answer))
    return 0


def _on_store(arguments: Namespace, state_dir: Path, why: str) -> int:
    """Do a command to the store of an engine that does not run."""
    from engine.session.store import repair

    if arguments.command not in ("status", "reset", "set-next"):
        raise SessionError(f"{why} Only a running engine can do that")
    if arguments.config is None:
        raise ConfigError(f"{why} Name CONFIG: its session file says where the store is")
    settings, kind = _session_of(arguments.config, state_dir, arguments.session)
    if arguments.command == "status":
        print(f"{settings.name}: stopped, {repair.read(settings, kind)}")
        return 0
    now_ns = time.time_ns()
    numbers = repair.Numbers(arguments.out, arguments.into) if arguments.command == "set-next" else repair.Numbers(1, 1)
    former = repair.renumber(settings, kind, *numbers, now_ns)
    text = f"{arguments.command} by {this_process()}: {numbers}; before: {former}; {plain(arguments.reason)}"
    file = repair.note(settings, text, now_ns)
    print(f"{settings.name}: stopped, {numbers}; before: {former}; noted in {file}")
    if arguments.command == "reset":
        print("the next Logon is a plain one with MsgSeqNum(34)=1: the venue must have begun anew too")
    return 0


def _session_of(config: Path, state_dir: Path, name: str) -> tuple[SessionSettings, str]:
    """Return the session that a configuration names, and its kind; nothing else of it has to be right."""
    import msgspec

    from engine.session.file.settings import load_session

    try:
        table: dict[str, Any] = msgspec.toml.decode(config.read_bytes())
        section, kind = table["session"], table["engine"]["session"]
        if name:
            section, kind = table["sessions"][name], "native"
        file = config.parent / section["settings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        place = f"sessions.{name}" if name else "session"
        raise ConfigError(f"{config}: {place}.settings and engine.session cannot be read: {error}") from None
    if kind not in ("native", "quickfix"):
        raise ConfigError(f'{config}: engine.session: "{kind}" is neither native nor quickfix')
    return load_session(file, "initiator", state_dir), kind


def _answer(session: Session) -> Answer:
    return {
        "session": session.name,
        "phase": session.phase,
        "next_msg_seq_num_out": session.next_sender_seq_num,
        "next_msg_seq_num_in": session.next_target_seq_num,
        "last_error": session.last_error,
    }


def _shown(answer: dict[str, Any]) -> str:
    error = f"; last error: {answer['last_error']}" if answer["last_error"] else ""
    numbers = f"next out {answer['next_msg_seq_num_out']}, next in {answer['next_msg_seq_num_in']}"
    return f"{answer['session']}: {answer['phase']}, {numbers}{error}"


def _number(request: OperatorRequest, name: str) -> int:
    value = request.arguments.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise SessionError(f"session-set-next needs the numbers out and in, not {value!r}")
    return value
