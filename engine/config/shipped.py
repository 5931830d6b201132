"""Where the configuration files that come with Fixlane are: beside a source tree, or installed with the package."""

import sys
from pathlib import Path
from site import getuserbase

from engine.errors import ConfigError


def config_path(name: str) -> Path:
    """Return the path of a file of `config/`."""
    shared = (Path(base, "share", "fixlane", "config") for base in (sys.prefix, getuserbase()))
    places = (Path(__file__).parents[2] / "config", *shared)
    for place in places:
        if (place / name).exists():
            return place / name
    raise ConfigError(f"{name}: not found in {' or '.join(map(str, places))}: install fixlane again")
