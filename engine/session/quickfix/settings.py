"""Turns a session file into QuickFIX's settings, and names what QuickFIX cannot do.

Errors  ConfigError for a key that the QuickFIX package does not support: IPv6 addresses, TLS of an acceptor. That of an
        initiator is the relay's.
"""

import hashlib
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import quickfix

from engine.errors import ConfigError
from engine.session.file.keys import DICTIONARY, HOST, TIME, TLS_KEYS, known
from engine.session.file.schedule import read_schedule
from engine.session.file.security import plain, tls_words, wants_tls
from engine.session.file.settings import SessionSettings
from engine.session.native import tls, tls_settings

if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))  # quickfix put the system's own there

_DATA_TYPE = re.compile(rb"""(\btype\s*=\s*)(["'])DATA\2""")
_PRECISIONS = {"SECONDS": "0", "MILLIS": "3", "MICROS": "6", "NANOS": "9"}
_FILE_NAMES = ("SenderCompID", "TargetCompID", "SessionQualifier")
_NUMBER = re.compile(r"SocketConnectHost(\d*)")


def refused(settings: SessionSettings) -> list[str]:
    """Return the settings that QuickFIX cannot honour, each with what to do instead."""
    found: list[str] = []
    words = tls_words(settings.values)
    if words and settings.is_initiator:
        found += tls_settings.refused(settings)
    elif words:
        advice = "use the native acceptor, or a TLS tunnel on this host and a file without them"
        found.append(f"{', '.join(words)}: the QuickFIX package has no TLS; {advice}")
    found += [f"{key}: {why}; {instead}" for key, why, instead in _beyond_quickfix(settings)]
    return [f"{settings.file}: {text}" for text in found]


def _beyond_quickfix(settings: SessionSettings) -> Iterator[tuple[str, str, str]]:
    """Yield the keys that QuickFIX would take otherwise than they are meant: key, why, what to do."""
    native = "or use the native session"
    for name, value in settings.values.items():
        key = known(name)
        if key is not None and key.kind is TIME and len(value.split()) > 1:
            yield name, "QuickFIX takes no zone behind a time", f"give it in UTC, {native}"
        elif key is not None and key.kind is HOST and ":" in value:
            yield name, "QuickFIX speaks no IPv6 and would never connect", f"name an IPv4 address, {native}"
        elif name in _FILE_NAMES and "/" in value:
            yield name, "QuickFIX names its files so, and cannot with a /", f"agree on another name, {native}"
    if read_schedule(settings) is not None:
        for name in ("TimeZone", "Weekdays"):
            if settings.text(name) not in ("", "UTC"):
                yield name, "QuickFIX has no such key, the session would be up at other times", f"give UTC, {native}"
    if settings.is_initiator:
        yield from _initiators(settings, native)


def _initiators(settings: SessionSettings, native: str) -> Iterator[tuple[str, str, str]]:
    if settings.text("HeartBtInt", "30").strip("0") == "":
        yield "HeartBtInt", "QuickFIX cannot do without heartbeats", f"give seconds, {native}"
    numbers = sorted(int(found[1] or 0) for key in settings.values if (found := _NUMBER.fullmatch(key)))
    for place, number in enumerate(numbers):
        if number != place:
            yield (
                f"SocketConnectHost{number}",
                f"QuickFIX stops at {place}, which is missing",
                f"leave no gap, {native}",
            )
            return


def ignored(settings: SessionSettings) -> list[str]:
    """Return a warning for each key that QuickFIX ignores."""
    keys = [key for name in settings.values if (key := known(name)) is not None and not key.quickfix]
    text = "{}: {}: has no effect in the quickfix session"
    return [text.format(settings.file, key.name) for key in keys if key.name not in TLS_KEYS]


def protection(settings: SessionSettings) -> str:
    """Say how the connection is protected: by the relay, where it asks for TLS."""
    if not wants_tls(settings.values):
        return plain(settings.values)
    return f"{tls.protection(settings)}, by a relay of this process"


def session_id(settings: SessionSettings) -> quickfix.SessionID:
    """Return the identity that QuickFIX knows the session by."""
    keys = ("BeginString", "SenderCompID", "TargetCompID", "SessionQualifier")
    return quickfix.SessionID(*(settings.text(key) for key in keys))


def quickfix_settings(settings: SessionSettings) -> quickfix.SessionSettings:
    """Return the settings for QuickFIX, as session and as defaults: it reads some keys from one of the two only."""
    dictionary = quickfix.Dictionary()
    for key, value in settings.values.items():
        dictionary.setString(key, _PRECISIONS.get(value, value) if key == "TimestampPrecision" else value)
    result = quickfix.SessionSettings()
    result.set(dictionary)
    result.set(session_id(settings), dictionary)
    return result


def prepared(settings: SessionSettings) -> SessionSettings:
    """Make the folders that `settings` name, and return the settings with dictionaries that are safe to use."""
    if problems := refused(settings):
        raise ConfigError("\n".join(problems))
    tls.client_context(settings)  # a ConfigError, where the relay could not have it
    _make_folders(settings)
    return with_safe_dictionaries(settings)


def prove_resolvable(settings: SessionSettings) -> None:
    """Refuse a host without an IPv4 address: QuickFIX would wait for its connection for ever and say nothing."""
    for host, _ in settings.endpoints() if settings.is_initiator else ():
        try:
            socket.getaddrinfo(host, None, socket.AF_INET)
        except (OSError, UnicodeError) as error:
            text = f"{settings.file}: {host} has no IPv4 address ({error}); QuickFIX needs one: correct the host"
            raise ConfigError(f"{text}, or use the native session") from None


def with_safe_dictionaries(settings: SessionSettings) -> SessionSettings:
    """Return `settings` with dictionaries that declare no field of type DATA.

    QuickFIX 1.16 believes the length in front of such a field without looking where the message ends, so one
    wrong length from the peer ends the process. As text the field ends at its SOH, like every other.
    """
    folder = Path(settings.text("FileStorePath"))
    replaced: dict[str, object] = {}
    for name, value in settings.values.items():
        if (key := known(name)) is not None and key.kind is DICTIONARY:
            replaced[name] = _without_data_fields(Path(value), folder)
    return settings.replaced(replaced)


def read_dictionaries(settings: SessionSettings) -> list[quickfix.DataDictionary]:
    """Return the dictionaries that a message to send is read with: session's and application's, or the only one."""
    if not settings.flag("UseDataDictionary", True):
        return []
    is_fixt = settings.text("BeginString").startswith("FIXT")
    keys = ("TransportDataDictionary", "AppDataDictionary") if is_fixt else ("DataDictionary",)
    return [quickfix.DataDictionary(settings.text(key)) for key in keys]


def check_dictionaries(settings: SessionSettings) -> None:
    """Raise ConfigError for a dictionary that QuickFIX cannot read."""
    try:
        read_dictionaries(settings)
    except quickfix.ConfigError as error:
        raise ConfigError(f"{settings.file}: a dictionary cannot be read: {error}") from None


def _make_folders(settings: SessionSettings) -> None:
    """Make the folders of store and log; only their owner may read them, because what was sent includes passwords."""
    for key in ("FileStorePath", "FileLogPath"):
        folder = settings.path(key)
        try:
            if folder is not None:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            text = f"{settings.file}: {key}={settings.shown(key)}: cannot be made ({error}); choose a folder that can"
            raise ConfigError(text) from None


def _without_data_fields(file: Path, folder: Path) -> Path:
    try:
        content = _DATA_TYPE.sub(rb"\1\2STRING\2", file.read_bytes())
        copy = folder / f"{file.stem}-{hashlib.sha256(content).hexdigest()[:12]}.xml"
        if not copy.exists():
            partial = copy.with_suffix(f".{os.getpid()}")
            partial.write_bytes(content)
            partial.replace(copy)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be copied to {folder} ({error}); make the folder writable") from None
    return copy
