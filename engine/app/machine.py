"""What a run needs of the machine: a core, directories that can be written, room, a socket's name.

Errors  none: each fault is a line that says which key, what, and what to do.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from engine.config.keeping import AuditSection
from engine.config.sections import EngineSection, JournalSection, LogSection, RestSection
from engine.journal.writer import SEGMENT_BYTES
from engine.ops.control import SOCKET
from engine.runtime import halt_word
from engine.session.file.settings import SessionSettings

_LONGEST_NAME = 230  # bytes of a session's name: its files have endings, and a name in a directory has 255
MAX_SOCKET_PATH = 107  # bytes of sun_path in unix(7), without its zero
_JOURNAL_BYTES = 2 * SEGMENT_BYTES  # the segment that is written, and the next one


def wrong_core(section: EngineSection) -> list[str]:
    """Return why the loop cannot be pinned as configured."""
    allowed = sorted(os.sched_getaffinity(0))
    if section.core is None or section.core in allowed:
        return []
    return [f"engine.core: {section.core} is none of the cores that this process may use: {_shown(allowed)}"]


def wrong_state_dir(section: EngineSection) -> list[str]:
    """Return why the engine could not keep its state, or could not be controlled."""
    path = section.state_dir / SOCKET
    found = wrong_directory("engine.state_dir", section.state_dir)
    for name, is_right, kind in ((halt_word.FILE, Path.is_file, "file"), (SOCKET, Path.is_socket, "socket")):
        there = section.state_dir / name
        if not found and there.exists() and not is_right(there):
            found.append(f"engine.state_dir: {there} is no {kind}; move it away, or choose another directory")
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        found.append(f"engine.state_dir: {path} is longer than a socket's name may be; choose a shorter directory")
    return found


def wrong_journal(section: JournalSection) -> list[str]:
    """Return why no journal could be written."""
    directory = section.directory
    if directory is None:
        return []
    found = wrong_directory("journal.directory", directory)
    if not found and (free := _free_bytes(directory)) < _JOURNAL_BYTES:
        found.append(f"journal.directory: {directory} has {free} bytes free, a start takes {_JOURNAL_BYTES}: make room")
    return found


def wrong_log(section: LogSection) -> list[str]:
    """Return why the log could not be written."""
    return [] if section.file is None else _wrong_file("log.file", section.file)


def wrong_audit(section: RestSection | None) -> list[str]:
    """Return why the audit log of REST could not be written."""
    return _wrong_audit_file("rest.audit", section.audit) if section and section.audit else []


def wrong_audit_file(section: AuditSection | None) -> list[str]:
    """Return why the audit log could not be written."""
    return _wrong_audit_file("audit.file", section.file) if section else []


def _wrong_audit_file(key: str, file: Path) -> list[str]:
    """Return why it could not be written; its directory is made at the start."""
    return _wrong_file(key, file) if file.parent.is_dir() else wrong_directory(key, file.parent)


def _wrong_file(name: str, file: Path) -> list[str]:
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        if not file.parent.is_dir():
            return [f"{name}: the directory {file.parent} does not exist; make it"]
        return wrong_directory(name, file.parent)
    except OSError as error:
        return [f"{name}: {file} cannot be used ({error.strerror}); name another"]
    if stat.S_ISDIR(mode):
        return [f"{name}: {file} is a directory; name a file in it"]
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or not os.access(file, os.W_OK):
        return [f"{name}: {file} is no file that can be appended to; name another"]
    return []


def wrong_session_folders(settings: SessionSettings) -> list[str]:
    """Return why the session could not keep its numbers and its log."""
    found = []
    for key in ("FileStorePath", "FileLogPath"):
        folder = settings.path(key)
        if folder is not None:
            found += wrong_directory(f"{settings.file}: {key}", folder)
    if len(os.fsencode(settings.name)) > _LONGEST_NAME:
        text = "make a name of the store's files that is too long; agree on shorter ones"
        found.append(f"{settings.file}: SenderCompID, TargetCompID: {text}")
    return found


def wrong_directory(key: str, directory: Path) -> list[str]:
    """Return why nothing could be written into a directory, which may not exist yet."""
    try:
        nearest = _nearest(directory)
    except OSError as error:
        return [f"{key}: {directory} cannot be used ({error.strerror}); name another"]
    if not nearest.is_dir():
        return [f"{key}: {nearest} is no directory; move it, or name another"]
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return []
    except OSError as error:
        return [f"{key}: nothing can be written in {nearest} ({error.strerror}); name a directory where it can"]


def _nearest(directory: Path) -> Path:
    """Return the directory, or what is nearest above it, be it a link that leads nowhere; OSError where none can be.

    `..` leads out of a directory that does not exist yet.
    """
    plain = Path(os.path.abspath(directory))
    for path in (directory, plain, *plain.parents):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()
            with contextlib.suppress(FileNotFoundError):
                path.stat()
            return path
    return Path("/")


def _free_bytes(directory: Path) -> int:
    found = os.statvfs(_nearest(directory))
    return found.f_bavail * found.f_frsize


def _shown(cores: Iterable[int]) -> str:
    return ", ".join(map(str, cores))
