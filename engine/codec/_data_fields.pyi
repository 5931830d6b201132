from collections.abc import Mapping
from typing import final

DATA_FIELDS: dict[int, int]

@final
class DataFields:
    def __new__(cls, pairs: Mapping[int, int]) -> DataFields: ...
