"""Opens the session that a configuration names by one word.

Errors  ConfigError for an unusable session file.
"""

import asyncio
import importlib
from pathlib import Path

from engine.runtime._sockets import Sockets
from engine.runtime.audit import AuditSink
from engine.session import LogonDialect, Session
from engine.session.file.settings import load_session

_IMPLEMENTATIONS = {
    "quickfix": ("engine.session.quickfix.initiator", "QuickfixSession"),
    "native": ("engine.session.native.initiator", "NativeSession"),
}


def open_session(
    kind: str,
    session_file: Path,
    state_dir: Path,
    loop: asyncio.AbstractEventLoop,
    logon_dialect: LogonDialect | None = None,
    sockets: Sockets | None = None,
    audit: AuditSink | None = None,
) -> Session:
    """Return the initiator of `session_file`, not connected yet; `kind` is `quickfix` or `native`.

    Its connection is read through `sockets`, which busy mode polls. `audit` takes a record of each message.
    """
    module, name = _IMPLEMENTATIONS[kind]  # imported by name, so that neither needs the other's libraries
    implementation = getattr(importlib.import_module(module), name)
    settings = load_session(session_file, "initiator", state_dir)
    session: Session = implementation(settings, loop, logon_dialect, sockets=sockets or Sockets(loop), audit=audit)
    return session
