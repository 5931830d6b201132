"""The REST side in View, status and metrics: every figure under its name, and nothing where there is none."""

from pathlib import Path

import pytest

from engine.ops.status.facts import facts
from engine.ops.status.page import page
from engine.ops.view import account, layout
from tests.support.views import RestSide, Shown

BLOCKS = ("rest", "rest_errors", "account", "universe")


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    found = Shown(tmp_path)
    found.account = RestSide()
    return found


def test_figures_have_the_fields_of_their_records() -> None:
    names = {block.name: block.names for block in layout.BLOCKS}
    assert names["rest"] == account.RestFacts._fields
    assert names["account"] == account.AccountFacts._fields
    assert names["universe"] == account.UniverseFacts._fields


def test_view_has_every_figure(shown: Shown) -> None:
    view, side = shown.look(), RestSide.facts
    assert [tuple(each) for each in view.records("rest")] == [side.rest]
    assert [tuple(each) for each in view.records("rest_errors")] == [("timeout", 2), ("unavailable", 3)]
    assert [tuple(each) for each in view.records("account")] == [side.account]
    assert [tuple(each) for each in view.records("universe")] == [side.universe]


def test_engine_without_rest_shows_nothing_of_it(tmp_path: Path) -> None:
    shown = Shown(tmp_path)
    view = shown.look()
    assert [view.records(block) for block in BLOCKS] == [[], [], [], []]
    assert [facts(view)[name] for name in ("rest", "account", "universe")] == [None, None, None]
    assert not [name for name in shown.families() if name.startswith(("fixlane_rest", "fixlane_account"))]


def test_status_says_it_in_lines(shown: Shown) -> None:
    found = facts(shown.look())
    assert found["rest"]["errors"] == {"timeout": 2, "unavailable": 3}
    assert found["rest"]["slowest_s"] == 19 / 1e9
    assert found["account"]["compared_s"] == 1_800_000_002
    lines = [
        line for line in page(found) if line.startswith(("rest ", "tokens", "failed", "account", "fills", "universe"))
    ]
    assert lines == [
        "rest     https://venue: 101 requests, 3 in flight, 5 hits, 6 misses, 11 retries;"
        " last error 2027-01-15 08:00:01: get_fills: HTTP 503",
        "tokens   20 to read, 21 to write; 9 waits of 0.0 s in all, 4 now, 12 refused for their rate",
        "failed   2 timeout, 3 unavailable",
        "account  compared 2027-01-15 08:00:02: 32 differences, 33 markets stopped for them;"
        " last error 2027-01-15 08:00:03: HTTP 502",
        "fills    38 told by the feed too, the last one 0.039 s before the session,"
        " 40 told by REST too, the last one 45.000 s after the session",
        "universe 41 markets, 42 wait for room, 43 refused, listed 2027-01-15 08:00:04",
    ]


def test_metrics_have_it(shown: Shown) -> None:
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in shown.families().values()
        for sample in family.samples
    }
    assert found["fixlane_rest_requests_total", "read"] == 99 and found["fixlane_rest_requests_total", "write"] == 2
    assert found["fixlane_rest_cache_total", "hit"] == 5 and found["fixlane_rest_cache_total", "stale"] == 8
    assert found["fixlane_rest_errors_total", "unavailable"] == 3
    assert found["fixlane_rest_tokens", "read"] == 20 and found["fixlane_rest_tokens", "write"] == 21
    assert found["fixlane_account_compared_timestamp_seconds",] == 1_800_000_002
    assert found["fixlane_account_fills_total", "feed"] == 38 and found["fixlane_account_fills_total", "rest"] == 40
    assert found["fixlane_account_fill_lag_seconds", "feed"] == -0.039
    assert found["fixlane_account_fill_lag_seconds", "rest"] == 45
    assert found["fixlane_universe_markets", "refused"] == 43
