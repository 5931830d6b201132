"""What the wheel and the source distribution hold, read from the files that decide it."""

import fnmatch
import tomllib
from importlib.metadata import EntryPoint

from engine.app.plugins import ELSEWHERE, GROUP
from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]
SOURCES = (".py", ".pyi", ".pyx", ".pxd", ".c", ".cpp")


def sources(folder: str) -> list[str]:
    """Return the paths of a folder's sources; what a build has left is none."""
    found = (path for path in (ROOT / folder).rglob("*") if path.suffix in SOURCES)
    return sorted(str(path.relative_to(ROOT)) for path in found)


def test_wheel_installs_one_top_level_package() -> None:
    patterns = SETUPTOOLS["packages"]["find"]["include"]
    folders = [path.parent.name for path in ROOT.glob("*/__init__.py")]
    assert {"bench", "engine", "tests"} <= set(folders)
    assert [name for name in folders if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)] == ["engine"]
    assert [name for name in SETUPTOOLS["package-data"] if name.startswith("bench")] == []


def test_every_folder_of_the_engine_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "engine").rglob("*.py*") if path.suffix in SOURCES}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_commands_of_the_harness_are_where_the_entry_points_say() -> None:
    points = PROJECT["project"]["entry-points"][GROUP]
    assert sorted(points) == ["bench", "compare"]
    for name, value in points.items():
        point = EntryPoint(name, value, GROUP)
        assert point.load().__module__ == point.module
        assert point.module.partition(".")[0] in ELSEWHERE  # a wheel has it not, and says what to do


def test_source_distribution_holds_the_harness() -> None:
    lines = [line.split() for line in (ROOT / "MANIFEST.in").read_text().splitlines()]
    (patterns,) = [words[2:] for words in lines if words[:2] == ["recursive-include", "bench"]]
    missing = [path for path in sources("bench") if not any(fnmatch.fnmatch(path, pattern) for pattern in patterns)]
    assert [path for path in missing if not (ROOT / path).with_suffix(".pyx").exists()] == []
