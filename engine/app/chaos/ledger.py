"""The records of both sides of a life, and what must hold between them.

Units   as in `instrument`; money in its own unit, what is paid below 0.
Errors  JournalError where the journal cannot be read whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.fix import SOH
from engine.instrument import Instrument
from engine.journal.framing import Record as Entry
from engine.journal.reader import read_all
from engine.journal.recovery import recover
from engine.journal.segments import RecordKind, journal_paths
from engine.orders.orders import Orders
from engine.portfolio import Portfolio

Terms = tuple[int, int, int]  # side, price, quantity


class AccountRecord(msgspec.Struct):
    """What one side says of the account; `entered` are the orders that it took, None where it cannot say."""

    cash: int
    fees: int
    positions: dict[str, int]
    entered: list[tuple[str, Terms]] | None = None


class Ours(NamedTuple):
    """What our journal says, and the orders that it holds as sent."""

    record: AccountRecord
    sent: list[tuple[str, Terms]]
    wrong: list[str]


def read_ours(directory: Path, instruments: Sequence[Instrument]) -> Ours:
    """Return what a stopped engine's journal brings back, and what of it breaks a rule."""
    paths = journal_paths(directory)
    orders, portfolio = Orders("chaos"), Portfolio(instruments)
    recover(paths, instruments, orders, portfolio, adopts=not instruments)
    short = 0 if instruments else sum(-each.net * each.instrument.limit for each in portfolio if each.net < 0)
    record = AccountRecord(
        cash=portfolio.cash - portfolio.fees - short,
        fees=portfolio.fees,
        positions={position.instrument.symbol: position.net for position in portfolio if position.net},
    )
    entries = list(read_all(paths))
    sent = [(entry.text.split(SOH)[0], _terms(entry)) for entry in entries if entry.kind == RecordKind.NEW]
    return Ours(record, sent, [*_reused(sent), *_sent_while_halted(entries)])


def _terms(entry: Entry) -> Terms:
    _, side, price, qty = entry.numbers[:4]
    return side, price, qty


def _reused(orders: Iterable[tuple[str, Terms]]) -> Iterator[str]:
    """Say which ClOrdIDs stand for two orders."""
    seen: dict[str, Terms] = {}
    for cl_ord_id, terms in orders:
        if cl_ord_id in seen:
            yield f"ClOrdID {cl_ord_id} twice: {seen[cl_ord_id]} and {terms}"
        seen[cl_ord_id] = terms


def _sent_while_halted(entries: Iterable[Entry]) -> Iterator[str]:
    """Say which orders left between a halt and the next resumption."""
    halted = ""
    for entry in entries:
        if entry.kind == RecordKind.NOTE:
            halted = entry.text if entry.text.startswith("HALT: ") else halted
            halted = "" if entry.text.startswith("RESUME: ") else halted
        elif entry.kind == RecordKind.NEW and halted:
            yield f"order {entry.text.split(SOH)[0]} was sent after {halted}"


def differences(ours: Ours, theirs: AccountRecord) -> list[str]:
    """Return in what both sides differ, and which orders the venue has that we do not know as they are."""
    found = [
        f"{name}: ours {mine}, the venue's {its}"
        for name, mine, its in (
            ("positions", ours.record.positions, theirs.positions),
            ("cash", ours.record.cash, theirs.cash),
            ("fees", ours.record.fees, theirs.fees),
        )
        if mine != its
    ]
    sent = dict(ours.sent)
    entered = theirs.entered or []
    found += [f"venue: {text}" for text in _reused(entered)]
    found += [
        f"order {cl_ord_id} at the venue is {terms}, in the journal {sent.get(cl_ord_id)}"
        for cl_ord_id, terms in entered
        if sent.get(cl_ord_id) != terms
    ]
    return [*ours.wrong, *found]
