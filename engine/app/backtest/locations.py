"""Where data and results lie: a path, or a place that fsspec reaches."""

from pathlib import Path
from typing import NamedTuple


class RemotePlace(NamedTuple):
    """A place that fsspec reaches."""

    url: str


def place(text: str) -> Path | RemotePlace:
    """Return a path, or of SCHEME://... the place that it names."""
    return RemotePlace(text) if "://" in text else Path(text)
