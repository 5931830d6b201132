"""The session over TLS against the measuring venue, and the floor through the same front."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import child
from bench.plan import ORDER, Pace, Plan
from bench.report import summary
from bench.venue import certificate
from bench.venue._fix import FixVenue
from bench.venue._ping import VenueError
from bench.venue.tls_front import Front


def test_orders_over_tls_are_answered_and_have_a_floor_of_their_own() -> None:
    plan = Plan(
        ORDER,
        "native",
        "event",
        (Pace("back_to_back", 50, 0),),
        warm_up=10,
        floor_count=100,
        floor_sparse=20,
        has_tls=True,
    )
    found = child.run(plan)
    assert len(found.samples["back_to_back"].values_ns) == 50
    assert [len(values) for values in found.floor_tls_ns] == [100, 100]
    assert [len(values) for values in found.floor_tls_sparse_ns] == [20, 20]
    assert summary.name_of(plan) == "order.native.event.tls"


def test_plain_session_has_no_tls_floor() -> None:
    plan = Plan(ORDER, "native", "event", (Pace("back_to_back", 10, 0),), warm_up=10, floor_count=100)
    assert child.run(plan).floor_tls_ns == []


class Ends:
    """A front and the client's end of its connection."""

    def __init__(self, folder: Path) -> None:
        file = certificate.file(folder)
        ours, theirs = socket.socketpair()
        fronts: list[Front] = []
        thread = threading.Thread(target=lambda: fronts.append(Front(theirs, file)))
        thread.start()
        context = ssl.create_default_context(cafile=file)
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
        self.client = context.wrap_socket(ours, server_hostname=certificate.HOST)
        thread.join()
        self.front = fronts[0]
        self.venue = FixVenue(self.front.venue_end.fileno(), b"FIX.4.4", b"49=V\x0156=E\x01", 1, 1)
        self.venue.set_time(b"20261123-14:30:02.099")

    def close(self) -> None:
        self.client.close()
        self.front.close()


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    made = Ends(tmp_path)
    yield made
    made.close()


def order(seq_num: int) -> bytes:
    body = f"35=D|49=E|56=V|34={seq_num}|11=a{seq_num}|38=1|44=0.52|54=1|55=X|".replace("|", "\x01")
    return f"8=FIX.4.4\x019={len(body)}\x01{body}10=000\x01".encode()


def test_connection_is_tls_1_3(ends: Ends) -> None:
    assert ends.client.version() == "TLSv1.3"


def test_older_version_is_refused(tmp_path: Path) -> None:
    file = certificate.file(tmp_path)
    ours, theirs = socket.socketpair()
    refused: list[Exception] = []

    def front() -> None:
        try:
            Front(theirs, file).close()
        except ssl.SSLError as error:
            refused.append(error)

    thread = threading.Thread(target=front)
    thread.start()
    context = ssl.create_default_context(cafile=file)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with ours, theirs, pytest.raises(ssl.SSLError):
        context.wrap_socket(ours, server_hostname=certificate.HOST)
    thread.join()
    assert len(refused) == 1


def test_orders_are_answered_whatever_the_records_hold(ends: Ends) -> None:
    whole = order(1) + order(2) + order(3)
    ends.client.sendall(whole[:200])
    ends.client.sendall(whole[200:])
    assert ends.front.answer(ends.venue, 3, 10**9) == 0
    data = b""
    while data.count(b"\x0110=") < 3:
        data += ends.client.recv(4096)
    assert [b"\x0111=a%d\x01" % number in data for number in (1, 2, 3, 4)] == [True, True, True, False]


def test_orders_that_do_not_come_are_counted(ends: Ends) -> None:
    ends.client.sendall(order(1))
    assert ends.front.answer(ends.venue, 3, 10**7) == 2


def test_peer_that_closes_voids_the_run(ends: Ends) -> None:
    ends.client.close()
    with pytest.raises(VenueError, match="the peer closed"):
        ends.front.answer(ends.venue, 1, 10**9)
