"""Records of who did what and why: a replay passes over them, a person reads them.

Shapes  OPERATOR is JSON: action, by, reason, arguments, outcome, "" if it was done. DENIAL is instrument, side, price,
        quantity, code, and how many denials before it were too many to record; its texts are the symbol, and the
        ClOrdID(11) of the order that was not replaced, "" of a new one. CONFIG is the SHA-256 of the configuration.
Units   as in `instrument`; times in ns since 1970.
Errors  JournalError as of `append_state`.
Cost    1 us a denial.
"""

from collections.abc import Callable

import msgspec

from engine.fix import SOH
from engine.instrument import Instrument
from engine.journal.framing import Record
from engine.journal.segments import RecordKind
from engine.journal.writer import NullJournal

MOST_DENIALS = 100  # are recorded a second; a strategy may ask in vain for ever
_SECOND_NS = 1_000_000_000


class OperatorAct(msgspec.Struct, frozen=True):
    """What a person asked for, and what came of it."""

    action: str
    by: str
    reason: str
    arguments: dict[str, object]
    outcome: str = ""


def append_operator(journal: NullJournal, act: OperatorAct, now_ns: int) -> None:
    """Record what a person asked for."""
    text = msgspec.json.encode(act, enc_hook=str).decode()
    journal.append_state(RecordKind.OPERATOR, (), text, now_ns)


def operator_act(record: Record) -> OperatorAct:
    """Return what an OPERATOR record holds."""
    return msgspec.json.decode(record.text, type=OperatorAct)


def append_config(journal: NullJournal, digest: str, now_ns: int) -> None:
    """Record what a run was configured with."""
    if digest:
        journal.append_state(RecordKind.CONFIG, (), digest, now_ns)


class Denials:
    """Records the denials of one desk, the first `MOST_DENIALS` of each second of `wall_ns`."""

    def __init__(self, journal: NullJournal, wall_ns: Callable[[], int]) -> None:
        self._journal = journal
        self._wall_ns = wall_ns
        self._second = self._written = self._left_out = 0

    def record(self, cl_ord_id: str, denial: int, instrument: Instrument, side: int, price: int, qty: int) -> None:
        """Record one; what is left out is counted in the next one."""
        now_ns = self._wall_ns()
        second = now_ns // _SECOND_NS
        if second != self._second:
            self._second, self._written = second, 0
        if self._written >= MOST_DENIALS:
            self._left_out += 1
            return
        numbers = instrument.index, side, price, qty, int(denial), self._left_out
        self._journal.append_state(RecordKind.DENIAL, numbers, f"{instrument.symbol}{SOH}{cl_ord_id}", now_ns)
        self._written += 1
        self._left_out = 0
