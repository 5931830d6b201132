"""The reader of imports itself: what it must find in a tree that is made up to break each rule."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support.imports import Rooms, Tree, callers, circles, imported, strangers

Grow: TypeAlias = Callable[[dict[str, str]], Tree]


@pytest.fixture
def grown(tmp_path: Path) -> Grow:
    """Return a function that writes files, by path and text, into the folder `a` and reads it."""

    def grow(files: dict[str, str]) -> Tree:
        for name, text in files.items():
            path = tmp_path / "a" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Tree.read(tmp_path, "a")

    return grow


TYPE_ONLY = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a.y import Y\n"
IN_FUNCTION = "def f():\n    import a.y\n"
BY_NAME = 'import importlib\nmodule = importlib.import_module("a.y")\n'
IN_BRACKETS = "from a import (\n    # why\n    y,\n)\n"


@pytest.mark.parametrize(
    "text", [TYPE_ONLY, IN_FUNCTION, BY_NAME, IN_BRACKETS, "from . import y\n", "from .y import Y\n"]
)
def test_circle_of_python_files_is_found_however_it_is_imported(grown: Grow, text: str) -> None:
    assert circles(grown({"x.py": text, "y.py": "import a.x\n"}).graph()) == [["a.x", "a.y"]]


@pytest.mark.parametrize("suffix", ["pyx", "pxd"])
@pytest.mark.parametrize(
    "text",
    [
        "from a.y cimport Y, other as z\n",
        "from a.y cimport (\n    Y,  # why\n    Z,\n)\n",
        "from a cimport \\\n    y\n",
        "cimport a.y\n",
        "cdef f():\n    from a.y import Y\n",
        "import os, a.y as y\n",
    ],
)
def test_circle_of_cython_files_is_found_in_source_and_declarations(grown: Grow, suffix: str, text: str) -> None:
    tree = grown({"x.pyx": "", f"x.{suffix}": text, "y.py": "from a.x import X\n"})
    assert circles(tree.graph()) == [["a.x", "a.y"]]


def test_circle_of_three_is_one_circle_and_a_tail_is_no_part_of_it(grown: Grow) -> None:
    files = {"x.py": "import a.y", "y.py": "import a.z", "z.py": "import a.x", "w.py": "import a.x"}
    assert circles(grown(files).graph()) == [["a.x", "a.y", "a.z"]]


def test_diamond_is_no_circle(grown: Grow) -> None:
    files = {"x.py": "import a.y, a.z", "y.py": "import a.w", "z.py": "import a.w", "w.py": ""}
    assert circles(grown(files).graph()) == []


@pytest.mark.parametrize(
    "text",
    ['"""\nfrom a.y import Y\n"""\n', "# import a.y\n", "s = 'import a.y'\n", "cdef extern from 'a/y.h':\n    pass\n"],
)
def test_words_in_strings_and_comments_import_nothing(grown: Grow, text: str) -> None:
    assert grown({"x.pyx": text, "y.py": ""}).graph()["a.x"] == set()


def test_name_is_taken_for_the_module_that_defines_it(grown: Grow) -> None:
    tree = grown(
        {"r/__init__.py": "", "r/m.py": "", "x.py": "from a.r import m\nfrom a.r import other\nimport os.path\n"}
    )
    assert tree.graph() == {"a.r": set(), "a.r.m": set(), "a.x": {"a.r.m", "a.r"}}


def test_relative_import_starts_from_its_package() -> None:
    text = "from . import one\nfrom ..two import three\nfrom .four import *\n"
    assert list(imported(text, "a.b")) == ["a.b.one", "a.two.three", "a.b.four"]
    assert list(imported("from ..two cimport three\n", "a.b", is_cython=True)) == ["a.two.three"]


def test_import_from_a_lower_room_is_found_also_for_types_only(grown: Grow) -> None:
    tree = grown({"x.py": TYPE_ONLY, "y.py": ""})
    assert Rooms({"high": ["a.y"], "low": ["a.x"]}).upward(tree.graph()) == []
    assert Rooms({"high": ["a.x"], "low": ["a.y"]}).upward(tree.graph()) == ["a.x (high) imports a.y (low)"]


def test_longest_name_decides_the_room(grown: Grow) -> None:
    tree = grown({"r/m.py": "import a.x", "r/n.py": "import a.x", "x.py": ""})
    rooms = Rooms({"inner": ["a.r.m"], "words": ["a.x"], "outer": ["a.r"]})
    assert rooms.upward(tree.graph()) == ["a.r.m (inner) imports a.x (words)"]
    assert Rooms({"inner": ["a.r"]}).homeless(tree.graph()) == ["a.x"]


def test_package_away_from_its_edge_is_found(grown: Grow) -> None:
    tree = grown({"x.py": "import wire.core\n", "r/m.pyx": "from wire cimport core\n", "y.py": "import wireless\n"})
    assert strangers(tree, {"wire": ["a.r"]}) == ["a.x imports wire.core"]
    assert strangers(tree, {"wire": ["a"]}) == []


def test_call_away_from_its_edge_is_found(grown: Grow) -> None:
    tree = grown({"x.py": "loop.create_server(1)\n", "y.py": '"""create_server(1)"""\n', "r/m.py": "create_server()\n"})
    assert callers(tree, ["create_server"], ["a.r"]) == ["a.x calls create_server"]


def test_lengths_and_widths_are_counted(grown: Grow) -> None:
    tree = grown({"x.py": "1\n" * 3, "y.pxd": "1\n" * 4, "y.pyi": "1\n" * 9, "r/__init__.py": "", "r/m.py": ""})
    assert tree.long_files(3) == ["a.y (y.pxd): 4 lines"]
    assert tree.long_files(2) == ["a.x (x.py): 3 lines", "a.y (y.pxd): 4 lines"]
    assert tree.wide_folders(1) == ["a: 2 modules"]
