"""Where the View of an engine lies, found from its state directory alone.

The file is made in a directory of memory, so that no disk can hold up whoever writes it: the runtime directory that a
service manager gives ($RUNTIME_DIRECTORY), or `fixlane` in that of the user ($XDG_RUNTIME_DIR), else in the state
directory itself. There a link named `view` leads to it, and when the engine has ended the last view itself lies there.

Shapes  beside a view lies its list of markets: lines of JSON, the first about the file, then one for each market.
Errors  OSError where there is no room or no permission.
Access  mode 0640 and the group of the control socket: who may ask an engine may look at it.
"""

import contextlib
import hashlib
import mmap
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from engine.instrument import Instrument

LINK = "view"
MARKETS = ".markets"
MODE = 0o640


def runtime_directory(state_dir: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory that the view of an engine belongs into, made if need be."""
    if given := environ.get("RUNTIME_DIRECTORY"):
        return Path(given.partition(":")[0])
    if of_user := environ.get("XDG_RUNTIME_DIR"):
        directory = Path(of_user) / "fixlane"
        with contextlib.suppress(OSError):  # such as one that went with a login
            directory.mkdir(mode=0o750, exist_ok=True)
            if os.access(directory, os.W_OK):
                return directory
    return state_dir


def name_of(state_dir: Path) -> str:
    """Return the name of an engine's view in a directory that others use too."""
    return hashlib.sha256(bytes(state_dir.resolve())).hexdigest()[:16] + ".view"


def link_of(state_dir: Path) -> Path:
    """Return where a reader begins."""
    return state_dir / LINK


def markets_of(view: Path) -> Path:
    """Return the list of markets beside a view."""
    return view.with_name(view.name + MARKETS)


def listing(markets: Iterable[tuple[int, Instrument]], start_utc_ns: int) -> bytes:
    """Return the list of markets, each with its number, of a view that was begun at a moment."""
    lines: list[dict[str, object]] = [{"start_utc_ns": start_utc_ns}]
    lines += [
        {
            "number": number,
            "symbol": each.symbol,
            "event": each.event,
            "series": each.series,
            "category": each.category,
            "limit": each.limit,
        }
        for number, each in markets
    ]
    return b"".join([msgspec.json.encode(line) + b"\n" for line in lines])


class ViewFiles:
    """The files of one engine that runs: made anew by each start, so that no reader ever sees one shrink."""

    def __init__(self, state_dir: Path, group_id: int | None = None, environ: Mapping[str, str] = os.environ) -> None:
        directory = runtime_directory(state_dir, environ)
        self._group_id = group_id
        self.link = link_of(state_dir)
        self.path = self.link if directory == state_dir else directory / name_of(state_dir)

    def create(self, size: int, markets: bytes, prepared: bytes) -> mmap.mmap:
        """Make the file with `prepared` at its beginning, and the list of markets; return the file as memory."""
        self._write(markets_of(self.path), markets)
        new = self.path.with_name(self.path.name + ".new")
        descriptor = self._open_new(new)
        try:
            os.posix_fallocate(descriptor, 0, size)  # a page that the disk has no room for would end the process
            os.write(descriptor, prepared)
            memory = mmap.mmap(descriptor, size)
        except BaseException:
            new.unlink()
            raise
        finally:
            os.close(descriptor)
        new.rename(self.path)
        if self.path != self.link:
            pointer = self.link.with_name(self.link.name + ".new")
            pointer.unlink(missing_ok=True)
            pointer.symlink_to(self.path)
            pointer.rename(self.link)
        return memory

    def list(self, markets: bytes) -> None:
        """Put another list of markets beside the file."""
        self._write(markets_of(self.path), markets)

    def settle(self) -> None:
        """Leave the last view where the link was: the runtime directory may go with the process."""
        if self.path == self.link:
            return
        self._write(markets_of(self.link), markets_of(self.path).read_bytes())
        self._write(self.link, self.path.read_bytes())
        self.path.unlink(missing_ok=True)
        markets_of(self.path).unlink(missing_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        """Put a whole file in the place of another."""
        new = path.with_name(path.name + ".new")
        with os.fdopen(self._open_new(new), "wb") as file:
            file.write(data)
        new.rename(path)

    def _open_new(self, path: Path) -> int:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        os.fchmod(descriptor, MODE)  # whatever the umask left
        if self._group_id is not None:
            os.fchown(descriptor, -1, self._group_id)
        return descriptor
