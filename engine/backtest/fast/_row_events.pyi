from typing import final

@final
class RowEvents:
    def __init__(self) -> None: ...
