"""Words of TLS and of credentials in session files: none is lost, in either kind of session."""

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.session.file.keys import TLS_KEYS
from engine.session.file.settings import SessionSettings
from engine.session.native import settings as native
from engine.session.native.tls import client_context
from engine.session.quickfix import settings as quickfix
from tests.support.session.files import SOUND, changed, problems, read, warnings
from tests.support.session.sockets import initiator_settings

# Keys that speak neither of TLS nor of credentials, which only one of the engines reads
OTHERS_OF_ENGINES = """
AllowPosDup CmeEnhancedResend ContinueInitializationOnError Description DisableHeartBeatCheck DisconnectOnError
Encoding DebugLogFilePath FileIncludeMilliseconds FileIncludeTimeStampForMessages FileLogHeartbeats
FileStoreMaxCachedMsgs FirstFieldInGroupIsDelimiter ForceResendWhenCorruptedStore HeartBtIntOverride
IgnorePossDupResendRequests InChanCapacity JndiContextFactory JndiProviderURL LogMessageWhenSessionNotFound
MaxMessagesInResendRequest MaxScheduledWriteRequests RejectMessageOnUnhandledException ResendSessionLevelRejects
ResetOnError ResetSeqTime SLF4JLogErrorEventCategory SLF4JLogEventCategory SLF4JLogHeartbeats
SLF4JLogIncomingMessageCategory SLF4JLogPrependSessionID ScreenIncludeMilliseconds ScreenLogShowHeartBeats
SendLogoutBeforeDisconnectFromTimeout SocketConnectTimeout SocketIgnoreProxy SocketKeepAlive SocketLinger
SocketOobInline SocketReceiveTimeout SocketSendTimeout SocketSynchronousWriteTimeout SocketSynchronousWrites
SocketTimeout SocketTrafficClass ValidateChecksum ValidateIncomingMessage ValidateSequenceNumbers DynamicQualifier
"""
LOST = """
Username Password UserName LogonPassword SessionUserName RawData554 ApiKey AccessToken ClientSecret SSLCert TLSVersion
SocketUseTLS UseSSL SocketUseSLL EnabledProtocol CipherSuite LogonTag0 LogonTg AuthMethod KeyPassword TrustAll
JdbcPassword MySQLStoreUser OdbcLogPassword PostgreSQLStorePassword SQLStoreDataSourceName MongoStoreConnection
SleepycatDatabaseDir ProxyHost ProxyPassword UseTCPProxy RedactFieldsInLogs 554 EncryptMethod CertificatePath
"""


def value_of(key: str) -> str:
    """Return a value that asks for what the key is about."""
    special = {"SSLProtocol": "+TLSv1_2", "EnabledProtocols": "TLSv1.2", "SSLProtocols": "Tls12", "UseSNI": "N"}
    special |= {"SSLValidateCertificates": "N", "CertificateVerifyLevel": "1", "SocketMinimumTLSVersion": "TLS12"}
    flags = {"SocketUseSSL", "NeedClientAuth", "SSLEnable", "SocketInsecureSkipVerify"}
    flags |= {"SSLCheckCertificateRevocation", "SSLRequireClientCertificate"}
    return special.get(key, "Y" if key in flags else "x")


def judged(settings: SessionSettings) -> str:
    """Return `tls` for a session that runs over TLS, else what refuses it by name."""
    if found := native.refused(settings):
        return found[0]
    try:
        return "tls" if client_context(settings) is not None else "plain"
    except ConfigError as error:
        return str(error)


@pytest.mark.parametrize("key", sorted(TLS_KEYS))
def test_s17_word_of_tls_alone_runs_over_tls_or_is_refused_by_name(tmp_path: Path, key: str) -> None:
    found = read(tmp_path, SOUND + f"{key}={value_of(key)}\n")
    assert found.problems == []
    outcome = judged(found.sessions[0])
    assert outcome == "tls" or key in outcome
    assert quickfix.refused(found.sessions[0]) == native.refused(found.sessions[0])
    acceptor = found.sessions[0].replaced({"ConnectionType": "acceptor"})
    (refusal,) = quickfix.refused(acceptor)
    assert f": {key}: the QuickFIX package has no TLS; " in refusal
    assert "use the native acceptor" in refusal


@pytest.mark.parametrize("text", ["SSLEnable=Y\n", "SSLProtocol=+TLSv1_2 +TLSv1_3\n", "socketusessl=Y\n"])
def test_s17_credentials_never_leave_in_clear(tmp_path: Path, text: str) -> None:
    (session,) = read(tmp_path, SOUND + text + "LogonTag=553=alice\nLogonTag1=554=hunter2\n").sessions
    assert client_context(session) is not None
    assert session.logon_tags() == [(553, "alice"), (554, "hunter2")]


@pytest.mark.parametrize(
    ("host", "tag", "more", "is_told"),
    [
        ("venue.example", "554", "", True),
        ("192.0.2.1", "96", "", True),
        ("2001:db8::1", "925", "SocketUseSSL=N\n", True),
        ("venue.example", "554", "SSLEnable=Y\n", False),
        ("venue.example", "553", "", False),
        ("127.0.0.1", "554", "", False),
        ("::1", "554", "", False),
        ("localhost", "554", "", False),
    ],
)
def test_s17_password_that_leaves_in_clear_is_a_warning(
    tmp_path: Path, host: str, tag: str, more: str, is_told: bool
) -> None:
    found = warnings(tmp_path, changed("venue.example", host) + f"LogonTag={tag}=hunter2\n{more}")
    assert [text.split(",")[0] for text in found] == ["session.cfg:14: [SESSION] LogonTag: leaves in clear"] * is_told


@pytest.mark.parametrize("name", LOST.split())
def test_s17_unknown_key_that_looks_like_security_is_an_error(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, SOUND + f"{name}=Y\n")
    assert problem.startswith(f"session.cfg:14: [SESSION] {name}: ")
    assert "; " in problem


def test_s17_value_that_speaks_of_tls_is_an_error_too(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, SOUND + "ConnectionKind=SSL\n")
    assert "[SESSION] ConnectionKind: unknown key that speaks of security" in problem


@pytest.mark.parametrize("name", OTHERS_OF_ENGINES.split())
def test_s17_other_unknown_keys_warn(tmp_path: Path, name: str) -> None:
    (warning,) = warnings(tmp_path, SOUND + f"{name}=1\n")
    assert warning.startswith(f"session.cfg:14: [SESSION] {name}: unknown key, ignored")


@pytest.mark.parametrize("switch", ["SocketUseSSL", "SSLEnable"])
def test_s17_switch_that_says_no_beside_a_word_of_tls_is_a_contradiction(tmp_path: Path, switch: str) -> None:
    for word in sorted(TLS_KEYS - {switch, "SocketUseSSL", "SSLEnable"}):
        (problem,) = problems(tmp_path, SOUND + f"{switch}=N\n{word}={value_of(word)}\n") or ("",)
        assert problem.startswith(f"session.cfg:14: [SESSION] {switch}: N contradicts {word}; ") or word == "UseSNI"
    both = problems(tmp_path, SOUND + "SocketUseSSL=N\nSSLEnable=Y\n")
    assert [text.split("; ")[0] for text in both] == ["session.cfg:14: [SESSION] SocketUseSSL: N contradicts SSLEnable"]


def test_s17_plain_session_says_so_and_why() -> None:
    settings = initiator_settings(Path(), 1)
    assert native.protection(settings) == quickfix.protection(settings) == "plain TCP: no word of TLS in the file"
    told = settings.replaced({"SocketUseSSL": "N"})
    assert native.protection(told) == quickfix.protection(told) == "plain TCP: SocketUseSSL=N"


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"SocketUseSSL": "Y"}, "TLS 1.2+, verified as 127.0.0.1"),
        ({"SSLProtocol": "+TLSv1_2+TLSv1_3"}, "TLS 1.2+, verified as 127.0.0.1"),
        ({"SSLProtocols": "Tls13"}, "TLS 1.3, verified as 127.0.0.1"),
        ({"EnabledProtocols": "TLSv1.2"}, "TLS 1.2, verified as 127.0.0.1"),
        ({"SSLEnable": "Y", "SSLServerName": "fix.venue"}, "TLS 1.2+, verified as fix.venue"),
        ({"SocketUseSSL": "Y", "SocketServerName": "fix.venue"}, "TLS 1.2+, verified as fix.venue"),
        (
            {"SocketUseSSL": "Y", "SocketConnectHost1": "second.venue", "SocketConnectPort1": "2"},
            "TLS 1.2+, verified as 127.0.0.1 or second.venue",
        ),
        (
            {"SocketUseSSL": "Y", "UseSNI": "N"},
            "TLS 1.2+, server verified by its authority alone, its name not compared because UseSNI=N",
        ),
        ({"SSLEnable": "Y", "SSLValidateCertificates": "N"},
         "TLS 1.2+, server not verified because SSLValidateCertificates=N"),
        ({"SocketInsecureSkipVerify": "Y"}, "TLS 1.2+, server not verified because SocketInsecureSkipVerify=Y"),
    ],
)  # fmt: skip
def test_s17_protection_is_said_in_a_line(keys: dict[str, str], line: str) -> None:
    assert native.protection(initiator_settings(Path(), 1, **keys)) == line


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"SSLProtocols": "Tls11"}, "SSLProtocols: leaves nothing from TLS 1.2 on"),
        ({"SSLProtocol": "+TLSv1_2", "EnabledProtocols": "TLSv1.3"}, "SSLProtocol, EnabledProtocols: leaves nothing"),
        ({"EnabledProtocols": "TLSv1.9"}, "EnabledProtocols: tlsv1.9 is no version of TLS"),
        ({"CipherSuites": "TLS_NO_SUCH"}, "write OpenSSL's names of TLS 1.2"),
        ({"CertificationAuthoritiesDirectory": "/nowhere"}, "'/nowhere' is no folder"),
    ],
)
def test_s17_words_that_cannot_be_met_are_refused(keys: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        client_context(initiator_settings(Path(), 1, **keys))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"EndpointIdentificationAlgorithm": "LDAPS"}, "EndpointIdentificationAlgorithm: the peer's name"),
        ({"SNIHostName": "a", "SocketServerName": "b"}, "SNIHostName and SocketServerName: name the peer differently"),
        ({"SSLServerName": "a", "UseSNI": "N"}, "UseSNI: N is against SSLServerName"),
        ({"ClientCertificateFile": "a", "SocketCertificateFile": "b"}, "SocketCertificateFile: without effect beside"),
        ({"SSLCheckCertificateRevocation": "Y"}, "CertificateRevocationListFile"),
    ],
)
def test_s17_pairs_of_tls_keys_of_which_one_would_be_lost_are_refused(keys: dict[str, str], text: str) -> None:
    (problem,) = native.refused(initiator_settings(Path(), 1, **keys))
    assert text in problem


def test_unverified_server_is_really_not_verified_and_others_are() -> None:
    for keys, is_verified in (({"SSLValidateCertificates": "N"}, False), ({"SSLValidateCertificates": "Y"}, True)):
        context = client_context(initiator_settings(Path(), 1, **keys))
        assert context is not None
        assert (context.check_hostname, context.verify_mode != 0) == (is_verified, is_verified)
