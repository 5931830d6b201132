"""Rows in files: Parquet to keep, and beside it a raw column each to map into memory.

A file of rows names its markets, its schema and where it came from in its metadata; the same rows make the same bytes.
The columns in `.columns/SHA256/` are made when they are first asked for, and belong to the Parquet file of that
checksum; they may be deleted at any time.

Errors  ConfigError for a file that is none of ours, is damaged, or is newer than this program.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow
from numpy.typing import NDArray
from pyarrow import parquet

from engine.backtest.rows.schema import COLUMNS, VERSION
from engine.errors import ConfigError

GROUP_ROWS = 1 << 20
META = b"fixlane"
_TYPES = {"<i8": pyarrow.int64(), "<i4": pyarrow.int32(), "|u1": pyarrow.uint8()}


class Source(msgspec.Struct, frozen=True):
    """A file that rows came from; `shifts_ns` was added to the venue's stamps of each of its connections."""

    name: str
    sha256: str
    shifts_ns: list[int]
    counts: dict[str, int]


class About(msgspec.Struct, frozen=True):
    """What a file of rows says of itself; a row's `market` is a place in `markets`."""

    version: int
    markets: list[str]
    sources: list[Source]


class MappedRows(NamedTuple):
    """Rows by column, as mapped into memory."""

    about: About
    columns: Mapping[str, NDArray[Any]]


def write_rows(path: Path, columns: Mapping[str, NDArray[Any]], about: About) -> None:
    """Write a file of rows; it is there whole or not at all."""
    table = pyarrow.table(
        {name: pyarrow.array(columns[name].astype(kind), type=_TYPES[kind]) for name, kind in COLUMNS.items()}
    ).replace_schema_metadata({META: msgspec.json.encode(about)})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    parquet.write_table(
        table,
        partial,
        compression="zstd",
        use_dictionary=False,
        column_encoding=dict.fromkeys(COLUMNS, "DELTA_BINARY_PACKED"),
        row_group_size=GROUP_ROWS,
    )
    os.replace(partial, path)


def read_about(path: Path) -> About:
    """Return what a file of rows says of itself."""
    try:
        metadata = parquet.read_schema(path).metadata or {}
        about = msgspec.json.decode(metadata[META], type=About)
    except (pyarrow.ArrowException, OSError, KeyError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path} is no file of rows: {error}; make it anew with fixlane data convert") from None
    if about.version > VERSION:
        raise ConfigError(f"{path} has schema {about.version}, this program reads up to {VERSION}: update it")
    return about


def open_rows(path: Path) -> MappedRows:
    """Return the rows of a file, mapped; the columns are made if they are not there yet."""
    about = read_about(path)
    folder = path.parent / ".columns" / sha256(path)
    if not folder.is_dir():
        _make_columns(path, folder)
    return MappedRows(about, {name: _map(folder / f"{name}.bin", kind) for name, kind in COLUMNS.items()})


def row_count(path: Path) -> int:
    """Return how many rows a file holds."""
    return int(parquet.read_metadata(path).num_rows)


def sha256(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def columns_of(path: Path, names: Sequence[str]) -> list[NDArray[Any]]:
    """Return some columns of a file of rows, read into memory."""
    table = parquet.read_table(path, columns=list(names))
    return [table.column(name).to_numpy() for name in names]


def _make_columns(path: Path, folder: Path) -> None:
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        for name, kind in COLUMNS.items():
            columns_of(path, [name])[0].astype(kind).tofile(partial / f"{name}.bin")
    except (pyarrow.ArrowException, KeyError) as error:
        raise ConfigError(f"{path} is damaged: {error}; make it anew with fixlane data convert") from None
    try:
        partial.rename(folder)
    except OSError:  # somebody else was first, with the same bytes
        if not folder.is_dir():
            raise


def _map(path: Path, kind: str) -> NDArray[Any]:
    if not path.stat().st_size:
        return np.empty(0, dtype=kind)  # nothing to map
    return np.memmap(path, dtype=kind, mode="r")
