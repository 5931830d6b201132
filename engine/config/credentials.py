"""Where an API key is found; the key itself never stands in the configuration.

Shapes  a key is an id and a private key in PEM, which may be encrypted.
Errors  ConfigError that names the source and never holds what is in it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from engine.errors import ConfigError
from engine.runtime import private_keys, secrets
from engine.units import Section

_IDS = ("key_id_env", "key_id_credential", "key_id_file")
_KEYS = (
    "private_key_file", "private_key_file_env", "private_key_env", "private_key_credential", "private_key_command",
)  # fmt: skip
_PASSPHRASES = ("private_key_passphrase_env", "private_key_passphrase_file")


class Credentials(Section, frozen=True, kw_only=True):
    """One API key: at most one source for its id, for its private key, and for the passphrase of that."""

    key_id_env: str | None = None
    key_id_credential: str | None = None
    key_id_file: Path | None = None
    private_key_file: Path | None = None
    private_key_file_env: str | None = None
    private_key_env: str | None = None
    private_key_credential: str | None = None
    private_key_command: tuple[str, ...] = ()
    private_key_passphrase_env: str | None = None
    private_key_passphrase_file: Path | None = None

    def __post_init__(self) -> None:
        for names in (_IDS, _KEYS, _PASSPHRASES):
            given = [name for name in names if getattr(self, name)]
            if len(given) > 1:
                raise ConfigError(f"{' and '.join(given)} exclude each other")

    def __bool__(self) -> bool:
        """Whether anything of a key is configured."""
        return any(getattr(self, name) for name in (*_IDS, *_KEYS))

    def key_id(self, environ: Mapping[str, str] = os.environ) -> str:
        """Return the key's id, "" where none is configured."""
        if self.key_id_credential:
            found = secrets.from_credential(self.key_id_credential, environ).decode("latin-1")
            where = f"credential {self.key_id_credential}"
        elif self.key_id_file:
            found, where = _id_in(self.key_id_file), f"file {self.key_id_file}"
        elif self.key_id_env:
            found = secrets.from_variable(self.key_id_env, environ)
            where = f"environment variable {self.key_id_env}"
        else:
            return ""
        try:
            return private_keys.checked_key_id(found)
        except private_keys.KeyFileError as error:
            raise ConfigError(f"{where}: {error}") from None

    def source(self, environ: Mapping[str, str] = os.environ) -> str:
        """Say where the private key comes from, for errors."""
        if self.private_key_env:
            return f"environment variable {self.private_key_env}"
        if self.private_key_credential:
            return f"credential {self.private_key_credential}"
        if self.private_key_command:
            return f"what {self.private_key_command[0]} printed"
        file = self._file(environ)
        return f"key file {file}" if file else "what is configured"

    def private_key(self, environ: Mapping[str, str] = os.environ) -> bytes:
        """Return the private key, opened by its passphrase if there is one; b"" where no key is configured."""
        passphrase = private_keys.read_passphrase(
            self.private_key_passphrase_env or "", self.private_key_passphrase_file, environ
        )
        content = self._content(environ)
        if content is None:
            if passphrase is not None:
                raise ConfigError("there is a passphrase and no key file; set private_key_file")
            return b""
        try:
            return content if passphrase is None else private_keys.without_passphrase(content, passphrase)
        except private_keys.KeyFileError as error:
            raise ConfigError(f"{self.source(environ)} {error}") from None

    def _content(self, environ: Mapping[str, str]) -> bytes | None:
        if self.private_key_env:
            return secrets.from_variable(self.private_key_env, environ).encode()
        if self.private_key_credential:
            return secrets.from_credential(self.private_key_credential, environ)
        if self.private_key_command:
            return secrets.from_command(self.private_key_command)
        file = self._file(environ)
        try:
            return None if file is None else secrets.from_file(file)
        except secrets.SecretError as error:
            raise ConfigError(f"key file {error}") from None

    def _file(self, environ: Mapping[str, str]) -> Path | None:
        if self.private_key_file_env:
            return Path(secrets.from_variable(self.private_key_file_env, environ))
        return self.private_key_file


def _id_in(file: Path) -> str:
    """Return the id in a file, which is no secret: others may read it."""
    try:
        with file.open("rb") as found:
            return found.read(secrets.LARGEST).decode("latin-1").strip()
    except OSError as error:
        raise ConfigError(f"key id file {file} cannot be read: {error.strerror}") from None
