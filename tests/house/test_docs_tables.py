"""The tables of the pages say what the code says, no row missing and none too many."""

import importlib
import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from engine import strategy
from engine.app import loading, looking
from engine.book import Book, SortedBook
from engine.cli import parser
from engine.config.account import SessionAccountSection
from engine.config.credentials import Credentials
from engine.config.keeping import AuditSection, RecordSection
from engine.config.markets import BandSection, Decimals, MarketSection
from engine.config.sections import (
    EngineSection,
    FeedSection,
    FurtherSection,
    FurtherSections,
    JournalSection,
    LogSection,
    MetricsSection,
    RestSection,
    Sections,
    SessionSection,
    UniverseSection,
    VenueSection,
    WatchdogSection,
)
from engine.config.strategies import MemberSection, StrategySection
from engine.exchange.faults import KINDS, InjectedFault
from engine.exchange.liquidity import LiquiditySettings
from engine.fix import Status
from engine.journal import reports, segments
from engine.journal.segments import Header, RecordKind
from engine.ops.metrics import server
from engine.ops.metrics.families import MOST_MARKETS, ViewCollector
from engine.ops.view import layout
from engine.orders.order import Order
from engine.orders.table import TABLE, Event, Outcome
from engine.risk import Limits, RateLimit, RiskReject, TradingState
from engine.risk.fee_terms import FeeTerms, SeriesFees
from engine.risk.limits import Ceiling, DuplicateLimit, RatioLimit, RepeatLimit, StrategyLimits
from engine.session.file.keys import KEYS
from engine.sim.config import CaptureConfig, ControlConfig, FeedConfig, FixConfig, SimConfig
from engine.strategy import Context, Strategy
from engine.trading.reconcile.rules import KEYS as RULE_KEYS
from engine.trading.reconcile.rules import SAFE, ReconcileSection, Rule
from tests.house.test_rooms import CONTENTS, SOCKETS
from tests.support.desks import HOOKS, Scene
from tests.support.pages import keys_of, page, rows, section
from tests.support.places import ROOT
from tests.support.views import FurtherSide, RestSide, Shown

CONFIGURATION: dict[str, type[msgspec.Struct]] = {
    "## [engine]": EngineSection,
    "## [session]": SessionSection,
    "## [session.account]": SessionAccountSection,
    "## [sessions]": FurtherSections,
    "## [sessions.drop_copy], [sessions.listener] and [sessions.settlement]": FurtherSection,
    "## [feed]": FeedSection,
    "## [venue]": VenueSection,
    "## [rest]": RestSection,
    "## [reconcile]": ReconcileSection,
    "## [audit]": AuditSection,
    "## [record]": RecordSection,
    "## [universe]": UniverseSection,
    "## [session.credentials], [feed.credentials] and [rest.credentials]": Credentials,
    "## [risk]": Limits,
    "## [risk.rate]": RateLimit,
    "## [risk.duplicates]": DuplicateLimit,
    "## [risk.executions]": RepeatLimit,
    "## [risk.rejects]": RepeatLimit,
    "## [risk.ratios]": RatioLimit,
    "## [risk.ceiling]": Ceiling,
    "## [strategy]": StrategySection,
    "## [strategies]": MemberSection,
    "## [strategies.NAME.limits]": StrategyLimits,
    "## [fees]": FeeTerms,
    "## [[fees.series]]": SeriesFees,
    "## [metrics]": MetricsSection,
    "## [journal]": JournalSection,
    "## [log]": LogSection,
    "## [watchdog]": WatchdogSection,
    "## [[market]]": MarketSection,
    "## bands": BandSection,
    "## [fix] of sim.toml": FixConfig,
    "## [feed] of sim.toml": FeedConfig,
    "## [control] of sim.toml": ControlConfig,
    "## [liquidity] of sim.toml": LiquiditySettings,
    "## [capture] of sim.toml": CaptureConfig,
    "## [[faults]] of sim.toml": InjectedFault,
}


def constants(words: type) -> dict[str, Any]:
    """Return the names that a class of words gives its values."""
    return {name: value for name, value in vars(words).items() if name.isupper()}


# configuration.md


@pytest.mark.parametrize("heading", CONFIGURATION)
def test_keys_of_a_section_are_those_of_its_struct(heading: str) -> None:
    table = rows(section(page("configuration.md"), heading), "key", "takes", "default")
    shown = {key: (takes, default) for key, takes, default, _ in table}
    assert shown == keys_of(CONFIGURATION[heading])
    assert all(meaning for *_, meaning in table)


def test_keys_above_the_sections_are_those_of_the_files() -> None:
    text = page("configuration.md")
    (markets,) = rows(section(text, "## Top level"), "key")
    assert markets[0] == "markets"
    for heading, struct in (("# Markets", Decimals), ("# The simulated venue: sim.toml", SimConfig)):
        above = section(text, heading).split("\n## ")[0]
        assert {key: (takes, default) for key, takes, default, _ in rows(above, "key")} == keys_of(struct)


def test_every_section_of_the_engine_has_its_heading() -> None:
    tables = {field.encode_name for field in msgspec.structs.fields(Sections)}
    assert tables == {heading[4:-1] for heading in list(CONFIGURATION)[:29] if "." not in heading}


# session-files.md


def test_keys_of_session_files_are_those_that_are_read() -> None:
    table = rows(page("session-files.md"), "key", "value", "read by")
    shown = [(name, value, read_by) for name, value, read_by, _ in table]
    assert shown == [(key.name, key.kind.hint, "both" if key.quickfix else "native") for key in KEYS.values()]
    assert all(meaning for *_, meaning in table)


# risk.md


def test_denials_are_those_of_risk() -> None:
    assert rows(page("risk.md"), "code", "name") == [[str(code.value), code.name, code.text] for code in RiskReject]


def test_limits_are_those_of_risk_and_name_their_denials() -> None:
    table = rows(page("risk.md"), "limit", "bounds")
    limits = [field.encode_name for field in msgspec.structs.fields(Limits)]
    assert [name for name, *_ in table] == [name for name in limits if not name.startswith("day_")]
    assert {code for *_, code in table} <= set(RiskReject.__members__)


def test_states_of_the_kill_switch_are_those_of_risk() -> None:
    assert [name for name, *_ in rows(page("risk.md"), "state", "passes")] == list(TradingState.__members__)


# orders.md


def test_transitions_are_those_of_the_one_table() -> None:
    events = {name.lower().replace("_", " "): event for name, event in constants(Event).items()}
    shown: dict[str, dict[str, tuple[str, int]]] = {state: {} for state in TABLE}
    for says, states, after, outcome in rows(page("orders.md"), "the report says", "in a state of"):
        for state in states:
            assert events[says] not in shown[state], (says, state)
            shown[state][events[says]] = (after.strip("*"), constants(Outcome)[outcome])
    assert shown == TABLE


def test_states_are_those_of_the_one_table() -> None:
    named = {value: name for name, value in constants(Status).items()}
    table = rows(page("orders.md"), "state", "name")
    assert {state: name for state, name, _ in table} == {state: named[state] for state in TABLE}


def test_outcomes_are_those_of_the_one_table() -> None:
    table = rows(page("orders.md"), "outcome", "number")
    assert {name: int(number) for name, number, *_ in table} == constants(Outcome)
    assert {hook for *_, hook in table} - {""} <= set(HOOKS)


def test_fields_of_an_order_that_the_page_names_exist() -> None:
    text = page("orders.md")
    sentence = text[text.index("What a strategy reads of an order") : text.index("## Outcomes")]
    named = [word for word in sentence.replace("`", " ` ").split() if word.isidentifier() and "_" in word]
    assert len(named) > 10
    assert [name for name in named if not hasattr(Order, name)] == []


def test_rules_of_reconciliation_are_those_of_the_code() -> None:
    table = rows(page("orders.md"), "rule", "when")
    assert [rule for rule, *_ in table] == [rule.value for rule in Rule]
    assert {rule: key for rule, _, key, _ in table} == {rule.value: key for rule, key in RULE_KEYS.items()}
    assert all(done.startswith(f'"{SAFE.deed(Rule(rule))}"') for rule, *_, done in table)


# metrics.md


def test_metrics_are_those_of_the_collector(tmp_path: Path) -> None:
    engine = Shown(tmp_path, Scene(rate=RateLimit(per_second=9, burst=9, new=1, amend=1, cancel=1, cancel_reserve=1)))
    engine.account, engine.further = RestSide(), FurtherSide()
    engine.scene.buy()
    engine.trading.counters.rejects_by_reason, engine.trading.counters.rejects = {1: 1}, 1
    nobody = SimpleNamespace(portfolio=SimpleNamespace(shares={"": engine.trading.portfolio}), members={})
    engine.trading.team = nobody  # of several strategies
    engine.look()
    exported = {}
    for family in ViewCollector(engine.reader.read).collect():
        labels = sorted({label for sample in family.samples for label in sample.labels})
        exported[family.name] = (family.type, ", ".join(labels))
    shown = {name: (kind, labels.replace("`", "")) for name, kind, labels, _ in rows(page("metrics.md"), "metric")}
    assert shown == exported


def test_bounds_of_the_metrics_server_are_those_that_it_has() -> None:
    shown = {bound: value for bound, value, _ in rows(page("metrics.md"), "bound", "is")}
    assert shown == {
        "connections at once": str(server.MOST_CONNECTIONS),
        "bytes of a request": str(server.HEAD_BYTES),
        "seconds for a request": f"{server.HEAD_S:g}",
        "seconds for an answer": f"{server.ANSWER_S:g}",
        "answers a second": str(server.ANSWERS_PER_S),
        "renderings a second": f"{1 / server.FRESH_S:g}",
        "markets by name": str(MOST_MARKETS),
    }


# view.md


def test_layout_of_the_view_is_the_written_one() -> None:
    text = page("view.md")
    for block in (layout.HEAD, layout.DIRECTORY, *layout.BLOCKS):
        shown = [tuple(row) for row in rows(section(text, f"### {block.name}"), "field", "shape", "meaning")]
        assert shown == [(name, shape, meaning) for name, shape, meaning in block.rows], block.name
    shown_sizes = {name: (size, capacity) for name, size, capacity, _ in rows(text, "block", "bytes", "at most")}
    assert shown_sizes == {
        block.name: (str(block.size), str(block.capacity) if block.capacity else "the engine's")
        for block in layout.BLOCKS
    }


# commands.md


def test_exit_statuses_of_status_are_those_that_it_has() -> None:
    shown = {word: int(number) for number, word in rows(page("commands.md"), "status", "the engine")}
    assert shown == {
        "trades or waits": looking.TRADES_OR_WAITS, "is halted": looking.HALTED, "is stuck": looking.STUCK,
        "has ended": looking.ENDED,
    }  # fmt: skip


# journal.md


def test_kinds_of_records_are_those_of_the_journal() -> None:
    shown = {kind: int(number) for kind, number, *_ in rows(page("journal.md"), "kind", "number")}
    assert shown == constants(RecordKind)


def test_layout_of_the_journal_is_the_written_one() -> None:
    text = page("journal.md")
    header_keys = [key for key, _ in rows(text, "header key")]
    assert header_keys == [field.name for field in msgspec.structs.fields(Header)]
    sizes = [size for part, size, _ in rows(text, "record part")][:-2]
    assert sum(map(int, sizes)) == segments.RECORD.size
    magic, lengths, *_ = rows(text, "part", "bytes")
    assert int(magic[1]) + sum(map(int, lengths[1].split(","))) == segments.PREFIX.size
    assert magic[2].strip("`").encode() == segments.MAGIC
    for names in (reports._NUMBERS + reports._FLAGS, reports._TEXTS):
        assert ", ".join(f"`{name}`" for name in names) in " ".join(text.split())


# commands.md


def test_commands_are_those_of_the_parser() -> None:
    action = next(each for each in parser()._subparsers._group_actions)  # type: ignore[union-attr]
    assert action.choices is not None
    shown = {command.split()[1] for command, _ in rows(page("commands.md"), "command")}
    assert shown == set(action.choices)


# strategy.md


def test_public_names_are_those_of_the_one_module() -> None:
    shown = {name for name, _ in rows(page("strategy.md"), "name from `engine.strategy`")}
    assert shown == set(strategy.__all__)
    assert all(hasattr(strategy, name) for name in strategy.__all__)


def test_hooks_are_those_of_a_strategy_with_their_arguments() -> None:
    shown = [call for call, _ in rows(page("strategy.md"), "hook")]
    hooks = {name: member for name, member in vars(Strategy).items() if name.startswith("on_")}
    in_order = sorted(hooks, key=lambda name: hooks[name].__code__.co_firstlineno)  # a compiled class has another one
    assert shown == [_call(name, hooks[name]) for name in in_order]
    assert {call.split("(")[0] for call in shown} == set(HOOKS)


def test_members_of_the_context_are_those_that_the_engine_offers() -> None:
    shown = {member.split("(")[0]: member for member, _ in rows(page("strategy.md"), "member")}
    members = {name: member for name, member in vars(Context).items() if not name.startswith("_")}
    assert set(shown) == set(members)
    for name, member in members.items():
        if not isinstance(member, property) and name not in ("buy", "sell"):
            names = [each.split("=")[0].strip() for each in shown[name].partition("(")[2][:-1].split(",")]
            assert names == list(inspect.signature(member).parameters)[1:], name
    assert shown["buy"] == f"buy({', '.join(list(inspect.signature(Context.buy).parameters)[1:])})"


def test_members_of_a_book_are_those_that_both_books_have() -> None:
    cells = [cell for cell, _ in rows(page("strategy.md"), "member of a book")]
    shown = {name.partition("(")[0] for cell in cells for name in re.findall(r"`?(\w+\([\w, ]*\)|\w+)`?", cell)}
    written = {
        "apply",
        "apply_many",
        "set_level",
        "snapshot",
        "mark_stale",
        "use_grid",
        "is_dirty",
    }  # by the loop alone
    for kind in (Book, SortedBook):
        assert shown == {name for name in dir(kind) if not name.startswith("_")} - written


def _call(name: str, member: object) -> str:
    return f"{name}({', '.join(list(inspect.signature(member).parameters)[1:])})"  # type: ignore[arg-type]


# adding-a-venue.md, simulator.md


def test_factories_are_those_that_loading_asks_a_venue_for() -> None:
    source = inspect.getsource(loading)
    shown = [factory for factory, *_ in rows(page("adding-a-venue.md"), "factory")]
    assert sorted(shown) == sorted(["market_data", "fees", "orders", "logon"])
    assert all(f'"{name}")' in source for name in shown)


def test_faults_of_the_simulator_are_those_that_it_has() -> None:
    cells = [kind for kind, _ in rows(section(page("simulator.md"), "## Faults"), "kind")]
    assert {name.strip("` ") for cell in cells for name in cell.split(",")} == KINDS


# architecture.md


def test_rooms_are_those_that_imports_are_judged_by_in_their_order() -> None:
    shown = [room for room, _ in rows(page("architecture.md"), "room", "holds")]
    first_modules = [modules.split()[0] for modules in CONTENTS.values()]
    rooms = [module.split(".")[1] for module in first_modules if module.startswith("engine.")]
    assert shown == ["the words", *dict.fromkeys(rooms)]


def test_sockets_are_opened_where_the_page_says() -> None:
    said = page("architecture.md").split("Sockets are opened in")[1].split(";")[0]
    places = [module.removeprefix("engine.").replace(".", "/") for module in SOCKETS if module.startswith("engine.")]
    assert re.findall(r"`([\w/]+)`", said) == places


# CHANGELOG.md


def test_names_that_moved_are_where_the_changes_say() -> None:
    table = rows((ROOT / "CHANGELOG.md").read_text(), "was", "is")
    assert len(table) > 30
    for _, place in table:
        module, _, name = place.rpartition(".")
        assert hasattr(importlib.import_module(module), name), place
