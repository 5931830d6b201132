"""Cython extensions of Fixlane.

ENGINE_CHECKED=1 builds them with every run-time check; without it they are built for speed.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

CORES = os.cpu_count() or 1
IS_CHECKOUT = not {"editable_wheel", "--inplace"}.isdisjoint(sys.argv)  # only there is the latency harness of use
CHECKED = os.environ.get("ENGINE_CHECKED") == "1"
COMMON = {
    "language_level": 3,
    "auto_pickle": False,
    "autotestdict": False,
    "embedsignature": True,
    "annotation_typing": False,  # `int` in a .py is Python's; C types stand in the .pxd beside it
}
FAST = COMMON | {
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
    "infer_types": True,
}
SAFE = COMMON | {
    "boundscheck": True,
    "wraparound": True,
    "initializedcheck": True,
    "nonecheck": True,
    "overflowcheck": True,
    "cdivision": False,
}


def extension(path: Path) -> Extension:
    name = ".".join(path.with_suffix("").parts)
    flags = ["-O1", "-g"] if CHECKED else ["-O3", "-g0"]
    return Extension(name, [str(path)], extra_compile_args=[*flags, "-Werror=incompatible-pointer-types"])


def extensions(sources: Iterable[Path], directives: dict[str, object], build: str) -> list[Extension]:
    # The two sets of directives give different C: each keeps its own, so that switching rebuilds.
    return cythonize(
        [extension(path) for path in sorted(sources)],
        compiler_directives=directives,
        build_dir=f"build/{build}",
        force=CHECKED,
        nthreads=CORES,
    )


def plain(folder: str) -> list[Path]:
    """Return the Python files that have C fields declared in a .pxd beside them."""
    return [path for pxd in Path(folder).rglob("*.pxd") if (path := pxd.with_suffix(".py")).exists()]


setup(
    ext_modules=[
        *extensions(Path("engine").rglob("*.pyx"), SAFE if CHECKED else FAST, "checked" if CHECKED else "fast"),
        # Written as Python, so always built with what Python checks: a negative index, None, an overflow.
        *extensions(plain("engine"), SAFE, "checked" if CHECKED else "fast"),
        # The measuring venue is always fast: it is the ruler.
        *(extensions(Path("bench").rglob("*.pyx"), FAST, "fast") if IS_CHECKOUT else ()),
    ],
    options={"build_ext": {"parallel": CORES}},
)
