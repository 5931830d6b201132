"""`fixlane check`: everything that is wrong with a configuration, found without connecting to anything."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.app import loading
from engine.app.loading import build_strategy
from engine.config.engine import EngineConfig, load, problems
from engine.config.tables import Tables
from engine.errors import ConfigError
from engine.ops.metrics.server import listen
from engine.ops.view.reader import last_view
from engine.session.dictionary.dictionary import read_dictionary
from engine.session.file.schedule import read_schedule
from engine.session.file.settings import SessionSettings, read_session_file
from engine.session.native import settings as native_settings
from engine.session.native.tls import client_context
from engine.session.quickfix import settings as quickfix_settings

_KINDS = {"quickfix": quickfix_settings, "native": native_settings}


def check(path: Path) -> tuple[list[str], list[str]]:
    """Return the problems and the warnings of a configuration and of the files that it names."""
    wrong = problems(path)
    if wrong:
        return wrong + _named_session_file(path), []
    config = load(path)
    session_file = read_session_file(config.session.settings, config.engine.state_dir)
    wrong = list(session_file.problems)
    warnings = list(session_file.warnings)
    initiators = [session for session in session_file.sessions if session.is_initiator]
    if not wrong and len(initiators) != 1:
        wrong.append(f"{config.session.settings}: holds {len(initiators)} initiator sessions; leave one")
    kind = _KINDS[config.engine.session]
    for judge, found in ((kind.refused, wrong), (kind.ignored, warnings)):
        found += [text for session in initiators for text in judge(session)]
    for part in _parts(config, [] if session_file.problems else initiators):
        try:
            part()
        except ConfigError as error:
            wrong.append(str(error))
    return wrong, warnings


def _named_session_file(path: Path) -> list[str]:
    """Return what is wrong with the session file, also where the configuration is wrong elsewhere."""
    table = Tables(path.parent).load(path) or {}
    section = table.get("session")
    settings = section.get("settings") if isinstance(section, dict) else None
    if not isinstance(settings, str):
        return []
    return list(read_session_file(path.parent / settings, path.parent).problems)


def _find_port(config: EngineConfig) -> None:
    """Raise ConfigError for a metrics port that `run` could not have; an engine that runs here already has its own."""
    if not config.metrics.port or (view := last_view(config.engine.state_dir)) and view.is_alive():
        return
    listen(config.metrics.port).close()


def _parts(config: EngineConfig, sessions: list[SessionSettings]) -> list[Callable[[], object]]:
    """Return what the engine builds before it connects, part by part."""
    of_a_session = (read_schedule, read_dictionary, client_context) if config.engine.session == "native" else ()
    return [
        *(partial(build, session) for session in sessions for build in of_a_session),
        lambda: loading.market_data_dialect(config.feed, config.instruments),
        lambda: loading.fee(config.feed),
        lambda: loading.order_dialect(config.session, config.instruments),
        lambda: loading.logon_dialect(config.session),
        lambda: build_strategy(config),
        partial(_find_port, config),
    ]
