"""What counts of reported positions, what a fit gives, and what is said of bad files."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.backtest.capture.index import run_of
from engine.backtest.core.settings import QueueModel
from engine.backtest.queues.calibration import calibrate, told_of_queue
from engine.backtest.queues.figures import spread
from engine.backtest.queues.fitting import FEWEST, fit_queue
from engine.backtest.queues.following import MOVED, NO_ORDER, TOO_FEW, TOO_MANY, Increment
from engine.backtest.queues.reported import ReportedPlace, places_file, read_places
from engine.backtest.queues.standing import QueueStep, after
from engine.cli import main
from engine.errors import ConfigError, DecodeError
from tests.backtest.queues.reporting import line, recorded
from tests.support.recorded import MS

pytest.importorskip("zstandard")
DAY_NS = 86_400 * 10**9


def places_of(path: Path) -> Path:
    return places_file(path.parent, run_of(path))


def test_levels_that_moved_until_the_answer_are_dropped(tmp_path: Path) -> None:
    recorded(tmp_path, 2, 10, 100 * MS)
    still, slow = calibrate([tmp_path], within_ns=0), calibrate([tmp_path], within_ns=5 * MS)
    assert still.dropped == {}
    assert 0 < slow.judged < still.judged
    assert slow.dropped == {MOVED: slow.reported - slow.judged}


def test_report_that_cannot_be_is_dropped_and_named(tmp_path: Path) -> None:
    path, venue = recorded(tmp_path, 2, 5, 100 * MS)
    asked_ns, order_id, _, symbol, _ = next(each for each in venue.places if each[-1] > 0)
    texts = [line(asked_ns, order_id, symbol, 10**9), line(asked_ns, "another", symbol, 0)]
    texts += [line(asked_ns, order_id, "NO-MARKET", 0)]
    places_of(path).write_text("".join(texts))
    assert calibrate([tmp_path], within_ns=0).dropped == {TOO_MANY: 1, NO_ORDER: 2}
    places_of(path).write_text("".join(line(each[0], each[1], each[3], 0) for each in venue.places))
    assert calibrate([tmp_path], within_ns=0).dropped.get(TOO_FEW, 0) > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "asked_ns"),
        ("nothing", "malformed"),
        (line(5, "A", "M", 100).strip().replace("1.00", "-1.00"), "below 0"),
        (line(5, "A", "M", 100).strip().replace("1.00", "one"), "one"),
        (line(5, "A", "M", 100, heard_ns=4).strip(), "before asked_ns"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "queues-RUN.jsonl"
    path.write_text(line(1, "A", "M", 0) + text + "\n")
    with pytest.raises(DecodeError, match=rf"queues-RUN\.jsonl line 2 is no reported queue position: .*{said}"):
        read_places(path)


def test_line_that_was_cut_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "queues-RUN.jsonl"
    path.write_text(line(7, "B", "M", 150) + line(1, "A", "M", 0) + '{"asked_ns":')
    assert [each.position for each in read_places(path)] == [0, 150]  # in the order in which they were asked for


def test_recording_without_positions_or_without_own_orders_says_so(tmp_path: Path) -> None:
    path, _ = recorded(tmp_path, 1, 2, 100 * MS)
    (tmp_path / f"own-{run_of(path)}.jsonl").unlink()
    with pytest.raises(ConfigError, match="wants our own orders beside it: own-"):
        calibrate([tmp_path])
    places_of(path).unlink()
    with pytest.raises(ConfigError, match=r"no reported queue positions in .*record\.queue_positions"):
        calibrate([tmp_path])
    with pytest.raises(ConfigError, match="do not name orders"):
        calibrate([tmp_path], ["fifo"])


def made(model: str, count: int, days: int) -> Iterable[Increment]:
    """Yield pairs of reports as a model has them."""
    for number in range(count):
        steps = []
        ahead = first = 100 + number * 37 % 900
        shown = first + number * 53 % 700 + 300
        for gone in (40 + number % 50, 90):
            steps.append(QueueStep(shown, gone, number % 7 == 0 and gone == 90))
            ahead = after(QueueModel.parse(model), ahead, steps[-1])
            shown -= gone
        reported = ReportedPlace(number % days * DAY_NS, number % days * DAY_NS, "A", "M-1", ahead)
        yield Increment(reported, first, ahead, tuple(steps))


@pytest.mark.parametrize("model", ["biased:0.5:-1", "biased:2:0.75", "biased:1:0"])
def test_fit_finds_what_made_the_reports(model: str) -> None:
    found = fit_queue(list(made(model, FEWEST, 3)))
    assert (found.model, found.fitted, found.within, found.beyond) == (model, model, 0.0, 0.0)
    assert found.market_days == 3
    assert found.careful is not None
    assert found.careful > 0


def test_too_few_pairs_stay_careful() -> None:
    found = fit_queue(list(made("biased:0.5:-1", FEWEST - 1, 3)))
    assert (found.model, found.fitted, found.increments) == ("risk-averse", None, FEWEST - 1)
    assert found.why == "199 pairs of reports with a cancel between them; a fit wants 200"


def test_fit_of_one_market_day_or_one_that_is_no_better_stays_careful() -> None:
    one = fit_queue(list(made("biased:0.5:-1", FEWEST, 1)))
    assert (one.model, one.fitted, one.beyond) == ("risk-averse", "biased:0.5:-1", None)
    exact = fit_queue(list(made("risk-averse", FEWEST, 3)))
    assert (exact.model, exact.careful) == ("risk-averse", 0.0)


def test_spread_of_errors() -> None:
    found = spread([-4.0, 1.0, 1.0, 2.0])
    assert (found.mean, found.absolute, found.median, found.p95) == (0.0, 2.0, 1.0, 4.0)


def test_backtest_says_how_far_its_model_was_off(tmp_path: Path) -> None:
    path, venue = recorded(tmp_path, 2, 5, 100 * MS)
    (told,) = told_of_queue([path], "optimistic")
    assert told.startswith("held against ")
    assert f" of {len(venue.places)} reported queue positions, optimistic has " in told
    assert told_of_queue([path], "fifo") == []
    places_of(path).write_text(line(1, "another", "GEN-0", 0))
    (none,) = told_of_queue([path], "optimistic")
    assert none == f"none of 1 reported queue positions counts: {NO_ORDER}"
    (tmp_path / f"own-{run_of(path)}.jsonl").unlink()
    (unused,) = told_of_queue([path], "optimistic")
    assert unused.startswith("reported queue positions are not used")
    places_of(path).unlink()
    assert told_of_queue([path], "optimistic") == []


def test_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(tmp_path, 1, 5, 100 * MS)
    out = tmp_path / "queues.json"
    asked = ["data", "queues", str(tmp_path), "--within", "0", "--queue", "power", "optimistic", "--json", str(out)]
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert "reported positions," in told
    assert "take --queue risk-averse: " in told
    found = json.loads(out.read_text())
    assert list(found["models"]) == ["power", "optimistic"]
    assert found["judged"] == found["models"]["power"]["all"]["count"]
    assert list(found["models"]["power"]["by_series"]) == ["GEN"]
