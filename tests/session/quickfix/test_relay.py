"""The QuickFIX session over TLS: it reaches a venue that proves who it is, and no other, through its own relay."""

import asyncio
import logging
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from engine.runtime._sockets import Sockets
from engine.runtime.modes import Spinner
from engine.runtime.notices import NoticeKind
from engine.session.file.settings import load_session
from engine.session.native.acceptor import SessionAcceptor
from engine.session.quickfix.initiator import QuickfixSession
from engine.session.quickfix.relay import MOST_HELD, TlsRelay, redirected
from tests.support.certificates import Authority
from tests.support.places import FIX_CONFIG
from tests.support.session.fix_peer import (
    Side,
    field,
    free_port,
    in_both_modes,
    initiator_settings,
    order,
    report,
    run,
    shown,
)
from tests.support.session.fix_peer import until as soon

PATIENCE_S = 20


async def until(condition: Any) -> None:
    await soon(condition, PATIENCE_S)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("certificates"))
    for name in ("venue.test", "other.test"):
        made.issue(name)
    return made


class Venue:
    """A native acceptor over TLS, and what it has received."""

    def __init__(self, folder: Path, authority: Authority, name: str = "venue.test", **changes: object) -> None:
        files = {
            "ServerCertificateFile": str(authority.folder / f"{name}.pem"),
            "ServerCertificateKeyFile": str(authority.folder / f"{name}.key"),
        }
        settings = load_session(FIX_CONFIG / "acceptor.cfg", "acceptor", folder / "venue")
        self.port = free_port()
        settings = settings.replaced({"SocketAcceptPort": self.port, **files, **changes})
        self.acceptor = SessionAcceptor([settings], asyncio.get_running_loop())
        (self.session,) = self.acceptor.sessions.values()
        self.received: list[str] = []
        self.session.on_message = lambda fields: self.received.append(shown(fields.raw))

    async def __aenter__(self) -> "Venue":
        await self.acceptor.listen()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.acceptor.close()


def keys(authority: Authority, **changes: object) -> dict[str, Any]:
    return {
        "CertificationAuthoritiesFile": str(authority.folder / "ca.pem"), "SNIHostName": "venue.test",
        "LogonTimeout": 10, "SocketConnectHost": "127.0.0.1", **changes,
    }  # fmt: skip


@asynccontextmanager
async def trading(tmp_path: Path, authority: Authority, **changes: object) -> AsyncIterator[tuple[Side, Venue]]:
    async with Venue(tmp_path, authority) as venue:
        with Side(tmp_path, venue.port, **keys(authority, **changes)) as side:
            side.session.logon()
            await until(lambda: side.session.is_logged_on)
            yield side, venue


def relay_of(side: Side) -> TlsRelay:
    route = side.session._route
    assert isinstance(route, TlsRelay)
    return route


@in_both_modes
async def test_messages_cross_both_ways_over_tls(tmp_path: Path, authority: Authority) -> None:
    async with trading(tmp_path, authority) as (side, venue):
        for number in range(50):
            side.send(order(f"A{number}"))
        await until(lambda: len(venue.received) == 50)
        assert [field(text, 11) for text in venue.received] == [f"A{number}" for number in range(50)]
        for number in range(50):
            venue.session.send(("35=8|" + report(f"E{number}")).replace("|", "\x01").encode())
        await until(lambda: len(side.messages()) == 50)
        assert [field(text, 17) for text in side.messages()] == [f"E{number}" for number in range(50)]
        assert side.session.protection == "TLS 1.2+, verified as venue.test, by a relay of this process"
        side.session.logout()
        await until(lambda: not side.session.is_logged_on)
        assert side.faults() == []


@in_both_modes
async def test_more_than_any_buffer_holds_arrives_in_order(tmp_path: Path, authority: Authority) -> None:
    async with trading(tmp_path, authority) as (side, venue):
        long = "x" * 8_000
        for number in range(400):
            side.send(order(f"A{number}") + f"58={long}|")
        await until(lambda: len(venue.received) == 400)
        assert [field(text, 11) for text in venue.received] == [f"A{number}" for number in range(400)]


@in_both_modes
async def test_session_comes_back_after_the_venue_cut_it(tmp_path: Path, authority: Authority) -> None:
    async with trading(tmp_path, authority) as (side, venue):
        venue.session.logout("maintenance")
        await until(lambda: ("logout", "maintenance") in side.events)
        await until(lambda: side.session.is_logged_on)
        side.send(order("B1"))
        await until(lambda: venue.received)


@pytest.mark.parametrize(
    ("certificate", "changes", "words"),
    [
        ("other.test", {}, "TLS: .*Hostname mismatch"),
        ("venue.test", {"CertificationAuthoritiesFile": None}, "TLS: .*certificate verify failed"),
        ("venue.test", {"SSLProtocol": "+TLSv1_2"}, "TLS: |ConnectionResetError"),
    ],
    ids=["other-name", "unknown-authority", "no-common-version"],
)
def test_venue_that_does_not_prove_itself_gets_nothing(
    tmp_path: Path, authority: Authority, certificate: str, changes: dict[str, object], words: str
) -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)  # refused handshakes
        version = {"SSLProtocol": "-TLSv1_2"} if "SSLProtocol" in changes else {}
        async with Venue(tmp_path, authority, certificate, **version) as venue:
            told: list[tuple[NoticeKind, str]] = []
            with Side(tmp_path, venue.port, **keys(authority, **changes)) as side:
                side.session.on_notice = lambda kind, text: told.append((kind, text))
                side.session.logon()
                await until(lambda: told)
                (kind, text) = told[0]
                assert kind is NoticeKind.LOGON_FAILED and f"127.0.0.1 on port {venue.port}: " in text
                assert re.search(words, text)
                assert not side.session.is_logged_on and venue.received == []
                await until(lambda: side.session.next_sender_seq_num == 1)  # its Logon has not left

    run("event", main())


@pytest.mark.parametrize("version", ["+TLSv1_2", "+TLSv1_3"])
def test_venue_that_wants_a_certificate_of_ours_is_told_and_gets_it(
    tmp_path: Path, authority: Authority, version: str
) -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        wants = {"CertificateVerifyLevel": "1", "CertificationAuthoritiesFile": str(authority.folder / "ca.pem")}
        async with Venue(tmp_path, authority, **wants, SSLProtocol=version) as venue:
            told: list[str] = []
            with Side(tmp_path / "without", venue.port, **keys(authority)) as side:
                side.session.on_notice = lambda kind, text: told.append(text)
                side.session.logon()
                await until(lambda: told)
                assert not side.session.is_logged_on
            own = {
                "ClientCertificateFile": str(authority.folder / "other.test.pem"),
                "ClientCertificateKeyFile": str(authority.folder / "other.test.key"),
            }
            with Side(tmp_path / "with", venue.port, **keys(authority, **own)) as side:
                side.session.logon()
                await until(lambda: side.session.is_logged_on)
        assert f"127.0.0.1 on port {venue.port}: " in told[0]

    run("event", main())


def test_logons_that_reach_nobody_use_up_no_number_and_lead_to_the_next_address(
    tmp_path: Path, authority: Authority
) -> None:
    async def main() -> None:
        async with Venue(tmp_path, authority) as venue:
            nowhere = {"SocketConnectPort": free_port()}
            second = {"SocketConnectHost1": "127.0.0.1", "SocketConnectPort1": venue.port}
            with Side(tmp_path, 1, **keys(authority, **nowhere, **second)) as side:
                side.session.logon()
                await until(lambda: side.session.is_logged_on)
                assert side.session.next_sender_seq_num == 2
                assert (venue.session.next_target_seq_num, venue.session.next_sender_seq_num) == (2, 2)

    run("event", main())


def test_plain_venue_gets_nothing_in_clear(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        heard: list[bytes] = []

        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(4096))
            writer.write(b"8=FIX.4.4\x019=5\x01")
            writer.close()

        server = await asyncio.start_server(hear, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        told: list[str] = []
        with Side(tmp_path, port, **keys(authority, LogonTag="554=hunter2")) as side:
            side.session.on_notice = lambda kind, text: told.append(text)
            side.session.logon()
            await until(lambda: told)
        server.close()
        assert heard and not any(b"hunter2" in data or b"35=A" in data for data in heard)

    run("event", main())


def test_strangers_at_the_port_of_the_relay_are_turned_away(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        async with trading(tmp_path, authority) as (side, venue):
            told: list[tuple[NoticeKind, str]] = []
            side.session.on_notice = lambda kind, text: told.append((kind, text))
            relay = relay_of(side)
            script = (
                f"import socket\ns = socket.create_connection(('127.0.0.1', {relay.port}))\n"
                "s.settimeout(20)\ntry:\n    s.sendall(b'8=FIX.4.4')\n    print(len(s.recv(100)))\n"
                "except OSError:\n    print(0)\n"
            )
            found = await asyncio.to_thread(
                subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
            )
            assert found.stdout.split() == ["0"]
            assert relay.strangers == 1
            assert [kind for kind, _ in told] == [NoticeKind.SESSION_STRANGER]
            assert "not of this process, turned away" in told[0][1]
            side.send(order("A1"))  # the session is as it was
            await until(lambda: venue.received)

    run("event", main())


def test_closed_session_leaves_no_port_and_no_connection(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        async with trading(tmp_path, authority) as (side, venue):
            port = relay_of(side).port
            side.session.close()
            with pytest.raises(OSError):
                socket.create_connection(("127.0.0.1", port), 5).close()
            await until(lambda: not venue.session.is_logged_on)

    run("event", main())


def test_quickfix_is_led_to_this_host_alone(tmp_path: Path) -> None:
    settings = initiator_settings(
        tmp_path, 8228, SocketConnectHost="venue.example", SocketConnectHost1="second.example",
        SocketConnectPort1=8229, SocketConnectSourceHost="192.0.2.1", SocketUseSSL="Y",
    )  # fmt: skip
    inner = redirected(settings, 4000)
    assert inner.endpoints() == [("127.0.0.1", 4000)]
    assert inner.text("SocketConnectSourceHost") == ""
    assert "example" not in " ".join(inner.values.values())


def test_log_says_where_it_connects_and_how_it_is_protected(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with trading(tmp_path, authority) as (side, venue):
            said = [each.getMessage() for each in caplog.records if "Connecting to" in each.getMessage()]
            place = f"Connecting to 127.0.0.1 on port {venue.port} (127.0.0.1 on port {relay_of(side).port})"
            assert place in said[0] and said[0].endswith("verified as venue.test, by a relay of this process")

    run("event", main())


def test_quickfix_that_sends_without_end_before_the_venue_is_there_is_cut_off(
    tmp_path: Path, authority: Authority
) -> None:
    async def main() -> None:
        silent = socket.create_server(("127.0.0.1", 0))  # takes connections, and never answers
        settings = initiator_settings(tmp_path, silent.getsockname()[1], **keys(authority))
        relay = TlsRelay(settings, asyncio.get_running_loop(), Sockets(asyncio.get_running_loop()), lambda *told: None)
        relay.begin()
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(b"x" * (MOST_HELD + 1))
        assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
        assert isinstance(relay.fault, TimeoutError)
        writer.close()
        relay.close()
        silent.close()

    run("event", main())


@pytest.mark.parametrize("mode", ["event", "busy"])
def test_venue_that_does_not_read_leaves_the_rest_with_quickfix(
    tmp_path: Path, authority: Authority, mode: str
) -> None:
    async def main() -> None:
        loop, context = asyncio.get_running_loop(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.folder / "venue.test.pem", authority.folder / "venue.test.key")
        readers: list[asyncio.StreamReader] = []
        server = await asyncio.start_server(
            lambda reader, writer: readers.append(reader), "127.0.0.1", 0, ssl=context, limit=65_536
        )
        settings = initiator_settings(tmp_path, server.sockets[0].getsockname()[1], **keys(authority))
        sockets = Sockets(loop)
        spinner = Spinner(loop, sockets)
        if mode == "busy":
            spinner.start()
        relay = TlsRelay(settings, loop, sockets, lambda *told: None)
        relay.begin()
        _, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        await until(lambda: relay.fault is None)
        sent = 64 * 2**20
        writer.write(bytes(sent))
        left = -1
        while left != (left := writer.transport.get_write_buffer_size()):
            await asyncio.sleep(0.3)
        assert left > sent // 2  # the kernel and the relay hold a bounded part
        came = 0
        while came < sent:
            came += len(await asyncio.wait_for(readers[0].read(2**20), PATIENCE_S))
        writer.close()
        relay.close()
        spinner.stop()
        server.close()

    run("event", main())


def test_trading_goes_through_the_relay_in_busy_mode(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with Venue(tmp_path, authority) as venue:
            sockets = Sockets(loop)
            spinner = Spinner(loop, sockets)
            spinner.start()
            settings = initiator_settings(tmp_path, venue.port, **keys(authority))
            session = QuickfixSession(settings, loop, sockets=sockets)
            came: list[str] = []
            session.on_message = lambda fields: came.append(fields.text(17))
            session.logon()
            await until(lambda: session.is_logged_on)
            session.send(order("A1").replace("|", "\x01").encode())
            await until(lambda: venue.received)
            venue.session.send(("35=8|" + report("E1")).replace("|", "\x01").encode())
            await until(lambda: came == ["E1"])
            session.close()
            spinner.stop()

    run("event", main())


def test_second_connection_of_this_process_takes_the_place_of_the_first(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        silent = socket.create_server(("127.0.0.1", 0))
        settings = initiator_settings(tmp_path, silent.getsockname()[1], **keys(authority))
        relay = TlsRelay(settings, asyncio.get_running_loop(), Sockets(asyncio.get_running_loop()), lambda *told: None)
        relay.begin()
        first = await asyncio.open_connection("127.0.0.1", relay.port)
        second = await asyncio.open_connection("127.0.0.1", relay.port)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(first[0].read(), PATIENCE_S) == b""
        assert not second[0].at_eof()
        relay.close()
        for _, writer in (first, second):
            writer.close()
        silent.close()

    run("event", main())
