"""Who asks, and may they: the signed headers of a request.

Units   the timestamp is Unix milliseconds, as in the header; times in ns.
Errors  RestRefused 401 for a request that is not proved, 403 for one that its key may not make.
Source  Kalshi REST: authentication, scopes; tolerance of the clock as observed.
"""

from collections.abc import Mapping

from engine.sim.keys import KeyRing, SimKey, is_signed
from engine.sim.rest.refusals import RestRefused, forbidden, unauthorized

KEY, TIMESTAMP, SIGNATURE = "KALSHI-ACCESS-KEY", "KALSHI-ACCESS-TIMESTAMP", "KALSHI-ACCESS-SIGNATURE"
PUBLIC = ""  # the scope of what nobody must sign
_HEADERS = (KEY, TIMESTAMP, SIGNATURE)
_LONGEST_TIMESTAMP = 16
_NS_PER_MS = 1_000_000


class Gate:
    """Knows the keys and how far a client's clock may be off."""

    def __init__(self, keys: KeyRing, tolerance_ms: int) -> None:
        self._keys = keys
        self._tolerance_ms = tolerance_ms

    def admit(self, scope: str, method: str, target: str, headers: Mapping[str, str], now_ns: int) -> SimKey | None:
        """Return the key of a request, None where a public one has none; `target` is the path as it came, encoded."""
        if not any(name in headers for name in _HEADERS):
            if scope == PUBLIC:
                return None
            raise unauthorized("missing_header", f"{KEY} is missing: sign the request")
        key = self._known(headers)
        self._judge_clock(headers[TIMESTAMP], now_ns)
        message = f"{headers[TIMESTAMP]}{method}{target}".encode("utf-8", "surrogateescape")
        if not is_signed(key.public_key, message, headers[SIGNATURE]):
            raise unauthorized("authentication_error", f"{SIGNATURE} is not this key's over timestamp, method and path")
        if scope != PUBLIC and not key.may(scope):
            raise forbidden(f"API key lacks the scope {scope}", "insufficient_scope")
        return key

    def _known(self, headers: Mapping[str, str]) -> SimKey:
        for name in _HEADERS:
            if not headers.get(name):
                raise unauthorized("missing_header", f"{name} is missing")
        key = self._keys.get(headers[KEY])
        if key is None:
            raise unauthorized("authentication_error", f"{KEY} is unknown here: is it a key of this environment?")
        return key

    def _judge_clock(self, timestamp: str, now_ns: int) -> None:
        if not timestamp.isdecimal() or not timestamp.isascii() or len(timestamp) > _LONGEST_TIMESTAMP:
            raise unauthorized("header_timestamp_invalid", f"{TIMESTAMP} is not a number of milliseconds")
        if abs(int(timestamp) - now_ns // _NS_PER_MS) > self._tolerance_ms:
            raise _expired(self._tolerance_ms)


def _expired(tolerance_ms: int) -> RestRefused:
    details = f"{TIMESTAMP} is more than {tolerance_ms / 1000:g} s from the venue's clock: set the clock"
    return unauthorized("header_timestamp_expired", details)
