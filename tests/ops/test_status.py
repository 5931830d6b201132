"""What `fixlane status` says: the state first, then everything that is not as it should be, by name."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine import cli, fix
from engine.fix import Exec
from engine.ops.status import facts as status_facts
from engine.ops.status.facts import facts
from engine.ops.status.page import moment, page, span
from engine.ops.view import reader
from engine.ops.view.reader import View
from engine.runtime.notices import NoticeKind
from engine.trading.controls.desk_state import DeskState
from engine.trading.markets import Stop
from tests.support.desks import Scene
from tests.support.order_reports import report
from tests.support.views import Shown


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, shown: Shown) -> None:
    """Let no time pass between a view and its reader."""
    monkeypatch.setattr("time.monotonic_ns", lambda: shown.scene.now_ns)


def lines(view: View, word: str) -> list[str]:
    return [line for line in page(facts(view)) if line.startswith(word)]


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    status = cli.main(["status", *map(str, argv)])
    output = capsys.readouterr()
    return status, output.out, output.err


def test_engine_that_trades_says_so_first(shown: Shown) -> None:
    first, second, *_ = page(facts(shown.look()))
    head = shown.reader.read().head
    assert (first, second) == ("TRADING", f"fixlane 0.1.0, pid {head.pid}, up 0.0 s, view 0.0 s old")


def test_halt_is_told_with_its_reason_and_the_kill_switch(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    shown.supervisor.state, shown.supervisor.reason = DeskState.HALTED, "lost 300 today"
    shown.trading.risk.set_state(2, "")
    first, second, *_ = page(facts(shown.look()))
    assert first == "HALTED: lost 300 today"
    assert second.endswith(", risk halt")
    assert run(capsys, "--state-dir", shown.directory)[0] == 3


def test_engine_that_is_stuck_is_told_by_the_age_of_its_view(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    view = shown.look()
    shown.scene.now_ns += 3_200_000_000
    first = page(facts(view))[0]
    assert first == f"STUCK 3.2 s, pid {view.head.pid}; it was trading"
    assert run(capsys, "--state-dir", shown.directory)[0] == 4


def test_engine_that_ended_says_when_and_why(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    shown.supervisor.state, shown.supervisor.reason = DeskState.STOPPED, "stopped by signal SIGTERM"
    shown.publisher.close()
    status, output, _ = run(capsys, "--state-dir", shown.directory)
    assert status == 5
    assert output.splitlines()[0] == "ENDED 2027-01-15 08:00:00 because stopped by signal SIGTERM"


def test_engine_that_was_killed_is_gone_without_a_word(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    view = shown.look()
    monkeypatch.setattr(reader, "process_start", lambda pid: 0)
    assert page(facts(view))[0] == (
        f"ENDED 2027-01-15 08:00:00 because process {view.head.pid} is gone without a word; it was trading"
    )


def test_connections_are_told_with_protection_numbers_and_last_error(shown: Shown) -> None:
    shown.session.is_logged_on, shown.session.last_error = False, "58=Invalid password"
    shown.feed.is_connected, shown.feed.last_loss, shown.feed.last_loss_ns = False, "silent for 25 s", 10**18
    view = shown.look()
    assert lines(view, "session") == [
        "session  FIX.4.4:US->VENUE: down, TLS, next out 17, in 23; last error 2027-01-15 08:00:00: 58=Invalid password"
    ]
    assert lines(view, "feed") == [
        "feed     wss://venue/ws: down, TLS, 1000 frames, 2 losses, 0.000 s behind;"
        " last error 2001-09-09 01:46:40: silent for 25 s"
    ]


def test_books_are_told_by_name_and_by_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(max_book_age_ns=10)
    shown = Shown(tmp_path, scene)
    scene.now_ns += 11
    monkeypatch.setattr("time.monotonic_ns", lambda: scene.now_ns)
    scene.books[1].mark_stale()
    view = shown.look()
    assert facts(view)["books"] == {"missing": [], "stale": ["SNOW"], "crossed": [], "old": ["RAIN"]}
    assert lines(view, "books") == ["books    1 fresh; 1 stale: SNOW; 1 old: RAIN"]


def test_many_names_are_counted_on_the_page_and_complete_in_json(shown: Shown) -> None:
    found = facts(shown.look())
    found["books"]["missing"] = [f"M{index}" for index in range(30)]
    (line,) = [line for line in page(found) if line.startswith("books")]
    assert line.endswith("30 missing: M0, M1, M2, M3, M4, M5, M6, M7 and 22 more")


def test_stopped_markets_are_told_with_their_cause(shown: Shown) -> None:
    shown.trading.markets.stop(shown.scene.rain, Stop.NO_BOOK, "no snapshot in 30 s")
    assert lines(shown.look(), "stopped") == ["stopped  RAIN: no_book, since 2001-09-09 01:46:40: no snapshot in 30 s"]


def test_orders_in_doubt_are_told_with_their_age(shown: Shown) -> None:
    order = shown.scene.buy(4_500, 250)
    shown.scene.orders.on_disconnect()
    shown.look()
    shown.scene.now_ns += 95_000_000_000
    view = shown.look()
    assert lines(view, "orders") == ["orders   1 live, 1 in doubt"]
    assert lines(view, "in doubt") == [f"in doubt {order.cl_ord_id} RAIN buy 2.50 at 0.4500, 0.00 filled, for 1 m 35 s"]


def test_profit_positions_and_limits_are_told_in_dollars_and_contracts(tmp_path: Path) -> None:
    scene = Scene(max_daily_loss=1_000_000, max_position=2_000)
    shown = Shown(tmp_path, scene)
    scene.portfolio.fill(scene.rain, fix.BUY, 250, 4_500, 250_000)
    scene.risk.refresh(scene.rain)
    view = shown.look()
    assert lines(view, "profit") == ["profit   day -0.250000, all -0.250000, fees 0.250000, open cost 0.000000"]
    assert lines(view, "held") == ["held     RAIN 2.50"]
    assert lines(view, "limit") == [
        "limit    max_daily_loss 0.250000 of 1.000000, 25 %",
        "limit    max_position 2.50 of 20.00, 12 % in RAIN",
    ]


def test_what_was_told_is_repeated_with_its_count_newest_first(shown: Shown) -> None:
    shown.trading.notices.tell(NoticeKind.MARKET_RESUMED, "RAIN")
    shown.scene.now_ns += 10**9
    for _ in range(3):
        shown.trading.notices.tell(NoticeKind.METRICS_LOST, "status 1\n\x1b[31mred")
    assert lines(shown.look(), "notice") == [
        "notice   metrics_lost 3, last 2001-09-09 01:46:41: status 1  [31mred",
        "notice   market_resumed 1, last 2001-09-09 01:46:40: RAIN",
    ]


def test_json_is_one_line_with_everything(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    shown.scene.portfolio.fill(shown.scene.rain, fix.BUY, 250, 4_500, 0)
    shown.look()
    status, output, errors = run(capsys, "--state-dir", shown.directory, "--json")
    found = json.loads(output)
    assert (status, errors, output.count("\n")) == (0, "", 1)
    assert (found["engine"], found["state"], found["positions"]) == ("running", "trading", {"RAIN": "2.50"})
    assert found["stale_books"] == found["live_orders"] == 0
    assert {"reason", "risk", "logged_on", "next_msg_seq_num_out", "next_msg_seq_num_in", "pnl", "day_pnl"} <= set(
        found
    )


def test_no_view_is_a_wrong_use_with_a_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fresh").mkdir()
    status, output, errors = run(capsys, "--state-dir", tmp_path / "fresh")
    assert (status, output) == (2, "")
    assert "no view (No such file or directory); is an engine running, or has one run, with this state_dir?" in errors


def test_configuration_is_read_for_its_state_directory_alone(
    shown: Shown, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown.look()
    config = tmp_path / "engine.toml"
    config.write_text(f'[engine]\nmode = "nonsense"\nstate_dir = "{shown.directory}"\n[session]\nunknown = 1\n')
    assert run(capsys, config)[0] == 0


def test_watching_goes_on_where_there_is_no_view_and_ends_quietly(
    shown: Shown, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown.look()
    seen: list[Any] = []

    def sleep(seconds: float) -> None:
        seen.append(seconds)
        if len(seen) == 1:
            (shown.directory / "view").rename(shown.directory / "away")
        elif len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("engine.app.looking.time.sleep", sleep)
    status, output, errors = run(capsys, "--state-dir", shown.directory, "--watch")
    assert (status, errors, seen) == (0, "", [1.0, 1.0])
    assert output.startswith("TRADING\n")
    assert "no view" in output.splitlines()[-1]


def test_moments_and_spans_are_told_as_people_say_them() -> None:
    assert moment(0) == "1970-01-01 00:00:00"
    assert [span(seconds) for seconds in (0.04, 59.9, 61, 3_600, 86_400, 200_000)] == [
        "0.0 s", "59.9 s", "1 m 1 s", "1 h 0 m", "24 h 0 m", "2 d 7 h",
    ]  # fmt: skip


def test_stuck_is_said_from_one_second_on() -> None:
    assert status_facts.STUCK_NS == 10**9


def test_m15_texts_of_what_the_venue_refused_stand_in_status(shown: Shown) -> None:
    order = shown.scene.buy()
    shown.scene.loop.on_report(report(order.cl_ord_id, Exec.REJECTED, "8", reason=99, text="price beyond the band"))
    (line,) = lines(shown.look(), "notice")
    assert line.startswith("notice   request_refused 1, last ")
    assert line.endswith(f": ClOrdID(11) {order.cl_ord_id} in RAIN: reason 99: price beyond the band")
