"""What is wrong with the sessions beside that of orders, found without connecting.

Errors  none: every problem is a text with what to do.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.app import loading, machine
from engine.config.sections import FurtherSection, SessionSection
from engine.errors import ConfigError
from engine.session.dictionary.dictionary import read_dictionary
from engine.session.file.schedule import read_schedule
from engine.session.file.settings import SessionSettings, load_session, read_session_file
from engine.session.native import settings as native_settings
from engine.session.native.tls import client_context


def wrong_session(section: SessionSection, name: str, further: FurtherSection, state_dir: Path) -> list[str]:
    """Return why a session file cannot be that of a session of this name; ConfigError for a file that is none."""
    values = load_session(further.settings, "initiator", state_dir).values
    return loading.further_dialect(section).problems(name, values)


def further_problems(sections: Mapping[str, Any], directory: Path) -> tuple[list[str], list[str]]:
    """Return the problems and the warnings of every session beside that of orders, as far as its section is right."""
    wrong: list[str] = []
    warnings: list[str] = []
    session, engine = sections.get("session"), sections.get("engine")
    if session is None or sections.get("sessions") is None:
        return wrong, warnings
    state_dir = engine.state_dir if engine is not None else directory
    for name, further in sections["sessions"].named().items():
        file = read_session_file(further.settings, state_dir)
        warnings += file.warnings
        found = list(file.problems) or _attempt(lambda: _wrong(session, name, further, state_dir, warnings))  # noqa: B023
        wrong += [f"sessions.{name}: {text}" for text in found]
    return wrong + _shared(sections), warnings


def _wrong(
    section: SessionSection, name: str, further: FurtherSection, state_dir: Path, warnings: list[str]
) -> list[str]:
    settings = load_session(further.settings, "initiator", state_dir)
    wrong = wrong_session(section, name, further, state_dir)
    if not wrong:
        wrong += loading.session_problems(loading.further_section(section, name, further), settings)
    wrong += machine.wrong_session_folders(settings)
    wrong += native_settings.refused(settings)
    warnings += native_settings.ignored(settings)
    builds = native_settings.core_settings, read_schedule, read_dictionary, client_context
    for build in builds:
        wrong += _attempt(lambda: [] if build(settings) else [])  # noqa: B023
    wrong += _attempt(lambda: [] if loading.logon_dialect(loading.further_section(section, name, further)) else [])
    return wrong


def _attempt(find: Callable[[], list[str]]) -> list[str]:
    try:
        return find()
    except ConfigError as error:
        return str(error).split("\n  ")


def _shared(sections: Mapping[str, Any]) -> list[str]:
    """Return which sessions have one key: a venue keeps one session a key, and each would throw out the other."""
    if not sections["sessions"].named():
        return []
    users: dict[str, list[str]] = {}
    named: dict[str, Any] = {f"sessions.{name}": further for name, further in sections["sessions"].named().items()}
    if (feed := sections.get("feed")) is not None and feed.is_fix:
        named["feed"] = feed
    is_over_rest = sections.get("rest") is not None and sections["rest"].carries_orders
    for place, section in (named if is_over_rest else {"session": sections["session"], **named}).items():
        try:
            users.setdefault(section.credentials.key_id(), []).append(place)
        except ConfigError:  # told where the credentials are judged
            continue
    return [
        f"{' and '.join(places)}: have one API key; every FIX session needs its own"
        for key_id, places in users.items()
        if key_id and len(places) > 1
    ]


def protections(sections: Mapping[str, FurtherSection], state_dir: Path) -> list[str]:
    """Return a line for each session: how it is protected."""
    found: dict[str, SessionSettings] = {
        name: load_session(further.settings, "initiator", state_dir) for name, further in sections.items()
    }
    return [f"sessions.{name} {one.name}: {native_settings.protection(one)}" for name, one in found.items()]
