"""`fixlane compare`: two results files side by side, and whether their difference means anything.

The spread of a run is the range of its p50 over the repetitions as a part of their median, and never less than that of
`floor.tcp_spin` in the same file: what the machine does to the floor it does to everything on it. A difference counts
when it is larger than both files' spreads together.
"""

from pathlib import Path

from bench.results import Figures, read

FLOOR = "floor.tcp_spin"
SAME = "no difference beyond the spread"


def compare(old_path: Path, new_path: Path) -> str:
    """Return the comparison as text."""
    old, new = read(old_path), read(new_path)
    rows = [_row(name, old, new) for name in old["runs"] if name in new["runs"]]
    lines = [f"{'run':<46}{'old p50':>12}{'new p50':>12}{'ratio':>8}{'spread':>9}"]
    lines += [line for line, _ in rows]
    for first, second, which in ((old, new, "old"), (new, old, "new")):
        lines += [f"{name}: only in the {which} file" for name in first["runs"] if name not in second["runs"]]
    for name in ("machine", "versions"):
        if old.get(name) != new.get(name):
            lines.append(f"the files differ in {name}: a ratio says little")
    differing = [name for _, name in rows if name]
    lines.append(f"old {old.get('commit') or '?'}, new {new.get('commit') or '?'}; microseconds")
    lines.append(f"{len(differing)} of {len(rows)} differ beyond the spread" if differing else SAME)
    return "\n".join(lines)


def spread_of(name: str, results: Figures) -> float:
    """Return the spread of a run, at least the machine's own."""
    runs = results["runs"]
    spreads: list[float] = [runs[one]["spread"] for one in (name, FLOOR) if one in runs]
    return max(spreads)


def _row(name: str, old: Figures, new: Figures) -> tuple[str, str]:
    """Return one line, and the name if the difference counts."""
    before, after = old["runs"][name]["p50_ns"], new["runs"][name]["p50_ns"]
    ratio = after / before if before else 1.0
    spread = spread_of(name, old) + spread_of(name, new)
    differs = abs(ratio - 1) > spread and abs(1 / ratio - 1 if ratio else 1) > spread
    verdict = ("slower" if ratio > 1 else "faster") if differs else ""
    line = f"{name:<46}{before / 1000:>12.3f}{after / 1000:>12.3f}{ratio:>8.3f}{spread:>9.1%}  {verdict}"
    return line.rstrip(), name if differs else ""
