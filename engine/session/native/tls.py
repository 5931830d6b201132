"""TLS from the keys of a session file: QuickFIX's, QuickFIX/J's and four of QuickFIX/Go's.

Errors  ConfigError that names the key, for a file that cannot be read and for anything below TLS 1.2.
Source  QuickFIX configuration: SSL..., Certification..., Certificate...; an initiator always verifies its peer.
"""

import ssl

from engine.errors import ConfigError
from engine.session.file.settings import SessionSettings

_CERTIFICATES = (
    ("ClientCertificateFile", "ClientCertificateKeyFile"),
    ("ServerCertificateFile", "ServerCertificateKeyFile"),
    ("SocketCertificateFile", "SocketPrivateKeyFile"),
)
_AUTHORITIES = ("CertificationAuthoritiesFile", "SocketCAFile")
_SWITCHES = ("CertificationAuthoritiesDirectory", *_AUTHORITIES, *(file for file, _ in _CERTIFICATES))


def is_wanted(settings: SessionSettings) -> bool:
    """Say whether the session uses TLS: as SocketUseSSL says, else if any certificate is named."""
    if said := settings.text("SocketUseSSL"):
        return said == "Y"
    return any(settings.text(key) for key in _SWITCHES)


def client_context(settings: SessionSettings) -> ssl.SSLContext | None:
    """Return the context of an initiator; None for a plain socket."""
    if not is_wanted(settings):
        return None
    context = ssl.create_default_context()
    context.check_hostname = settings.flag("UseSNI", True)
    _configure(context, settings)
    return context


def server_name(settings: SessionSettings, host: str) -> str:
    """Return the name that the peer's certificate must carry, also sent as SNI; empty for UseSNI=N."""
    return (settings.text("SNIHostName") or host) if settings.flag("UseSNI", True) else ""


def server_context(settings: SessionSettings) -> ssl.SSLContext | None:
    """Return the context of an acceptor; None for a plain socket."""
    if not is_wanted(settings):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if settings.flag("NeedClientAuth") or settings.text("CertificateVerifyLevel") == "1":
        context.verify_mode = ssl.CERT_REQUIRED
    if not any(settings.text(file) for file, _ in _CERTIFICATES[1:]):
        raise ConfigError(f"{settings.file}: ServerCertificateFile: missing for an acceptor with TLS; add it")
    _configure(context, settings)
    return context


def _configure(context: ssl.SSLContext, settings: SessionSettings) -> None:
    context.minimum_version, context.maximum_version = _versions(settings)
    key = ""
    try:
        for key in (*_AUTHORITIES, "CertificateRevocationListFile"):
            if file := settings.text(key):
                context.load_verify_locations(cafile=file)
        for key in ("CertificationAuthoritiesDirectory", "CertificateRevocationListDirectory"):
            if folder := settings.text(key):
                context.load_verify_locations(capath=folder)
        if any(settings.text(f"CertificateRevocationList{kind}") for kind in ("File", "Directory")):
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        for key, private_key in _CERTIFICATES:
            if file := settings.text(key):
                context.load_cert_chain(file, settings.text(private_key) or None)
        key = "SSLCipherSuite" if settings.text("SSLCipherSuite") else "CipherSuites"
        if suites := settings.text(key):
            context.set_ciphers(suites.replace(",", ":"))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{settings.file}: {key}: {settings.text(key)!r} cannot be used: {error}") from error


def _versions(settings: SessionSettings) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    """Return the lowest and highest version that the keys allow, from TLS 1.2 on."""
    go = settings.text("SocketMinimumTLSVersion")
    if go and go not in ("TLS12", "TLS13"):
        raise ConfigError(f"{settings.file}: SocketMinimumTLSVersion: {go} is not safe any more; use TLS12 or TLS13")
    key = "SSLProtocol" if settings.text("SSLProtocol") else "EnabledProtocols"
    words = settings.text(key).lower().replace("_", ".").replace(",", " ").split()  # TLSv1_2 is QuickFIX's spelling
    wanted = {word.lstrip("+") for word in words if not word.startswith("-")} or {"all"}
    left = [
        version
        for name, version in (("tlsv1.2", ssl.TLSVersion.TLSv1_2), ("tlsv1.3", ssl.TLSVersion.TLSv1_3))
        if wanted & {"all", name} and f"-{name}" not in words and (go, name) != ("TLS13", "tlsv1.2")
    ]
    if not left:
        raise ConfigError(f"{settings.file}: {key}: {settings.text(key)} has nothing from TLS 1.2 on; add TLSv1.2")
    return left[0], left[-1]
