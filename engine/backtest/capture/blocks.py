"""Files of compressed blocks: each block is whole by itself, so that a file that was cut is good up to its last one.

Shapes  a file is zstd frames one after the other, each with its checksum; any zstd program reads it.
Errors  DecodeError for a damaged block; OSError from the disk. A file that was cut at its end is told to `on_cut`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from engine.errors import DecodeError

LEVEL = 3
_READ_BYTES = 1 << 20


class BlockCompressor:
    """Makes blocks of bytes."""

    def __init__(self) -> None:
        self._compressor = ZstdCompressor(level=LEVEL, write_checksum=True)

    def block(self, data: bytes) -> bytes:
        """Return `data` as one block."""
        return self._compressor.compress(data)


def read_blocks(path: Path, on_cut: Callable[[str], object]) -> Iterator[bytes]:
    """Yield the content of each whole block; `on_cut` hears why the last one is left out."""
    decompressor, number, is_begun = ZstdDecompressor().decompressobj(), 0, False
    parts: list[bytes] = []
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            while data:
                try:
                    parts.append(decompressor.decompress(data))
                except ZstdError as error:
                    raise DecodeError(f"{path} is damaged after block {number}: {error}") from None
                is_begun = True
                if not decompressor.eof:
                    break
                data = decompressor.unused_data
                yield b"".join(parts)
                number += 1
                decompressor, parts, is_begun = ZstdDecompressor().decompressobj(), [], False
    if is_begun:
        on_cut(f"the file was cut in block {number + 1}: what was recorded is read up to there")
