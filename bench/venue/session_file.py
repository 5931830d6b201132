"""The FIX session file that every subject of one run uses: the same store, the same dictionary, the same session."""

from pathlib import Path

from bench.venue.certificate import HOST
from bench.venue.kalshi import COMP_ID

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


KALSHI = """\
[DEFAULT]
ConnectionType=initiator
BeginString=FIXT.1.1
DefaultApplVerID=FIX.5.0SP2
ReconnectInterval=1
HeartBtInt=60
NonStopSession=Y
SocketNodelay=Y
ResetOnLogon=Y
CheckCompID=N
TransportDataDictionary=FIXT11-kalshi.xml
AppDataDictionary=FIX50SP2-kalshi.xml
AllowUnknownMsgFields=Y
ValidateUserDefinedFields=N
ValidateUnorderedGroupFields=N
FileStorePath={state}/store
[SESSION]
SenderCompID={key_id}
TargetCompID={comp_id}
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
"""

TLS = """\
SocketUseSSL=Y
SocketMinimumTLSVersion=TLS13
CertificationAuthoritiesFile={certificate}
SNIHostName={host}
"""


def write(state: Path, port: int, certificate: Path | None = None, key_id: str = "") -> Path:
    """Write a session file for the measuring venue at `port`; the message store is on disk.

    With the id of a key it is that of a session with Kalshi.
    """
    path = state / "session.cfg"
    text = (KALSHI if key_id else TEMPLATE).format(state=state, port=port, key_id=key_id, comp_id=COMP_ID)
    if certificate is not None:
        text += TLS.format(certificate=certificate, host=HOST)
    path.write_text(text)
    return path
