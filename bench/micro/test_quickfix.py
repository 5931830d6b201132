"""What a send through QuickFIX is made of: a crossing of SWIG, the parser, the rest with and without a store on disk.

The session is not logged on, so all is done but the socket; the stage table has that as a part of `send`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import quickfix

from bench.micro.conftest import Time
from bench.subjects.frames import bench_instrument
from bench.venue import session_file
from engine import fix
from engine.orders.orders import Orders
from engine.venue.fix44.dialect import Fix44

NOW = 1_795_444_202_099_000_000
BATCH = 50


class Silent(quickfix.Application):
    """The callbacks that QuickFIX insists on."""

    def onCreate(self, session_id: Any) -> None: ...

    def onLogon(self, session_id: Any) -> None: ...

    def onLogout(self, session_id: Any) -> None: ...

    def toAdmin(self, message: Any, session_id: Any) -> None: ...

    def fromAdmin(self, message: Any, session_id: Any) -> None: ...

    def toApp(self, message: Any, session_id: Any) -> None: ...

    def fromApp(self, message: Any, session_id: Any) -> None: ...


@pytest.fixture
def text() -> str:
    order = Orders("bench").open(bench_instrument(), fix.BUY, 5100, 100, fix.Type.LIMIT, fix.Tif.IOC, False, 0, NOW)
    return Fix44((order.instrument,)).new_order(order, NOW).decode() + "10=0\x01"


@pytest.fixture
def dictionary() -> Any:
    return quickfix.DataDictionary(f"{sys.prefix}/share/quickfix/FIX44.xml")


@pytest.fixture(params=["memory", "file"])
def session(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """One session over each store, and the store's name."""
    path = session_file.write(tmp_path, 1)
    path.write_text(path.read_text().replace("UseDataDictionary=Y", "UseDataDictionary=N"))
    settings = quickfix.SessionSettings(str(path))
    in_memory = request.param == "memory"
    store = quickfix.MemoryStoreFactory() if in_memory else quickfix.FileStoreFactory(settings)
    application = Silent()
    initiator = quickfix.SocketInitiator(application, store, settings)
    made = quickfix.Session.lookupSession(quickfix.SessionID("FIX.4.4", "BENCH", "VENUE"))
    made.setNextSenderMsgSeqNum(2)  # QuickFIX refuses to number a first message that a logon would reset
    yield request.param, made
    quickfix.SocketInitiator.__swig_destroy__(initiator)


def test_crossing(time_calls: Time) -> None:
    """A call that does next to nothing in C++."""
    empty = quickfix.Message().isEmpty

    def run() -> None:
        for _ in range(BATCH):
            empty()

    time_calls("quickfix.crossing", run, BATCH)


def test_message_from_text(time_calls: Time, text: str, dictionary: Any) -> None:
    message = quickfix.Message()

    def run() -> None:
        for _ in range(BATCH):
            message.setString(text, False, dictionary)

    time_calls("quickfix.message_from_text", run, BATCH)


def test_send_without_a_socket(time_calls: Time, text: str, dictionary: Any, session: tuple[str, Any]) -> None:
    """A message parsed and sent; with the file store there are three writes in it."""
    store, target = session
    message = quickfix.Message()

    def run() -> None:
        for _ in range(BATCH):
            message.setString(text, False, dictionary)
            assert target.send(message)

    time_calls(f"quickfix.send_{store}_store", run, BATCH)
