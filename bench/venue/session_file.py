"""The FIX session file that every subject of one run uses: the same store, the same dictionary, the same session."""

from pathlib import Path

from bench.venue.certificate import HOST

TEMPLATE = """\
[DEFAULT]
ConnectionType=initiator
ReconnectInterval=1
HeartBtInt=60
StartTime=00:00:00
EndTime=00:00:00
NonStopSession=Y
SocketNodelay=Y
ResetOnLogon=Y
UseDataDictionary=Y
DataDictionary=FIX44.xml
FileStorePath={state}/store
[SESSION]
BeginString=FIX.4.4
SenderCompID=BENCH
TargetCompID=VENUE
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
"""


TLS = """\
SocketUseSSL=Y
SocketMinimumTLSVersion=TLS13
CertificationAuthoritiesFile={certificate}
SNIHostName={host}
"""


def write(state: Path, port: int, certificate: Path | None = None) -> Path:
    """Write a session file for the measuring venue at `port`; the message store is on disk."""
    path = state / "session.cfg"
    text = TEMPLATE.format(state=state, port=port)
    if certificate is not None:
        text += TLS.format(certificate=certificate, host=HOST)
    path.write_text(text)
    return path
