"""How long things take on the way between a desk and its venue: fixed times, and later what was measured.

Units   ns.
Source  a request leaves at s, arrives at s + new, cancel or replace, and acts `venue_delay_ns` after that; its answer
        and every fill is heard `answer_ns` after it happened. A frame is heard when it was received.
"""

import msgspec


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """One way of each kind of request, the venue's own delay, and the way back."""

    new_ns: int = 0
    cancel_ns: int = 0
    replace_ns: int = 0
    venue_delay_ns: int = 0
    answer_ns: int = 0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) < 0:
                raise ValueError(f"latency {name} is {getattr(self, name)}: nothing arrives before it was sent")

    def scaled(self, times: int, over: int) -> "Latency":
        """Return every way `times / over` as long."""
        return Latency(**{name: getattr(self, name) * times // over for name in self.__struct_fields__})
