"""What the session of orders missed is asked for again: from where, when, and what becomes of each answer."""

from typing import Any

import pytest

from engine.app.sessions.drop_copy import AGAIN_NS, ANSWER_NS, CHECK_NS, MOST_TRIES, WAIT_NS, MissedReports
from engine.app.sessions.first_source import FirstSource
from engine.codec import Fields
from engine.errors import SessionError
from engine.runtime.notices import NoticeKind
from engine.venue.kalshi.fix.further import KalshiFurther, KalshiPast
from engine.venue.past_reports import CopiedReport

S = 1_000_000_000
START = 1_800_000_000 * S
HOUR_NS = 3600 * S


def message(*fields: tuple[int, object]) -> Fields:
    found = Fields()
    found.parse("".join(f"{tag}={value}\x01" for tag, value in fields))
    return found


class Session:
    """The drop copy's session: what it sends is kept."""

    name = "FIXT.1.1:KEY->KalshiDC"

    def __init__(self) -> None:
        self.is_logged_on = True
        self.fails = False
        self.next_sender_seq_num = 2
        self.sent: list[str] = []

    def send(self, body: bytes) -> None:
        if self.fails:
            raise SessionError("the store cannot be written")
        self.sent.append(body.decode().replace("\x01", "|"))
        self.next_sender_seq_num += 1


class Copied:
    """Stands in for the merging of copies."""

    def __init__(self) -> None:
        self.exec_ids: list[str] = []

    def hear(self, copied: CopiedReport) -> None:
        self.exec_ids.append(copied.report.exec_id)


class Asking:
    """A drop copy with everything around it; `now_ns` is a test's to move."""

    def __init__(self, *orders: Any) -> None:
        self.now_ns = START
        self.session, self.copies = Session(), Copied()
        self.told: list[tuple[NoticeKind, str]] = []
        self.elsewhere: list[str] = []
        self.first = FirstSource(lambda fields: None, lambda: self.now_ns)
        session: Any = self.session
        copies: Any = self.copies
        self.asker = MissedReports(
            session,
            KalshiPast(),
            KalshiFurther().read_copy,
            copies,
            self.first,
            lambda: self.now_ns,
            lambda kind, text: self.told.append((kind, text)),
            self.elsewhere.append,
        )
        self.asker.begin(orders)

    def report(self, exec_id: str) -> None:
        """Have the session of orders tell a report."""
        self.first.take(message((35, "8"), (17, exec_id)))

    def resent(self, exec_id: str) -> None:
        self.asker.take(message((35, "8"), (17, exec_id), (150, "4"), (55, "RAIN")))

    def complete(self, number: int, reports: int) -> None:
        self.asker.take(message((35, "U2"), (45, number), (21003, reports)))

    def reject(self, number: int, reason: int) -> None:
        self.asker.take(message((35, "U3"), (45, number), (21004, reason)))

    def wait(self, duration_ns: int = 0) -> list[str]:
        """Let time pass; return what is sent then."""
        self.now_ns += duration_ns
        self.session.sent.clear()
        self.asker.tick()
        return list(self.session.sent)

    def trading(self) -> None:
        """Be up from the first, with two reports on two shards told."""
        self.asker.connected()
        self.wait()
        self.report("100;1")
        self.report("7;3;2")
        self.asker.tick()


@pytest.fixture
def desk() -> Asking:
    return Asking()


def test_first_start_has_nothing_to_ask_for(desk: Asking) -> None:
    desk.asker.connected()
    assert desk.wait() == [] and desk.asker.obstacle() == ""


def test_what_earlier_runs_counted_is_where_it_begins() -> None:
    class Kept:
        def all_kept(self) -> list[tuple[Any, ...]]:
            return [("100;1", 1, 1, 1, 1, False), ("90;1", 1, 1, 1, 1, False), ("trade:9", 1, 1, 1, 1, False)]

    desk = Asking(Kept())
    desk.asker.connected()
    assert desk.asker.obstacle() != ""
    assert desk.wait() == ["35=U1|21001=100;1|"]
    desk.complete(2, 0)
    assert desk.asker.obstacle() == ""


def test_loss_is_asked_for_by_shard_from_the_last_report_before_it(desk: Asking) -> None:
    desk.trading()
    desk.asker.disconnected()
    assert desk.wait() == ["35=U1|21001=100;1|", "35=U1|21001=7;3;2|"]
    desk.resent("100;1")
    desk.resent("101;1")
    desk.complete(2, 2)
    desk.complete(3, 0)
    assert desk.copies.exec_ids == ["100;1", "101;1"]
    assert desk.wait(AGAIN_NS - 1) == []
    assert desk.wait(1) == ["35=U1|21001=101;1|", "35=U1|21001=7;3;2|"]  # it is still down


def test_reports_after_a_logon_hide_no_gap_before_them(desk: Asking) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.wait()
    desk.asker.connected()
    desk.report("120;1")
    desk.complete(2, 0)
    desk.complete(3, 0)
    assert "asked what was missed" in desk.asker.obstacle()  # those answers were from before the logon
    assert desk.wait() == ["35=U1|21001=100;1|", "35=U1|21001=7;3;2|"]
    desk.complete(4, 0)
    desk.complete(5, 0)
    assert desk.asker.obstacle() == ""
    desk.report("121;1")
    assert desk.wait(CHECK_NS) == ["35=U1|21001=121;1|", "35=U1|21001=7;3;2|"]


def test_trading_waits_only_for_a_moment_and_only_for_a_session_that_is_up(desk: Asking) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.asker.connected()
    desk.session.is_logged_on = False
    assert desk.asker.obstacle() == ""
    desk.session.is_logged_on = True
    assert desk.asker.obstacle() != ""
    desk.now_ns += WAIT_NS
    assert desk.asker.obstacle() == ""


@pytest.mark.parametrize("reason", [1, 2, 4])
def test_passing_refusal_is_asked_again_later_and_after_many_elsewhere(desk: Asking, reason: int) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.wait()
    desk.complete(3, 0)
    number = 2
    for _ in range(MOST_TRIES - 1):
        desk.reject(number, reason)
        number = desk.session.next_sender_seq_num
        assert desk.elsewhere == [] and desk.wait(AGAIN_NS - 1) == []
        assert desk.wait(1)[0] == "35=U1|21001=100;1|"
        desk.asker.take(message((35, "U3"), (45, number + 1), (21004, reason)))
    desk.reject(number, reason)
    assert desk.elsewhere != [] and desk.wait(AGAIN_NS) == []
    assert len(desk.wait(CHECK_NS)) == 2
    assert desk.asker.failures == 2 * MOST_TRIES - 1
    assert {kind for kind, _ in desk.told} == {NoticeKind.FURTHER_SESSION}


@pytest.mark.parametrize("reason", [3, 99])
def test_what_cannot_be_had_is_learnt_elsewhere_and_its_shard_begins_anew(desk: Asking, reason: int) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.asker.connected()
    desk.wait()
    desk.reject(2, reason)
    desk.complete(3, 0)
    assert len(desk.elsewhere) == 1
    assert desk.asker.obstacle() == ""
    assert desk.wait(CHECK_NS) == ["35=U1|21001=7;3;2|"]


def test_absence_of_more_than_three_hours_is_learnt_elsewhere(desk: Asking) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.now_ns += 3 * HOUR_NS
    desk.asker.connected()
    assert desk.wait() == []
    assert len(desk.elsewhere) == 1 and "shard 0, 2" in desk.elsewhere[0]
    assert desk.asker.obstacle() == ""


def test_reports_that_were_announced_and_did_not_come_are_asked_for_again(desk: Asking) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.asker.connected()
    desk.wait()
    desk.complete(2, 3)
    desk.complete(3, 0)
    assert desk.asker.missed == 3 and desk.asker.obstacle() != ""
    assert desk.wait(AGAIN_NS) == ["35=U1|21001=100;1|", "35=U1|21001=7;3;2|"]


def test_request_without_an_answer_is_made_again(desk: Asking) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.wait()
    assert desk.wait(ANSWER_NS + 1) == []
    assert "no answer within 10 s" in desk.told[0][1]
    assert len(desk.wait(AGAIN_NS)) == 2


def test_venue_that_takes_no_such_request_is_told_and_left_alone_for_a_while(desk: Asking) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.asker.connected()
    desk.wait()
    desk.asker.take(message((35, "j"), (45, 2), (380, 6), (58, "drop copy is not enabled for this account")))
    assert "drop copy is not enabled" in desk.told[0][1] and len(desk.elsewhere) == 1


def test_session_that_cannot_send_is_told_and_tried_again(desk: Asking) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.session.fails = True
    assert desk.wait() == [] and "store" in desk.told[0][1]
    desk.session.fails = False
    assert len(desk.wait(AGAIN_NS)) == 2


def test_logon_of_its_own_asks_at_once(desk: Asking) -> None:
    desk.trading()
    desk.asker.disconnected()
    desk.wait()
    desk.session.is_logged_on = False
    assert desk.wait(HOUR_NS) == []
    desk.session.is_logged_on = True
    desk.asker.logged_on()
    assert len(desk.wait()) == 2
