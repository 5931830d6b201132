"""Keys of one session that belong together, or against each other.

Shapes  every function takes the values of one session by key; a contradiction is the key to name, and a text.
Errors  none: what is wrong is returned in words.
Source  QuickFIX configuration pages; QuickFIX/J and /Go refuse StartDay without EndDay and Weekdays beside them, /N
        TimeZone beside UseLocalTime.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from ipaddress import ip_address

from engine.session.file.keys import APPL_VER_ID
from engine.session.file.security import switch_against_words, wants_tls

_NUMBERED = re.compile(r"SocketConnect(Host|Port)(\d*)")
_OWN_TAGS = dict.fromkeys(("8", "9", "10", "34", "35", "43", "49", "52", "56", "97", "98", "122"), "") | {
    "108": ", and write HeartBtInt",
    "141": ", and write ResetOnLogon",
    "369": ", and write EnableLastMsgSeqNumProcessed",
    "789": ", and write SendNextExpectedMsgSeqNum",
}
_LENGTHS = {"89": "93", "91": "90", "96": "95", "1402": "1401", "1404": "1403"}  # of data fields, by their tags
_HOURS = ("EndDay", "Weekdays", "LogonTime", "LogoutTime", "LogonDay", "LogoutDay")  # without effect in NonStopSession
_ALWAYS_UP = ["00:00:00", "00:00:00"]
_SECRETS = ("554", "925", "1402", "1404", "96")  # Password, NewPassword, their encrypted forms, RawData
_DICTIONARIES = ("DataDictionary", "TransportDataDictionary", "AppDataDictionary")


def contradictions(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each key that cannot stand as it does beside the others."""
    if values.get("ConnectionType") == "acceptor" and "SessionQualifier" in values:
        yield "SessionQualifier", "an acceptor cannot have a qualifier; remove it"
    if values.get("ConnectionType") == "initiator":
        yield from _half_addresses(values)
        if values.get("TargetCompID") == "*":
            yield "TargetCompID", "an initiator knows its peer; write the name"
    yield from _schedules(values)
    yield from _logon_tags(values)
    if (switch := switch_against_words(values)) is not None:
        yield switch
    yield from _multipliers(values)
    for key in values:
        if key.startswith("AppDataDictionary.") and not APPL_VER_ID.fits(key.partition(".")[2]):
            yield key, f"names no version; write {APPL_VER_ID.hint} behind the point"
    least, most = values.get("MinHeartBtInt", "0"), values.get("MaxHeartBtInt", "999999999")
    if least.isdecimal() and most.isdecimal() and int(least) > int(most):
        yield "MinHeartBtInt", f"{least} is above MaxHeartBtInt={most}; correct one"


def _half_addresses(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the hosts without their port and the ports without their host; those without a number are required."""
    for key in values:
        found = _NUMBERED.fullmatch(key)
        if found and found[2]:
            other = f"SocketConnect{'Port' if found[1] == 'Host' else 'Host'}{found[2]}"
            if other not in values:
                yield key, f"has no {other} beside it; add that, or remove this"


def _schedules(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    times = [values.get(key, "00:00:00") for key in ("StartTime", "EndTime")]
    if values.get("NonStopSession") == "Y":
        if times != _ALWAYS_UP or "StartDay" in values:
            yield "NonStopSession", "contradicts StartTime or StartDay; remove one"
        elif idle := [key for key in _HOURS if key in values]:
            yield "NonStopSession", f"contradicts {', '.join(idle)}; remove one or the other"
        return
    idle = [key for key in _HOURS[2:] if key in values]
    if idle and times == _ALWAYS_UP and not {"StartDay", "Weekdays"} & values.keys():
        yield (
            idle[0],
            "has no effect from 00:00:00 to 00:00:00, which is always; give StartTime and EndTime",
        )
    for one, other in (
        ("StartDay", "EndDay"),
        ("EndDay", "StartDay"),
        ("LogonDay", "LogoutDay"),
        ("LogoutDay", "LogonDay"),
    ):
        if one in values and other not in values:
            yield one, f"has no {other} beside it; add that, or remove this"
    if "Weekdays" in values and ("StartDay" in values or "EndDay" in values):
        yield "Weekdays", "contradicts StartDay and EndDay; remove it, or them"
    if "TimeZone" in values and values.get("UseLocalTime") == "Y":
        yield "TimeZone", "contradicts UseLocalTime=Y; remove one"


def _multipliers(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    test, end = "TestRequestDelayMultiplier", "HeartBeatTimeoutMultiplier"
    numbers = [values.get(test, "0.2"), values.get(end, "1.4")]
    try:
        is_late = Decimal(numbers[0]) >= Decimal(numbers[1])
    except ArithmeticError:  # named by itself
        return
    if is_late:
        key, other = (test, end) if test in values else (end, test)
        text = "is not below" if key == test else "is not above"
        mine, others = numbers if key == test else numbers[::-1]
        yield key, f"{mine} {text} {other}={others}: no TestRequest would ever be sent; correct one"


def _logon_tags(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the keys that give a tag of Logon again, or one that the session writes itself."""
    seen: dict[str, str] = {}
    before, given = ("", ""), {value.partition("=")[0] for key, value in values.items() if key.startswith("LogonTag")}
    for key, value in values.items():
        if not key.startswith("LogonTag"):
            continue
        tag, _, text = value.partition("=")
        length = _LENGTHS.get(tag, ""), str(len(text))
        if length[0] in given and before != length:
            yield key, f"tag {tag} needs its length before it: LogonTag={'='.join(length)}"
        before = tag, text
        if tag in _OWN_TAGS or (tag == "464" and "TestMessageIndicator" in values):
            yield key, f"tag {tag} is the session's own; remove it{_OWN_TAGS.get(tag, '')}"
        elif seen.setdefault(tag, key) != key:
            yield key, f"gives tag {tag}, as {seen[tag]} does; remove one"


def dictionary_keys(begin_string: str) -> tuple[str, ...]:
    """Return the keys of the dictionaries that a session of this version reads; the first is of its own version."""
    return _DICTIONARIES[1:] if begin_string.startswith("FIXT") else _DICTIONARIES[:1]


def dictionaries_without_effect(values: Mapping[str, str]) -> set[str]:
    """Return the keys of dictionaries that a session of this version does not read."""
    return set(_DICTIONARIES).difference(dictionary_keys(values.get("BeginString", "")))


def passwords_in_clear(values: Mapping[str, str]) -> list[str]:
    """Return the keys whose password leaves for another host with no TLS around it."""
    hosts = [value for key, value in values.items() if _NUMBERED.fullmatch(key) and key.startswith("SocketConnectHost")]
    if wants_tls(values) or all(map(_is_this_host, hosts)):
        return []
    return [key for key, value in values.items() if key.startswith("LogonTag") and value.split("=", 1)[0] in _SECRETS]


def _is_this_host(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def wrong_address(host: str) -> str:
    """Say what is wrong with a host that has a colon, which only an IPv6 address may, or only digits; "" if nothing."""
    try:
        if ":" in host or not host.strip("0123456789."):
            ip_address(host)
    except ValueError:
        if ":" not in host:
            return "is not an IPv4 address; write its four numbers"
        return "is not an IPv6 address; write the port as a key of its own"
    return ""


def odd_text(text: str) -> str:
    """Say what in a value that may be any text was hardly meant to be in it; "" if nothing is."""
    if found := re.search(r"\s(#|;|//)", text):
        return f"what follows {found[1]} belongs to the value; put a comment on a line of its own"
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return "the quotation marks belong to the value; remove them"
    return ""
