"""`fixlane check`: everything that is wrong with a configuration, found without connecting to anything.

What is wrong in one section hides nothing of another: each is judged by the code that a run would build it with.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from engine.app import loading, machine
from engine.app.account import auditing
from engine.app.account.standby.orders import judge_standby
from engine.app.feeds import choosing
from engine.app.sessions.account import judge_session_account
from engine.app.sessions.judging import further_problems
from engine.app.sessions.judging import protections as further_protections
from engine.book import make_book
from engine.config.engine import Draft, load, read_draft
from engine.config.sections import FeedSection
from engine.config.tables import Tables
from engine.errors import ConfigError
from engine.net.settings import authorities, protection, shown_address
from engine.ops.metrics.server import listen
from engine.ops.view.reader import last_view
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.risk.fee_terms import FeeTerms
from engine.session.dictionary.dictionary import read_dictionary
from engine.session.file.schedule import read_schedule
from engine.session.file.settings import SessionSettings, read_session_file
from engine.session.native import settings as native_settings
from engine.session.native.tls import client_context
from engine.session.quickfix import settings as quickfix_settings

_KINDS = {"quickfix": quickfix_settings, "native": native_settings}


def check(path: Path) -> tuple[list[str], list[str]]:
    """Return the problems and the warnings of a configuration and of the files that it names."""
    draft = read_draft(path)
    wrong = list(draft.problems)
    warnings: list[str] = []
    sections = draft.sections
    settings = sections["session"].settings if "session" in sections else _named_session_file(path)
    if settings is not None and not _goes_over_rest(sections):
        of_file, warnings = _check_session_file(settings, sections, path.parent)
        wrong += of_file
    of_further, more = further_problems(sections, path.parent)
    wrong += of_further
    warnings += more
    if (feed := sections.get("feed")) and feed.is_fix:
        wrong += _check_feed_session(feed, sections["engine"].state_dir if "engine" in sections else path.parent)
    wrong += _wrong_machine(sections)
    wrong += _attempted(_parts(draft))
    return _once(wrong), warnings


def _goes_over_rest(sections: dict[str, Any]) -> bool:
    """Return whether orders go over REST, so that no FIX session is opened."""
    return "rest" in sections and bool(sections["rest"].carries_orders)


def _named_session_file(path: Path) -> Path | None:
    """Return the session file that a configuration names, also where its section is wrong elsewhere."""
    section = (Tables(path.parent).load(path) or {}).get("session")
    settings = section.get("settings") if isinstance(section, dict) else None
    found: Path | None = Tables(path.parent).value(Path, settings, "")
    return found


def _check_session_file(settings: Path, sections: dict[str, Any], directory: Path) -> tuple[list[str], list[str]]:
    engine, section = sections.get("engine"), sections.get("session")
    file = read_session_file(settings, engine.state_dir if engine else directory)
    wrong, warnings = list(file.problems), list(file.warnings)
    sessions = [session for session in file.sessions if session.is_initiator]
    if not wrong and len(sessions) != 1:
        wrong.append(f"{settings}: holds {len(sessions)} initiator sessions; leave one")
    for session in sessions:
        wrong += machine.wrong_session_folders(session)
        wrong += loading.session_problems(section, session) if section else []
        if engine:
            wrong += _refused(_KINDS[engine.session].refused, session)
            warnings += _KINDS[engine.session].ignored(session)
    if engine and not file.problems:
        wrong += _attempted(_parts_of_sessions(engine.session, sessions))
    return wrong, warnings


def _check_feed_session(feed: FeedSection, state_dir: Path) -> list[str]:
    """Return what is wrong with the session file of market data."""
    file = read_session_file(feed.file, state_dir)
    sessions = [session for session in file.sessions if session.is_initiator]
    if file.problems or len(sessions) != 1:
        return list(file.problems) or [f"{feed.file}: holds {len(sessions)} initiator sessions; leave one"]
    wrong = [*machine.wrong_session_folders(sessions[0]), *choosing.problems(feed, sessions[0])]
    return [*wrong, *_attempted(_parts_of_sessions("native", sessions))]


def _refused(judge: Callable[[SessionSettings], list[str]], session: SessionSettings) -> list[str]:
    try:
        return judge(session)
    except ConfigError as error:  # of a schedule, which a judge may have to read
        return [str(error)]


def protections(path: Path) -> list[str]:
    """Return a line for each connection of a configuration that is right: how it is protected."""
    config = load(path)
    lines, state_dir = [], config.engine.state_dir
    if not (config.rest and config.rest.carries_orders):
        session_file = read_session_file(config.session.file, config.engine.state_dir)
        kind = _KINDS[config.engine.session]
        lines = [f"session {one.name}: {kind.protection(one)}" for one in session_file.sessions if one.is_initiator]
    lines += further_protections(config.sessions.named(), config.engine.state_dir)
    if config.rest:
        lines.append(f"rest {shown_address(config.rest.url)}: {protection(config.rest.url, 'rest.url')}")
    return [*lines, f"feed {choosing.address(config.feed, state_dir)}: {choosing.protection(config.feed, state_dir)}"]


def _once(problems: list[str]) -> list[str]:
    """Return the problems without those that one cause makes again: of the other section, or where a part is built."""
    lines = list({re.sub(r"^(session|feed)\.", "", line): line for line in reversed(problems)}.values())[::-1]
    return [line for line in lines if not any(other.endswith(f": {line}") for other in lines)]


def _wrong_machine(sections: dict[str, Any]) -> Iterator[str]:
    judges: list[tuple[str, Callable[[Any], list[str]]]] = [
        ("engine", machine.wrong_core),
        ("engine", machine.wrong_state_dir),
        ("journal", machine.wrong_journal),
        ("log", machine.wrong_log),
        ("rest", machine.wrong_audit),
        ("audit", machine.wrong_audit_file),
    ]
    for name, judge in judges:
        if name in sections:
            yield from judge(sections[name])


def _attempted(parts: list[Callable[[], object]]) -> Iterator[str]:
    """Build each part, and say why one cannot be."""
    for part in parts:
        try:
            part()
        except ConfigError as error:
            for text in re.split(r"\n(?! )", str(error)):
                what, *faults = text.split("\n  ")  # a line that is indented goes on with the one before
                yield from (f"{what} {fault}" for fault in faults) if faults else [what]
        except Exception as error:  # a run would end with it: a line here is better than a traceback there
            yield f"cannot be started: {type(error).__name__}: {error}"


def _parts_of_sessions(kind: str, sessions: list[SessionSettings]) -> list[Callable[[], object]]:
    native = (native_settings.core_settings, read_schedule, read_dictionary, client_context)
    builds = native if kind == "native" else (quickfix_settings.check_dictionaries, client_context)
    return [partial(build, session) for session in sessions for build in builds]


def _find_port(port: int, state_dir: Path) -> None:
    """Raise ConfigError for a metrics port that `run` could not have; an engine that runs here already has its own."""
    if not port or ((view := last_view(state_dir)) and view.is_alive()):
        return
    listen(port).close()


def _parts(draft: Draft) -> list[Callable[[], object]]:
    """Return what the engine builds before it connects, part by part, as far as its section can be read."""
    sections, instruments = draft.sections, draft.instruments
    parts: list[Callable[[], object]] = []
    if feed := sections.get("feed"):
        parts += [
            lambda: choosing.stream(feed, instruments),
            lambda: choosing.logon(feed),
            lambda: authorities("feed.ca", feed.ca),
            lambda: loading.fees(feed, sections.get("fees", FeeTerms())),
        ]
    if session := sections.get("session"):
        parts.append(lambda: loading.order_dialect(session, instruments))
    if session and not _goes_over_rest(sections):
        parts.append(lambda: loading.logon_dialect(session))
    if rest := sections.get("rest"):
        parts += [lambda: loading.rest_dialect(rest), lambda: authorities("rest.ca", rest.ca)]
    if rest and rest.orders != "never":
        parts.append(lambda: loading.rest_order_dialect(rest))
    parts.append(lambda: auditing.audited(sections.get("audit"), sections.get("rest")))
    if (config := draft.config()) is not None:
        parts += [lambda: loading.judge_environment(config), lambda: judge_standby(config)]
        parts.append(lambda: judge_session_account(config))
    if (metrics := sections.get("metrics")) and (engine := sections.get("engine")):
        parts.append(partial(_find_port, metrics.port, engine.state_dir))
    if feed and instruments and not draft.problems:
        parts += [partial(make_book, each, feed.watch_depth) for each in instruments]
        parts.append(lambda: Risk(sections["risk"], instruments, Portfolio(instruments)))
    if (strategy := sections.get("strategy")) and instruments:
        parts.append(lambda: loading.build_strategy(strategy, instruments))
    for name, each in (sections.get("strategies") or {}).items() if instruments else ():
        parts += [partial(loading.build_strategy, each, instruments, f"strategies.{name}")] * (each is not None)
    return parts
