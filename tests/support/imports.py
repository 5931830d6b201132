"""Who imports whom in a tree, read from its text: nothing is imported, so no condition hides an import.

Counted are imports at any depth, those under TYPE_CHECKING and in functions too, `import_module` of a literal, and the
cimports of `.pyx` and `.pxd`. A `.pyx`, `.pxd`, `.pyi` and `.py` of one stem are one module. That an import of a
module also runs the `__init__` of its packages is not counted: an `__init__` is the door of its room, and may lead in.

Shapes  a `Graph` has every module of the tree as a key, and what it imports of the tree as the value.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".py", ".pyi", ".pyx", ".pxd")
Graph = dict[str, set[str]]

_STRINGS_AND_COMMENTS = re.compile(
    r"""("{3}|'{3})(?:\\.|.)*?\1|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\#[^\n]*""", re.DOTALL
)
_CYTHON_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<of>[\w.]+)[ \t]+c?import[ \t]*(?:\((?P<many>[^)]*)\)|(?P<one>[^\n]+))"
    r"|c?import[ \t]+(?P<whole>[^\n]+))",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Tree:
    """The source files of some top-level folders, by the dotted name of their module."""

    files: Mapping[str, tuple[Path, ...]]

    @classmethod
    def read(cls, root: Path, *folders: str) -> "Tree":
        """Find the modules below `root`'s folders."""
        files: dict[str, tuple[Path, ...]] = {}
        for path in sorted(path for folder in folders for path in (root / folder).rglob("*.*")):
            if path.suffix in SUFFIXES:
                name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
                files[name] = (*files.get(name, ()), path)
        return cls(files)

    def imports(self, module: str) -> Iterator[str]:
        """Yield dotted names that a module imports, of whatever distribution: `from a.b import c` is `a.b.c`."""
        for path in self.files[module]:
            package = module if path.stem == "__init__" else module.rpartition(".")[0]
            yield from imported(path.read_text(), package, is_cython=path.suffix in (".pyx", ".pxd"))

    def graph(self) -> Graph:
        """Return what each module imports of this tree."""
        found: Graph = {}
        for module in self.files:
            names = (self._module_of(name) for name in self.imports(module))
            found[module] = {name for name in names if name and name != module}
        return found

    def long_files(self, most: int) -> list[str]:
        """Say which files have more than `most` lines; stubs are declarations, and do not count."""
        found = []
        for module, paths in self.files.items():
            for path in paths:
                count = len(path.read_text().splitlines())
                if count > most and path.suffix != ".pyi":
                    found.append(f"{module} ({path.name}): {count} lines")
        return found

    def wide_folders(self, most: int) -> list[str]:
        """Say which folders hold more than `most` modules, their `__init__` left out."""
        counts: dict[str, int] = {}
        for module, paths in self.files.items():
            if paths[0].stem != "__init__":
                folder = module.rpartition(".")[0]
                counts[folder] = counts.get(folder, 0) + 1
        return [f"{folder}: {count} modules" for folder, count in sorted(counts.items()) if count > most]

    def _module_of(self, name: str) -> str:
        """Return the module of this tree that a name is, or is defined in; nothing where there is none."""
        while name and name not in self.files:
            name = name.rpartition(".")[0]
        return name


def imported(text: str, package: str, *, is_cython: bool = False) -> Iterator[str]:
    """Yield the dotted names that a source text imports; `package` is what its relative imports start from."""
    pairs = _cython_imports(text) if is_cython else _python_imports(text)
    for source, name in pairs:
        dots = len(source) - len(source.lstrip("."))
        if dots:
            above = package.split(".")[: len(package.split(".")) - dots + 1]
            source = ".".join([*above, *filter(None, [source.lstrip(".")])])
        yield f"{source}.{name}" if name and name != "*" else source


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the modules that import each other, directly or by others, each circle sorted (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_modules: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        open_modules.append(module)
        for target in graph[module]:
            if target not in order:
                visit(target)
            if target in open_modules:
                low[module] = min(low[module], low[target])
        if low[module] == order[module]:
            at = open_modules.index(module)
            circle = sorted(open_modules[at:])
            del open_modules[at:]
            if len(circle) > 1:
                found.append(circle)

    for module in graph:
        if module not in order:
            visit(module)
    return sorted(found)


class Rooms:
    """An order of rooms; each is a name and the dotted prefixes of what stands in it."""

    def __init__(self, rooms: Mapping[str, Iterable[str]]) -> None:
        self._names = list(rooms)
        self._rank = {prefix: rank for rank, prefixes in enumerate(rooms.values()) for prefix in prefixes}

    def homeless(self, graph: Graph) -> list[str]:
        """Return the modules that stand in no room."""
        return sorted(module for module in graph if self._rank_of(module) is None)

    def upward(self, graph: Graph) -> list[str]:
        """Say which modules import from a room that stands below their own."""
        wrong = []
        for module, targets in sorted(graph.items()):
            own = self._rank_of(module)
            for target in sorted(targets):
                rank = self._rank_of(target)
                if own is not None and rank is not None and rank > own:
                    wrong.append(f"{module} ({self._names[own]}) imports {target} ({self._names[rank]})")
        return wrong

    def _rank_of(self, module: str) -> int | None:
        """Return the rank of the longest known prefix; a room that is also a package owns what lies in it."""
        while module not in self._rank:
            module = module.rpartition(".")[0]
            if not module:
                return None
        return self._rank[module]


def strangers(tree: Tree, edges: Mapping[str, Iterable[str]]) -> list[str]:
    """Say who imports a package of `edges` elsewhere than in the rooms that it names."""
    return [
        f"{module} imports {name}"
        for module in tree.files
        for name in sorted(set(tree.imports(module)))
        if (places := edges.get(name.partition(".")[0])) is not None
        and not any(module == place or module.startswith(f"{place}.") for place in places)
    ]


def callers(tree: Tree, names: Iterable[str], places: Iterable[str]) -> list[str]:
    """Say who calls one of these functions or methods elsewhere than in the rooms named."""
    call = re.compile(rf"\b({'|'.join(names)})\(")
    inside = tuple(f"{place}." for place in places)
    return [
        f"{module} calls {name}"
        for module, paths in tree.files.items()
        if not f"{module}.".startswith(inside)
        for name in sorted({name for path in paths for name in call.findall(_bare(path.read_text()))})
    ]


def _python_imports(text: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import():
                yield from ((alias.name, "") for alias in node.names)
            case ast.ImportFrom():
                yield from (("." * node.level + (node.module or ""), alias.name) for alias in node.names)
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if ast.unparse(node.func).endswith("import_module"):
                yield name, ""


def _cython_imports(text: str) -> Iterator[tuple[str, str]]:
    """Read by pattern, for no parser of the standard library takes Cython."""
    for found in _CYTHON_IMPORT.finditer(_bare(text)):
        names = found["many"] or found["one"] or found["whole"]
        for name in filter(None, (re.split(r"\s+as\s+", part)[0].strip(" \t\n;") for part in names.split(","))):
            yield (found["of"], name) if found["of"] else (name, "")


def _bare(text: str) -> str:
    """Return the text without comments, the insides of strings, and continued lines."""
    return _STRINGS_AND_COMMENTS.sub(lambda found: "" if found[0].startswith("#") else '""', text).replace("\\\n", " ")
