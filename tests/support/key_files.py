"""Private keys in every form that a file may have, made fresh."""

import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

PASSPHRASE = b"correct horse"


def pem(key: PrivateKeyTypes, passphrase: bytes | None = None, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    encryption: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, encryption)


def unusable(key: PrivateKeyTypes) -> dict[str, tuple[bytes, str, str]]:
    """Return each form that is no PEM private key: its bytes, how it is named, and the remedy."""
    text = pem(key)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    openssh = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    pkcs12 = serialize_key_and_certificates(b"key", key, None, None, BestAvailableEncryption(PASSPHRASE))  # type: ignore[arg-type]
    return {
        "pkcs12": (pkcs12, "is PKCS12", "openssl pkcs12 -in FILE"),
        "der": (der, "is DER", "openssl pkey -inform DER"),
        "openssh": (openssh, "form of OpenSSH", "ssh-keygen -p -m PKCS8"),
        "jks": (b"\xfe\xed\xfe\xed\x00\x00\x00\x02" + bytes(40), "is a Java keystore", "keytool -importkeystore"),
        "putty": (b"PuTTY-User-Key-File-3: ssh-ed25519\n", "form of PuTTY", "puttygen"),
        "backslash-n": (text.replace(b"\n", b"\\n"), r"line breaks written as \n", "real ones"),
        "one-line": (text.replace(b"\n", b" "), "lost its line breaks", "copy the file again"),
        "public": (text.replace(b"PRIVATE", b"PUBLIC"), "holds a public key", "name the file of the key"),
        "certificate": (b"-----BEGIN CERTIFICATE-----\nAAAA\n", "holds a certificate", "name the file of the key"),
        "empty": (b"\n", "is empty", "copy it again"),
        "words": (b"see the other file", "is not a PEM private key", "BEGIN PRIVATE KEY"),
        "cut": (text[:60], "is not a PEM private key", "anew"),
    }


def openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
