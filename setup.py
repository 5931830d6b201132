"""Cython extensions of Fixlane.

ENGINE_CHECKED=1 builds them with every run-time check; without it they are built for speed.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

CORES = os.cpu_count() or 1
CHECKED = os.environ.get("ENGINE_CHECKED") == "1"
COMMON = {"language_level": 3, "auto_pickle": False, "autotestdict": False, "embedsignature": True}
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
    return Extension(name, [str(path)], extra_compile_args=flags)


sources = sorted([*Path("engine").rglob("*.pyx"), *Path("bench").rglob("*.pyx")])
setup(
    ext_modules=cythonize(
        [extension(path) for path in sources],
        compiler_directives=SAFE if CHECKED else FAST,
        # The two sets of directives give different C: each keeps its own, so that switching rebuilds.
        build_dir="build/checked" if CHECKED else "build/fast",
        force=CHECKED,
        nthreads=CORES,
    ),
    options={"build_ext": {"parallel": CORES}},
)
