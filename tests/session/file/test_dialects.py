"""Session files in the words and habits of four engines: each is read as it is meant, or refused with the way out.

The files stand in `dialects`, each made for this test: what a real one of its kind holds, with invented names.
"""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine.session.file.schedule import read_schedule
from engine.session.file.settings import SessionFile, SessionSettings, read_session_file
from engine.session.native import settings as native
from engine.session.native.tls import client_context, server_context
from engine.session.quickfix import settings as quickfix
from tests.support.certificates import Authority

DIALECTS = Path(__file__).parent / "dialects"
SECRET = "s3cr3t-of-the-environment"
ENVIRON = {
    "FIX_PASSWORD": SECRET, "FIX_HOST": "fix.hidden.example", "FIX_PORT": "9881", "FIX_SENDER": "HIDDEN",
    "FIX_STATE": "/hidden/state",
}  # fmt: skip
PLAIN = "plain TCP: no word of TLS in the file"
TLS_WORDS = re.compile(rb"(?im)^[^#;/\n]*(ssl|tls|certificat|keystore|truststore)")
WHOLE_DAY = ("2026-03-04 03:00:00", True)


class Read(NamedTuple):
    """What a file that can be read means, of its first session."""

    protection: str
    hosts: tuple[tuple[str, int], ...] = ()
    logon: tuple[tuple[int, str], ...] = ()
    times: tuple[tuple[str, bool], ...] = (WHOLE_DAY,)
    others: dict[str, Any] = {}
    warnings: tuple[str, ...] = ()
    sessions: int = 1
    quickfix: str = ""  # why QuickFIX refuses it, if not for TLS


READ = {
    "cpp_two_hosts": Read(
        PLAIN,
        (("10.20.0.5", 7001), ("10.20.0.6", 7002)),
        times=(("2026-03-04 12:29:59", False), ("2026-03-04 12:30:00", True), ("2026-03-04 21:30:00", False)),
        others={"HeartBtInt": "20", "HostSelectionPolicy": "PRIORITY", "BeginString": "FIX.4.2"},
    ),
    "cpp_ssl_protocol_alone": Read(
        "TLS 1.2+, verified as fix.prime.example",
        (("fix.prime.example", 9880),),
        ((553, "alice"), (554, SECRET)),
    ),
    "cpp_client_certificate": Read("TLS 1.2+, verified as venue.test", (("venue.test", 4443),)),
    "cpp_tls_acceptor": Read("TLS 1.2+, peers show certificates", others={"SocketAcceptPort": "4443"}),
    "cpp_versions_of_one_house": Read(
        PLAIN,
        (("10.1.1.1", 6044),),
        times=(("2026-03-06 21:59:59", True), ("2026-03-07 12:00:00", False), ("2026-03-08 22:00:00", True)),
        sessions=3,
    ),
    "cpp_environment": Read(
        PLAIN,
        (("fix.hidden.example", 9881),),
        ((554, SECRET),),
        others={"SenderCompID": "HIDDEN", "FileStorePath": "/hidden/state/store"},
        warnings=("LogonTag: leaves in clear, no key speaks of TLS; SocketUseSSL=Y protects it in a native session",),
    ),
    "j_lower_case": Read(PLAIN, (("localhost", 9876), ("localhost", 9877)), others={"ReconnectInterval": "5"}),
    "j_tls": Read(
        "TLS 1.2+, verified as fix.liquidity.example",
        (("192.0.2.17", 443),),
        ((553, "desk7"), (554, SECRET)),
        warnings=("SocketKeepAlive: unknown key, ignored",),
    ),
    "j_plain_on_purpose": Read("plain TCP: SocketUseSSL=N", (("127.0.0.1", 4000),)),
    "j_weekdays": Read(
        PLAIN,
        (("10.9.8.7", 4100),),
        times=(("2026-03-04 13:00:00", True), ("2026-03-04 22:00:00", False), ("2026-03-07 15:00:00", False)),
        quickfix="StartTime",
    ),
    "j_week_abbreviated": Read(
        PLAIN,
        (("10.9.8.7", 4100),),
        times=(("2026-03-01 22:59:59", False), ("2026-03-01 23:00:00", True), ("2026-03-06 22:00:00", False)),
        quickfix="TimeZone",
    ),
    "n_tls": Read(
        "TLS 1.2+, verified as fix.exchange.example",
        (("203.0.113.4", 5001),),
        ((554, SECRET),),
        others={"HeartBtInt": "30"},
    ),  # fmt: skip
    "n_unverified": Read(
        "TLS 1.3, server not verified because SSLValidateCertificates=N", (("uat.exchange.example", 5001),)
    ),
    "n_acceptor": Read("TLS 1.2+, peers show certificates"),
    "go_tls": Read(
        "TLS 1.2+, verified as brokerage.example",
        (("fix.brokerage.example", 5201),),
        others={"ReconnectInterval": "20", "BeginString": "FIXT.1.1", "ResetOnLogon": "Y"},
    ),  # fmt: skip
    "go_certificate_alone": Read(
        "TLS 1.2+, server not verified because SocketInsecureSkipVerify=Y", (("venue.test", 5201),)
    ),
    "habits_comments_latin1": Read(PLAIN, (("10.3.3.3", 5003),), others={"TargetCompID": "BOERSE"}),
    "habits_ipv6": Read(PLAIN, (("2001:db8::17", 5003),), quickfix="SocketConnectHost"),
}
# Every problem, of the file or of the native session: what it begins with behind its place, and its way out
REFUSED: dict[str, list[tuple[str, str]]] = {
    "cpp_mysql": [("[DEFAULT] MySQLStoreDatabase (and MySQLStoreUser, MySQLStorePassword,", "use FileStorePath")],
    "cpp_odbc": [("[DEFAULT] OdbcLogUser (and OdbcLogPassword, OdbcLogConnectionString): stores", "use FileStorePath")],
    "cpp_environment_unset": [
        ("[SESSION] SocketConnectHost: environment variable NOBODY_SET_THIS is not set", "set it where"),
        ("[SESSION] LogonTag: environment variable NOR_THIS is not set", "set it where"),
    ],
    "j_keystores": [
        ("SocketKeyStore (and SocketKeyStorePassword, KeyStoreType, KeyManagerF", "keytool -importkeystore"),
        ("SocketTrustStore (and SocketTrustStorePassword, TrustStoreType): a Java", "CertificationAuthoritiesFile"),
    ],
    "j_switched_off": [
        ("[SESSION] SocketUseSSL: N contradicts EnabledProtocols, CertificationAuthoritiesFile", "remove one"),
    ],
    "j_jdbc": [("[DEFAULT] JdbcDriver (and JdbcURL, JdbcUser, JdbcPassword): stores", "use FileStorePath")],
    "j_proxy": [("[DEFAULT] ProxyType (and ProxyHost, ProxyPort, ProxyUser, ProxyPassword): there", "by a tunnel")],
    "j_acceptor_template": [("[SESSION] AcceptorTemplate (and DynamicSession): sessions for", "TargetCompID=*")],
    "n_pfx": [("SSLCertificate (and SSLCertificatePassword): PKCS12 and", "openssl pkcs12 -in FILE -clcerts")],
    "n_username_and_bom": [
        ("[SESSION] Username (and Password): no session sends it by itself", "write LogonTag=553=NAME")
    ],
    "go_bytes": [("SocketCertificateBytes (and SocketPrivateKeyBytes): cert", "name files by SocketCertificateFile")],
    "go_without_connection_type": [
        ("[DEFAULT] SQLStoreDriver (and SQLStoreDataSourceName): stores and logs", "use FileStorePath"),
        ("[SESSION] and 1 more: ConnectionType is missing", "add ConnectionType="),
        ("[SESSION] and 1 more: StartTime is missing", "NonStopSession=Y"),
        ("[SESSION] and 1 more: EndTime is missing", "NonStopSession=Y"),
        ("[SESSION] and 1 more: DataDictionary is missing", "UseDataDictionary=N"),
    ],
    "habits_broken_header": [("section [SESSION is not a section in brackets", "correct it")],
    "habits_twice_and_reset_flag": [
        ("[SESSION] SocketConnectPort: given twice in this section, otherwise in line 14", "QuickFIX takes the last"),
        ("[SESSION] ResetSeqNumFlag: is a field of Logon", "the key is ResetOnLogon=Y"),
    ],
    "habits_cyrillic": [("[SESSION] TargetCompID: holds more than printable ASCII", "agree on another")],
    "habits_misspelt_security": [
        ("[DEFAULT] SocketUseSLL: unknown key that speaks of security", "did you mean SocketUseSSL?"),
        ("[DEFAULT] SocketUseTLS: unknown key that speaks of security", "correct or remove it"),
        ("[DEFAULT] ApiSecret: unknown key that speaks of security", "correct or remove it"),
        ("[SESSION] 554: is no key", "LogonTag=TAG=VALUE"),
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files beside the certificates that they name."""
    folder = tmp_path_factory.mktemp("sessions")
    authority = Authority(folder)
    for name in ("venue.test", "firm.test"):
        authority.issue(name)
    shutil.copytree(DIALECTS, folder, dirs_exist_ok=True)
    return folder


def found_in(folder: Path, name: str) -> SessionFile:
    return read_session_file(folder / f"{name}.cfg", folder / "state", ENVIRON)


def first(folder: Path, name: str) -> SessionSettings:
    found = found_in(folder, name)
    assert found.problems == []
    return found.sessions[0]


def test_every_file_is_in_one_table() -> None:
    assert sorted(file.stem for file in DIALECTS.glob("*.cfg")) == sorted([*READ, *REFUSED])
    assert len(READ) + len(REFUSED) > 25


@pytest.mark.parametrize("name", READ)
def test_file_is_read_as_it_is_meant(folder: Path, name: str) -> None:
    expected, found, session = READ[name], found_in(folder, name), first(folder, name)
    assert len(found.sessions) == expected.sessions
    assert tuple(session.endpoints()) == expected.hosts
    assert tuple(session.logon_tags()) == expected.logon
    assert {key: session.text(key) for key in expected.others} == expected.others
    assert tuple(text.split("] ", 1)[1] for text in found.warnings) == expected.warnings
    schedule = read_schedule(session)
    for text, is_up in expected.times:
        at_ns = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9
        assert (schedule is None or schedule.may_log_on(at_ns)) is is_up, text


@pytest.mark.parametrize("name", READ)
def test_s17_no_word_of_tls_is_lost_in_either_session(folder: Path, name: str) -> None:
    session = first(folder, name)
    says_tls = TLS_WORDS.search((folder / f"{name}.cfg").read_bytes()) is not None
    is_tls = not READ[name].protection.startswith("plain")
    assert is_tls == (says_tls and name != "j_plain_on_purpose")
    assert native.refused(session) == []
    assert native.protection(session) == READ[name].protection
    context = (client_context if session.is_initiator else server_context)(session)
    assert (context is not None) == is_tls
    by_quickfix = [text.split(": ")[1] for text in quickfix.refused(session)]
    assert ("no TLS" in " ".join(quickfix.refused(session))) == (is_tls and not session.is_initiator)
    relayed = f"{READ[name].protection}, by a relay of this process"
    assert not is_tls or quickfix.protection(session) == relayed
    assert is_tls or by_quickfix[:1] == ([READ[name].quickfix] if READ[name].quickfix else [])
    assert is_tls or quickfix.protection(session) == READ[name].protection


@pytest.mark.parametrize("name", REFUSED)
def test_file_is_refused_with_the_reason_and_the_way_out(folder: Path, name: str) -> None:
    found = found_in(folder, name)
    problems = found.problems or [text for one in found.sessions for text in native.refused(one)]
    shown = [re.sub(r"^\S+?\.cfg:(\d+:)? ", "", problem) for problem in problems]
    for text, (begin, way_out) in zip(shown, REFUSED[name], strict=True):
        assert text.startswith(begin)
        assert way_out in text


@pytest.mark.parametrize("name", [*READ, *REFUSED])
def test_s9_no_secret_stands_in_what_is_said_of_a_file(folder: Path, name: str) -> None:
    found = found_in(folder, name)
    judged = [*(native.refused(one) for one in found.sessions), *(quickfix.refused(one) for one in found.sessions)]
    said = " ".join([*found.problems, *found.warnings, *(text for texts in judged for text in texts)])
    for secret in (*ENVIRON.values(), "letmein9", "changeit7", "changeit8"):
        assert secret not in said
