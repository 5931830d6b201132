"""Where a secret comes from: a file, an environment variable, a credential of systemd, or what a command prints.

Shapes  a secret is bytes as they are found; nothing of it is ever part of an error.
Errors  SecretError that says what to do.
Source  systemd.exec(5), LoadCredential: files in the directory that CREDENTIALS_DIRECTORY names.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.errors import ConfigError

COMMAND_TIMEOUT_S = 10.0
LARGEST = 65_536  # bytes
_OTHERS_MAY = 0o077
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


class SecretError(ConfigError):
    """A secret cannot be had from where it should come."""


def from_file(file: Path) -> bytes:
    """Return what a file holds that nobody but its owner may read."""
    if fault := exposure(file):
        raise SecretError(f"{file} {fault}")
    return _content(file)


def from_variable(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the value of an environment variable, without blanks around it."""
    value = environ.get(name, "").strip()
    if not value:
        # A secret may have been written in place of the name: only what looks like a name is shown.
        shown = f"environment variable {name}" if _NAME.fullmatch(name) else "the environment variable named there"
        raise SecretError(f"{shown} is not set")
    return value


def from_credential(name: str, environ: Mapping[str, str] = os.environ) -> bytes:
    """Return a credential that systemd passed to this service."""
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    if not directory:
        raise SecretError(
            f"credential {name}: there is no CREDENTIALS_DIRECTORY; set LoadCredential={name} in the unit"
        )
    if Path(name).name != name:
        raise SecretError(f"credential {name!r} must be a name, as in LoadCredential, and not a path")
    return _content(Path(directory) / name)


def from_command(command: Sequence[str]) -> bytes:
    """Return what a command prints; it gets no terminal and `COMMAND_TIMEOUT_S`, and no shell reads it."""
    if not command:
        raise SecretError('the command is empty; write it as a list, such as ["pass", "kalshi/key"]')
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_TIMEOUT_S, check=False
        )
    except OSError as error:
        raise SecretError(f"command {command[0]} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise SecretError(f"command {command[0]} has not ended within {COMMAND_TIMEOUT_S:.0f} s") from None
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise SecretError(f"command {command[0]} ended with status {done.returncode}: {words[-1][:200]}")
    if not done.stdout.strip():
        raise SecretError(f"command {command[0]} printed nothing")
    return _bounded(done.stdout, f"command {command[0]}")


def exposure(file: Path) -> str:
    """Say, for behind its name, that others may read or change the file of a secret; "" where they may not."""
    try:
        mode = file.stat().st_mode & 0o777
    except OSError:
        return ""
    return f"is open to others (mode {mode:04o}); chmod 600 it" if mode & _OTHERS_MAY else ""


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as found:
            return _bounded(found.read(LARGEST + 1), str(file))
    except OSError as error:
        raise SecretError(f"{file} cannot be read: {error.strerror}") from None


def _bounded(content: bytes, where: str) -> bytes:
    if len(content) > LARGEST:
        raise SecretError(f"{where} holds more than {LARGEST} bytes: that is no key")
    return content
