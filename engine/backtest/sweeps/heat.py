"""Heat maps of a sweep: the mean score over two axes at a time, as SVG text.

Shapes  an axis has at most `MOST_CELLS` values in a picture, and there are at most `MOST_MAPS` pictures; what is left
        out is said by the page.
"""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import combinations
from statistics import fmean

from engine.backtest.sweeps.axes import Axis, AxisValue, places

MOST_CELLS, MOST_MAPS = 24, 6
LEFT, TOP, WIDTH, ROW, BOTTOM = 110, 8, 790, 26, 40

Cells = Mapping[tuple[int, int], float]


def heat_maps(axes: Sequence[Axis], scores: Mapping[int, float | None]) -> list[tuple[str, str]]:
    """Return (title, picture) for each pair of axes that vary; with one such axis, that one alone."""
    varied = [place for place, each in enumerate(axes) if 1 < len(each.values) <= MOST_CELLS]
    known = [(places(axes, number), score) for number, score in scores.items() if score is not None]
    pairs = list(combinations(varied, 2)) or [(place, place) for place in varied]
    found = []
    for across, down in pairs[:MOST_MAPS] if known else ():
        row = None if across == down else down
        cells = cell_means([((each[across], 0 if row is None else each[row]), score) for each, score in known])
        label = axes[across].path if across == down else f"{axes[down].path} by {axes[across].path}"
        rows = ("",) if across == down else axes[down].values
        found.append((label, picture(axes[across].values, rows, cells, label)))
    return found


def cell_means(rows: Sequence[tuple[tuple[int, int], float]]) -> dict[tuple[int, int], float]:
    """Return the mean of what stands in each cell."""
    groups: dict[tuple[int, int], list[float]] = {}
    for cell, score in rows:
        groups.setdefault(cell, []).append(score)
    return {cell: fmean(each) for cell, each in groups.items()}


def picture(columns: Sequence[AxisValue], rows: Sequence[AxisValue], cells: Cells, label: str) -> str:
    """Return the picture: a cell is the stronger the further from 0, of one colour above and of another below."""
    most = max(map(abs, cells.values())) or 1.0
    width, height = WIDTH / len(columns), TOP + ROW * len(rows) + BOTTOM
    body = ""
    for (column, row), score in sorted(cells.items()):
        x, y = LEFT + column * width, TOP + row * ROW
        kind = "buy" if score >= 0 else "sell"
        body += f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{width - 1:.1f}" height="{ROW - 1}" '
        body += f'fill-opacity="{0.08 + 0.82 * abs(score) / most:.2f}"/>'
        body += _text(x + width / 2, y + 17, f"{score:,.4g}", "middle")
    for place, value in enumerate(columns):
        body += _text(LEFT + (place + 0.5) * width, TOP + ROW * len(rows) + 16, str(value), "middle")
    for place, value in enumerate(rows):
        body += _text(LEFT - 8, TOP + place * ROW + 17, str(value), "end")
    shown = escape(label, quote=True)
    return f'<svg viewBox="0 0 {LEFT + WIDTH} {height}" role="img" aria-label="{shown}">{body}</svg>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
