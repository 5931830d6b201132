"""`fixlane echo` as a stock initiator meets it: a process of its own, and QuickFIX or bytes by hand against it."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import quickfix
import uvloop

from engine.app.echo import open_echo
from engine.cli import main
from engine.codec.message import Message
from engine.session.file.dictionaries import find_dictionary
from tests.support.places import FIX_CONFIG, ROOT
from tests.support.session.fix_peer import free_port, shown
from tests.support.session.scene import frame

ORDER = "35=D|11={}|21=1|38=25|40=2|44=0.5400|54=1|55=KXGOLD|59=1|60=20260105-14:30:00|"
STOCK = """
[DEFAULT]
ConnectionType=initiator
SocketConnectHost=127.0.0.1
SocketConnectPort={port}
HeartBtInt=30
ReconnectInterval=1
NonStopSession=Y
StartTime=00:00:00
EndTime=00:00:00
FileStorePath={store}
{dictionary}
[SESSION]
BeginString={begin_string}
SenderCompID={name}
TargetCompID=ECHO
"""
DICTIONARIES = {
    "FIX.4.4": "DataDictionary={}/FIX44.xml",
    "FIXT.1.1": "DefaultApplVerID=FIX.5.0SP2\nTransportDataDictionary={0}/FIXT11.xml\n"
    "AppDataDictionary={0}/FIX50SP2.xml",
}


class EchoProcess:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        text = (FIX_CONFIG / "echo.cfg").read_text().replace("SocketAcceptPort=5203", f"SocketAcceptPort={self.port}")
        (folder / "echo.cfg").write_text(text)
        command = [sys.executable, "-m", "engine", "echo", str(folder / "echo.cfg"), "--state", str(folder / "state")]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EchoProcess]:
    process = EchoProcess(tmp_path_factory.mktemp("echo"))
    yield process
    process.process.send_signal(signal.SIGTERM)
    process.process.communicate(timeout=10)
    assert process.process.returncode == 0


class Stock(quickfix.Application):
    """A plain QuickFIX initiator under a name of its own; `got` holds what came, text with `|`."""

    def __init__(self, folder: Path, port: int, begin_string: str) -> None:
        super().__init__()
        self.got: list[str] = []
        self.is_up = False
        dictionaries = find_dictionary("FIX44.xml", folder)
        assert dictionaries is not None
        dictionary = DICTIONARIES[begin_string].format(dictionaries.parent)
        file = folder / "stock.cfg"
        names = {"name": folder.name, "begin_string": begin_string, "dictionary": dictionary}
        file.write_text(STOCK.format(port=port, store=folder, **names))
        settings = quickfix.SessionSettings(str(file))
        self._parts: tuple[Any, ...] = (quickfix.FileStoreFactory(settings), settings)
        self.id = quickfix.SessionID(begin_string, folder.name, "ECHO")
        self._initiator: quickfix.SocketInitiator | None = quickfix.SocketInitiator(self, *self._parts)

    def __enter__(self) -> "Stock":
        self.until(lambda: self.is_up)
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._initiator is not None
        quickfix.Session.lookupSession(self.id).logout()
        self.until(lambda: not self.is_up)
        self._initiator.stop(True)
        self._initiator = None  # before what it refers to, which QuickFIX leaves to us
        self._parts = ()

    def until(self, condition: Callable[[], object], seconds: float = 8.0) -> None:
        assert self._initiator is not None
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            self._initiator.poll()
            time.sleep(0.001)

    def send(self, body: str) -> None:
        quickfix.Session.sendToTarget(quickfix.Message(body.replace("|", "\x01"), False), self.id)

    def receives(self, count: int) -> list[str]:
        """Return the first `count` messages without session fields, in order."""
        self.until(lambda: len(self.got) >= count)
        return self.got

    def onCreate(self, session_id: quickfix.SessionID) -> None: ...

    def onLogon(self, session_id: quickfix.SessionID) -> None:
        self.is_up = True

    def onLogout(self, session_id: quickfix.SessionID) -> None:
        self.is_up = False

    def toAdmin(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None: ...

    def toApp(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None: ...

    def fromAdmin(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        if message.getHeader().getField(35) == "3":
            self.got.append(plain(message.toString()))

    def fromApp(self, message: quickfix.Message, session_id: quickfix.SessionID) -> None:
        self.got.append(plain(message.toString()))


def plain(message: str) -> str:
    """Return a message from its MsgType on, without what every message has."""
    fields = Message.from_text(shown(message))
    return str(Message((tag, value) for tag, value in fields if tag not in (8, 9, 34, 49, 52, 56, 10)))


@pytest.mark.parametrize("begin_string", list(DICTIONARIES))
def test_stock_initiator_gets_its_orders_back(begin_string: str, echo: EchoProcess, tmp_path: Path) -> None:
    again = ORDER.format("A1").replace("35=D|", "35=D|97=Y|")
    new = ORDER.format("A3").replace("35=D|", "35=D|97=Y|")
    with Stock(tmp_path, echo.port, begin_string) as stock:
        for body in (ORDER.format("A1"), ORDER.format("A2"), again, new, again, ORDER.format("A4")):
            stock.send(body)
        assert stock.receives(4) == [ORDER.format("A1"), ORDER.format("A2"), new, ORDER.format("A4")]


def test_definitions_and_emails_come_back_and_others_are_refused(echo: EchoProcess, tmp_path: Path) -> None:
    definition = "35=d|55=KXGOLD|320=R1|322=Q1|323=1|"
    email = "35=C|94=0|147=hello|164=T1|33=2|58=line one|58=line two|"
    cancel = "35=F|11=C1|41=A1|54=1|55=KXGOLD|60=20260105-14:30:00|"
    with Stock(tmp_path, echo.port, "FIX.4.4") as stock:
        numbered = int(quickfix.Session.lookupSession(stock.id).getExpectedSenderNum())
        for body in (definition, email, cancel, "35=U9|58=ours|", "35=j|45=2|372=D|380=0|", definition):
            stock.send(body)
        got = stock.receives(5)
    refused = "35=j|45={}|58=MsgType(35) {} is not supported here|372={}|380=3|"
    assert [sorted(one.split("|")) for one in got] == [
        sorted(one.split("|"))  # QuickFIX hands fields out in its own order
        for one in (
            definition, email, refused.format(numbered + 2, "F", "F"), refused.format(numbered + 3, "U9", "U9"),
            definition,
        )
    ]  # fmt: skip


def test_order_against_the_dictionary_is_rejected(echo: EchoProcess, tmp_path: Path) -> None:
    with Stock(tmp_path, echo.port, "FIX.4.4") as stock:
        numbered = quickfix.Session.lookupSession(stock.id).getExpectedSenderNum()
        stock.send(ORDER.format("A9").replace("54=1|", ""))
        (got,) = stock.receives(1)
    assert f"|45={numbered}|" in got and "|371=54|372=D|373=1|" in got


def test_message_comes_back_field_by_field_as_it_came(tmp_path: Path) -> None:
    file = tmp_path / "echo.cfg"
    text = (FIX_CONFIG / "echo.cfg").read_text().replace("SocketAcceptPort=5203", f"SocketAcceptPort={free_port()}")
    file.write_text(text.replace("DataDictionary=FIX44.xml", "UseDataDictionary=N\nCheckLatency=N"))

    async def scenario() -> bytes:
        acceptor = open_echo(file, tmp_path, asyncio.get_running_loop())
        port = (await acceptor.listen())[0]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        header = "115=DESK|128=BROKER|97=Y|347=UTF-8|"
        message = f"35=D|34=2|{header}58=x|11=A1|95=4|96=a=\x01b|9999=own|453=2|448=P1|448=P2|93=1|89=s|"
        writer.write(frame("35=A|34=1|98=0|108=30|", "ANY", "ECHO") + frame(message, "ANY", "ECHO"))
        received = b""
        while received.count(b"\x0110=") < 2:
            received += await reader.read(4096)
        writer.close()
        acceptor.close()
        return received[received.rindex(b"8=FIX") :]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answer = shown(runner.run(asyncio.wait_for(scenario(), 10)))
    start = answer.index("|97=Y|")
    assert answer[start:-7] == "|97=Y|347=UTF-8|58=x|11=A1|95=4|96=a=|b|9999=own|453=2|448=P1|448=P2|"
    assert "|35=D|49=ECHO|56=ANY|34=2|" in answer


def test_19_orders_of_an_earlier_session_are_forgotten_where_the_numbers_begin_again(tmp_path: Path) -> None:
    file = tmp_path / "echo.cfg"
    text = (FIX_CONFIG / "echo.cfg").read_text().replace("SocketAcceptPort=5203", f"SocketAcceptPort={free_port()}")
    file.write_text(text)
    order = ORDER.format("A1").replace("35=D|", "35=D|34={}|97=Y|")

    async def connection(port: int, logon: str, number: int) -> list[str]:
        """The MsgTypes that answer a Logon, the order and a TestRequest."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        now_ns, received = time.time_ns(), b""
        for one in (logon, order.format(number), f"35=1|34={number + 1}|112=done|"):
            writer.write(frame(one, "ANY", "ECHO", now_ns))
        while b"112=done" not in received:
            received += await reader.read(4096)
        writer.close()
        return [one[:1].decode() for one in received.split(b"\x0135=")[1:]]

    async def scenario() -> list[list[str]]:
        acceptor = open_echo(file, tmp_path, asyncio.get_running_loop())
        port = (await acceptor.listen())[0]
        answers = []
        for logon, number in (("34=1|98=0|108=30|", 2), ("34=4|98=0|108=30|", 5), ("34=1|98=0|108=30|141=Y|", 2)):
            answers.append(await connection(port, f"35=A|{logon}", number))
            while any(session.is_connected for session in acceptor.sessions.values()):
                await asyncio.sleep(0.01)
        acceptor.close()
        return answers

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answers = runner.run(asyncio.wait_for(scenario(), 10))
    assert answers == [["A", "D", "0"], ["A", "0"], ["A", "D", "0"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_logs_everybody_out_and_ends_cleanly(number: int, tmp_path: Path) -> None:
    echo = EchoProcess(tmp_path)
    assert json.loads(echo.ready) == {"ready": True, "fix_ports": [echo.port]}
    with socket.create_connection(("127.0.0.1", echo.port), timeout=5) as peer:
        now_ns = time.time_ns()
        peer.sendall(frame("35=A|34=1|98=0|108=30|", "ANY", "ECHO", now_ns))
        received = peer.recv(4096)
        assert b"\x0135=A\x01" in received
        echo.process.send_signal(number)
        assert b"\x0135=5\x01" in peer.recv(4096)
        peer.sendall(frame("35=5|34=2|", "ANY", "ECHO", now_ns))
        assert peer.recv(4096) == b""
    _, errors = echo.process.communicate(timeout=10)
    assert (echo.process.returncode, errors) == (0, "")


def test_wrong_file_ends_with_status_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["echo", str(FIX_CONFIG / "initiator.cfg"), "--state", str(tmp_path)]) == 2
    assert "is an initiator" in capsys.readouterr().err
