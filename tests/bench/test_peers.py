"""The clients beside the engine: built, checked by what they are answered, and left out where they cannot be built."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import child, peers, suite
from bench.child import BenchError
from bench.plan import C_CLIENT, ORDER, QUICKFIX_CPP, Pace, Plan, Repetition
from bench.report import summary
from engine.codec import Frame, FrameReader
from engine.errors import ConfigError

NO_COMPILER = shutil.which("cc") is None
PACES = (Pace("", 20, 200_000), Pace("back_to_back", 50, 0))


@pytest.fixture(scope="module")
def programs() -> Iterator[dict[str, Path]]:
    if NO_COMPILER:
        pytest.skip("no C compiler")
    with peers.built() as found:
        yield found


def measure(name: str, program: Path) -> Repetition:
    return child.run(Plan(ORDER, name, "busy", PACES, warm_up=10, floor_count=0, program=program))


@pytest.mark.parametrize("name", [C_CLIENT, QUICKFIX_CPP])
def test_client_times_every_order_of_every_pace(name: str, programs: dict[str, Path]) -> None:
    if name not in programs:
        pytest.skip("QuickFIX's C++ library is not installed")
    samples = measure(name, programs[name]).samples
    assert {pace: len(one.values_ns) for pace, one in samples.items()} == {"": 20, "back_to_back": 50}
    assert all(1_000 < value < 10**9 for one in samples.values() for value in one.values_ns)


def test_orders_of_the_c_client_are_sound_and_numbered(programs: dict[str, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [str(programs[C_CLIENT]), str(listener.getsockname()[1])]
        with (
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client,
            listener.accept()[0] as venue,
        ):
            logon = read(venue)
            venue.sendall(b"8=FIX.4.4\x019=5\x0135=A\x0110=000\x01")
            assert client.stdin is not None and client.stdout is not None
            client.stdin.write(b"3 0\n")
            client.stdin.close()
            orders = []
            for _ in range(3):
                orders.append(read(venue))
                venue.sendall(b"8=FIX.4.4\x019=5\x0135=8\x0111=%b\x0110=000\x01" % orders[-1][11].encode())
            assert len(client.stdout.read()) == 3 * 8
    assert [int(one[34]) for one in (logon, *orders)] == [1, 2, 3, 4]
    assert [one[11] for one in orders] == ["bench-00000001", "bench-00000002", "bench-00000003"]
    assert all(one[52] == one[60] for one in orders)


def read(venue: socket.socket) -> dict[int, str]:
    """Read one message whose BodyLength(9) and CheckSum(10) are right."""
    reader = FrameReader()
    assert reader.scan(data := venue.recv(4096), 0) == Frame.SOUND
    assert reader.end == len(data)
    return {tag: value.decode() for tag, value in reader.fields}


def test_client_that_is_answered_wrongly_says_so(tmp_path: Path, programs: dict[str, Path]) -> None:
    source = (peers.FOLDER / "c_client.c").read_text()
    assert "order->cl_ord_id, sizeof ID" in source
    (tmp_path / "c_client.c").write_text(source.replace("order->cl_ord_id, sizeof ID", '"another", 7'))
    peers._compile(tmp_path / "c_client.c", tmp_path / "wrong", peers.CC)
    with pytest.raises(BenchError, match="c_client: the reply's ClOrdID"):
        measure(C_CLIENT, tmp_path / "wrong")


def test_client_that_cannot_log_on_says_so(tmp_path: Path) -> None:
    program = tmp_path / "mute"
    program.write_text("#!/bin/sh\necho no way in >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(BenchError, match="no way in"):
        measure(C_CLIENT, program)


def test_missing_compiler_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "which", lambda name: None)
    with pytest.raises(ConfigError, match="c_client.c: there is no compiler cc: install one"), peers.built():
        pass


def test_missing_library_leaves_one_client_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers, "has_quickfix", lambda: False)
    monkeypatch.setattr(peers, "_compile", lambda *command: None)
    with peers.built() as programs:
        assert set(programs) == {C_CLIENT}
    assert "order.quickfix_cpp is left out" in capsys.readouterr().err


def test_engine_is_compared_with_each_client(tmp_path: Path) -> None:
    programs = {C_CLIENT: tmp_path / "c", QUICKFIX_CPP: tmp_path / "q"}
    wanted = suite.plans(ORDER, suite.QUICK, ["native"], ["busy", "event"], None)
    wanted += suite.peer_plans(suite.QUICK, programs, None)
    names = {
        summary.name_of(plan): [summary.name_of(peer) for peer in summary.peers_of(plan, dict.fromkeys(wanted, []))]
        for plan in wanted
    }
    assert names == {
        "order.baseline_quickfix_threaded": [],
        "order.native": ["order.c_client", "order.quickfix_cpp"],
        "order.native.event": [],
        "order.native.no_journal": [],
        "order.native.tls": [],
        "order.kalshi_tls": [],
        "order.c_client": [],
        "order.quickfix_cpp": [],
    }
