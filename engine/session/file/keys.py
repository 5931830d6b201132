"""Every key of a FIX session file, the kind of its value, and which sessions read it.

Shapes  `KEYS` maps a key in lower case to its `Key`; numbered and suffixed keys are found by `known`.
Source  the configuration pages of QuickFIX; of QuickFIX/J, /N and /Go, and a few keys of our own, for those marked
        NATIVE.
"""

import difflib
import re
from collections.abc import Callable
from typing import NamedTuple


class KeyKind(NamedTuple):
    """The syntax of a value, how to describe it, and how to write each of its spellings in one way."""

    hint: str
    pattern: re.Pattern[str]
    canonical: Callable[[str], str] = str

    def fits(self, value: str) -> bool:
        """Say whether `value` is of this kind."""
        return self.pattern.fullmatch(value) is not None


class Key(NamedTuple):
    """One key; `quickfix` is false where the QuickFIX package ignores it."""

    name: str
    kind: KeyKind
    quickfix: bool = True


def _kind(hint: str, pattern: str, canonical: Callable[[str], str] = str) -> KeyKind:
    return KeyKind(hint, re.compile(pattern, re.ASCII), canonical)


def _unit_of_time(text: str) -> str:
    """Return QuickFIX/N's `Milliseconds` as `MILLIS`; the others write it so or as digits."""
    found = _PRECISION.fullmatch(text)
    return text if found is None or not found[1] else found[1].upper() + "S"


_PRECISION = re.compile(r"(?ai)\d|(second|milli|micro|nano)(?:s|seconds?)?")
_WEEKDAY = r"(?i:su|mo|tu|we|th|fr|sa)[A-Za-z]*\.?"

_PORT = r"[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]"
TEXT = _kind("text", r".+")
FLAG = _kind("Y or N", r"[YN]")
NATURAL = _kind("a whole number, 0 or more", r"\d{1,9}")
POSITIVE = _kind("a whole number above 0", r"0*[1-9]\d{0,8}")
SECONDS = _kind("a whole number, 0 or more", r"\d{1,9}s?", lambda text: text.rstrip("s"))
SOME_SECONDS = _kind("a whole number above 0", r"0*[1-9]\d{0,8}s?", lambda text: text.rstrip("s"))
FACTOR = _kind("a number such as 0.5", r"\d{1,9}(\.\d{1,9})?")
PORT = _kind("a port from 1 to 65535", _PORT)
TIME = _kind("a time HH:MM:SS, perhaps with a zone", r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d([ \t]+\S+)?")
DAY = _kind("a day such as mon or Friday", _WEEKDAY)
DAYS = _kind("days such as Mon,Tue", rf"{_WEEKDAY}([ \t]*,[ \t]*{_WEEKDAY})*")
_LABEL = r"(?!-)[-_A-Za-z0-9\u0080-\U0010ffff]{1,63}"
_IPV6 = r"\[[0-9A-Fa-f:.%\w]+\]|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%\w+)?"
HOST = _kind("a host name or address", rf"{_LABEL}(\.{_LABEL})*\.?|{_IPV6}", lambda text: text.strip("[]"))
DICTIONARY = _kind("the path of a dictionary", r".+")
FILE = _kind("the path of a file", r".+")
FOLDER = _kind("the path of a folder", r".+")
BEGIN_STRING = _kind("FIX.4.0 to FIX.4.4 or FIXT.1.1", r"FIX\.4\.[0-4]|FIXT\.1\.1")
APPL_VER_ID = _kind(
    "FIX.4.0 to FIX.5.0SP2, FIX.Latest, or its number from 2 to 10",
    r"FIX\.4\.[0-4]|FIX\.5\.0(SP[12])?|FIX\.Latest|[2-9]|10",
)
CONNECTION = _kind("initiator or acceptor", r"initiator|acceptor")
POLICY = _kind("ROUNDROBIN or PRIORITY", r"ROUNDROBIN|PRIORITY")
PRECISION = _kind("0 to 9, or SECONDS, MILLIS, MICROS, NANOS", _PRECISION.pattern, _unit_of_time)
LOGON_TAG = _kind("a field such as 553=user", r"[1-9]\d{0,8}=.+")
VERIFY_LEVEL = _kind("0 or 1", r"[01]")
BYTES = _kind("a number of bytes from 1000 to 999999999", r"[1-9]\d{3,8}")
COUNT = _kind("a number from 10 to 999999", r"[1-9]\d{1,5}")

NATIVE = False

_ALL = (
    Key("ConnectionType", CONNECTION),
    Key("BeginString", BEGIN_STRING),
    Key("SenderCompID", TEXT),
    Key("TargetCompID", TEXT),
    Key("SenderSubID", TEXT, NATIVE),
    Key("SenderLocationID", TEXT, NATIVE),
    Key("TargetSubID", TEXT, NATIVE),
    Key("TargetLocationID", TEXT, NATIVE),
    Key("OnBehalfOfCompID", TEXT, NATIVE),
    Key("DeliverToCompID", TEXT, NATIVE),
    Key("SessionQualifier", TEXT),
    Key("DefaultApplVerID", APPL_VER_ID),
    # schedule
    Key("StartTime", TIME),
    Key("EndTime", TIME),
    Key("StartDay", DAY),
    Key("EndDay", DAY),
    Key("LogonTime", TIME),
    Key("LogoutTime", TIME),
    Key("LogonDay", DAY),
    Key("LogoutDay", DAY),
    Key("UseLocalTime", FLAG),
    Key("TimeZone", TEXT, NATIVE),
    Key("Weekdays", DAYS, NATIVE),
    Key("NonStopSession", FLAG),
    # sequence numbers
    Key("ResetOnLogon", FLAG),
    Key("ResetOnLogout", FLAG),
    Key("ResetOnDisconnect", FLAG),
    Key("RefreshOnLogon", FLAG),
    Key("SendRedundantResendRequests", FLAG),
    Key("ResendRequestChunkSize", NATURAL, NATIVE),
    Key("ClosedResendInterval", FLAG, NATIVE),
    Key("SendNextExpectedMsgSeqNum", FLAG),
    Key("EnableNextExpectedMsgSeqNum", FLAG, NATIVE),
    Key("EnableLastMsgSeqNumProcessed", FLAG, NATIVE),
    Key("PersistMessages", FLAG),
    # messages
    Key("MillisecondsInTimeStamp", FLAG),
    Key("TimestampPrecision", PRECISION),
    Key("CheckCompID", FLAG),
    Key("CheckLatency", FLAG),
    Key("MaxLatency", POSITIVE),
    Key("RequiresOrigSendingTime", FLAG, NATIVE),
    Key("UseDataDictionary", FLAG),
    Key("DataDictionary", DICTIONARY),
    Key("TransportDataDictionary", DICTIONARY),
    Key("AppDataDictionary", DICTIONARY),
    Key("ValidateFieldsOutOfOrder", FLAG),
    Key("ValidateFieldsHaveValues", FLAG),
    Key("ValidateUnorderedGroupFields", FLAG, NATIVE),
    Key("ValidateUserDefinedFields", FLAG),
    Key("AllowUnknownMsgFields", FLAG),
    Key("AllowUnknownEnumValues", FLAG, NATIVE),
    Key("ValidateLengthAndChecksum", FLAG),
    Key("RejectGarbledMessage", FLAG, NATIVE),
    Key("RejectInvalidMessage", FLAG, NATIVE),
    Key("PreserveMessageFieldsOrder", FLAG),
    Key("LogonTag", LOGON_TAG),
    Key("TestMessageIndicator", FLAG, NATIVE),
    Key("MaxMessageSize", BYTES, NATIVE),
    Key("MaxFields", COUNT, NATIVE),
    # time-outs, in seconds
    Key("HeartBtInt", SECONDS),
    Key("MinHeartBtInt", NATURAL, NATIVE),
    Key("MaxHeartBtInt", NATURAL, NATIVE),
    Key("ReconnectInterval", SOME_SECONDS),
    Key("LogonTimeout", SOME_SECONDS),
    Key("LogoutTimeout", SOME_SECONDS),
    Key("TestRequestDelayMultiplier", FACTOR, NATIVE),
    Key("HeartBeatTimeoutMultiplier", FACTOR, NATIVE),
    # sockets
    Key("SocketConnectHost", HOST),
    Key("SocketConnectPort", PORT),
    Key("SocketConnectSourceHost", HOST),
    Key("SocketConnectSourcePort", PORT),
    Key("HostSelectionPolicy", POLICY),
    Key("HostSelectionPolicyPriorityStartOverInterval", POSITIVE),
    Key("SocketAcceptPort", PORT),
    Key("SocketAcceptAddress", HOST, NATIVE),
    Key("SocketAcceptHost", HOST, NATIVE),
    Key("SocketLocalHost", HOST, NATIVE),
    Key("SocketLocalPort", PORT, NATIVE),
    Key("AllowedRemoteAddresses", TEXT),
    Key("SocketReuseAddress", FLAG),
    Key("SocketNodelay", FLAG),
    Key("SocketTcpNoDelay", FLAG, NATIVE),
    Key("SocketSendBufferSize", NATURAL),
    Key("SocketReceiveBufferSize", NATURAL),
    # files
    Key("FileStorePath", FOLDER),
    Key("FileStoreSync", FLAG, NATIVE),
    Key("FileLogPath", FOLDER),
    Key("FileLogBackupPath", FOLDER, NATIVE),
    Key("ScreenLogShowIncoming", FLAG, NATIVE),
    Key("ScreenLogShowOutgoing", FLAG, NATIVE),
    Key("ScreenLogShowEvents", FLAG, NATIVE),
    Key("HttpAcceptPort", PORT, NATIVE),
)
_TLS = (
    # QuickFIX
    Key("SSLProtocol", TEXT, NATIVE),
    Key("SSLCipherSuite", TEXT, NATIVE),
    Key("TLSCipherSuites", TEXT, NATIVE),
    Key("CertificationAuthoritiesFile", FILE, NATIVE),
    Key("CertificationAuthoritiesDirectory", FOLDER, NATIVE),
    Key("ServerCertificateFile", FILE, NATIVE),
    Key("ServerCertificateKeyFile", FILE, NATIVE),
    Key("ClientCertificateFile", FILE, NATIVE),
    Key("ClientCertificateKeyFile", FILE, NATIVE),
    Key("CertificateVerifyLevel", VERIFY_LEVEL, NATIVE),
    Key("CertificateRevocationListFile", FILE, NATIVE),
    Key("CertificateRevocationListDirectory", FOLDER, NATIVE),
    # ours
    Key("CertificateKeyPassphraseEnv", TEXT, NATIVE),
    Key("CertificateKeyPassphraseFile", FILE, NATIVE),
    # QuickFIX/J, and the first of QuickFIX/Go too
    Key("SocketUseSSL", FLAG, NATIVE),
    Key("NeedClientAuth", FLAG, NATIVE),
    Key("EnabledProtocols", TEXT, NATIVE),
    Key("CipherSuites", TEXT, NATIVE),
    Key("UseSNI", FLAG, NATIVE),
    Key("SNIHostName", HOST, NATIVE),
    Key("EndpointIdentificationAlgorithm", TEXT, NATIVE),
    Key("SocketKeyStore", TEXT, NATIVE),
    Key("SocketKeyStorePassword", TEXT, NATIVE),
    Key("KeyStoreType", TEXT, NATIVE),
    Key("KeyManagerFactoryAlgorithm", TEXT, NATIVE),
    Key("SocketTrustStore", TEXT, NATIVE),
    Key("SocketTrustStorePassword", TEXT, NATIVE),
    Key("TrustStoreType", TEXT, NATIVE),
    Key("TrustManagerFactoryAlgorithm", TEXT, NATIVE),
    # QuickFIX/N
    Key("SSLEnable", FLAG, NATIVE),
    Key("SSLServerName", HOST, NATIVE),
    Key("SSLProtocols", TEXT, NATIVE),
    Key("SSLValidateCertificates", FLAG, NATIVE),
    Key("SSLCheckCertificateRevocation", FLAG, NATIVE),
    Key("SSLRequireClientCertificate", FLAG, NATIVE),
    Key("SSLCACertificate", FILE, NATIVE),
    Key("SSLCertificate", TEXT, NATIVE),
    Key("SSLCertificatePassword", TEXT, NATIVE),
    # QuickFIX/Go
    Key("SocketCertificateFile", FILE, NATIVE),
    Key("SocketPrivateKeyFile", FILE, NATIVE),
    Key("SocketCAFile", FILE, NATIVE),
    Key("SocketCertificateBytes", TEXT, NATIVE),
    Key("SocketPrivateKeyBytes", TEXT, NATIVE),
    Key("SocketCABytes", TEXT, NATIVE),
    Key("SocketServerName", HOST, NATIVE),
    Key("SocketInsecureSkipVerify", FLAG, NATIVE),
    Key("SocketMinimumTLSVersion", TEXT, NATIVE),
)
KEYS = {key.name.lower(): key for key in (*_ALL, *_TLS)}
TLS_KEYS = frozenset(key.name for key in _TLS)  # every word of TLS that any QuickFIX has

_NUMBERED = re.compile(r"(socketconnect(?:source)?(?:host|port)|logontag)([1-9]\d*)")


def known(name: str) -> Key | None:
    """Return the key that `name` means, in any case; None for an unknown one."""
    lower = name.lower()
    if numbered := _NUMBERED.fullmatch(lower):
        base = KEYS[numbered[1]]
        return base._replace(name=base.name + numbered[2])
    if lower.startswith("appdatadictionary."):
        return KEYS["appdatadictionary"]._replace(name="AppDataDictionary" + name[len("AppDataDictionary") :])
    return KEYS.get(lower)


def nearest(name: str) -> str:
    """Return the known key that an unknown one may be meant for; "" where none is near."""
    close = difflib.get_close_matches(name.lower(), KEYS, n=1, cutoff=0.75)
    return KEYS[close[0]].name if close else ""
