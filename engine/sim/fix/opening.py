"""Opens the acceptor that a configuration names by one word.

Errors  ConfigError for a session file that cannot be served.
"""

import importlib
from pathlib import Path

from engine.sim.fix.acceptor import FROM_FILE, Acceptor

_IMPLEMENTATIONS = {
    "native": ("engine.sim.fix.native", "NativeAcceptor"),
    "quickfix": ("engine.sim.fix.quickfix", "QuickfixAcceptor"),
}


def open_acceptor(kind: str, session_file: Path, state_path: Path, port: int = FROM_FILE) -> Acceptor:
    """Return the acceptor of `session_file`, not listening yet; `kind` is `native` or `quickfix`."""
    module, name = _IMPLEMENTATIONS[kind]  # imported by name, so that neither needs the other's libraries
    acceptor: Acceptor = getattr(importlib.import_module(module), name)(session_file, state_path, port)
    return acceptor
