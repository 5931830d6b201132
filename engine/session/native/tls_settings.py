"""What a session file says about TLS, in the words of every QuickFIX: versions, names, who is verified.

Errors  none, but ConfigError for versions that leave nothing from TLS 1.2 on.
Source  the configuration pages of QuickFIX, QuickFIX/J, /N and /Go. QuickFIX verifies a server where an authority is
        named, /J where a trust store is; here it is always done, unless a key of /N or /Go says no.
"""

import re
import ssl
from collections.abc import Iterator

from engine.errors import ConfigError
from engine.session.file.settings import SessionSettings

_MODERN = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_OLD = {"sslv2", "sslv3", "ssl2", "ssl3", "ssl30", "tls", "tls10", "tls11", "tlsv1", "tlsv1.0", "tlsv1.1"}
_WORDS = {"all": set(_MODERN), "none": set(_MODERN), "default": set(_MODERN)} | {
    word: {version} for version in _MODERN for word in (f"tlsv{version}", f"tls{version.replace('.', '')}")
}
_VERSION_KEYS = ("SSLProtocol", "EnabledProtocols", "SSLProtocols")
_NAMES = ("SNIHostName", "SSLServerName", "SocketServerName")
_UNVERIFIED = (("SocketInsecureSkipVerify", "Y"), ("SSLValidateCertificates", "N"))
_CERTIFICATES = "ClientCertificateFile and ClientCertificateKeyFile, or Server... for an acceptor"
_REFUSED = (
    (
        ("SocketKeyStore", "SocketKeyStorePassword", "KeyStoreType", "KeyManagerFactoryAlgorithm"),
        "a Java keystore cannot be read here; `keytool -importkeystore -srckeystore FILE -destkeystore key.p12"
        " -deststoretype PKCS12` and `openssl pkcs12 -in key.p12 -out FILE` make PEM of it, then name that by"
        f" {_CERTIFICATES}",
    ),
    (
        ("SocketTrustStore", "SocketTrustStorePassword", "TrustStoreType", "TrustManagerFactoryAlgorithm"),
        "a Java keystore cannot be read here; `keytool -exportcert -rfc -keystore FILE -alias NAME` makes PEM of an"
        " authority, then name that by CertificationAuthoritiesFile",
    ),
    (
        ("SSLCertificate", "SSLCertificatePassword"),
        "PKCS12 and the store of Windows cannot be read here; `openssl pkcs12 -in FILE -clcerts -nokeys -out cert.pem`"
        f" and `openssl pkcs12 -in FILE -nocerts -out key.pem` make PEM of it, then name that by {_CERTIFICATES}",
    ),
    (
        ("SocketCertificateBytes", "SocketPrivateKeyBytes", "SocketCABytes"),
        "certificates and keys do not stand in the file here; name files by SocketCertificateFile,"
        " SocketPrivateKeyFile and SocketCAFile",
    ),
    (("TLSCipherSuites",), "the suites of TLS 1.3 are all sound and cannot be chosen; remove the key"),
)


def refused(settings: SessionSettings) -> Iterator[str]:
    """Yield the words of TLS that cannot be honoured, each `Key: why; what to do`."""
    for keys, why in _REFUSED:
        if found := [key for key in keys if settings.text(key)]:
            more = f" (and {', '.join(found[1:])})" if found[1:] else ""
            yield f"{found[0]}{more}: {why}"
    if settings.text("EndpointIdentificationAlgorithm").upper() not in ("", "HTTPS"):
        yield "EndpointIdentificationAlgorithm: the peer's name is compared as HTTPS does; write that, or remove it"
    if settings.flag("SSLCheckCertificateRevocation") and not has_revocation_list(settings):
        yield (
            "SSLCheckCertificateRevocation: nobody is asked over the net here; name the list of what is revoked by"
            " CertificateRevocationListFile"
        )
    names = {settings.text(key): key for key in _NAMES if settings.text(key)}
    if len(names) > 1:
        yield f"{' and '.join(names.values())}: name the peer differently; leave one"
    if names and not settings.flag("UseSNI", True):
        yield f"UseSNI: N is against {next(iter(names.values()))}; remove one"
    yield from _idle_suites(settings)
    for own in ("ClientCertificateFile", "ServerCertificateFile"):
        if settings.text(own) and settings.text("SocketCertificateFile") and is_used(settings, own):
            yield f"SocketCertificateFile: without effect beside {own}; leave one"


def _idle_suites(settings: SessionSettings) -> Iterator[str]:
    chosen = [key for key in ("SSLCipherSuite", "CipherSuites") if settings.text(key)]
    if len(chosen) > 1:
        yield f"{chosen[1]}: without effect beside {chosen[0]}; leave one"
    try:
        is_modern = versions(settings)[0] is _MODERN["1.3"]
    except ConfigError:  # told where the context is made
        return
    if chosen and is_modern:
        yield f"{chosen[0]}: chooses among suites of TLS 1.2, which the versions leave out; remove it"


def is_used(settings: SessionSettings, key: str) -> bool:
    """Say whether a key is for this end of the connection."""
    return not key.startswith("Server" if settings.is_initiator else "Client")


def has_revocation_list(settings: SessionSettings) -> bool:
    """Say whether the file names what is revoked."""
    return any(settings.text(f"CertificateRevocationList{kind}") for kind in ("File", "Directory"))


def peer_name(settings: SessionSettings, host: str) -> str:
    """Return the name that the peer's certificate must carry, also sent as SNI; empty for UseSNI=N."""
    if not settings.flag("UseSNI", True):
        return ""
    return next((name for key in _NAMES if (name := settings.text(key))), host)


def unverified(settings: SessionSettings) -> str:
    """Return what in the file says that the peer is not verified; "" where nothing does."""
    return next((f"{key}={value}" for key, value in _UNVERIFIED if settings.text(key) == value), "")


def wants_peer_certificate(settings: SessionSettings) -> bool:
    """Say whether an acceptor wants the peer's certificate: /N and /Go do unless told otherwise."""
    if unverified(settings) or settings.text("SSLRequireClientCertificate") == "N":
        return False
    said = settings.flag("NeedClientAuth") or settings.text("CertificateVerifyLevel") == "1"
    is_net = any(settings.text(key) for key in ("SSLEnable", "SSLCACertificate", "SSLRequireClientCertificate"))
    is_go = settings.text("SocketCertificateFile") != "" and settings.text("SocketUseSSL") != "Y"
    return said or is_net or is_go


def versions(settings: SessionSettings) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    """Return the lowest and highest version that the keys allow, from TLS 1.2 on."""
    left = set(_MODERN)
    for key in _VERSION_KEYS:
        if text := settings.text(key):
            left &= _chosen(settings, key, text)
    if go := settings.text("SocketMinimumTLSVersion"):
        if go not in ("TLS12", "TLS13"):
            raise ConfigError(
                f"{settings.file}: SocketMinimumTLSVersion: {go} is not safe any more; use TLS12 or TLS13"
            )
        left -= {"1.2"} if go == "TLS13" else set()
    if not left:
        keys = [key for key in (*_VERSION_KEYS, "SocketMinimumTLSVersion") if settings.text(key)]
        raise ConfigError(f"{settings.file}: {', '.join(keys)}: leaves nothing from TLS 1.2 on; allow TLSv1.2")
    return _MODERN[min(left)], _MODERN[max(left)]


def _chosen(settings: SessionSettings, key: str, text: str) -> set[str]:
    """Return the versions of a list such as `all -SSLv2`, `+TLSv1_2 +TLSv1_3`, `TLSv1.2,TLSv1.3` or `Tls12, Tls13`."""
    chosen: set[str] = set()
    for place, (sign, word) in enumerate(re.findall(r"([+-]?)([^\s,+-]+)", text.lower().replace("_", "."))):
        if word not in _WORDS and word not in _OLD:
            raise ConfigError(f"{settings.file}: {key}: {word} is no version of TLS; write such as TLSv1.2")
        if sign == "-" and place == 0:
            chosen = set(_MODERN)
        meant = _WORDS.get(word, set())
        chosen = chosen - meant if sign == "-" else chosen | meant
    return chosen
