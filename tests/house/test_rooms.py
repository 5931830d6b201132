"""The rooms of the program and their order, judged by the imports of every source file."""

from functools import cache

import pytest

from tests.support.imports import Rooms, Tree, callers, circles, strangers
from tests.support.places import ROOT

# The table of contents: a room, and the modules and folders that are in it. It imports only itself and what is above.
CONTENTS = {
    "words": "engine engine.errors engine.fix engine.units engine.instrument engine.book"
    " engine._book engine._decimal engine._text",
    "runtime": "engine.runtime",
    "codec": "engine.codec",
    "orders": "engine.orders",
    "portfolio": "engine.portfolio",
    "risk": "engine.risk",
    "signals": "engine.signals",
    "strategy": "engine.strategy",
    "journal": "engine.journal",
    "session files": "engine.session.file",
    "session stores": "engine.session.store",
    "session": "engine.session",
    "session protocol": "engine.session.protocol",
    "session dictionary": "engine.session.dictionary",
    "native session": "engine.session.native",
    "quickfix session": "engine.session.quickfix",
    "session opening": "engine.session.opening",
    "venue": "engine.venue",
    "trading": "engine.trading",
    "config": "engine.config",
    "net": "engine.net",
    "exchange": "engine.exchange",
    "ops": "engine.ops",
    "strategies": "engine.strategies",
    "sim": "engine.sim",
    "backtest": "engine.backtest",
    "testing": "engine.testing",
    "app": "engine.app",
    "commands": "engine.cli engine.__main__",
    "bench": "bench",
    "tests": "tests.support",
}
EDGES = {
    "quickfix": ("engine.session.quickfix", "engine.sim.fix", "bench"),
    "quickfix44": ("engine.session.quickfix", "engine.sim.fix", "bench"),
    "picows": ("engine.net", "engine.sim"),
    "aiohttp": ("engine.net", "engine.sim"),
    "aiofastnet": ("engine.net", "engine.session.native"),
    "httptools": ("engine.net",),
    "stamina": ("engine.net",),
    "prometheus_client": ("engine.ops",),
    "numpy": ("engine.backtest.rows", "engine.portfolio", "bench"),
    "ray": ("engine.backtest.sweeps",),
    "distributed": ("engine.backtest.sweeps",),
    "optuna": ("engine.backtest.sweeps",),
    "websockets": ("bench",),
    "matplotlib": ("bench",),
}
SOCKETS = [
    "engine.runtime",
    "engine.session.native",
    "engine.session.quickfix",
    "engine.net",
    "engine.ops",
    "engine.sim",
    "bench",
]
OPENING = (
    *("socket", "socketpair", "create_connection", "create_server", "create_unix_connection", "create_unix_server"),
    *("create_datagram_endpoint", "open_connection", "open_unix_connection", "start_server", "start_unix_server"),
    *("ws_connect", "ws_create_server", "urlopen", "HTTPConnection", "HTTPSConnection"),
)
MOST_LINES, MOST_MODULES = 300, 20


def rooms() -> Rooms:
    return Rooms({name: modules.split() for name, modules in CONTENTS.items()})


@cache
def program() -> Tree:
    return Tree.read(ROOT, "engine", "bench")


@cache
def everything() -> Tree:
    return Tree.read(ROOT, "engine", "bench", "tests/support")


def test_every_module_stands_in_a_room() -> None:
    strict = {name: [module for module in modules.split() if module != "engine"] for name, modules in CONTENTS.items()}
    assert Rooms(strict).homeless(everything().graph()) == ["engine"]  # the folder; as a name it would own all below it


def test_no_room_imports_from_below() -> None:
    assert rooms().upward(everything().graph()) == []


def test_no_files_import_each_other() -> None:
    assert circles(everything().graph()) == []


def test_engine_does_not_know_its_harness() -> None:
    engine = Tree.read(ROOT, "engine")
    assert strangers(engine, {"bench": (), "tests": ()}) == []


def test_outside_packages_are_imported_only_at_their_edge() -> None:
    assert strangers(program(), EDGES) == []


def test_sockets_are_opened_only_where_input_and_output_live() -> None:
    assert callers(program(), OPENING, SOCKETS) == []
    assert strangers(program(), {"socket": SOCKETS, "http": SOCKETS, "socketserver": SOCKETS}) == []


def test_no_file_is_too_long_to_read_at_once() -> None:
    assert program().long_files(MOST_LINES) == []


def test_no_folder_holds_too_many_modules() -> None:
    assert program().wide_folders(MOST_MODULES) == []


@pytest.mark.parametrize("name", ["engine.session.protocol.core", "engine.codec._fields", "bench.venue._drive"])
def test_tree_is_read_with_what_is_compiled(name: str) -> None:
    assert name in program().files  # a reader that finds nothing would find nothing wrong
    assert program().graph()[name]
