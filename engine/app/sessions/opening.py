"""Opens FIX sessions: that of orders, and those beside it as native ones on the same loop.

Each has its own file, store and key.

Errors  ConfigError for what cannot be opened; SessionError for a damaged store.
"""

import asyncio
from typing import NamedTuple

from engine.app import loading
from engine.app.account.keys import LogonKey
from engine.app.sessions.judging import wrong_session
from engine.config.sections import EngineConfig
from engine.errors import ConfigError, SessionError
from engine.runtime._sockets import Sockets
from engine.runtime.audit import AuditSink
from engine.session import LogonDialect, RenamableSession, Session
from engine.session.opening import open_session


class FurtherSession:
    """One of them; `name` is its table in the configuration."""

    def __init__(
        self,
        name: str,
        config: EngineConfig,
        loop: asyncio.AbstractEventLoop,
        sockets: Sockets | None = None,
        audit: AuditSink | None = None,
    ) -> None:
        self.name = name
        section = config.sessions.named()[name]
        self._section = loading.further_section(config.session, name, section)
        if found := wrong_session(config.session, name, section, config.engine.state_dir):
            raise ConfigError("\n  ".join([f"sessions.{name}:", *found]))
        self._key_id = section.credentials.key_id()
        logon = loading.logon_dialect(self._section)
        self._key = None if logon is None else LogonKey(logon)
        file, state = self._section.file, config.engine.state_dir
        self.session: Session = open_session("native", file, state, loop, self._key, sockets, audit)

    # Its key, as an operator has it read again

    def read(self) -> "FurtherKey":
        """Read its key again; ConfigError for one that cannot be used."""
        return FurtherKey(self._section.credentials.key_id(), loading.logon_dialect(self._section))

    def take(self, new: "FurtherKey") -> str:
        """Go by this key from the next Logon on; say what is new. One that cannot change its name keeps its key."""
        place = f"sessions.{self.name}"
        if new.key_id == self._key_id:
            told = f"{place}: key {new.key_id}, as before"
        else:
            told = f"{place}: key {new.key_id} instead of {self._key_id}"
            try:
                self._rename(new.key_id)
            except SessionError as error:
                return f"{place}: key {self._key_id} is kept until the next start: {error}"
        if self._key is not None and new.logon is not None:
            self._key.current = new.logon
        self._key_id = new.key_id
        return told

    def _rename(self, key_id: str) -> None:
        if f":{self._key_id}->" in self.session.name and isinstance(self.session, RenamableSession):
            self.session.rename(key_id)


class FurtherKey(NamedTuple):
    """What was read."""

    key_id: str
    logon: LogonDialect | None


def open_first(
    config: EngineConfig,
    loop: asyncio.AbstractEventLoop,
    logon: LogonDialect | None,
    sockets: Sockets,
    audit: AuditSink | None = None,
) -> Session:
    """Return the session of orders, of the configured kind, not connected."""
    file, kind, state = config.session.file, config.engine.session, config.engine.state_dir
    return open_session(kind, file, state, loop, logon, sockets, audit)


def open_further(
    config: EngineConfig, loop: asyncio.AbstractEventLoop, sockets: Sockets | None, audit: AuditSink | None = None
) -> list[FurtherSession]:
    """Return every session that is configured beside that of orders, not connected; none is left open if one fails."""
    opened: list[FurtherSession] = []
    try:
        for name in config.sessions.named():
            opened.append(FurtherSession(name, config, loop, sockets, audit))
    except (ConfigError, SessionError):
        for each in opened:
            each.session.close()
        raise
    return opened
