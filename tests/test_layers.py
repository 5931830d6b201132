"""The layers of the architecture, read from the imports: a module imports only what stands above it."""

import ast
from pathlib import Path

ENGINE = Path(__file__).parent.parent / "engine"
WORDS, STATE, WIRE, VENUE, HOOKS, PATH, EDGE, WIRING = range(8)

NAMES = {
    WORDS: "_clock _sockets errors fix instrument report _decimal counters latency _latency defaults",
    STATE: "_book book order _order_ids order_event order_steps order_table orders position sequence"
    " limits tables markets rate risk risk_codes _exposure _rate _risk"
    " journal _journal journal_file journal_dump recovery",
    WIRE: "session",
    VENUE: "venue",
    HOOKS: "strategy strategies hooks",
    PATH: "loop desk supervisor",
    EDGE: "feed metrics config control log modes backoff session.quickfix_session session.native",
    WIRING: "loading app demo stepped cli check echo sim __main__",
}
LAYERS = {"": WORDS} | {name: layer for layer, names in NAMES.items() for name in names.split()}
ONLY_IN = {
    "quickfix": ("session.quickfix", "sim"),
    "picows": ("feed", "sim"),
    "prometheus_client": ("metrics",),
}


def modules() -> list[tuple[str, Path]]:
    paths = [*ENGINE.rglob("*.py"), *ENGINE.rglob("*.pyx")]
    return sorted((".".join(path.relative_to(ENGINE).with_suffix("").parts), path) for path in paths)


def layer(name: str) -> int:
    """The layer of the longest known prefix of a dotted name."""
    parts = name.removesuffix(".__init__").removesuffix("__init__").split(".")
    while ".".join(parts) not in LAYERS:
        assert len(parts) > 1, f"engine/{name} stands in no layer: add it to LAYERS"
        parts.pop()
    return LAYERS[".".join(parts)]


def imports(path: Path) -> list[str]:
    """Dotted names that a module imports at run time, its TYPE_CHECKING blocks left out."""
    if path.suffix == ".pyx":
        words = [line.split() for line in path.read_text().splitlines()]
        return [w[1] for w in words if len(w) > 1 and w[0] in ("import", "from", "cimport")]
    names: list[str] = []
    pending: list[ast.AST] = [ast.parse(path.read_text())]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        pending += ast.iter_child_nodes(node)
    return names


def test_every_module_stands_in_a_layer() -> None:
    assert [layer(name) for name, _ in modules()]


def test_no_module_imports_from_a_lower_layer() -> None:
    wrong = []
    for name, path in modules():
        for imported in imports(path):
            if imported == "engine" or not imported.startswith("engine."):
                continue
            target = imported.removeprefix("engine.")
            while not ((ENGINE / target.replace(".", "/")).is_dir() or known(target)):
                target = target.rpartition(".")[0]
            if layer(target) > layer(name):
                wrong.append(f"{name} imports {target}")
    assert wrong == []


def known(target: str) -> bool:
    stem = ENGINE / target.replace(".", "/")
    return not target or any(stem.with_suffix(suffix).exists() for suffix in (".py", ".pyx"))


def test_loop_and_edges_do_not_import_each_other() -> None:
    edges = {name for name, _ in modules() if layer(name) == EDGE}
    wrong = [
        f"{name} imports {imported}"
        for name, path in modules()
        for imported in imports(path)
        if (name in edges and imported.startswith("engine.loop"))
        or (layer(name) == PATH and any(imported.startswith(f"engine.{edge}") for edge in edges))
    ]
    assert wrong == []


def test_outside_packages_are_imported_only_at_their_edge() -> None:
    wrong = [
        f"{name} imports {imported}"
        for name, path in modules()
        for imported in imports(path)
        for package, places in ONLY_IN.items()
        if imported.split(".")[0] == package and not name.startswith(places)
    ]
    assert wrong == []


def test_no_engine_file_is_longer_than_400_lines() -> None:
    assert [name for name, path in modules() if len(path.read_text().splitlines()) > 400] == []
