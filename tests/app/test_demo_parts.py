"""The demo's words without its trading: comparison, closing table, live line; and where its files are found."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.app.demo import compare, live_line, results, summary
from engine.config import shipped
from engine.config.shipped import config_path
from engine.errors import ConfigError
from engine.trading.supervisor import DeskState
from tests.support.desks import Scene
from tests.support.order_reports import ack, fill


def engine():
    """What the demo reads of an engine that has bought ten."""
    scene = Scene()
    for book in scene.books:
        scene.portfolio.mark_book(book)
    order = scene.buy(4_600)
    scene.now_ns += 12_000
    scene.loop.on_report(ack(order))
    scene.loop.on_report(fill(order, 10, "E1", 4_600))
    trading = scene.loop
    trading.tick_to_order.record(7_500)
    return SimpleNamespace(
        trading=trading,
        counters=trading.counters,
        books=scene.books,
        portfolio=scene.portfolio,
        supervisor=SimpleNamespace(state=DeskState.TRADING),
        reconnects=lambda: 0,
        config=SimpleNamespace(engine=SimpleNamespace(mode="event", session="quickfix")),
    )


def compared(**venue):
    """Results beside what the venue says, which agrees unless told otherwise."""
    result = results(engine(), 1.25)
    return result | {"venue": {"fills": 1, "positions": {"RAIN": 10, "SNOW": 0}, "cash": -46_007} | venue}


def test_results_are_the_engines_integers() -> None:
    result = results(engine(), 1.23456)
    assert (result["seconds"], result["orders"], result["acks"], result["fills"]) == (1.235, 1, 1, 1)
    assert (result["position"], result["cash"]) == ({"RAIN": 10}, -46_007)
    assert result["marks"] == {"RAIN": 4_500, "SNOW": 0}
    assert result["pnl"] == -46_007 + 10 * 4_500
    assert (result["tick_to_order_ns"]["n"], result["order_round_trip_ns"]["max_ns"]) == (1, 12_000)
    assert result["last_book"]["RAIN"] == {"bids": [(4_500, 100), (4_400, 200)], "asks": [(4_600, 100), (4_700, 200)]}


def test_equal_records_agree() -> None:
    result = compared()
    assert compare(result) == []
    assert "agrees" in summary(result)


@pytest.mark.parametrize(
    ("venue", "difference"),
    [
        ({"fills": 2}, "fills: ours 1, the venue's 2"),
        ({"positions": {"RAIN": 9}}, "position: ours {'RAIN': 10}, the venue's {'RAIN': 9}"),
        ({"positions": {"RAIN": 10, "SNOW": 1}}, "position: ours {'RAIN': 10}, the venue's {'RAIN': 10, 'SNOW': 1}"),
        ({"cash": -46_000}, "cash: ours -46007, the venue's -46000"),
    ],
)
def test_each_difference_between_the_records_is_named(venue, difference) -> None:
    result = compared(**venue)
    assert compare(result) == [difference]
    assert "DIFFERS" in summary(result)


def test_closing_table_shows_contracts_dollars_and_microseconds() -> None:
    rows = dict(line.strip().split("  ", 1) for line in summary(compared()).strip().splitlines())
    assert rows["position"] == "RAIN +0.10"
    assert rows["profit after fees"] == "-0.001007 $"
    assert rows["order round trip"] == "p50 12.0  p99 12.0  max 12.0 us"


def test_live_line_shows_time_state_rates_and_money() -> None:
    line = live_line(engine(), 1.25, 800.4)
    assert " ".join(line.split()) == (
        "1.2 s trading 800 frames/s 1 orders 1 fills 0.10 gross -0.0010 $ tick-to-order last 7.5 p99 7.5 us"
    )


def test_configuration_is_found_in_the_tree_or_where_it_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config_path("engine.toml").read_text()
    installed = tmp_path / "share" / "fixlane" / "config"
    installed.mkdir(parents=True)
    (installed / "engine.toml").write_text("")
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "lib" / "engine" / "config" / "shipped.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert config_path("engine.toml") == installed / "engine.toml"
    with pytest.raises(ConfigError, match="absent.toml: not found in .* or .*: install fixlane again"):
        config_path("absent.toml")
