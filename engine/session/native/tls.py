"""TLS of a session: the contexts that the keys of its file ask for, and how its connection is protected.

Errors  ConfigError that names the key: files that cannot be used, anything below TLS 1.2.
Source  as in `tls_settings`; the standard library's ssl.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from engine.errors import ConfigError
from engine.runtime.secrets import exposure
from engine.session.file.security import plain, wants_tls
from engine.session.file.settings import SessionSettings
from engine.session.native.certificates import fault, load_pair, pair_of, read, secret_files, wrong_certificate
from engine.session.native.tls_settings import (
    has_revocation_list,
    peer_name,
    unverified,
    versions,
    wants_peer_certificate,
)

_AUTHORITY_FILES = ("CertificationAuthoritiesFile", "SocketCAFile", "SSLCACertificate")
_AUTHORITY_FOLDER = "CertificationAuthoritiesDirectory"
_REVOCATION = ("CertificateRevocationListFile", "CertificateRevocationListDirectory")
_HASHED = {
    _AUTHORITY_FOLDER: re.compile(r"[0-9a-f]{8}\.\d+"),
    _REVOCATION[1]: re.compile(r"[0-9a-f]{8}\.r\d+"),
}
_WEAK_LEVEL = re.compile(r"(?i)@SECLEVEL=[01]\b")
_LEAST_BITS = 112


def client_context(settings: SessionSettings) -> ssl.SSLContext | None:
    """Return the context of an initiator; None for a plain socket."""
    if not wants_tls(settings.values):
        return None
    context = ssl.create_default_context()
    context.check_hostname = settings.flag("UseSNI", True) and not unverified(settings)
    if unverified(settings):
        context.verify_mode = ssl.CERT_NONE
    _configure(context, settings)
    return context


def server_context(settings: SessionSettings) -> ssl.SSLContext | None:
    """Return the context of an acceptor; None for a plain socket."""
    if not wants_tls(settings.values):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if wants_peer_certificate(settings):
        context.verify_mode = ssl.CERT_REQUIRED
        if not any(settings.text(key) for key in (*_AUTHORITY_FILES, _AUTHORITY_FOLDER)):
            text = "missing, so that no certificate of a peer could be proved; add it, or say NeedClientAuth=N and"
            raise ConfigError(f"{settings.file}: {_AUTHORITY_FILES[0]}: {text} SSLRequireClientCertificate=N")
    if pair_of(settings) is None:
        raise ConfigError(f"{settings.file}: ServerCertificateFile: missing for an acceptor with TLS; add it")
    _configure(context, settings)
    return context


def server_name(settings: SessionSettings, host: str) -> str:
    """Return the name that the peer's certificate must carry, also sent as SNI; empty for UseSNI=N."""
    return peer_name(settings, host)


def protection(settings: SessionSettings) -> str:
    """Say in a line how the session's connection is protected."""
    if not wants_tls(settings.values):
        return plain(settings.values)
    low, high = (version.name.removeprefix("TLSv").replace("_", ".") for version in versions(settings))
    spoken = f"TLS {low}" if low == high else f"TLS {low}+"
    if not settings.is_initiator:
        return f"{spoken}, {'peers show certificates' if wants_peer_certificate(settings) else 'peers not verified'}"
    if why := unverified(settings):
        return f"{spoken}, server not verified because {why}"
    if not settings.flag("UseSNI", True):
        return f"{spoken}, server verified by its authority alone, its name not compared because UseSNI=N"
    names = dict.fromkeys(peer_name(settings, host) for host, _ in settings.endpoints())
    return f"{spoken}, verified as {' or '.join(names)}"


def exposed(settings: SessionSettings) -> list[str]:
    """Return a warning for each file of a secret that others may read."""
    keys = secret_files(settings) if wants_tls(settings.values) else []
    found = ((key, exposure(Path(settings.text(key)))) for key in keys)
    return [f"{settings.file}: {key}: {settings.shown(key)} {text}" for key, text in found if text]


def _configure(context: ssl.SSLContext, settings: SessionSettings) -> None:
    context.minimum_version, context.maximum_version = versions(settings)
    found = []
    for step in (_load_authorities, load_pair, _choose_suites):
        try:
            step(context, settings)
        except ConfigError as error:
            found.append(str(error))
    if found:
        raise ConfigError("\n".join(found))


def _load_authorities(context: ssl.SSLContext, settings: SessionSettings) -> None:
    for key in (*_AUTHORITY_FILES, _REVOCATION[0]):
        if settings.text(key):
            wrong = wrong_certificate(read(settings, key))
            if wrong and key != _REVOCATION[0]:
                raise fault(settings, key, f"{settings.shown(key)} {wrong}")
            if key == _REVOCATION[0] and b"-----BEGIN X509 CRL-----" not in read(settings, key):
                raise fault(settings, key, f"{settings.shown(key)} is no revocation list in PEM; name one")
            _attempt(settings, key, "", partial(context.load_verify_locations, settings.text(key)))
    for key in (_AUTHORITY_FOLDER, _REVOCATION[1]):
        if settings.text(key):
            if not Path(settings.text(key)).is_dir():
                raise ConfigError(f"{settings.file}: {key}: {settings.shown(key)!r} is no folder; correct the path")
            if not any(_HASHED[key].fullmatch(each.name) for each in Path(settings.text(key)).iterdir()):
                text = "holds nothing under the names that OpenSSL looks for; `openssl rehash FOLDER` makes them"
                raise ConfigError(f"{settings.file}: {key}: {settings.shown(key)!r} {text}")
            _attempt(settings, key, "", partial(context.load_verify_locations, capath=settings.text(key)))
    if has_revocation_list(settings):
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _choose_suites(context: ssl.SSLContext, settings: SessionSettings) -> None:
    for key in ("SSLCipherSuite", "CipherSuites"):
        if suites := settings.text(key):
            hint = "; write OpenSSL's names of TLS 1.2, such as ECDHE-RSA-AES128-GCM-SHA256"
            _attempt(settings, key, hint, partial(context.set_ciphers, suites.replace(",", ":")))
            weak = [one["name"] for one in context.get_ciphers() if _is_weak(one)]
            if weak or _WEAK_LEVEL.search(suites):
                raise fault(settings, key, f"allows what protects nothing ({weak[0] if weak else suites}){hint}")
            return


def _is_weak(suite: Mapping[str, Any]) -> bool:
    """Say whether a suite hides nothing, hides it too weakly, or does not prove who the peer is."""
    return bool(suite["strength_bits"] < _LEAST_BITS or suite["auth"] == "auth-null")


def _attempt(settings: SessionSettings, key: str, hint: str, step: Callable[[], object]) -> None:
    try:
        step()
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{settings.file}: {key}: {settings.shown(key)!r} cannot be used: {error}{hint}") from None
