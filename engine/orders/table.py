"""The one table that moves orders: state and event in, next state and outcome out.

Shapes  a state is an OrdStatus(39) character, "p" PENDING_NEW and "u" UNKNOWN among them; a pending request is
        no state, it stands beside the state in `Order.pending`.
Errors  a pair without a row is impossible: the order is in doubt.
Source  FIX 4.4 volume 4, appendix D: order state change matrices; the letters in the comments are theirs.
"""

from engine.fix import Exec, Status


class Outcome:
    """What a report did, as `Change.kind`."""

    NOTHING = 0  # informational
    DUPLICATE = 1  # the same report again
    ACCEPTED = 2  # acknowledged, or confirmed after doubt
    CANCELED = 3
    EXPIRED = 4  # done for the day as well
    REJECTED = 5
    CANCEL_REJECTED = 6  # a cancel or replace was refused
    IN_DOUBT = 7  # the venue cannot say what became of a request; nothing is wrong, the order counts at its worst
    REPLACED = 8  # by our request, or restated by the venue
    FILLED = 9  # in part or in full
    BUSTED = 10
    CORRECTED = 11
    UNKNOWN = 12  # it contradicts what we know; nothing of it was applied


class Event:
    """What a report says: its ExecType(150) where that is enough, otherwise a word of our own."""

    NEW = Exec.NEW
    TRADE = Exec.TRADE
    LAST_TRADE = "last trade"  # a fill that leaves nothing of an order that it did not fill
    CANCELED = Exec.CANCELED
    EXPIRED = Exec.EXPIRED
    DONE_FOR_DAY = Exec.DONE_FOR_DAY  # with nothing left for another day
    REJECTED = Exec.REJECTED
    REPLACED = Exec.REPLACED
    RESTATED = Exec.RESTATED  # changed by the venue, also where it says that by a Replaced(5)
    STATUS = Exec.ORDER_STATUS  # answer to a status request: the order works or is filled
    BUST = Exec.TRADE_CANCEL  # and the order works, still or again
    CORRECT = Exec.TRADE_CORRECT
    LATE_BUST = "late bust"  # and the order stays over
    LATE_CORRECT = "late correct"
    INFO = "info"  # pending, stopped, suspended, calculated, done for today
    STANDS = "stands"  # cancel or replace refused, the order works
    GONE = "gone"  # cancel or replace refused, the venue's order is over, or unknown to it, or it doesn't say
    REFUSED = "refused"  # cancel or replace refused before it reached the order
    IN_DOUBT = "in doubt"  # outcome of the last request unknown
    NONE = ""  # makes no sense: no row


# Next states that depend on the order
SAME = "same"
LIVE = "live"  # NEW, PARTIALLY_FILLED or FILLED, by its quantities
PROVEN = "proven"  # it exists: LIVE, but UNKNOWN as long as a request is unanswered
OVER = "over"  # still FILLED, or CANCELED if no longer all of it is

WORKING = frozenset((Status.NEW, Status.PARTIALLY_FILLED))
TERMINAL = frozenset((Status.FILLED, Status.DONE_FOR_DAY, Status.CANCELED, Status.REJECTED, Status.EXPIRED))

_ROWS = (
    # event, from any of these states, to, outcome
    (Event.NEW, "p", LIVE, Outcome.ACCEPTED),
    (Event.NEW, "u", PROVEN, Outcome.ACCEPTED),
    (Event.NEW, "012", SAME, Outcome.NOTHING),  # a fill came first
    (Event.TRADE, "p01", LIVE, Outcome.FILLED),
    (Event.TRADE, "2", LIVE, Outcome.FILLED),  # within the quantity of a replace that is still unanswered
    (Event.TRADE, "u", PROVEN, Outcome.FILLED),
    (Event.TRADE, "34C", SAME, Outcome.FILLED),  # J.1.b: it counts, the order stays over
    (Event.LAST_TRADE, "p01u", Status.CANCELED, Outcome.FILLED),
    (Event.LAST_TRADE, "34C", SAME, Outcome.FILLED),
    (Event.CANCELED, "p01u", Status.CANCELED, Outcome.CANCELED),  # B, E.1, I: asked for or not
    (Event.CANCELED, "34C", SAME, Outcome.NOTHING),
    (Event.EXPIRED, "p01u", Status.EXPIRED, Outcome.EXPIRED),
    (Event.EXPIRED, "34C", SAME, Outcome.NOTHING),
    (Event.DONE_FOR_DAY, "p01u", Status.DONE_FOR_DAY, Outcome.EXPIRED),  # A.1.b
    (Event.DONE_FOR_DAY, "234C", SAME, Outcome.NOTHING),
    (Event.REJECTED, "p0u", Status.REJECTED, Outcome.REJECTED),  # A.1.a: by the gateway or, later, by the exchange
    (Event.REJECTED, "8", SAME, Outcome.NOTHING),
    (Event.REPLACED, "012", LIVE, Outcome.REPLACED),  # C: a filled order may grow
    (Event.REPLACED, "u", PROVEN, Outcome.REPLACED),
    (Event.RESTATED, "p012", LIVE, Outcome.REPLACED),  # E, H; a replace that nobody here asked for as well
    (Event.RESTATED, "u", SAME, Outcome.REPLACED),
    (Event.STATUS, "pu", LIVE, Outcome.ACCEPTED),  # G; some venues acknowledge so
    (Event.STATUS, "012", SAME, Outcome.NOTHING),
    (Event.BUST, "012", LIVE, Outcome.BUSTED),  # J.1.a
    (Event.BUST, "u", SAME, Outcome.BUSTED),
    (Event.LATE_BUST, "2", OVER, Outcome.BUSTED),
    (Event.LATE_BUST, "34Cu", SAME, Outcome.BUSTED),  # J.1.b
    (Event.CORRECT, "012", LIVE, Outcome.CORRECTED),
    (Event.CORRECT, "u", SAME, Outcome.CORRECTED),
    (Event.LATE_CORRECT, "1", LIVE, Outcome.CORRECTED),  # to its full quantity
    (Event.LATE_CORRECT, "2", OVER, Outcome.CORRECTED),
    (Event.LATE_CORRECT, "34Cu", SAME, Outcome.CORRECTED),
    (Event.INFO, "p012348Cu", SAME, Outcome.NOTHING),
    (Event.STANDS, "u", PROVEN, Outcome.CANCEL_REJECTED),
    (Event.STANDS, "p012348C", SAME, Outcome.CANCEL_REJECTED),
    (Event.GONE, "p01", Status.UNKNOWN, Outcome.CANCEL_REJECTED),  # the report that ended it has yet to come
    (Event.GONE, "2348Cu", SAME, Outcome.CANCEL_REJECTED),
    (Event.REFUSED, "p012348Cu", SAME, Outcome.CANCEL_REJECTED),
    (Event.IN_DOUBT, "p012u", Status.UNKNOWN, Outcome.IN_DOUBT),
)

TABLE: dict[str, dict[str, tuple[str, int]]] = {state: {} for state in "p012348Cu"}
for _event, _states, _next, _outcome in _ROWS:
    for _state in _states:
        TABLE[_state][_event] = (_next, _outcome)
