"""Where a configuration says that its engine keeps its state, found even in one that is broken elsewhere.

An operator who has to halt an engine needs neither its secrets nor a configuration without faults.

Errors  ConfigError where the directory cannot be found out, with the way round.
"""

import re
from pathlib import Path

import msgspec

from engine.errors import ConfigError

_KEY = re.compile(r"""^[^#"']*\bstate_dir["']?\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.MULTILINE)
_WAY_ROUND = "name the directory itself: --state-dir DIR"


def state_dir_of(config: Path) -> Path:
    """Return `engine.state_dir` of a configuration file; nothing else of it has to be right."""
    try:
        text = config.read_bytes().decode(errors="replace")
    except OSError as error:
        raise ConfigError(f"{config}: cannot be read: {error.strerror}; {_WAY_ROUND}") from None
    try:
        found = [msgspec.toml.decode(text)["engine"]["state_dir"]]
    except (
        ValueError,
        KeyError,
        TypeError,
    ):  # not TOML, or not a configuration: somebody wrote it somewhere all the same
        found = [first or second for first, second in _KEY.findall(text)]
    named = {each for each in found if isinstance(each, str) and each}
    if len(named) != 1:
        what = "several" if named else "no"
        raise ConfigError(f"{config}: has {what} engine.state_dir that can be read; {_WAY_ROUND}")
    return config.parent / named.pop()
