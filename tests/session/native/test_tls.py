"""The native session over TLS, by the keys of the session file."""

import asyncio
import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest
import uvloop

from engine.errors import ConfigError
from engine.session import attempts
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession
from engine.session.native.tls import client_context, server_context
from tests.support.certificates import Authority
from tests.support.session.sockets import Witness, acceptor_settings, body, initiator_settings


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("certificates"))
    for name in ("venue.test", "firm.test"):
        made.issue(name)
    return made


def server_keys(authority: Authority) -> dict[str, str]:
    folder = authority.folder
    return {
        "ServerCertificateFile": str(folder / "venue.test.pem"),
        "ServerCertificateKeyFile": str(folder / "venue.test.key"),
        "CertificationAuthoritiesFile": str(folder / "ca.pem"),
    }


def client_keys(authority: Authority) -> dict[str, str]:
    return {"CertificationAuthoritiesFile": str(authority.folder / "ca.pem"), "SNIHostName": "venue.test"}


def connects(folder: Path, server: dict[str, str], client: dict[str, str]) -> bool:
    """Say whether both sides log on and an order arrives."""

    async def main() -> bool:
        loop = asyncio.get_running_loop()
        acceptor = SessionAcceptor([acceptor_settings(folder, **server)], loop)
        (port,) = await acceptor.listen()
        (peer,) = map(Witness, acceptor.sessions.values())
        us = Witness(NativeSession(initiator_settings(folder, port, **client), loop))
        us.session.logon()
        try:
            await us.until(lambda: us.session.is_logged_on, 1)
            us.session.send(body("o1"))
            await peer.until(lambda: peer.messages == [("D", "o1")], 1)
            return True
        except TimeoutError:
            return False
        finally:
            us.session.close()
            acceptor.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: None)  # a refused handshake is reported there
        return runner.run(main())


def test_peer_is_proved_by_authority_and_name(tmp_path: Path, authority: Authority) -> None:
    assert connects(tmp_path, server_keys(authority), client_keys(authority))


def test_peer_with_another_name_is_refused(tmp_path: Path, authority: Authority) -> None:
    assert not connects(tmp_path, server_keys(authority), {**client_keys(authority), "SNIHostName": "other.test"})


def test_peer_of_an_unknown_authority_is_refused(tmp_path: Path, authority: Authority) -> None:
    assert not connects(tmp_path, server_keys(authority), {"SocketUseSSL": "Y", "SNIHostName": "venue.test"})


def test_client_must_show_a_certificate_where_asked(tmp_path: Path, authority: Authority) -> None:
    server = {**server_keys(authority), "CertificateVerifyLevel": "1"}
    assert not connects(tmp_path, server, client_keys(authority))
    own = {
        "ClientCertificateFile": str(authority.folder / "firm.test.pem"),
        "ClientCertificateKeyFile": str(authority.folder / "firm.test.key"),
    }
    assert connects(tmp_path / "second", server, {**client_keys(authority), **own})


def test_versions_below_1_2_are_refused(tmp_path: Path) -> None:
    for key, value in (
        ("SocketMinimumTLSVersion", "TLS10"),
        ("SSLProtocol", "+TLSv1 +TLSv1.1"),
        ("EnabledProtocols", "TLSv1.1"),
        ("SSLProtocol", "all -TLSv1_2 -TLSv1_3"),
    ):
        with pytest.raises(ConfigError, match=f"{key}: .*TLS"):
            client_context(initiator_settings(tmp_path, 1, SocketUseSSL="Y", **{key: value}))


def test_versions_follow_the_keys(tmp_path: Path) -> None:
    first, last = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    for keys, expected in (
        ({}, (first, last)),
        ({"SSLProtocol": "all -SSLv2"}, (first, last)),
        ({"SSLProtocol": "all -TLSv1_3"}, (first, first)),
        ({"SSLProtocol": "+TLSv1_2"}, (first, first)),
        ({"SSLProtocol": "-TLSv1_2"}, (last, last)),
        ({"EnabledProtocols": "TLSv1.2,TLSv1.3"}, (first, last)),
        ({"EnabledProtocols": "TLSv1.3"}, (last, last)),
        ({"SocketMinimumTLSVersion": "TLS13"}, (last, last)),
    ):
        context = client_context(initiator_settings(tmp_path, 1, SocketUseSSL="Y", **keys))
        assert context is not None and (context.minimum_version, context.maximum_version) == expected, keys


def test_handshake_that_is_not_finished_is_cut_in_time(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        own = acceptor_settings(tmp_path, LogonTimeout="1", **server_keys(authority))
        acceptor = SessionAcceptor([own], asyncio.get_running_loop())
        (port,) = await acceptor.listen()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()
        finally:
            acceptor.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: None)
        runner.run(main())


def test_plain_session_has_no_context(tmp_path: Path) -> None:
    assert client_context(initiator_settings(tmp_path, 1)) is None
    assert server_context(acceptor_settings(tmp_path)) is None


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CertificationAuthoritiesFile: '/nowhere.pem'"):
        client_context(initiator_settings(tmp_path, 1, CertificationAuthoritiesFile="/nowhere.pem"))
    with pytest.raises(ConfigError, match="ServerCertificateFile: missing"):
        server_context(acceptor_settings(tmp_path, SocketUseSSL="Y"))


class Demanding(threading.Thread):
    """A venue that wants a certificate of whoever connects, and says by an alert that there was none."""

    def __init__(self, authority: Authority, version: ssl.TLSVersion) -> None:
        super().__init__(daemon=True)
        self.dials = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = self._context.maximum_version = version
        self._context.load_cert_chain(authority.folder / "venue.test.pem", authority.folder / "venue.test.key")
        self._context.load_verify_locations(authority.folder / "ca.pem")
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.dials += 1
            connection.settimeout(1)
            with contextlib.suppress(OSError):
                self._context.wrap_socket(connection, server_side=True)
            connection.close()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.join(5)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_s22_a_venue_that_wants_a_client_certificate_is_heard_and_given_up(
    tmp_path: Path, authority: Authority, version: ssl.TLSVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "CREDENTIALS_NS", 50_000_000)
    venue = Demanding(authority, version)
    venue.start()

    async def main() -> None:
        settings = initiator_settings(tmp_path, venue.port, **client_keys(authority), ReconnectInterval=0)
        us = Witness(NativeSession(settings, asyncio.get_running_loop()))
        us.session.logon()
        try:
            await us.until(lambda: us.count("fault") > 0, 10)
            assert "ClientCertificateFile" in us.session.last_error
            assert venue.dials == 3
        finally:
            us.session.close()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.get_loop().set_exception_handler(lambda loop, context: None)
            runner.run(main())
    finally:
        venue.close()
