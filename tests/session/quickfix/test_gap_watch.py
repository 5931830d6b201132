"""QuickFIX's gaps: filled, refused, or never filled."""

from engine.session.protocol.agreed import RESEND_TIMEOUT_NS
from engine.session.quickfix.gap_watch import GapWatch

TOO_HIGH = "MsgSeqNum too high, expecting {} but received {}"
SECOND = 1_000_000_000


class Watched:
    """A watch with a clock of its own."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.watch = GapWatch(lambda: self.now_ns)
        self.watch.on_event(TOO_HIGH.format(5, 9))

    def after(self, seconds: float, next_in: int) -> str:
        """Let time pass, and return why the peer is given up."""
        self.now_ns += int(seconds * SECOND)
        return self.watch.overdue(next_in)


def test_a_gap_that_is_filled_is_forgotten() -> None:
    watched = Watched()
    assert watched.watch.is_open
    assert watched.after(1, 9) == ""
    assert not watched.watch.is_open


def test_a_gap_without_progress_is_given_up_after_its_time_and_not_before() -> None:
    watched, patience_s = Watched(), RESEND_TIMEOUT_NS / SECOND
    assert watched.after(patience_s - 1, 5) == ""
    assert watched.after(0.5, 7) == ""  # something came: the time begins anew
    watched.watch.on_event(TOO_HIGH.format(7, 12))
    assert watched.after(patience_s - 1, 7) == ""
    assert watched.after(1, 7) == "messages from 7 were asked for and did not come"
    assert not watched.watch.is_open


def test_a_request_that_is_rejected_is_given_up_though_quickfix_counts_the_reject_as_missing() -> None:
    watched = Watched()
    watched.watch.refused("too old")
    assert watched.after(0, 9) == "the ResendRequest was rejected, messages are lost: too old"
    assert watched.after(0, 9) == ""


def test_other_events_and_refusals_without_a_gap_mean_nothing() -> None:
    watch = GapWatch(lambda: 0)
    watch.on_event("Sent ResendRequest FROM: 5 TO: 0")
    watch.refused("too old")
    assert not watch.is_open
