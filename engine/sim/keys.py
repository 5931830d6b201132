"""Keys of a simulated venue, made when it starts: an authority for TLS, API keys, and what the venue knows of them.

Shapes  files are PEM, mode 0600 from their first byte on. An API key's id is a UUID; a signature is standard base64.
Errors  KeyFileError for a public key that is neither RSA of 2048 bits or more nor Ed25519; OSError for the disk.
Cost    An RSA key takes about 0.1 s to make; a signature about 0.05 ms (RSA) or 0.1 ms (Ed25519) to check.
Thread  A `KeyRing` belongs to the loop thread.
"""

import base64
import binascii
import os
import ssl
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.runtime.private_keys import KeyFileError

PublicKey = RSAPublicKey | Ed25519PublicKey

LOCAL_HOSTS = ("localhost", "127.0.0.1")
READ, WRITE = "read", "write"

_SHORTEST_RSA_BITS = 2048
_PSS = PSS(mgf=MGF1(SHA256()), salt_length=PSS.AUTO)  # clients differ in the length of their salt
_VALID = timedelta(days=30)
_EARLY = timedelta(days=1)  # for machines whose clock is behind ours


class TlsFiles(NamedTuple):
    """What a TLS server needs, and what its clients trust."""

    certificate: Path
    key: Path
    authority: Path


class SimAuthority:
    """An authority of a test's own. It writes `ca.pem` into its folder; its key is never written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Fixlane simulated venue")
        certificate = self._certificate(self._key.public_key(), self._name, ())
        write_secret(self.file, certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str = "venue", hosts: Iterable[str] = LOCAL_HOSTS) -> TlsFiles:
        """Return the files of a certificate for these names and addresses, `NAME.pem` and `NAME.key`."""
        files = TlsFiles(self.folder / f"{name}.pem", self.folder / f"{name}.key", self.file)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(key.public_key(), _name(name), tuple(hosts))
        write_secret(files.certificate, certificate.public_bytes(Encoding.PEM))
        write_secret(files.key, _private_pem(key))
        return files

    def _certificate(
        self, key: ec.EllipticCurvePublicKey, subject: x509.Name, hosts: tuple[str, ...]
    ) -> x509.Certificate:
        """Sign a certificate: for hosts a server's, without any the authority's own."""
        now = datetime.now(UTC)
        is_authority = not hosts
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLY)
            .not_valid_after(now + _VALID)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(_usage(is_authority), critical=True)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in hosts])
            server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            builder = builder.add_extension(names, critical=False).add_extension(server, critical=False)
        return builder.sign(self._key, SHA256())


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the TLS settings of a server: 1.2 or later, HTTP/1.1 as its only protocol."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the TLS settings of a client that trusts this authority and no other."""
    return ssl.create_default_context(cafile=str(files.authority))


class KeyFile(NamedTuple):
    """An API key as a client holds it. The private half is in its file alone."""

    key_id: str
    file: Path
    public_key: PublicKey


def make_key(folder: Path, kind: str = "ed25519", key_id: str = "") -> KeyFile:
    """Make an API key, `ed25519` or `rsa`, and write its private half to `KEY_ID.pem`."""
    key_id = key_id or str(uuid.uuid4())
    private = _private_key(kind)
    file = folder / f"{key_id}.pem"
    write_secret(file, _private_pem(private))
    return KeyFile(key_id, file, private.public_key())


def make_pem_pair(kind: str) -> tuple[str, str]:
    """Return the private and the public half of a new API key, as PEM text that is written nowhere."""
    private = _private_key(kind)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return _private_pem(private).decode(), public.decode()


def parse_public_key(pem: str) -> PublicKey:
    """Return the public key that a member registers."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError("public_key is not a PEM public key; send -----BEGIN PUBLIC KEY-----") from None
    if isinstance(key, RSAPublicKey) and key.key_size < _SHORTEST_RSA_BITS:
        raise KeyFileError(f"public_key is RSA of {key.key_size} bits; {_SHORTEST_RSA_BITS} are asked for")
    if not isinstance(key, PublicKey):
        raise KeyFileError("public_key is neither an RSA nor an Ed25519 key")
    return key


def is_signed(public_key: PublicKey, message: bytes, signature: str) -> bool:
    """Return whether `signature`, base64 text, is this key's over `message`. RSA is PSS with any length of salt."""
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(public_key, Ed25519PublicKey):
            public_key.verify(raw, message)
        else:
            public_key.verify(raw, message, _PSS, SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@dataclass(slots=True)
class SimKey:
    """An API key as the venue knows it.

    A key with a `subaccount` is locked to it. `region_expires_ns` is when the location that its owner attested ends,
    0 for never. `write` has every child of it, such as `write::trade`, and needs `read`.
    """

    key_id: str
    member: str
    public_key: PublicKey
    name: str = ""
    scopes: frozenset[str] = frozenset((READ, WRITE))
    subaccount: int | None = None
    region_expires_ns: int = 0

    def may(self, scope: str) -> bool:
        """Return whether the key has this scope, or the one that holds it."""
        return scope in self.scopes or scope.partition("::")[0] in self.scopes


class KeyRing:
    """Every API key that the venue knows. All its servers share one, so that a deleted key is gone everywhere."""

    def __init__(self, keys: Iterable[SimKey] = ()) -> None:
        self._keys = {key.key_id: key for key in keys}

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[SimKey]:
        return iter(self._keys.values())

    def get(self, key_id: str) -> SimKey | None:
        """Return a key, None if it is unknown."""
        return self._keys.get(key_id)

    def add(self, key: SimKey) -> None:
        """Take a key, in place of one of the same id."""
        self._keys[key.key_id] = key

    def remove(self, key_id: str) -> bool:
        """Forget a key; return whether it was known."""
        return self._keys.pop(key_id, None) is not None

    def of(self, member: str) -> list[SimKey]:
        """Return a member's keys, oldest first."""
        return [key for key in self._keys.values() if key.member == member]


def write_secret(file: Path, content: bytes) -> None:
    """Write a file that nobody else may read, in place of an earlier one."""
    file.unlink(missing_ok=True)  # an earlier one may have another mode
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)


def _private_key(kind: str) -> RSAPrivateKey | Ed25519PrivateKey:
    if kind == "ed25519":
        return Ed25519PrivateKey.generate()
    if kind == "rsa":
        return generate_private_key(public_exponent=65537, key_size=_SHORTEST_RSA_BITS)
    raise KeyFileError(f"kind of key {kind!r} is neither ed25519 nor rsa")


def _private_pem(key: RSAPrivateKey | Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _usage(is_authority: bool) -> x509.KeyUsage:
    """Return what a strict client asks for (RFC 5280): an authority's key signs certificates and nothing else."""
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
