"""What a run begins with, as far as a replay of it has to know.

Errors  none.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from engine.app.paper.session import PaperSession
from engine.app.replay.entries import Facts
from engine.config.sections import EngineConfig
from engine.runtime import halt_word
from engine.session import Session
from engine.trading.controls import memory

STATE = (halt_word.FILE, memory.FILE)


def facts_of(config: EngineConfig, nonce: str, session: Session, frames: str) -> Facts:
    """Return the facts of a run that is about to begin."""
    return Facts(
        nonce=nonce,
        frames=frames,
        digest=config.digest,
        strategy=config.strategy.path,
        session=session.name,
        protection=session.protection,
        next_out=session.next_sender_seq_num,
        next_in=session.next_target_seq_num,
        beside=beside_of(config) + (["paper trading"] if isinstance(session, PaperSession) else []),
    )


def state_in(directory: Path) -> dict[str, str]:
    """Return the files of a state directory from which an engine goes on: its halt word, and what risk remembers."""
    found = {}
    for name in STATE:
        with contextlib.suppress(OSError):  # the engine says so itself, or makes it
            found[name] = (directory / name).read_bytes().decode("latin-1")
    return found


def put_state(directory: Path, state: Mapping[str, str]) -> None:
    """Write them where an engine will begin."""
    directory.mkdir(parents=True)
    for name in STATE:
        if name in state:
            (directory / name).write_bytes(state[name].encode("latin-1"))


def beside_of(config: EngineConfig) -> list[str]:
    """Return what of a configuration enters an engine in ways that are not recorded."""
    found = []
    if config.rest is not None:
        found.append("the account over REST, [rest]")
    if config.session.account is not None:
        found.append("the account over FIX, [session.account]")
    if config.sessions.named():
        found.append("further sessions, [sessions]")
    return found
