"""Kalshi as the measuring venue plays it: signatures that it proves, and reports of the size that the venue's have.

The key is made for one repetition. Its public half goes to the venue's process, which proves each signature by itself.

Errors  VenueError for a Logon or a handshake that is not signed as it must be.
Source  Kalshi FIX, Logon signature, ExecutionReport(8); WebSocket, handshake.
"""

import base64
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bench.venue._ping import VenueError
from engine.venue.kalshi.market_data import PATH
from engine.venue.kalshi.signing import SigningKey

KEY_ID = "5d2b8c10-94e7-4a36-b1f0-7c83d9e25a64"
COMP_ID = "KalshiNR"
# One report answers an order, as at the other venue: no report of what is pending, none of what then trades at once
FLAGS = {"skip_pending_reports": True, "new_before_trade": False}
ORDER_ID = b"b81d4c02-77aa-4c35-8f19-5e0d9"  # a number of this run ends it, which then is as long as a UUID
EXEC_ID = b"90455;"
TRADE_FIELDS = (
    b"30=0|136=1|137=0.0175|138=USD|139=4|891=0|704=10.00|705=0.00|715=20261123"
    b"|880=5a0e6f3b-2d91-4c07-b6e8-17f4c0d2a935|1057=Y|1703=1|1704=-0.5275|1705=BALANCE|"
).replace(b"|", b"\x01")


def made_key() -> tuple[SigningKey, bytes]:
    """Return a key of one repetition, Ed25519, and its public half."""
    private = Ed25519PrivateKey.generate()
    return SigningKey(KEY_ID, private), private.public_key().public_bytes_raw()


def check_logon(logon: Mapping[int, bytes], public_key: bytes) -> None:
    """Prove RawData(96) of a Logon(A)."""
    text = b"\x01".join([logon[52], b"A", logon[34], logon[49], logon[56]])
    _check("Logon", public_key, logon.get(96, b""), text)


def check_handshake(headers: Mapping[bytes, bytes], public_key: bytes) -> None:
    """Prove the signature of a WebSocket upgrade; names of `headers` are in lower case."""
    text = headers.get(b"kalshi-access-timestamp", b"") + b"GET" + PATH.encode()
    _check("handshake", public_key, headers.get(b"kalshi-access-signature", b""), text)


def _check(what: str, public_key: bytes, signature: bytes, text: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(base64.b64decode(signature), text)
    except (InvalidSignature, ValueError):
        raise VenueError(f"the {what} is not signed by the key of this run") from None
