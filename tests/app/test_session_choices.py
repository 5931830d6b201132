"""The flags and terms of a session, from the configuration to the venue's dialects."""

from pathlib import Path
from typing import Any

import pytest

from engine import fix
from engine.app import loading
from engine.config.sections import SessionSection
from engine.config.tables import Tables
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.orders.order import Order

RAIN = Instrument("RAIN", 0, None)


def section(dialect: str = "kalshi", **chosen: Any) -> SessionSection:
    tables = Tables(Path())
    made = tables.struct(SessionSection, {"settings": "session.cfg", "dialect": dialect, **chosen}, "session")
    assert made is not None, tables.problems
    return made


def test_terms_reach_the_orders() -> None:
    dialect = loading.order_dialect(section(terms={"shard": 2, "cancel_on_pause": True, "most_cost": "9"}), [RAIN])
    assert dialect.new_order(Order("A", RAIN, fix.BUY, 4000, 100), 0).startswith(
        b"35=D\x01100=2\x0121006=Y\x0121009=9\x01"
    )


def test_terms_that_the_venue_has_not_are_named() -> None:
    with pytest.raises(ConfigError, match="session.terms: Object contains unknown field `shards`"):
        loading.order_dialect(section(terms={"shards": 2}), [RAIN])


@pytest.mark.parametrize("choice", ["flags", "terms"])
def test_choice_that_a_venue_does_not_offer_is_named(choice: str) -> None:
    chosen = section("fix44", **{choice: {"shard": 1}})
    with pytest.raises(ConfigError, match=f'session.{choice}: venue "fix44" has no such choice'):
        loading.order_dialect(chosen, [RAIN])
        loading.logon_dialect(chosen)


def test_flag_of_a_wrong_kind_is_named_by_the_tables() -> None:
    tables = Tables(Path())
    tables.struct(SessionSection, {"settings": "s.cfg", "dialect": "kalshi", "flags": {"listener": "yes"}}, "session")
    assert len(tables.problems) == 1 and tables.problems[0].startswith("session.flags: ")
