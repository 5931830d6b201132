"""What a process of a life runs: the engine or the venue as it ships, with steps counted between those of its path.

Errors  as `running.run` and `process.run`: told on standard error, in the exit status.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.app import running
from engine.app.chaos import mischief, shim, venues
from engine.app.chaos.setup import Setup, read
from engine.app.seams import Seams
from engine.codec import Fields
from engine.errors import ConfigError, EngineError
from engine.runtime import log
from engine.session import Session
from engine.trading.gateway import Gateway, SessionGateway
from engine.trading.loop import TradingLoop
from engine.venue import OrderDialect

ENGINE, VENUE = "engine", "venue"
PAGES = {ENGINE: "engine.page", VENUE: "venue.page"}


def run(role: str, directory: Path) -> int:
    """Run one side of the life in `directory`; return its exit status."""
    setup = read(directory)
    shim.attach(directory / PAGES[role])
    return ROLES[role](setup)


def _engine(setup: Setup) -> int:
    mischief.watch(setup.place / PAGES[ENGINE])
    try:
        return running.run(venues.VENUES[setup.venue].engine_config(setup), SEAMS)
    except (EngineError, OSError) as error:  # as the command line does
        log.say(f"fixlane: {error}")
        return 2 if isinstance(error, ConfigError) else 1


def _venue(setup: Setup) -> int:
    return venues.VENUES[setup.venue].run_venue(setup)


def _gateway(session: Session, dialect: OrderDialect) -> Gateway:
    return SessionGateway(dialect, partial(_send, session.send), session.refuse)


def _send(send: Callable[[bytes], None], body: bytes) -> None:
    shim.step()  # in the journal, not in the store
    send(body)
    shim.step()  # sent, and nobody told


def _receive(loop: TradingLoop) -> Callable[[Fields], None]:
    on_report = loop.on_report

    def receive(fields: Fields) -> None:
        """Hand a message on between two steps."""
        shim.step()  # received, not in the journal
        on_report(fields)
        shim.step()  # acted on, not yet counted by the session

    return receive


SEAMS = Seams(gateway=_gateway, receive=_receive)
ROLES: dict[str, Callable[[Setup], int]] = {ENGINE: _engine, VENUE: _venue}
