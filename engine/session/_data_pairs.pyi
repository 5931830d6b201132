from collections.abc import Mapping
from typing import final

DATA_PAIRS: dict[int, int]

@final
class DataPairs:
    def __new__(cls, pairs: Mapping[int, int]) -> DataPairs: ...
