"""Turns a session file into the settings of a native session, and names the keys that it refuses.

Errors  ConfigError that names every key it cannot honour.
Source  QuickFIX and QuickFIX/J configuration pages; QuickFIX/Go for four keys of TLS.
"""

import re

from engine.errors import ConfigError
from engine.session.file.settings import SessionSettings
from engine.session.native import tls_settings
from engine.session.native.tls import exposed, protection
from engine.session.protocol.agreed import SECOND_NS, CoreSettings
from engine.session.protocol.versions import APPL_VER_IDS

__all__ = ["core_settings", "ignored", "protection", "refused"]

_START_OVER = "HostSelectionPolicyPriorityStartOverInterval"
_HEADER_KEYS = (("SenderSubID", 50), ("TargetSubID", 57), ("SenderLocationID", 142), ("TargetLocationID", 143))
_PRECISIONS = {"SECONDS": 0, "MILLIS": 3, "MICROS": 6, "NANOS": 9}

# Keys for features that do not exist here, and what to do instead
_REFUSED = {
    "HttpAcceptPort": "there is no control page over HTTP; use the engine's control socket",
    "FileLogBackupPath": "logs are not moved; rotate FileLogPath with the system's tools",
    "ScreenLogShowIncoming": "messages are not printed; use FileLogPath",
    "ScreenLogShowOutgoing": "messages are not printed; use FileLogPath",
    "ScreenLogShowEvents": "events go to the engine's log; remove the key",
}
_FOR_INITIATORS = (
    "SocketConnect", "SocketLocal", "HostSelection", "ReconnectInterval", "HeartBtInt", "LogonTag", "ClientCertificate",
    "UseSNI", "SNIHostName", "SSLServerName", "SocketServerName", "EndpointIdentificationAlgorithm",
)  # fmt: skip
_FOR_ACCEPTORS = (
    "SocketAccept", "SocketReuseAddress", "AllowedRemoteAddresses", "ServerCertificate", "CertificateVerifyLevel",
    "NeedClientAuth", "SSLRequireClientCertificate", "MinHeartBtInt", "MaxHeartBtInt",
)  # fmt: skip


def refused(settings: SessionSettings) -> list[str]:
    """Return the settings that the native session cannot honour, each with what to do instead."""
    found = [f"{key}: {instead}" for key, instead in _REFUSED.items() if settings.text(key, "N") != "N"]
    return [f"{settings.file}: {text}" for text in (*found, *tls_settings.refused(settings))]


def ignored(settings: SessionSettings) -> list[str]:
    """Return a warning for each key without effect, and for each file of a secret that others may read."""
    others, role = (_FOR_ACCEPTORS, "acceptor") if settings.is_initiator else (_FOR_INITIATORS, "initiator")
    idle = [f"{key}: has no effect, it is for an {role}" for key in settings.values if key.startswith(others)]
    if settings.text("HostSelectionPolicy") != "PRIORITY" and settings.text(_START_OVER):
        idle.append(f"{_START_OVER}: has no effect without HostSelectionPolicy=PRIORITY")
    sources = [key for key in settings.values if re.fullmatch(r"SocketConnectSource(Host|Port)\d+", key)]
    idle += [f"{key}: has no effect, every connection leaves from {key.rstrip('0123456789')}" for key in sources]
    return [f"{settings.file}: {text}" for text in idle] + exposed(settings)


def core_settings(settings: SessionSettings) -> CoreSettings:
    """Return the settings of the protocol; ConfigError for what cannot be honoured."""
    if found := refused(settings):
        raise ConfigError("\n".join(found))
    version, is_test = settings.text("DefaultApplVerID"), "TestMessageIndicator"
    next_expected = settings.flag("SendNextExpectedMsgSeqNum") or settings.flag("EnableNextExpectedMsgSeqNum")
    return CoreSettings(
        begin_string=settings.text("BeginString"),
        sender_comp_id=settings.text("SenderCompID"),
        target_comp_id=settings.text("TargetCompID"),
        header=tuple((tag, settings.text(key)) for key, tag in _HEADER_KEYS if settings.text(key)),
        default_appl_ver_id=APPL_VER_IDS.get(version, version),
        logon_fields=tuple(settings.logon_tags()) if settings.is_initiator else (),
        test_message_indicator=settings.flag(is_test) if settings.text(is_test) else None,
        heart_bt_int=settings.integer("HeartBtInt", 30),
        heart_bt_range=_heart_bt_range(settings),
        test_request_after_permille=1000 + _permille(settings.text("TestRequestDelayMultiplier", "0.2")),
        disconnect_after_permille=1000 + _permille(settings.text("HeartBeatTimeoutMultiplier", "1.4")),
        logon_timeout_ns=settings.integer("LogonTimeout", 10) * SECOND_NS,
        logout_timeout_ns=settings.integer("LogoutTimeout", 2) * SECOND_NS,
        reset_on_logon=settings.flag("ResetOnLogon"),
        reset_on_logout=settings.flag("ResetOnLogout"),
        reset_on_disconnect=settings.flag("ResetOnDisconnect"),
        refresh_on_logon=settings.flag("RefreshOnLogon"),
        send_redundant_resend_requests=settings.flag("SendRedundantResendRequests"),
        resend_request_chunk_size=settings.integer("ResendRequestChunkSize"),
        closed_resend_interval=settings.flag("ClosedResendInterval"),
        send_next_expected_msg_seq_num=next_expected,
        enable_last_msg_seq_num_processed=settings.flag("EnableLastMsgSeqNumProcessed"),
        timestamp_precision=_precision(settings),
        check_comp_id=settings.flag("CheckCompID", True),
        on_behalf_of=_routing(settings, "OnBehalfOfCompID"),
        deliver_to=_routing(settings, "DeliverToCompID"),
        check_latency=settings.flag("CheckLatency", True),
        max_latency_ns=settings.integer("MaxLatency", 120) * SECOND_NS,
        max_message_size=settings.integer("MaxMessageSize", 65_536),
        max_fields=settings.integer("MaxFields", 4096),
        requires_orig_sending_time=settings.flag("RequiresOrigSendingTime", True),
        validate_length_and_checksum=settings.flag("ValidateLengthAndChecksum", True),
        validate_fields_have_values=settings.flag("ValidateFieldsHaveValues", True),
        reject_garbled_message=settings.flag("RejectGarbledMessage"),
        reject_invalid_message=settings.flag("RejectInvalidMessage", True),
    )


def _heart_bt_range(settings: SessionSettings) -> tuple[int, int] | None:
    if not settings.text("MinHeartBtInt") and not settings.text("MaxHeartBtInt"):
        return None
    return settings.integer("MinHeartBtInt"), settings.integer("MaxHeartBtInt", 10**9)


def _routing(settings: SessionSettings, key: str) -> frozenset[str] | None:
    """Return the names that the peer's messages may carry; None for any."""
    if settings.text(key) == "*" or not settings.flag("CheckCompID", True):
        return None
    return frozenset(name.strip() for name in settings.text(key).split(",") if name.strip())


def _precision(settings: SessionSettings) -> int:
    text = settings.text("TimestampPrecision")
    if text:
        return _PRECISIONS[text] if text in _PRECISIONS else int(text)
    if settings.text("BeginString") in ("FIX.4.0", "FIX.4.1"):
        return 0  # their times have no fraction
    return 3 if settings.flag("MillisecondsInTimeStamp", True) else 0


def _permille(text: str) -> int:
    """Return a factor such as 0.5 in thousandths, truncated."""
    whole, _, fraction = text.partition(".")
    return int(whole) * 1000 + int(fraction.ljust(3, "0")[:3])
