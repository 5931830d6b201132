"""The native session over TLS, by the keys of the session file."""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from engine.errors import ConfigError
from engine.session import attempts
from engine.session.native import strangers
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession
from engine.session.native.tls import client_context, server_context
from tests.support.certificates import Authority
from tests.support.session.sockets import Witness, acceptor_settings, body, initiator_settings
from tests.support.session.unwilling import message


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


# The port of an acceptor with TLS, attacked


@contextlib.asynccontextmanager
async def guarded(folder: Path, authority: Authority) -> AsyncIterator[tuple[SessionAcceptor, int]]:
    """Yield an acceptor with TLS and its port; a session that stands there must work before and after."""
    loop = asyncio.get_running_loop()
    acceptor = SessionAcceptor([acceptor_settings(folder, LogonTimeout="1", **server_keys(authority))], loop)
    (port,) = await acceptor.listen()
    (peer,) = map(Witness, acceptor.sessions.values())
    us = Witness(NativeSession(initiator_settings(folder, port, **client_keys(authority)), loop))
    us.session.logon()
    await us.logged_on()
    try:
        yield acceptor, port
        begun = loop.time()
        us.session.send(body("o1"))
        await peer.until(lambda: peer.messages == [("D", "o1")])
        assert loop.time() - begun < 0.3 and us.count("logout") == 0
    finally:
        us.session.close()
        acceptor.close()
        await asyncio.sleep(0.05)


def attack(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main, 30))


NO_HANDSHAKE = {
    "plain FIX": message("35=A|98=0|108=30|", 1, 1_767_600_000 * 10**9, ("US", "PEER")),
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "garbage": bytes(range(256)) * 40,
    "half a hello": b"\x16\x03\x01\x02\x00\x01",
    "a hello of an old version": b"\x16\x03\x00\x00\x2d\x01\x00\x00\x29\x03\x00" + bytes(40),
    "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "nothing": b"",
}


@pytest.mark.parametrize("name", NO_HANDSHAKE)
def test_hostile_handshake_is_closed_in_time_and_told_in_one_line(
    name: str, tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with guarded(tmp_path, authority) as (acceptor, port):
            writers = []
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writers.append(writer)
                writer.write(NO_HANDSHAKE[name])
                if name not in ("half a hello", "nothing"):
                    async with asyncio.timeout(3):
                        with contextlib.suppress(ConnectionError):
                            await reader.read()
            async with asyncio.timeout(3):
                while len(acceptor.strangers):
                    await asyncio.sleep(0.01)
            for writer in writers:
                writer.close()

    with caplog.at_level(logging.WARNING):
        attack(main())
    (line,) = [record.getMessage() for record in caplog.records if "no effect" not in record.getMessage()][-1:]
    assert "session_stranger: connection from 127.0.0.1 closed: " in line
    assert sum("session_stranger" in record.getMessage() for record in caplog.records) == 1
    assert not any(record.levelno >= logging.ERROR for record in caplog.records)


def test_hostile_crowd_before_its_handshake_is_bounded(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        async with guarded(tmp_path, authority) as (acceptor, port):
            crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(strangers.MOST_STRANGERS + 50)]
            await asyncio.sleep(0.1)
            assert 0 < len(acceptor.strangers) <= strangers.MOST_STRANGERS
            for _, writer in crowd:
                writer.close()

    attack(main())


def test_hostile_peer_that_ends_tls_without_its_goodbye_leaves_nothing(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        async with guarded(tmp_path, authority) as (acceptor, port):
            context = ssl.create_default_context(cafile=str(authority.folder / "ca.pem"))
            for sni in ("venue.test", "other.test", "x" * 60):
                context.check_hostname = sni == "venue.test"
                _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=sni)
                writer.write(b"8=FIX.4.4\x01")
                await writer.drain()
                writer.transport.abort()
            async with asyncio.timeout(3):
                while len(acceptor.strangers):
                    await asyncio.sleep(0.01)

    attack(main())
