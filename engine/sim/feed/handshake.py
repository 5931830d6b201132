"""Who may open a feed connection: Kalshi's signed handshake headers.

Units   the timestamp is Unix milliseconds, as in the header.
Errors  ConfigError for a public key that cannot be read; a refusal is returned as text.
Source  Kalshi WebSocket API, connection: handshake; tolerance of the clock as observed on REST.
"""

import base64
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from engine.errors import ConfigError

PATH = "/trade-api/ws/v2"
KEY, TIMESTAMP, SIGNATURE = "KALSHI-ACCESS-KEY", "KALSHI-ACCESS-TIMESTAMP", "KALSHI-ACCESS-SIGNATURE"
TOLERANCE_MS = 10_000
PublicKey = ed25519.Ed25519PublicKey | rsa.RSAPublicKey


def load_public_key(path: Path) -> PublicKey:
    """Read an Ed25519 or RSA public key in PEM form; raise ConfigError for anything else."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"feed.keys: {path} is no public key in PEM form: {error}") from None
    if not isinstance(key, PublicKey):
        raise ConfigError(f"feed.keys: {path} must hold an Ed25519 or RSA public key")
    return key


def refusal(headers: Mapping[str, str], keys: Mapping[str, PublicKey] | None, now_ms: int) -> str:
    """Return why a handshake is refused, or "" if it is accepted.

    `keys` are the public keys by key id. None accepts everybody, even without headers, which no real venue does.
    """
    if keys is None:
        return ""
    for name in (KEY, TIMESTAMP, SIGNATURE):
        if not headers.get(name):
            return f"{name} missing"
    key = keys.get(headers[KEY])
    if key is None:
        return f"{KEY} unknown"
    timestamp = headers[TIMESTAMP]
    if not timestamp.isdecimal() or len(timestamp) > 16 or abs(int(timestamp) - now_ms) > TOLERANCE_MS:
        return f"{TIMESTAMP} more than {TOLERANCE_MS // 1000} s from the venue's clock"
    return "" if _is_signed(key, headers[SIGNATURE], f"{timestamp}GET{PATH}".encode()) else f"{SIGNATURE} wrong"


def _is_signed(key: PublicKey, signature_text: str, message: bytes) -> bool:
    try:
        signature = base64.b64decode(signature_text, validate=True)
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
            key.verify(signature, message, pss, hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
