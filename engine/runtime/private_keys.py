"""Private keys in files: every form that cannot be used named with its remedy, and where a passphrase comes from.

Shapes  a key is PEM: PKCS8, or the older forms of RSA and EC, encrypted or not. A passphrase is bytes.
Errors  KeyFileError, which never holds a secret. Nothing here ever asks on a terminal.
Source  RFC 7468 (PEM), RFC 5958 (PKCS8), RFC 7292 (PKCS12).
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from engine.errors import ConfigError
from engine.runtime import secrets

_JAVA = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_DER = re.compile(rb"\x30(?:[\x00-\x7f]|\x80|\x81.|\x82..|\x83...)\x02\x01(.)", re.DOTALL)
_PKCS12 = b"\x03"  # the version that opens it; a private key opens with 0 or 1
_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_BLOCK = re.compile(rb"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


class KeyFileError(ConfigError):
    """A private key, or its passphrase, cannot be used."""


class PassphraseMissing(KeyFileError):
    """A private key is encrypted, and nothing says with what."""


def load_private_key(content: bytes, passphrase: bytes | None = None) -> PrivateKeyTypes:
    """Return the private key in `content`; KeyFileError that names its form and what to do."""
    if fault := wrong_form(content):
        raise KeyFileError(fault)
    is_encrypted = b"BEGIN ENCRYPTED PRIVATE KEY" in content or b"Proc-Type: 4,ENCRYPTED" in content
    if is_encrypted and passphrase is None:
        raise PassphraseMissing("is encrypted, and no passphrase is given")
    if not is_encrypted and passphrase is not None:
        raise KeyFileError("is not encrypted, and a passphrase is given; remove that, or encrypt the key")
    block = _BLOCK.search(content)  # a certificate or parameters may stand before it
    try:
        return load_pem_private_key(block[0] if block else content, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if is_encrypted:
            raise KeyFileError("does not open with the passphrase that is given; check its password") from None
        raise KeyFileError("is not a PEM private key that can be read; download or make it anew") from None


def without_passphrase(content: bytes, passphrase: bytes) -> bytes:
    """Return an encrypted key as PEM in the clear, for memory alone."""
    key = load_private_key(content, passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def wrong_form(content: bytes) -> str:
    """Say which form `content` has if it is not a PEM private key, and how to make one of it; "" for one."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is in UTF-16; save it as plain text, in ASCII or UTF-8"
    labels = _LABEL.findall(content)
    if b"OPENSSH PRIVATE KEY" in labels:
        return (
            "is in the form of OpenSSH; `ssh-keygen -p -m PKCS8 -f FILE` turns an RSA or ECDSA key into PEM, an Ed25519"
            " key is made anew by `openssl genpkey -algorithm ed25519`"
        )
    if labels and b"\\n" in content:
        return r"has line breaks written as \n, two characters; write it with real ones, as `printf %b` does"
    if any(label.endswith(b"PRIVATE KEY") for label in labels):
        is_one_line = b"\n" not in content.strip() and b"\r" not in content.strip()
        return "has lost its line breaks; copy the file again, whole" if is_one_line else ""
    if b"PuTTY-User-Key-File" in content[:64]:
        return "is in the form of PuTTY; export it by `puttygen FILE -O private-openssh-new`, or make a PEM key"
    return _wrong_content(content, [label.decode() for label in labels])


def _wrong_content(content: bytes, labels: list[str]) -> str:
    """Say what a file is that holds no PEM private key at all."""
    if not content.strip():
        return "is empty and not a PEM private key; copy it again"
    if content.startswith(_JAVA):
        return (
            "is a Java keystore; `keytool -importkeystore -srckeystore FILE -destkeystore key.p12 -deststoretype"
            " PKCS12` and `openssl pkcs12 -in key.p12 -nocerts -noenc -out key.pem` make a PEM private key of it"
        )
    if (der := _DER.match(content)) and der[1] == _PKCS12:
        return (
            "is PKCS12; `openssl pkcs12 -in FILE -nocerts -noenc -out key.pem` takes the key out of it, and `-clcerts"
            " -nokeys -out cert.pem` the certificate"
        )
    if der:
        return "is DER; `openssl pkey -inform DER -in FILE -out key.pem` makes a PEM private key of it"
    if labels:
        return f"holds a {labels[0].lower()} and not a PEM private key; name the file of the key"
    return "is not a PEM private key; name the file that begins with -----BEGIN PRIVATE KEY-----"


def read_passphrase(variable: str, file: Path | None, environ: Mapping[str, str] = os.environ) -> bytes | None:
    """Return the passphrase that an environment variable or a file holds, such as a systemd credential's; None for
    neither. Line breaks at the end of a file do not belong to it."""
    if variable and file is not None:
        raise KeyFileError("a passphrase from the environment and one from a file exclude each other; remove one")
    if variable:
        found = environ.get(variable, "").encode()
        # A passphrase may have been written in place of the name: only what looks like a name is shown.
        where = (
            f"environment variable {variable}" if _NAME.fullmatch(variable) else "the environment variable named there"
        )
    elif file is not None:
        where = f"passphrase file {file}"
        try:
            found = secrets.from_file(file).rstrip(b"\r\n")
        except secrets.SecretError as error:
            raise KeyFileError(f"passphrase file {error}") from None
    else:
        return None
    if not found:
        raise KeyFileError(f"{where} is empty or not set; put the passphrase there")
    return found


def checked_key_id(text: str) -> str:
    """Return the id of a key without blanks around it; KeyFileError where it cannot stand in a header or a field."""
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isprintable()):
        raise KeyFileError("the key's id holds control characters or letters beyond ASCII; copy it again, alone")
    if set(stripped) & set(" \"'"):
        raise KeyFileError("the key's id holds blanks or quotation marks; copy it again, alone")
    return stripped
