"""How long things take on the way between a desk and its venue: fixed times, or what was measured.

Units   ns.
Shapes  a table holds ascending times; each draw takes one, by the number of its request or answer and nothing else, so
        that another market shifts nobody's draws. A course holds what was measured in order of time, (since 1970, way),
        and each request takes what was last measured before it; what comes before all of them takes the first.
Source  a request leaves at s, arrives at s + new, cancel or replace, and acts `venue_delay_ns` after that; its answer
        and every fill is heard `answer_ns` after it happened. A frame is heard when it was received.
"""

import bisect

import msgspec

KINDS = ("new", "cancel", "replace", "answer")
TIMES = ("new_ns", "cancel_ns", "replace_ns", "venue_delay_ns", "answer_ns")
_ALL = 2**64 - 1


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """One way of each kind of request, the venue's own delay, and the way back."""

    new_ns: int = 0
    cancel_ns: int = 0
    replace_ns: int = 0
    venue_delay_ns: int = 0
    answer_ns: int = 0
    tables: dict[str, tuple[int, ...]] = {}  # by kind: "new", "cancel", "replace", "answer"; before the times above
    courses: dict[str, tuple[tuple[int, int], ...]] = {}  # by kind, before tables
    seed: int = 0
    source: str = ""  # where tables and courses are from, for people

    def __post_init__(self) -> None:
        for name in TIMES:
            if getattr(self, name) < 0:
                raise ValueError(f"latency {name} is {getattr(self, name)}: nothing arrives before it was sent")
        for name, table in self.tables.items():
            if f"{name}_ns" not in TIMES or not table or min(table) < 0:
                raise ValueError(f"latency table {name!r}: it must be of new, cancel, replace or answer, 0 ns or more")
        for name, course in self.courses.items():
            if f"{name}_ns" not in TIMES or not course or min(way for _, way in course) < 0:
                raise ValueError(f"latency course {name!r}: it must be of new, cancel, replace or answer, 0 ns or more")

    def drawn_ns(self, kind: str, number: int, at_ns: int = 0) -> int:
        """Return how long the way of a request or answer of this kind is that leaves at `at_ns`, the `number`th."""
        course = self.courses.get(kind)
        if course is not None:
            way_ns: int = course[max(bisect.bisect_right(course, (at_ns, _ALL)) - 1, 0)][1]
            return way_ns
        table = self.tables.get(kind)
        if table is None:
            return int(getattr(self, f"{kind}_ns"))
        return table[mix64((self.seed << 34) ^ (KINDS.index(kind) << 32) ^ number) % len(table)]

    def words(self) -> str:
        """Return every way in words: its time, or the middle and the last hundredth of its table."""
        told = []
        for name in TIMES:
            kind = name.removesuffix("_ns")
            table = self.tables.get(kind) or sorted(way for _, way in self.courses.get(kind, ()))
            if not table:
                told.append(f"{kind} {getattr(self, name) / 1e6:g} ms")
            else:
                ends = (table[len(table) * share // 100] / 1e6 for share in (50, 99))
                told.append("{} p50 {:g} p99 {:g} ms".format(kind, *ends))
        return "latency: " + ", ".join(told) + (f"; {self.source}" if self.source else "")

    def scaled(self, times: int, over: int) -> "Latency":
        """Return every way `times / over` as long."""
        tables = {name: tuple(each * times // over for each in table) for name, table in self.tables.items()}
        courses = {
            name: tuple((at_ns, way * times // over) for at_ns, way in course) for name, course in self.courses.items()
        }
        ways = {name: getattr(self, name) * times // over for name in TIMES}
        return msgspec.structs.replace(self, tables=tables, courses=courses, **ways)


def mix64(value: int) -> int:
    """Return 64 bits that look like nothing of `value`: the finaliser of SplitMix64."""
    value = (value + 0x9E3779B97F4A7C15) & _ALL
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _ALL
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _ALL
    return value ^ (value >> 31)
