"""Counters that pass 2^31 and 2^32, as a long day could make them: nothing wraps, and what is kept comes back."""

from pathlib import Path

import pytest

from engine.fix import Tif, Type
from engine.journal.reader import read_all
from engine.journal.segments import RecordKind, journal_paths
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.session.store.file_store import FileStore
from tests.support.journals import journal_in
from tests.support.order_reports import INSTRUMENTS, ack
from tests.support.session.sockets import Pair, Run, body, run

__all__ = ["run"]
EDGES = (2**31, 2**32)
CROSSED = 6  # numbers, half of them beyond the edge
SECOND = 10**9


@pytest.mark.parametrize("edge", EDGES)
def test_msg_seq_num_passes_the_edge_on_the_wire(run: Run, tmp_path: Path, edge: int) -> None:
    async def main() -> None:
        pair = await Pair(tmp_path).up()
        pair.session.logout()
        await pair.us.until(lambda: pair.us.count("logout") == 1)
        await pair.peer.until(lambda: pair.peer.count("logout") == 1)
        for session in (pair.session, pair.peer_session):
            session.core.renumber(edge - 3, edge - 3, session.clock.now_ns())
        pair.session.logon()
        await pair.us.until(lambda: pair.us.count("logon") == 2)
        for n in range(CROSSED):
            pair.session.send(body(f"o{n}"))
            pair.peer_session.send(body(f"r{n}", "8"))
        await pair.peer.until(lambda: len(pair.peer.messages) == CROSSED)
        await pair.us.until(lambda: len(pair.us.messages) == CROSSED)
        assert pair.peer.messages == [("D", f"o{n}") for n in range(CROSSED)]
        following = edge - 3 + 1 + CROSSED
        assert (pair.session.next_sender_seq_num, pair.session.next_target_seq_num) == (following, following)
        pair.close()

    run(main())


@pytest.mark.parametrize("edge", EDGES)
def test_stored_messages_pass_the_edge_and_are_found_after_a_start(tmp_path: Path, edge: int) -> None:
    store = FileStore(tmp_path, "S", 77, segment_size=4096, is_prefaulted=False)
    store.reset(77, edge, edge - 3)
    sent = [(edge - 3 + n, b"message %d " % n + b"x" * 1500) for n in range(CROSSED)]
    for seq_num, message in sent:
        store.append(seq_num, message)
    store.set_next_in(edge + 1)
    store.close()
    again = FileStore(tmp_path, "S", 78, segment_size=4096, is_prefaulted=False)
    assert (again.next_out, again.next_in) == (edge - 3 + CROSSED, edge + 1)
    assert list(again.messages(edge - 3, edge + CROSSED)) == sent
    again.close()


def opened(orders: Orders) -> Order:
    return orders.open(INSTRUMENTS[0], 1, 4200, 10, Type.LIMIT, Tif.GTC, False, 0, 5)


@pytest.mark.parametrize("edge", (*EDGES, 2**53, 10**17))
def test_cl_ord_ids_pass_the_edge_and_stay_apart(edge: int) -> None:
    orders = Orders("A1")
    orders.resume(f"A1-{edge - 3}", 0)
    made = [opened(orders) for _ in range(CROSSED)]
    assert [order.cl_ord_id for order in made] == [f"A1-{edge - 2 + n}" for n in range(CROSSED)]
    for order in made:
        assert orders.apply(ack(order)).order is order
        assert orders.find(order.cl_ord_id, "", "") is order
    again = Orders("A1")
    again.resume(orders.last_cl_ord_id, CROSSED)
    assert opened(again).cl_ord_id == f"A1-{edge - 2 + CROSSED}"


@pytest.mark.parametrize("seconds", (2**31, 2**32, (2**63 - 1) // SECOND))
def test_journal_keeps_times_beyond_every_edge(tmp_path: Path, seconds: int) -> None:
    journal = journal_in(tmp_path, segment_bytes=4096)
    times = [seconds * SECOND - 3 + number for number in range(CROSSED)]
    for time_ns in times:
        journal.append_note("x" * 1500, time_ns)
        journal.prepare()
    journal.close()
    found = [record.time_ns for record in read_all(journal_paths(tmp_path)) if record.kind == RecordKind.NOTE]
    assert found == times
    assert len(journal_paths(tmp_path)) > 1
