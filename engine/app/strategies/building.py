"""`fixlane build-strategy FILE`: compiles a strategy beside its source, so that its hooks run as C.

A `.pyx` may `cimport Strategy` from `engine.strategy.base` and override `on_book`, `on_trade`, `on_order` and `on_fill`
by cpdef: the loop then calls `on_book` and `on_fill` without Python. A `.py` is compiled as it is written.

Errors  ConfigError for what is no source and where Cython is missing, EngineError for what does not compile.
"""

from argparse import Namespace
from pathlib import Path
from tempfile import TemporaryDirectory

import engine
from engine.app.plugins import Subparsers
from engine.errors import ConfigError, EngineError

DIRECTIVES = {"language_level": 3, "auto_pickle": False, "embedsignature": True, "annotation_typing": False}


def add_commands(found: Subparsers) -> None:
    """Add `build-strategy`."""
    build_strategy = found.add_parser("build-strategy", help="compile a strategy, a .pyx or .py, beside its source")
    build_strategy.add_argument("file", type=Path, metavar="FILE")
    build_strategy.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Compile the file, and print what was made of it."""
    print(build(arguments.file))
    return 0


def build(source: Path) -> Path:
    """Return the compiled module of a strategy's source."""
    if source.suffix not in (".pyx", ".py") or not source.stem.isidentifier():
        raise ConfigError(f"{source}: name a .pyx or .py whose name is that of a module")
    if not source.is_file():
        raise ConfigError(f"{source}: no such file")
    try:
        from Cython.Build import cythonize
        from Cython.Compiler.Errors import CompileError
        from setuptools import Distribution, Extension
        from setuptools.errors import BaseError
    except ImportError as error:
        raise ConfigError(f"build-strategy needs {error.name}: pip install 'fixlane[compile]'") from None
    with TemporaryDirectory() as scratch:
        extension = Extension(source.stem, [str(source.resolve())], extra_compile_args=["-O3"])
        try:
            (made,) = cythonize(
                [extension],
                include_path=[str(Path(engine.__file__).resolve().parents[1])],
                compiler_directives=DIRECTIVES,
                build_dir=scratch,
                quiet=True,
            )
            command = Distribution({"name": source.stem, "ext_modules": [made]}).get_command_obj("build_ext")
            command.build_lib, command.build_temp = str(source.resolve().parent), scratch
            command.ensure_finalized()
            command.run()
        except (CompileError, BaseError) as error:
            raise EngineError(f"{source}: does not compile: {error}") from error
        return Path(command.get_ext_fullpath(source.stem))
