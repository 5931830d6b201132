from typing import Final

WRITTEN: Final[dict[str, tuple[tuple[str, ...], int]]]
