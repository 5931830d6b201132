"""Where rows go as they come: one Parquet file for each pass, and one of all of them in the end.

Shapes  DIR/sweep.json says which sweep this is, DIR/rows/SPAN-NUMBER.parquet holds the rows of one pass, whole or not
        there at all; DIR/rows.parquet holds all, by set and span.
Errors  ConfigError where pyarrow is not installed, and where the folder holds another sweep; OSError of the disk.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine.backtest.sweeps.rows import SweepRow
from engine.errors import ConfigError

SUBJECT = "sweep.json"


class RowStore:
    """The folder of one sweep; what is in it already is not done again."""

    def __init__(self, folder: Path, subject: Mapping[str, Any]) -> None:
        self._pyarrow, self._parquet = _arrow()
        self._schema = _schema(self._pyarrow)
        self.folder, self._parts = folder, folder / "rows"
        self._parts.mkdir(parents=True, exist_ok=True)
        self._claim(msgspec.json.format(msgspec.json.encode(dict(subject), order="sorted"), indent=1) + b"\n")
        for path in self._parts.glob("*.part"):
            path.unlink()

    def _claim(self, subject: bytes) -> None:
        path = self.folder / SUBJECT
        if not path.exists():
            _write(path, subject)
        elif path.read_bytes() != subject:
            raise ConfigError(
                f"{self.folder} holds another sweep (see {path}): its file, configuration, strategy or data were "
                "others. Name another --out, or remove it"
            )

    def read(self, name: str) -> list[SweepRow] | None:
        """Return the rows of a pass that was written; None where none was."""
        path = self._path(name)
        if not path.exists():
            return None
        try:
            rows = self._parquet.read_table(path).to_pylist()
        except (OSError, self._pyarrow.ArrowInvalid) as error:
            raise ConfigError(f"{path} cannot be read: {error}: remove it, and it is made again") from None
        return msgspec.convert(rows, list[SweepRow])

    def write(self, name: str, rows: Sequence[SweepRow]) -> None:
        """Write the rows of a pass."""
        self._table(rows, self._path(name))

    def write_all(self, rows: Iterable[SweepRow]) -> Path:
        """Write every row, by set and span, into one file; return it."""
        path = self.folder / "rows.parquet"
        self._table(sorted(rows, key=lambda row: (row.number, row.from_ns, row.span)), path)
        return path

    def _path(self, name: str) -> Path:
        return self._parts / f"{name}.parquet"

    def _table(self, rows: Sequence[SweepRow], path: Path) -> None:
        table = self._pyarrow.Table.from_pylist([msgspec.to_builtins(row) for row in rows], schema=self._schema)
        part = path.with_suffix(".part")
        self._parquet.write_table(table, part, compression="zstd")
        os.replace(part, path)


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    os.replace(part, path)


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ConfigError("a sweep wants the package pyarrow: pip install 'fixlane[history]'") from None
    return pyarrow, parquet


def _schema(pyarrow: Any) -> Any:
    kinds = {
        int: pyarrow.int64(),
        str: pyarrow.string(),
        float | None: pyarrow.float64(),
        list[float]: pyarrow.list_(pyarrow.float64()),
    }
    return pyarrow.schema([(field.name, kinds[field.type]) for field in msgspec.structs.fields(SweepRow)])
