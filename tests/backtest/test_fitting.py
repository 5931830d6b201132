"""Latencies found in an audit log are those that made it, whatever the venue's clock says."""

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.fitting import FEWEST, QUANTILES, SPAN_NS, fit, latency_of
from engine.backtest.latency import Latency, mix64
from engine.codec import TimestampFormat
from engine.errors import ConfigError
from engine.runtime.audit import fix_record

BEGAN_NS = 1_796_137_200_000_000_000
US, MS = 1_000, 1_000_000
STAMPS = TimestampFormat(6)


class Log:
    """The audit log of a session whose venue's clock is `theta_ns` ahead, to the microsecond."""

    def __init__(self, theta_ns: int = 0) -> None:
        self.theta_ns = theta_ns
        self.lines: list[bytes] = []

    def add(self, wall_ns: int, is_sent: bool, text: str) -> None:
        self.lines.append(msgspec.json.encode(fix_record(wall_ns, "S", is_sent, text)))

    def exchange(
        self, name: str, sent_ns: int, entry_ns: int, answer_ns: int, kind: str = "D", stamp: str = "60"
    ) -> None:
        self.add(sent_ns, True, f"8=FIX.4.4|35={kind}|11={name}|38=1|10=000|")
        at = STAMPS.format(sent_ns + entry_ns + self.theta_ns).decode()
        answer = f"8=FIX.4.4|35=8|52={at}|11={name}|" + (f"60={at}|" if stamp == "60" else "") + "10=000|"
        self.add(sent_ns + entry_ns + answer_ns, False, answer)

    def write(self, directory: Path) -> list[Path]:
        path = directory / "audit.log"
        path.write_bytes(b"\n".join(self.lines) + b"\n")
        return [path]


def drawn(seed: int, count: int = 400) -> list[tuple[int, int]]:
    random_ = random.Random(seed)
    return [(random_.randrange(80, 400) * US, random_.randrange(50, 200) * US) for _ in range(count)]


@pytest.mark.parametrize("theta_ns", [0, 7 * MS, -3_600_000 * MS])
@pytest.mark.parametrize("stamp", ["60", "52"])
def test_ways_are_found_to_the_width_that_is_told(tmp_path: Path, theta_ns: int, stamp: str) -> None:
    log, ways = Log(theta_ns), drawn(1)
    for number, (entry_ns, answer_ns) in enumerate(ways):
        log.exchange(f"A{number}", BEGAN_NS + number * MS, entry_ns, answer_ns, stamp=stamp)
    found = fit(log.write(tmp_path))
    assert found.samples == {"new": 400, "cancel": 0, "replace": 0, "answer": 400}
    assert found.steps == 0 and 0 < found.width_ns <= 130 * US + 2 * US
    for name, true in (("new", [each[0] for each in ways]), ("answer", [each[1] for each in ways])):
        table = found.tables[name]
        assert len(table) == QUANTILES and list(table) == sorted(table)
        assert abs(table[QUANTILES // 2] - sorted(true)[200]) <= found.width_ns
    assert found.tables["cancel"] == found.tables["new"]


def test_each_kind_has_its_own_where_there_are_enough(tmp_path: Path) -> None:
    log = Log()
    for number in range(FEWEST):
        log.exchange(f"A{number}", BEGAN_NS + number * MS, 100 * US, 100 * US)
        log.exchange(f"B{number}", BEGAN_NS + number * MS + US, 300 * US, 100 * US, "F")
    for number in range(FEWEST - 1):
        log.exchange(f"C{number}", BEGAN_NS + number * MS + 2 * US, 900 * US, 100 * US, "G")
    found = fit(log.write(tmp_path))
    assert found.samples["replace"] == FEWEST - 1
    assert found.tables["cancel"][0] - found.tables["new"][0] == 200 * US
    assert found.tables["replace"] == found.tables["new"]


def test_where_new_orders_are_few_all_requests_together_count(tmp_path: Path) -> None:
    log = Log()
    for number in range(FEWEST):
        kind = "D" if number < 20 else "G"
        log.exchange(f"A{number}", BEGAN_NS + number * MS, (100 if kind == "D" else 300) * US, 100 * US, kind)
    found = fit(log.write(tmp_path))
    assert found.samples["new"] == 20
    assert len(found.courses["new"]) == len(found.courses["replace"]) == FEWEST


def test_a_clock_that_is_stepped_is_told_and_both_parts_count(tmp_path: Path) -> None:
    log = Log()
    for number, (entry_ns, answer_ns) in enumerate(drawn(3)):
        log.theta_ns = 50 * MS if number >= 200 else 0
        log.exchange(f"A{number}", BEGAN_NS + number * MS, entry_ns, answer_ns)
    found = fit(log.write(tmp_path))
    assert found.steps == 1 and max(found.tables["new"]) < MS


def test_spans_are_fitted_each_by_itself(tmp_path: Path) -> None:
    log = Log()
    for number, (entry_ns, answer_ns) in enumerate(drawn(4)):
        log.theta_ns = number // 200 * 3 * MS  # a clock that drifts
        log.exchange(f"A{number}", BEGAN_NS + number * MS + number // 200 * SPAN_NS, entry_ns, answer_ns)
    found = fit(log.write(tmp_path))
    assert found.steps == 0 and max(found.tables["new"]) < MS


def test_other_records_and_later_answers_count_for_nothing(tmp_path: Path) -> None:
    log = Log()
    for number in range(FEWEST):
        log.lines.append(b'{"channel":"rest","wall_ns":5,"what":"sent","body":{}}')
        log.exchange(f"A{number}", BEGAN_NS + number * MS, 100 * US, 100 * US)
        log.add(BEGAN_NS + number * MS + 500 * US, False, f"8=FIX.4.4|35=8|52=20260101-00:00:00|11=A{number}|10=000|")
        log.add(BEGAN_NS + number * MS + 600 * US, False, "8=FIX.4.4|35=0|52=20260101-00:00:00|10=000|")
    assert fit(log.write(tmp_path)).samples["answer"] == FEWEST


def test_messages_that_were_read_at_once_are_told_apart(tmp_path: Path) -> None:
    log = Log()
    for number in range(0, 2 * FEWEST, 2):
        sent = BEGAN_NS + number * MS
        stamps = [STAMPS.format(sent + way * US).decode() for way in (100, 110)]
        for name in (number, number + 1):
            log.add(sent, True, f"8=FIX.4.4|35=D|11=A{name}|10=000|")
        answers = [f"8=FIX.4.4|35=8|11=A{number + at}|60={stamp}|10=000|" for at, stamp in enumerate(stamps)]
        log.add(sent + 200 * US, False, "".join(answers))
    assert fit(log.write(tmp_path)).samples["new"] == 2 * FEWEST


@pytest.mark.parametrize(
    ("lines", "error"),
    [([b"nonsense"], r"audit.log:1: no line of an audit log"), ([], "0 requests with their answers"),
     ([b'{"channel":"fix","what":"sent","message":"35=D|11=A|"}',
       b'{"channel":"fix","what":"received","message":"35=8|11=A|60=never|"}'], r"audit.log:2")],
)  # fmt: skip
def test_what_says_nothing_is_named(tmp_path: Path, lines: list[bytes], error: str) -> None:
    log = Log()
    log.lines = lines or [b"{}"]
    with pytest.raises(ConfigError, match=error):
        fit(log.write(tmp_path))


@given(st.integers(0, 2**32 - 1), st.integers(0, 100))
def test_a_draw_is_of_its_table_and_depends_on_its_number_alone(number: int, seed: int) -> None:
    latency = Latency(tables={"new": tuple(range(QUANTILES))}, seed=seed, cancel_ns=7)
    assert latency.drawn_ns("new", number) == latency.drawn_ns("new", number) in range(QUANTILES)
    assert latency.drawn_ns("cancel", number) == 7


def test_draws_have_the_distribution_of_the_table() -> None:
    latency = Latency(tables={"new": tuple(range(QUANTILES))}, seed=3)
    found = sorted(latency.drawn_ns("new", number) for number in range(20_000))
    for share in (0.1, 0.5, 0.9):
        assert abs(found[int(share * 20_000)] - share * QUANTILES) < 20
    assert mix64(0) == 0xE220A8397B1DCDAF  # the first output of SplitMix64 from seed 0


def test_half_the_latency_halves_tables_too() -> None:
    assert Latency(tables={"new": (2, 4)}, new_ns=10).scaled(1, 2) == Latency(tables={"new": (1, 2)}, new_ns=5)


@pytest.mark.parametrize("tables", [{"new": ()}, {"old": (1,)}, {"new": (-1,)}])
def test_a_table_that_cannot_be_is_refused(tables: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="latency table"):
        Latency(tables=tables)


@pytest.mark.parametrize(("at_ns", "way_ns"), [(0, 5), (10, 5), (11, 5), (20, 7), (29, 7), (30, 9), (99, 9)])
def test_a_course_says_what_was_last_measured(at_ns: int, way_ns: int) -> None:
    latency = Latency(courses={"new": ((10, 5), (20, 7), (30, 9))}, new_ns=3, cancel_ns=2)
    assert latency.drawn_ns("new", 4, at_ns) == way_ns
    assert latency.drawn_ns("cancel", 4, at_ns) == 2
    assert latency.scaled(2, 1).drawn_ns("new", 4, at_ns) == 2 * way_ns


def test_what_was_fitted_is_said_and_used_in_its_order_or_drawn(tmp_path: Path) -> None:
    log, ways = Log(), drawn(5)
    for number, (entry_ns, answer_ns) in enumerate(ways):
        log.exchange(f"A{number}", BEGAN_NS + number * MS, entry_ns, answer_ns)
    found = fit(log.write(tmp_path))
    in_order = latency_of(found, 3, in_order=True)
    for number, (entry_ns, _) in enumerate(ways):
        assert abs(in_order.drawn_ns("new", 0, BEGAN_NS + number * MS) - entry_ns) <= found.width_ns
    assert "measured of 400 new, 0 cancel, 0 replace, 400 answer" in in_order.words()
    drawn_from = latency_of(found, 3, in_order=False)
    assert (drawn_from.tables, drawn_from.courses, drawn_from.venue_delay_ns) == (found.tables, {}, 3)
