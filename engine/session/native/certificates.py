"""Certificates and keys of a session file: loaded into a context of TLS, every one that cannot be used named.

Shapes  a certificate is PEM, followed by those that lead to its authority; its key stands in a file of its own or in
        the same. The pair that counts is the role's: Client... of an initiator, Server... of an acceptor, else
        Socket...
Errors  ConfigError, one line for each key of the session file that is at fault. Nothing asks for a passphrase.
Source  the configuration pages of QuickFIX and QuickFIX/Go.
"""

import ssl
from pathlib import Path
from typing import NamedTuple

from engine.errors import ConfigError
from engine.runtime import private_keys
from engine.session.file.settings import SessionSettings

PASSPHRASES = ("CertificateKeyPassphraseEnv", "CertificateKeyPassphraseFile")
_PAIRS = {
    "initiator": ("ClientCertificateFile", "ClientCertificateKeyFile"),
    "acceptor": ("ServerCertificateFile", "ServerCertificateKeyFile"),
    "": ("SocketCertificateFile", "SocketPrivateKeyFile"),
}


class CertificatePair(NamedTuple):
    """The keys of the session file that name a certificate and its private key."""

    certificate: str
    key: str


def pair_of(settings: SessionSettings) -> CertificatePair | None:
    """Return the pair of which the session uses at least one; None if it has neither."""
    for role in ("initiator" if settings.is_initiator else "acceptor", ""):
        if any(settings.text(key) for key in _PAIRS[role]):
            return CertificatePair(*_PAIRS[role])
    return None


def load_pair(context: ssl.SSLContext, settings: SessionSettings) -> None:
    """Load the certificate and key that the session shows, if it has any."""
    pair = pair_of(settings)
    if pair is None:
        if extra := [key for key in PASSPHRASES if settings.text(key)]:
            raise fault(settings, extra[0], "there is no key that it would open; name one, or remove it")
        return
    if not settings.text(pair.certificate):
        raise fault(settings, pair.key, f"without effect, because no certificate is named; add {pair.certificate}")
    content = read(settings, pair.certificate)
    if wrong := wrong_certificate(content):
        raise fault(settings, pair.certificate, f"{settings.shown(pair.certificate)} {wrong}")
    name = pair.key if settings.text(pair.key) else pair.certificate
    if name == pair.certificate and b"PRIVATE KEY-----" not in content:
        text = f"{settings.shown(name)} holds no key, and no other file is named; add {pair.key}"
        raise fault(settings, name, text)
    passphrase = _passphrase(settings, name)
    try:
        files = settings.text(pair.certificate), settings.text(name)
        context.load_cert_chain(*files, password=passphrase or b"-")  # without a password OpenSSL would ask for one
    except (OSError, ssl.SSLError) as error:
        is_another = getattr(error, "reason", None) == "KEY_VALUES_MISMATCH"
        text = f"is not the key of {settings.shown(pair.certificate)}" if is_another else f"cannot be used: {error}"
        raise fault(settings, name, f"{settings.shown(name)} {text}; name the pair that belongs together") from None


def secret_files(settings: SessionSettings) -> list[str]:
    """Return the keys that name files which nobody else should read."""
    pair = pair_of(settings)
    keys = [PASSPHRASES[1]] if pair is None else [pair.key, PASSPHRASES[1]]
    return [key for key in keys if settings.text(key)]


def read(settings: SessionSettings, key: str) -> bytes:
    """Return the bytes of the file that `key` names."""
    try:
        return Path(settings.text(key)).read_bytes()
    except OSError as error:
        text = f"{settings.shown(key)!r} cannot be used: {error.strerror}; correct the path"
        raise fault(settings, key, text) from None


def fault(settings: SessionSettings, key: str, text: str) -> ConfigError:
    """Return the error of one key of the session file."""
    return ConfigError(f"{settings.file}: {key}: {text}")


def wrong_certificate(content: bytes) -> str:
    """Say which form `content` has if it holds no PEM certificate, and what to do; "" if it does."""
    if b"-----BEGIN CERTIFICATE-----" in content or b"-----BEGIN TRUSTED CERTIFICATE-----" in content:
        return ""
    form = private_keys.wrong_form(content)
    if form.startswith(("is PKCS12", "is a Java", "is empty")):
        return form
    if content.startswith(b"0"):
        return "is DER; `openssl x509 -inform DER -in FILE -out cert.pem` makes a PEM certificate of it"
    if not form:
        return "holds a private key and no certificate; name the file of the certificate"
    return "is not a PEM certificate; name the file that begins with -----BEGIN CERTIFICATE-----"


def _passphrase(settings: SessionSettings, key: str) -> bytes | None:
    """Return the passphrase of the private key in the file of `key`, tried; None for one that has none."""
    if written := settings.written.get(PASSPHRASES[0]):
        text = f"takes the name of a variable itself; write {written.strip('${}')} without braces"
        raise fault(settings, PASSPHRASES[0], text)
    try:
        passphrase = private_keys.read_passphrase(settings.text(PASSPHRASES[0]), settings.path(PASSPHRASES[1]))
    except private_keys.KeyFileError as error:
        raise fault(settings, next(key for key in PASSPHRASES if settings.text(key)), str(error)) from None
    try:
        private_keys.load_private_key(read(settings, key), passphrase)
    except private_keys.KeyFileError as error:
        is_missing = isinstance(error, private_keys.PassphraseMissing)
        hint = f"; name its passphrase by {' or '.join(PASSPHRASES)}" if is_missing else ""
        raise fault(settings, key, f"{settings.shown(key)} {error}{hint}") from None
    return passphrase
