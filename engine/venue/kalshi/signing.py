"""Kalshi credentials: the API key and its signatures for REST, WebSocket and FIX Logon.

Shapes  a signature is standard base64 text, padded, without line breaks.
Errors  KeyFileError, a ConfigError, for a key or id that cannot be used; it holds no secret.
Cost    RSA-2048 about 0.3 ms, Ed25519 about 0.03 ms: once per connection or request, never per order.
Source  Kalshi REST, authentication; WebSocket, handshake; FIX, Logon signature.
"""

import base64
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from engine import fix
from engine.errors import ConfigError
from engine.runtime.private_keys import KeyFileError, checked_key_id, load_private_key

PrivateKey = RSAPrivateKey | Ed25519PrivateKey

_SHORTEST_RSA_BITS = 2048
_PSS = PSS(mgf=MGF1(SHA256()), salt_length=SHA256.digest_size)


class SigningKey:
    """An API key: its id and its private half, which alone decides the algorithm."""

    __slots__ = ("_private_key", "key_id")

    def __init__(self, key_id: str, private_key: PrivateKey) -> None:
        self.key_id = checked_key_id(key_id)
        self._private_key = private_key

    def sign(self, text: str) -> str:
        """Return the signature over `text`."""
        message = text.encode("ascii")
        if isinstance(self._private_key, Ed25519PrivateKey):
            signature = self._private_key.sign(message)
        else:
            signature = self._private_key.sign(message, _PSS, SHA256())
        return base64.b64encode(signature).decode("ascii")

    def http_headers(self, method: str, path: str, now_ns: int) -> dict[str, str]:
        """Return the headers of a REST request or WebSocket handshake made now; a query in `path` is not signed."""
        timestamp = str(now_ns // 1_000_000)
        return {
            "KALSHI-ACCESS-KEY": self.key_id,
            "KALSHI-ACCESS-TIMESTAMP": timestamp,
            "KALSHI-ACCESS-SIGNATURE": self.sign(timestamp + method + path.partition("?")[0]),
        }

    def logon_signature(self, header: dict[int, str]) -> str:
        """Return RawData(96) of a Logon with this header, in which 52 is the very text that is sent."""
        tags = (fix.MsgSeqNum, fix.SenderCompID, fix.TargetCompID)
        return self.sign(fix.SOH.join([header[fix.SendingTime], fix.Msg.LOGON, *(header[tag] for tag in tags)]))

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id!r})"


def load_credentials(key_id: str, key_file: Path, password: bytes | None = None) -> SigningKey:
    """Read the PEM file of an API key."""
    if not key_id.strip():
        raise ConfigError("API key id is empty: set it to the id that Kalshi shows beside the key")
    try:
        pem = key_file.read_bytes()
    except OSError as error:
        raise ConfigError(f"API key file {key_file}: {error.strerror}") from None
    try:
        return SigningKey(key_id, parse_private_key(pem, password))
    except ConfigError as error:
        raise ConfigError(f"API key file {key_file}: {error}") from None


def parse_private_key(pem: bytes, password: bytes | None = None) -> PrivateKey:
    """Return the key in `pem`, RSA of 2048 bits or more, or Ed25519."""
    key = load_private_key(pem, password)
    if isinstance(key, RSAPrivateKey) and key.key_size < _SHORTEST_RSA_BITS:
        raise KeyFileError(f"RSA key of {key.key_size} bits: Kalshi takes {_SHORTEST_RSA_BITS}")
    if not isinstance(key, PrivateKey):
        raise KeyFileError(f"{type(key).__name__} is neither an RSA nor an Ed25519 key")
    return key
