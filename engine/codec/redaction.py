"""Removes the secrets of a Logon or UserRequest from what a log shows.

Cost    a search for the two message types; the rest only where one is found.
Source  FIX 5.0 SP2, Password(554), NewPassword(925) and their encrypted forms; RawData(96) carries signatures.
"""

import re
from collections.abc import Iterable

_TYPES = (b"\x0135=A\x01", b"\x0135=BE\x01")  # Logon, UserRequest
_SECRETS = (554, 925, 1402, 1404)
_RAW_DATA = re.compile(rb"\x0195=(\d{1,6})\x0196=")  # its value may hold SOH: it is taken by its length


def secret_fields(tags: Iterable[int] = ()) -> re.Pattern[bytes]:
    """Return what finds the fields of a Logon that are secret: those of the standard, and `tags` of this session."""
    return re.compile(rb"(\x01(?:%b)=)[^\x01]*" % b"|".join(b"%d" % tag for tag in (*_SECRETS, *tags)))


STANDARD = secret_fields()


def redact(data: bytes, secrets: re.Pattern[bytes] = STANDARD) -> bytes:
    """Return wire bytes, any number of messages, without secrets."""
    if not any(kind in data for kind in _TYPES):
        return data
    found = _RAW_DATA.search(data)
    while found is not None:
        data = data[: found.end()] + b"***" + data[found.end() + int(found[1]) :]
        found = _RAW_DATA.search(data, found.end())
    return secrets.sub(rb"\1***", data)
