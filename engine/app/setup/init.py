"""`fixlane init`: a commented configuration for one environment of a venue, in a directory of its own.

Shapes  `config/VENUE.toml` and its session files, with the places of the environment in place of @words@.
Errors  ConfigError for a venue or environment that is none, and for a file that would be written over.
"""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path

from engine.app import loading
from engine.config.shipped import config_path
from engine.errors import ConfigError

_PLACE = re.compile("@([a-z_]+|[A-Z_]+)@")
NAME = "engine.toml"
SESSIONS = ("nr", "md")  # of orders, and of market data where they are to come over FIX


def run(arguments: argparse.Namespace) -> int:
    """Write the files and say what is next."""
    directory: Path = arguments.directory
    written = write(arguments.venue, arguments.env, directory)
    for path in written:
        print(f"wrote {path}")
    print(f"next: put the keys where {directory / NAME} says, then `fixlane check {directory / NAME}`")
    return 0


def write(venue: str, environment: str, directory: Path) -> list[Path]:
    """Write the configuration of an environment; return the files."""
    places = _places(venue, environment)
    texts = {directory / NAME: _filled(config_path(f"{venue}.toml").read_text(), places)}
    for session in SESSIONS:
        file = f"fix/{venue}-{environment}-{session}.cfg"
        texts[directory / file] = config_path(file).read_text()
    for path in texts:
        if path.exists():
            raise ConfigError(f"{path} is there already: name another directory, or move it away")
    secret = directory / "secret"
    secret.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(texts)


def _places(venue: str, environment: str) -> Mapping[str, str]:
    environments: Mapping[str, Mapping[str, str]] = loading.environments(venue)
    if environment not in environments:
        known = ", ".join(sorted(environments)) or "none to start from"
        raise ConfigError(f'--env: "{environment}" is no environment of {venue}: there are {known}')
    return {"environment": environment, **environments[environment]}


def _filled(text: str, places: Mapping[str, str]) -> str:
    """Return a text with each @word@ replaced, in capitals where the word is in capitals."""

    def place(found: re.Match[str]) -> str:
        """Return what stands in a place."""
        word = found[1]
        value = places[word.lower()]
        return value.upper() if word.isupper() else value

    return _PLACE.sub(place, text)
