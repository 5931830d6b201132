"""What a run begins with, as far as a replay of it has to know.

Errors  none.
"""

from engine.app.replay.entries import Facts
from engine.config.sections import EngineConfig
from engine.session import Session


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
        beside=beside_of(config),
    )


def beside_of(config: EngineConfig) -> list[str]:
    """Return what of a configuration enters an engine in ways that are not recorded."""
    found = []
    if config.rest is not None:
        found.append("the account over REST, [rest]")
    if config.sessions.named():
        found.append("further sessions, [sessions]")
    return found
