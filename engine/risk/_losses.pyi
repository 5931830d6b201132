from typing import Self, final

@final
class Losses:
    def __new__(cls) -> Self: ...
