"""Finds the state directory of an engine whose configuration may be wrong everywhere else.

Errors  ConfigError that names what is missing, and the way around it.
"""

from pathlib import Path

import msgspec

from engine.errors import ConfigError

WAY_OUT = "name the directory itself: --state-dir DIR"


def state_dir_of(config: Path) -> Path:
    """Return `engine.state_dir` of a configuration file, read alone."""
    try:
        table = msgspec.toml.decode(config.read_bytes())
    except OSError as error:
        raise ConfigError(f"{config}: cannot be read: {error.strerror}; {WAY_OUT}") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"{config}: is not TOML: {error}; {WAY_OUT}") from None
    section = table.get("engine")
    found = section.get("state_dir") if isinstance(section, dict) else None
    if not isinstance(found, str) or not found:
        raise ConfigError(f"{config}: engine.state_dir is missing; {WAY_OUT}")
    return config.parent / found
