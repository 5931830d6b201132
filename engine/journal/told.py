"""Records of who did what and why: a replay passes over them, a person reads them.

Shapes  OPERATOR is JSON: action, by, reason, arguments, outcome, "" if it was done. DENIAL is instrument, side, price,
        quantity, code, and how many denials before it were too many to record; its texts are the symbol, the
        ClOrdID(11) of the order that was not replaced, "" of a new one, and which of several strategies asked for that.
        CONFIG is the SHA-256 of the configuration. SESSION is the next MsgSeqNum(34) out and in, and how many were left
        out before it; its texts are the event, the session, and what was said. RECONCILE is JSON: one step of a
        comparison. STANDING is the state of the halt word, since when, and since when its file said what it did; its
        texts are by whom and why.
Units   as in `instrument`; times in ns since 1970.
Errors  JournalError as of `append_state`.
Cost    1 us a denial.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from engine.fix import SOH
from engine.instrument import Instrument
from engine.journal.framing import Record
from engine.journal.saved import owner_of
from engine.journal.segments import RecordKind
from engine.journal.writer import NullJournal
from engine.runtime.halt_word import HaltWord, Word
from engine.runtime.person import the_engine

MOST_DENIALS = 100  # are recorded a second; a strategy may ask in vain for ever
MOST_EVENTS = 50  # of a session are recorded a second
MOST_TEXT = 2_000  # of what a counterparty said
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


class ReconcileStep(msgspec.Struct, frozen=True):
    """One step of a comparison with the venue: `begin`, each `difference`, and `end`, or `failed` in its place.

    A difference has the rule that names it, what was decided, and why; the end has its result.
    """

    step: str
    text: str
    symbol: str = ""
    rule: str = ""
    decided: str = ""
    result: str = ""


def append_reconcile(journal: NullJournal, step: ReconcileStep, now_ns: int) -> None:
    """Record a step of a comparison."""
    text = msgspec.json.encode({name: _sound(value) for name, value in msgspec.structs.asdict(step).items()})
    journal.append_state(RecordKind.RECONCILE, (), text.decode(), now_ns)


def reconcile_step(record: Record) -> ReconcileStep:
    """Return what a RECONCILE record holds."""
    return msgspec.json.decode(record.text, type=ReconcileStep)


class SessionEvent(NamedTuple):
    """What became of a FIX session; the numbers are those of the next message."""

    event: str
    session: str
    text: str
    next_out: int
    next_in: int
    left_out: int = 0


def session_event(record: Record) -> SessionEvent:
    """Return what a SESSION record holds."""
    event, session, text = record.text.split(SOH, 2)
    next_out, next_in, left_out = record.numbers
    return SessionEvent(event, session, text, next_out, next_in, left_out)


class SessionRecords:
    """Records the events of one session, the first `MOST_EVENTS` of each second: a peer can cause them for ever."""

    def __init__(self, journal: NullJournal) -> None:
        self._journal = journal
        self._pace = _Pace(MOST_EVENTS)

    def record(self, event: SessionEvent, now_ns: int) -> None:
        """Record one; what is left out is counted in the next one."""
        if self._pace.admits(now_ns):
            text = SOH.join(map(_sound, (event.event, event.session, event.text)))
            numbers = event.next_out, event.next_in, self._pace.take_left_out()
            self._journal.append_state(RecordKind.SESSION, numbers, text, now_ns)


class _Pace:
    """So many in a second, and how many were too many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._second = self._taken = self._left_out = 0

    def admits(self, now_ns: int) -> bool:
        """Return whether one more is recorded; count it either way."""
        second = now_ns // _SECOND_NS
        if second != self._second:
            self._second, self._taken = second, 0
        if self._taken >= self._most:
            self._left_out += 1
            return False
        self._taken += 1
        return True

    def take_left_out(self) -> int:
        """Return how many were left out, and forget them."""
        left_out, self._left_out = self._left_out, 0
        return left_out


class HaltStanding(NamedTuple):
    """What the halt word says, kept in the journal as well: its file may be gone at the moment that matters."""

    state: int
    when_ns: int
    file_ns: int  # when what the file held then was set: the word itself, unless it could not be written
    by: str
    reason: str

    def outlives(self, word: Word) -> bool:
        """Return whether a word found at a start allows what this does not, and nobody has set it since."""
        is_set_since = word.when_ns > self.when_ns and word.when_ns != self.file_ns
        return self.state > word.state and not is_set_since

    def as_word(self) -> Word:
        """Return the word that it is."""
        reason = f"{self.reason} (by {self.by}; the halt word did not say so, the journal does)"
        return Word(self.state, self.when_ns, the_engine(), reason)


def standing_of(word: HaltWord, now_ns: int) -> HaltStanding:
    """Return what a halt word says now."""
    said = word.word
    return HaltStanding(said.state, said.when_ns or now_ns, word.file_ns, _sound(str(said.person)), _sound(said.reason))


def standing_record(standing: HaltStanding) -> tuple[int, tuple[int, ...], str]:
    """Return kind, integers and text of its record."""
    numbers = standing.state, standing.when_ns, standing.file_ns
    return RecordKind.STANDING, numbers, f"{standing.by}{SOH}{standing.reason}"


def append_standing(journal: NullJournal, standing: HaltStanding, now_ns: int) -> None:
    """Record what the halt word says from now on."""
    journal.append_state(*standing_record(standing), now_ns)


def standing_in(record: Record) -> HaltStanding:
    """Return what a STANDING record holds."""
    by, reason = record.text.split(SOH, 1)
    state, when_ns, file_ns = record.numbers
    return HaltStanding(state, when_ns, file_ns, by, reason)


class Lasting:
    """What records said last of what lasts until it is said anew."""

    def __init__(self) -> None:
        self.saved: dict[str, str] = {}
        self.standing: HaltStanding | None = None

    def take(self, record: Record) -> None:
        """Take one record of any kind."""
        if record.kind == RecordKind.SAVED:
            self.saved[owner_of(record.text)] = record.text
        elif record.kind == RecordKind.STANDING:
            self.standing = standing_in(record)

    def values(self) -> tuple[Mapping[str, str], HaltStanding | None]:
        """Return what each strategy keeps, and what the halt word says."""
        return self.saved, self.standing


class Denials:
    """Records the denials of one desk, the first `MOST_DENIALS` of each second of `wall_ns`.

    `asking` says which of several strategies is asking for a new order, or nothing.
    """

    def __init__(self, journal: NullJournal, wall_ns: Callable[[], int], asking: Callable[[], str] = str) -> None:
        self._journal = journal
        self._wall_ns = wall_ns
        self._asking = asking
        self._pace = _Pace(MOST_DENIALS)

    def record(self, cl_ord_id: str, denial: int, instrument: Instrument, side: int, price: int, qty: int) -> None:
        """Record one; what is left out is counted in the next one."""
        now_ns = self._wall_ns()
        if self._pace.admits(now_ns):
            numbers = instrument.index, side, price, qty, int(denial), self._pace.take_left_out()
            asking = self._asking()
            texts = [instrument.symbol, cl_ord_id, *[asking] * bool(asking)]
            self._journal.append_state(RecordKind.DENIAL, numbers, SOH.join(texts), now_ns)


def _sound(text: str) -> str:
    """Return the text without what cannot be written, and no longer than anybody reads."""
    return text[:MOST_TEXT].encode(errors="backslashreplace").decode()
