"""A session file that is right, to be changed line by line."""

from pathlib import Path

from engine.session.file.settings import SessionFile, read_session_file

SOUND = """\
[DEFAULT]
ConnectionType=initiator
BeginString=FIX.4.4
HeartBtInt=30
NonStopSession=Y
FileStorePath=store
UseDataDictionary=N

[SESSION]
SenderCompID=FIRM
TargetCompID=VENUE
SocketConnectHost=venue.example
SocketConnectPort=9880
"""


def changed(old: str, new: str, text: str = SOUND) -> str:
    """Return `text` with one thing changed."""
    assert old in text
    return text.replace(old, new)


def read(folder: Path, content: str | bytes, environ: dict[str, str] | None = None) -> SessionFile:
    """Return what a file with this content is found to hold."""
    file = folder / "session.cfg"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_session_file(file, folder / "state", environ or {})


def problems(folder: Path, content: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
    """Return the problems of a file, without its path."""
    return [text.removeprefix(f"{folder}/") for text in read(folder, content, environ).problems]


def warnings(folder: Path, content: str | bytes) -> list[str]:
    """Return the warnings of a file that has no problem, without its path."""
    found = read(folder, content)
    assert found.problems == []
    return [text.removeprefix(f"{folder}/") for text in found.warnings]
