"""Data and results that lie elsewhere: `SCHEME://...` of anything that fsspec knows, such as s3, gs, http or file.

What is named so is copied here before a run, and the files of a result are copied there after it.

Errors  ConfigError without fsspec or the package of a scheme, for a scheme that is none, and for what is not there.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from engine.app.backtest.locations import RemotePlace
from engine.backtest.sweeps.ledger import NAME
from engine.errors import ConfigError

T = TypeVar("T")


@contextmanager
def brought_here(arguments: argparse.Namespace) -> Iterator[argparse.Namespace]:
    """Yield the arguments with local paths for remote ones; bring the result to where it belongs afterwards."""
    with TemporaryDirectory(prefix="fixlane-") as name:
        folder = Path(name)
        local = argparse.Namespace(**vars(arguments))
        local.data = [_fetched(each, folder / str(place)) for place, each in enumerate(arguments.data or ())] or None
        if not isinstance(arguments.out, RemotePlace):
            yield local
            return
        local.out = folder / "out"
        _fetch_ledger(arguments.out, local.out)
        yield local
        _store(local.out, arguments.out)


def _fetched(place: Path | RemotePlace, folder: Path) -> Path:
    """Return the local path of what may lie elsewhere."""
    if isinstance(place, Path):
        return place
    return _with(place, lambda system, path: _fetch(system, path, folder))


def _fetch(system: Any, path: str, folder: Path) -> Path:
    """Copy a file, and what is said of its events beside it, or everything below a folder."""
    base = PurePosixPath(path)
    if system.isdir(path):
        for each in system.find(path):
            _copy(system, each, folder / PurePosixPath(each).relative_to(base))
        return folder
    for each in system.ls(str(base.parent), detail=False):
        if each.endswith(".event.json"):
            _copy(system, each, folder / PurePosixPath(each).name)
    _copy(system, path, folder / base.name)
    return folder / base.name


def _fetch_ledger(place: RemotePlace, folder: Path) -> None:
    """Copy the trials that were counted there before, if there are any."""

    def fetch(system: Any, path: str) -> None:
        """Copy the file."""
        ledger = f"{path.rstrip('/')}/{NAME}"
        if system.isfile(ledger):
            _copy(system, ledger, folder / NAME)

    _with(place, fetch)


def _store(folder: Path, place: RemotePlace) -> None:
    """Copy every file of a folder."""

    def store(system: Any, path: str) -> None:
        """Copy them."""
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                there = f"{path.rstrip('/')}/{each.relative_to(folder).as_posix()}"
                system.makedirs(str(PurePosixPath(there).parent), exist_ok=True)
                system.pipe_file(there, each.read_bytes())
        print(f"wrote {place.url}")

    _with(place, store)


def _copy(system: Any, path: str, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(system.cat_file(path))


def _with(place: RemotePlace, act: Callable[[Any, str], T]) -> T:
    """Return what `act` makes of the file system of a place and of the path there."""
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError:
        raise ConfigError(f"{place.url}: wants the package fsspec: pip install 'fixlane[remote]'") from None
    try:
        return act(*url_to_fs(place.url))
    except (ImportError, ValueError, OSError) as error:
        raise ConfigError(f"{place.url}: {error}: name a place that can be reached") from None
