"""What both sides of a life say is compared to the unit, and a journal that breaks a rule is told."""

from pathlib import Path

from engine import fix
from engine.app.chaos.ledger import AccountRecord, Ours, differences, read_ours
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from tests.support.journals import journal_in
from tests.support.order_reports import INSTRUMENTS, ack, fill, open_order

NOTHING = AccountRecord(0, 0, {})
ORDER = ("J-1", (fix.BUY, 4200, 10))


def ours(record: AccountRecord = NOTHING, sent: list[tuple[str, tuple[int, int, int]]] | None = None) -> Ours:
    return Ours(record, sent or [], [])


def life(directory: Path) -> tuple[Orders, Journal]:
    return Orders("J"), journal_in(directory)


def test_equal_records_differ_in_nothing() -> None:
    held = AccountRecord(-42_007, 7, {"KXRAIN-1": 10})
    assert differences(ours(held, [ORDER]), AccountRecord(-42_007, 7, {"KXRAIN-1": 10}, [ORDER])) == []


def test_each_figure_that_differs_by_a_unit_is_told() -> None:
    held = AccountRecord(-42_007, 7, {"KXRAIN-1": 10})
    found = differences(ours(held), AccountRecord(-42_006, 8, {"KXRAIN-1": 11}))
    assert [each.partition(":")[0] for each in found] == ["positions", "cash", "fees"]


def test_order_that_the_venue_has_and_the_journal_not_is_told() -> None:
    assert differences(ours(), AccountRecord(0, 0, {}, [ORDER])) == [
        "order J-1 at the venue is (1, 4200, 10), in the journal None"
    ]


def test_order_that_is_another_at_the_venue_is_told() -> None:
    other = ("J-1", (fix.BUY, 4200, 20))
    assert len(differences(ours(sent=[ORDER]), AccountRecord(0, 0, {}, [other]))) == 1


def test_order_that_the_venue_has_taken_twice_is_told() -> None:
    (found,) = differences(ours(sent=[ORDER]), AccountRecord(0, 0, {}, [ORDER, ORDER]))
    assert found.startswith("venue: ClOrdID J-1 twice")


def test_journal_is_read_to_positions_cash_fees_and_orders(tmp_path: Path) -> None:
    orders, journal = life(tmp_path)
    order = open_order(orders)
    journal.append_new(order, 1)
    for made in (ack(order), fill(order, 4, "E1")):
        orders.apply(made)
        journal.append_report(made, 2)
    journal.close()
    read = read_ours(tmp_path, INSTRUMENTS)
    assert read == Ours(AccountRecord(-4 * 4200 - 7, 7, {"KXRAIN-1": 4}), [(order.cl_ord_id, (fix.BUY, 4200, 10))], [])


def test_order_between_a_halt_and_a_resumption_is_told(tmp_path: Path) -> None:
    orders, journal = life(tmp_path)
    for note in ("HALT: fire", "", "RESUME: out", ""):
        if note:
            journal.append_note(note, 1)
        else:
            journal.append_new(open_order(orders), 2)
    journal.close()
    assert read_ours(tmp_path, INSTRUMENTS).wrong == ["order J-1 was sent after HALT: fire"]
