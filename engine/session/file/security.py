"""What the keys of a session file say about protection, and keys whose silent loss would cost it.

Shapes  every function takes the values of one session by key, or one line of a file.
Errors  none: what is wrong is returned in words.
Source  the configuration pages of QuickFIX, QuickFIX/J, /N and /Go. In QuickFIX the application chooses TLS by the
        class of its initiator, so that any of its keys means it; in /J and /Go SocketUseSSL says so, in /N SSLEnable or
        a certificate.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from engine.session.file.keys import TLS_KEYS, nearest

SWITCHES = ("SocketUseSSL", "SSLEnable")
# What may stand beside a switch that says N: it asks for nothing.
_ASKS_NOTHING = {
    ("NeedClientAuth", "N"), ("CertificateVerifyLevel", "0"), ("SSLRequireClientCertificate", "N"), ("UseSNI", "N"),
    ("SSLCheckCertificateRevocation", "N"), ("SocketInsecureSkipVerify", "N"),
}  # fmt: skip
_SECURITY = re.compile(
    r"(?i)ssl|tls|cert|key|pass|pwd|user|login(?!coming)|secret|token|cipher|trust|auth|crypt|sign|credential|logontag|rawdata|554=|"
    r"secur|x\.?509|hmac|bearer|otp|^pin$|2fa|tunnel|private|pfx|p12|\bpem"
)
_TLS_VALUE = re.compile(r"(?i)\b(?:ssl|tls)")


def wants_tls(values: Mapping[str, str]) -> bool:
    """Say whether the session uses TLS: as its switch says, else if any key speaks of TLS."""
    said = [values[key] for key in SWITCHES if key in values]
    return "Y" in said if said else any(key in TLS_KEYS for key in values)


def tls_words(values: Mapping[str, str]) -> list[str]:
    """Return the keys that speak of TLS and ask for something, in the order of the file."""
    off = {(key, "N") for key in SWITCHES}
    if any(values.get(key) == "N" for key in SWITCHES):
        off |= _ASKS_NOTHING
    return [key for key in values if key in TLS_KEYS and (key, values[key]) not in off]


def switch_against_words(values: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the key that switches TLS off while others speak of it, and that it does; None if there is none."""
    off = next((key for key in SWITCHES if values.get(key) == "N"), None)
    words = tls_words(values)
    if off is None or not words:
        return None
    return off, f"N contradicts {', '.join(words)}; remove one or the other, TLS must not be lost by accident"


def plain(values: Mapping[str, str]) -> str:
    """Say that a connection is not protected, and why not."""
    off = next((key for key in SWITCHES if values.get(key) == "N"), None)
    return f"plain TCP: {off}=N" if off else "plain TCP: no word of TLS in the file"


def speaks_of_security(text: str) -> bool:
    """Say whether a key, or a line, may be about secrets or protection."""
    return _SECURITY.search(text) is not None


class LostFamily(NamedTuple):
    """Unknown keys of one cause, what to do about them, and for which values they matter."""

    pattern: re.Pattern[str]
    advice: str
    matters: Callable[[str], bool]


def _family(pattern: str, advice: str, unless: str = "") -> LostFamily:
    harmless = re.compile(rf"(?i){unless}") if unless else None
    return LostFamily(re.compile(rf"(?i){pattern}"), advice, lambda value: not (harmless and harmless.fullmatch(value)))


_LOGON = "no session sends it by itself; write LogonTag=553=NAME for a name, LogonTag1=554=${VARIABLE} for a password"
_FAMILIES = (
    _family(
        r"(mysql|postgresql|odbc|jdbc|sql(store|log)|mongo|sleepycat).*",
        "stores and logs in a database do not exist here; use FileStorePath and FileLogPath",
        r"\s*",
    ),
    _family(r"proxy.*|usetcpproxy", "there are no proxies here; connect by a tunnel on this host, or remove it", "n|0"),
    _family(
        r"(logon|fix|session|sender)?_?(user(name|id)?|login(id|name)?|(new)?pass(word|wd|phrase|code)?|pwd)", _LOGON
    ),
    _family(r"\d+", "is no key; a field of Logon is written LogonTag=TAG=VALUE, others are the application's"),
    _family(r"(send)?resetseqnumflag", "is a field of Logon; the key is ResetOnLogon=Y", "n|no|false|0"),
    _family(
        r"dynamicsessions?|acceptortemplate",
        "sessions for unnamed peers are made by TargetCompID=* in a native acceptor; write that",
        "n|no|false|0",
    ),
    _family(
        r"redact.*",
        "passwords never reach a log here, other fields cannot be left out; remove it, and FileLogPath where that is "
        "not enough",
        "",
    ),
    _family(r"socket(connect|accept)protocol", "sessions run over TCP here; remove it", "tcp|socket"),
)


def lost_family(name: str, value: str) -> LostFamily | None:
    """Return the family of an unknown key whose loss would matter; None for one that may be read over."""
    for family in _FAMILIES:
        if family.pattern.fullmatch(name):
            return family if family.matters(value) else None
    near = nearest(name)
    is_near = near in TLS_KEYS or near == "LogonTag"
    if not (is_near or speaks_of_security(name) or _TLS_VALUE.search(value)):
        return None
    hint = f"; did you mean {near}?" if near else ""
    return _family(re.escape(name), f"unknown key that speaks of security, never read over{hint}; correct or remove it")
