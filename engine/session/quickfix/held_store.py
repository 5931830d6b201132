"""QuickFIX's file store as we hold it: locked against a second process, and watched for the room on its disk.

Errors  StoreInUse where another process counts the same numbers; SessionError while the disk has room for cancels only.
Cost    one system call a second.
Thread  the loop thread only.
"""

import os

from engine.errors import SessionError
from engine.session.file.settings import SessionSettings
from engine.session.store import lock
from engine.session.store.file_store import stem

_LOW_ROOM = 4 * 2**20  # bytes, for 20 000 cancels
_KEYS = ("BeginString", "SenderCompID", "TargetCompID", "SessionQualifier")


class HeldStore:
    """The store of one session, until `close`; RefreshOnLogon leaves it to whichever process logs on."""

    def __init__(self, settings: SessionSettings) -> None:
        self._name = settings.name
        self._folder = settings.path("FileStorePath")
        self._look_s = 0.0  # when the disk is looked at again
        self._lock = -1
        if self._folder is not None and not settings.flag("RefreshOnLogon"):
            self._lock = lock.take(self._folder, stem(*(settings.text(key) for key in _KEYS)))

    def prepare(self, now_s: float) -> None:
        """Look, once a second, whether the disk has room."""
        if self._folder is None or now_s < self._look_s:
            return
        try:
            disk = os.statvfs(self._folder)
        except OSError as error:
            raise SessionError(f"{self._name}: the store cannot be reached: {error}") from error
        if disk.f_bavail * disk.f_frsize < _LOW_ROOM:
            raise SessionError(f"{self._name}: the store cannot grow for long: {_LOW_ROOM >> 20} MiB are not left")
        self._look_s = now_s + 1

    def close(self) -> None:
        """Let another process count on."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
