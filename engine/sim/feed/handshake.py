"""Who may open a feed connection: Kalshi's signed handshake headers.

Units   the timestamp is Unix milliseconds, as in the header.
Errors  ConfigError for a public key that cannot be read; a refusal is returned as text.
Source  Kalshi WebSocket API, connection: handshake; tolerance of the clock as observed on REST.
"""

from collections.abc import Mapping
from pathlib import Path

from engine.errors import ConfigError
from engine.runtime.private_keys import KeyFileError
from engine.sim.keys import PublicKey, is_signed, parse_public_key

PATH = "/trade-api/ws/v2"
KEY, TIMESTAMP, SIGNATURE = "KALSHI-ACCESS-KEY", "KALSHI-ACCESS-TIMESTAMP", "KALSHI-ACCESS-SIGNATURE"
TOLERANCE_MS = 10_000


def load_public_key(path: Path) -> PublicKey:
    """Read an Ed25519 or RSA public key in PEM form; raise ConfigError for anything else."""
    try:
        return parse_public_key(path.read_text())
    except (OSError, ValueError, KeyFileError) as error:
        raise ConfigError(f"feed.keys: {path} cannot be used: {error}") from None


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
    return "" if is_signed(key, f"{timestamp}GET{PATH}".encode(), headers[SIGNATURE]) else f"{SIGNATURE} wrong"
