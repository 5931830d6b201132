"""Pictures of a result as SVG text: steps over time, bars, marks.

Units   x in ns since 1970, y in whatever the caller counts in.
Shapes  at most `MOST_POINTS` corners a line, the lowest and highest of each stretch kept, so that a page stays small.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900, 200, 90, 22, 8
MOST_POINTS = 1_200

Points = Sequence[tuple[int, float]]


class ChartScale:
    """Where a value stands in a picture."""

    def __init__(self, points: Points, end_ns: int = 0) -> None:
        times, values = [now_ns for now_ns, _ in points], [value for _, value in points]
        self.begin_ns, self.end_ns = times[0], max(times[-1], end_ns, times[0] + 1)
        self.low, self.high = min(values), max(values)
        if self.low == self.high:
            self.low, self.high = self.low - 1, self.high + 1

    def x(self, now_ns: int) -> float:
        """Return the distance from the left."""
        return LEFT + (WIDTH - LEFT) * (now_ns - self.begin_ns) / (self.end_ns - self.begin_ns)

    def y(self, value: float) -> float:
        """Return the distance from the top."""
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)


def steps(points: Points, label: str, end_ns: int = 0, marks: Sequence[tuple[int, float, bool]] = ()) -> str:
    """Return a line that keeps each value until the next; `marks` are (ns, value, is a purchase)."""
    if not points:
        return ""
    scale = ChartScale([*points, *((now_ns, value) for now_ns, value, _ in sorted(marks))], end_ns)
    scale.begin_ns = min(scale.begin_ns, points[0][0])
    body = f'<path class="line" d="{_path(points, scale)}"/>'
    for now_ns, value, is_purchase in marks[:MOST_POINTS]:
        kind = "buy" if is_purchase else "sell"
        body += f'<circle class="{kind}" cx="{scale.x(now_ns):.1f}" cy="{scale.y(value):.1f}" r="2.5"/>'
    return _framed(body + _axes(scale), label)


def overlay(lines: Sequence[Points], label: str) -> str:
    """Return up to two lines in one picture, each keeping a value until the next."""
    known = [line for line in lines if line]
    if not known:
        return ""
    scale = ChartScale(sorted(point for line in known for point in line))
    body = ""
    for kind, line in zip(("first", "second"), lines, strict=True):
        if line:
            body += f'<path class="line {kind}" d="{_path(line, scale)}"/>'
    return _framed(body + _axes(scale), label)


def bars(values: Sequence[tuple[str, float | None]], label: str) -> str:
    """Return a bar for each named value; none for what is not known."""
    known = [value for _, value in values if value is not None]
    if not known:
        return ""
    scale = ChartScale([(0, min(0.0, *known)), (1, max(0.0, *known))])
    width = (WIDTH - LEFT) / len(values)
    body = ""
    for place, (name, value) in enumerate(values):
        x, zero = LEFT + place * width, scale.y(0)
        body += f'<text x="{x + width / 2:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{name}</text>'
        if value is not None:
            top = min(scale.y(value), zero)
            kind = "buy" if value >= 0 else "sell"
            body += f'<rect class="{kind}" x="{x + width * 0.2:.1f}" y="{top:.1f}" width="{width * 0.6:.1f}" '
            body += f'height="{abs(scale.y(value) - zero):.1f}"/>'
    return _framed(body + _values(scale), label)


def thinned(points: Points, most: int = MOST_POINTS) -> Points:
    """Return at most about `most` points: of each stretch its first, lowest, highest and last."""
    if len(points) <= most:
        return points
    size = -(-len(points) * 4 // most)
    found: list[tuple[int, float]] = []
    for begin in range(0, len(points), size):
        part = points[begin : begin + size]
        kept = {part[0], min(part, key=lambda each: each[1]), max(part, key=lambda each: each[1]), part[-1]}
        found += sorted(kept, key=lambda each: each[0])
    return found


def _path(points: Points, scale: ChartScale) -> str:
    path = f"M{scale.x(points[0][0]):.1f} {scale.y(points[0][1]):.1f}"
    for now_ns, value in thinned(points)[1:]:
        path += f"H{scale.x(now_ns):.1f}V{scale.y(value):.1f}"
    return f"{path}H{WIDTH}"


def _axes(scale: ChartScale) -> str:
    ends = (scale.begin_ns, LEFT, "start"), (scale.end_ns, WIDTH, "end")
    return _values(scale) + "".join(
        f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}">{_time(now_ns)}</text>' for now_ns, x, anchor in ends
    )


def _values(scale: ChartScale) -> str:
    return "".join(
        f'<text x="{LEFT - 6}" y="{scale.y(value) + 4:.1f}" text-anchor="end">{value:,.4g}</text>'
        f'<path class="grid" d="M{LEFT} {scale.y(value):.1f}H{WIDTH}"/>'
        for value in (scale.low, (scale.low + scale.high) / 2, scale.high)
    )


def _framed(body: str, label: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{body}</svg>'


def _time(now_ns: int) -> str:
    return datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
