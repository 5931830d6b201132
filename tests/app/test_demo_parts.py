"""The demo's words without its trading: results, comparison, closing table, amounts; and where its files are found."""

import sys
from pathlib import Path
from typing import Any

import pytest

from engine.app.demo.amounts import dollars, microseconds, read_money, shortened
from engine.app.demo.figures import compare, results
from engine.app.demo.summary import summary
from engine.config import shipped
from engine.config.shipped import config_path
from engine.errors import ConfigError
from tests.support.demo_engine import demo_engine


def compared(**venue: Any) -> dict[str, Any]:
    """Results beside what the venue says, which agrees unless told otherwise."""
    result = results(demo_engine(), 1.25)
    return result | {"venue": {"fills": 1, "positions": {"RAIN": 10, "SNOW": 0}, "cash": -46_007} | venue}


def rows(text: str) -> dict[str, str]:
    """The closing table by its titles."""
    return dict(line.strip().split("  ", 1) for line in text.strip().splitlines() if "  " in line.strip())


def test_results_are_the_engines_integers() -> None:
    result = results(demo_engine(), 1.23456)
    assert (result["seconds"], result["orders"], result["acks"], result["fills"]) == (1.235, 5, 1, 1)
    assert (result["position"], result["cash"]) == ({"RAIN": 10}, -46_007)
    assert result["marks"] == {"RAIN": 4_500, "SNOW": 0}
    assert result["pnl"] == -46_007 + 10 * 4_500
    assert result["pnl_by_market"] == {"RAIN": -1_007, "SNOW": 0}
    assert result["decimals"] == {"RAIN": [4, 2], "SNOW": [4, 2]}
    assert (result["tick_to_order_ns"]["n"], result["order_round_trip_ns"]["max_ns"]) == (1, 12_000)
    assert result["last_book"]["RAIN"] == {"bids": [(4_500, 100), (4_400, 200)], "asks": [(4_600, 100), (4_700, 200)]}


def test_money_is_read_in_one_place() -> None:
    assert read_money(demo_engine()) == ([10, 0], [4_500, 0], [-1_007, 0], -1_007, -46_007)


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
def test_each_difference_between_the_records_is_named(venue: Any, difference: str) -> None:
    result = compared(**venue)
    assert compare(result) == [difference]
    assert f"DIFFERS in {difference.partition(':')[0]}" in summary(result)
    assert "agrees" not in summary(result)


def test_closing_table_shows_contracts_dollars_and_microseconds() -> None:
    found = rows(summary(compared()))
    assert found["traded"] == "1.2 s, session quickfix, mode event"
    assert found["sent"] == "5 orders, 0 replaces, 0 cancels"
    assert found["position, profit"].split() == ["RAIN", "+0.10", "-0.0010", "$"]
    assert found["profit after fees"] == "-0.001007 $"
    assert found["quickfix event"].split() == ["frame", "to", "order", "1", "7.5", "7.5", "7.5"]
    assert found["as traded above"].split() == ["order", "to", "answer", "1", "12.0", "12.0", "12.0"]
    assert "native busy" not in found


def test_closing_table_shows_the_native_session_beside_what_ran() -> None:
    beside = compared() | {"seconds": 3.4}
    beside["order_round_trip_ns"] = dict.fromkeys(beside["order_round_trip_ns"], 0)
    found = rows(summary(compared() | {"native_busy": beside}))
    assert found["quickfix event"].split()[-3:] == ["7.5", "7.5", "7.5"]
    assert found["native busy"].split() == ["frame", "to", "order", "1", "7.5", "7.5", "7.5"]
    assert found["3 s more, a core each"].split() == ["order", "to", "answer", "nothing", "measured"]


@pytest.mark.parametrize(
    ("mode", "share", "is_told"), [("busy", 0.6, True), ("busy", 0.95, False), ("event", 0.1, False)]
)
def test_closing_table_tells_of_a_busy_loop_that_had_no_core_to_itself(mode: str, share: float, is_told: bool) -> None:
    text = summary(compared() | {"native_busy": compared() | {"mode": mode, "cpu_share": share}})
    assert ("(other programs took 40% of its core meanwhile)" in text) == is_told


def test_closing_table_takes_decimals_from_the_instrument() -> None:
    result = compared() | {"decimals": {"RAIN": [2, 6], "SNOW": [2, 6]}}
    found = rows(summary(result))
    assert found["position, profit"].split() == ["RAIN", "+0.000010", "+0.0000", "$"]
    assert found["profit after fees"] == "-0.000010 $"


def test_closing_table_of_a_run_in_steps_has_a_record_and_no_latency() -> None:
    found = rows(summary(compared() | {"record": "2057bb1f89ea97ed"}))
    assert found["record"] == "2057bb1f89ea97ed"
    assert "quickfix event" not in found


def test_closing_table_is_not_wider_than_80_columns() -> None:
    result = compared() | dict.fromkeys(("frames", "book_updates", "orders", "replaces", "cancels"), 12_345_678)
    names = [f"KXDEMOCOIN15MINUTES-26DEC011200-T{number:010}" for number in range(8)]
    result["pnl_by_market"] = dict.fromkeys(names, -123_456_789)
    result["position"] = dict.fromkeys(names, -123_456)
    result["decimals"] = dict.fromkeys(names, [4, 2])
    result |= {"native_busy": compared() | {"mode": "busy", "cpu_share": 0.0}}
    assert max(map(len, summary(result).splitlines())) <= 80


@pytest.mark.parametrize(
    ("money", "decimals", "shown", "text"),
    [
        (0, 6, 4, "+0.0000"),
        (123_450, 6, 4, "+0.1235"),
        (-123_450, 6, 4, "-0.1235"),
        (-507, 6, 4, "-0.0005"),
        (-1, 6, 2, "+0.00"),
        (1_005, 3, 4, "+1.005"),
        (12, 0, 4, "+12"),
    ],
)
def test_dollars_are_rounded_to_what_is_shown(money: int, decimals: int, shown: int, text: str) -> None:
    assert dollars(money, decimals, shown) == text


def test_durations_lose_their_decimal_when_it_tells_nothing() -> None:
    assert [microseconds(ns) for ns in (0, 7_549, 999_900, 1_000_000)] == ["0.0", "7.5", "999.9", "1000"]


def test_name_is_shortened_in_its_middle() -> None:
    assert [shortened("KXDEMO-26DEC-T1", width) for width in (15, 14, 9)] == [
        "KXDEMO-26DEC-T1",
        "KXDEMO-…DEC-T1",
        "KXDE…C-T1",
    ]


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
