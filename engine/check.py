"""`fixlane check`: everything that is wrong with a configuration, found without connecting to anything."""

from collections.abc import Callable
from pathlib import Path

from engine import loading
from engine.config import EngineConfig, build_strategy, load, problems
from engine.errors import ConfigError
from engine.session.quickfix_settings import ignored, refused
from engine.session.settings import SessionSettings, read_session_file
from engine.tables import Tables


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
    if config.engine.session == "quickfix":
        wrong += _each(refused, initiators)
        warnings += _each(ignored, initiators)
    for part in _parts(config):
        try:
            part()
        except ConfigError as error:
            wrong.append(str(error))
    return wrong, warnings


def _named_session_file(path: Path) -> list[str]:
    """What is wrong with the session file even where the configuration is wrong elsewhere."""
    table = Tables(path.parent).load(path) or {}
    section = table.get("session")
    settings = section.get("settings") if isinstance(section, dict) else None
    if not isinstance(settings, str):
        return []
    return list(read_session_file(path.parent / settings, path.parent).problems)


def _each(judge: Callable[[SessionSettings], list[str]], sessions: list[SessionSettings]) -> list[str]:
    return [text for session in sessions for text in judge(session)]


def _parts(config: EngineConfig) -> list[Callable[[], object]]:
    """What the engine builds before it connects."""
    return [
        lambda: loading.market_data_dialect(config.feed, config.instruments),
        lambda: loading.fee(config.feed),
        lambda: loading.order_dialect(config.session, config.instruments),
        lambda: loading.logon_dialect(config.session),
        lambda: build_strategy(config),
    ]
