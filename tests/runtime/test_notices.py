"""What is told: once a minute a kind, counted always."""

from engine.runtime.notices import MAX_TEXT, QUIET_NS, NoticeKind, Notices

STOPPED, RESUMED = NoticeKind.MARKET_STOPPED, NoticeKind.MARKET_RESUMED
START_NS = 10**18


class Told:
    """Notices at a time that a test sets, and their lines."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self.lines: list[str] = []
        self.notices = Notices(lambda: self.now_ns, self.lines.append)


def test_first_of_a_kind_is_logged_at_once_and_counted() -> None:
    told = Told()
    told.notices.tell(STOPPED, "RAIN: no book")
    assert told.lines == ["market_stopped: RAIN: no book"]
    [notice] = told.notices.all()
    assert (notice.kind, notice.count, notice.text, notice.wall_ns) == (STOPPED, 1, "RAIN: no book", START_NS)


def test_others_of_its_minute_are_counted_and_told_when_it_is_over() -> None:
    told = Told()
    for number in range(5):
        told.notices.tell(STOPPED, f"market {number}")
    told.now_ns += QUIET_NS - 1
    told.notices.tick()
    assert told.lines == ["market_stopped: market 0"]
    told.now_ns += 1
    told.notices.tick()
    told.notices.tick()
    assert told.lines[1:] == ["market_stopped: market 4 (4 more since the last line)"]
    assert told.notices.count(STOPPED) == 5


def test_next_one_after_a_minute_brings_the_count_of_those_between() -> None:
    told = Told()
    told.notices.tell(STOPPED, "a")
    told.notices.tell(STOPPED, "b")
    told.now_ns += QUIET_NS
    told.notices.tell(STOPPED, "c")
    assert told.lines[1:] == ["market_stopped: c (1 more since the last line)"]


def test_one_kind_does_not_silence_another() -> None:
    told = Told()
    told.notices.tell(STOPPED, "a")
    told.notices.tell(RESUMED, "a")
    assert [line.split(":")[0] for line in told.lines] == ["market_stopped", "market_resumed"]
    assert told.notices.count(RESUMED) == 1


def test_text_of_a_counterparty_is_bounded() -> None:
    told = Told()
    told.notices.tell(STOPPED, "x" * 10_000)
    assert len(told.notices.all()[0].text) == MAX_TEXT
    assert len(told.lines[0]) < MAX_TEXT + 50


def test_text_of_a_counterparty_stays_in_its_line() -> None:
    told = Told()
    told.notices.tell(STOPPED, "no such market\r\nhalt: forged\x1b[2J")
    assert told.lines == ["market_stopped: no such market  halt: forged [2J"]


def test_kind_that_was_never_told_counts_nothing() -> None:
    assert Told().notices.count(STOPPED) == 0


def test_o26_a_clock_that_goes_back_silences_no_kind() -> None:
    told = Told()
    told.notices.tell(STOPPED, "a")
    told.now_ns -= 3_600_000_000_000
    told.notices.tell(STOPPED, "b")
    assert [line[-1] for line in told.lines] == ["a", "b"]
