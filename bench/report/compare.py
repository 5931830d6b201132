"""`fixlane compare`: two results files side by side, and which differences are beyond the noise.

The spread of a run is the range of its p50 over the repetitions as a part of their median. The noise of a run is the
largest of: its spread in either file; the spread of `floor.tcp_spin` in either file, and how far that floor moved,
because whatever disturbs the floor disturbs every run; and half of the usual spread of its kind, because two or three
repetitions agree by chance now and then. A difference counts when it exceeds `FACTOR` times the noise: two files of
the same engine then mostly differ in no run at all.
"""

from pathlib import Path
from statistics import median

from bench.report.results import Figures, read

FLOOR = "floor.tcp_spin"
FACTOR = 2
SAME = "no difference beyond the spread"


def compare(old_path: Path, new_path: Path) -> str:
    """Return the comparison as text."""
    old, new = read(old_path), read(new_path)
    rows = [_row(name, old, new) for name in old["runs"] if name in new["runs"]]
    lines = [f"{'run':<46}{'old p50':>12}{'new p50':>12}{'ratio':>8}{'counts >':>9}", *rows]
    for first, second, which in ((old, new, "old"), (new, old, "new")):
        lines += [f"{name}: only in the {which} file" for name in first["runs"] if name not in second["runs"]]
    for name in ("machine", "versions"):
        if old.get(name) != new.get(name):
            lines.append(f"the files differ in {name}: a ratio says little")
    differing = differences(old, new)
    lines.append(f"old {old.get('commit') or '?'}, new {new.get('commit') or '?'}; microseconds")
    lines.append(f"{len(differing)} of {len(rows)} differ beyond the spread" if differing else SAME)
    return "\n".join(lines)


def differences(old: Figures, new: Figures) -> list[str]:
    """Return the names of the runs whose difference counts."""
    return [name for name in old["runs"] if name in new["runs"] and _differs(name, old, new)]


def noise(name: str, old: Figures, new: Figures) -> float:
    """Return the noise of a run as a part of its p50; 1 if it ran only once."""
    both = old["runs"], new["runs"]
    if any(runs[name]["repetitions"] < 2 for runs in both):
        return 1.0
    spreads: list[float] = [runs[one]["spread"] for runs in both for one in (name, FLOOR) if one in runs]
    if FLOOR in old["runs"] and FLOOR in new["runs"]:
        spreads.append(_distance(FLOOR, old, new))
    kin: list[float] = [
        run["spread"] for runs in both for other, run in runs.items() if _is_micro(other) == _is_micro(name)
    ]
    return max(*spreads, median(kin) / 2)


def _is_micro(name: str) -> bool:
    return name.startswith("micro.")


def _differs(name: str, old: Figures, new: Figures) -> bool:
    return name != FLOOR and _distance(name, old, new) > FACTOR * noise(name, old, new)


def _ratio(name: str, old: Figures, new: Figures) -> float:
    before, after = old["runs"][name]["p50_ns"], new["runs"][name]["p50_ns"]
    return float(after / before) if before and after else 1.0


def _distance(name: str, old: Figures, new: Figures) -> float:
    """Return the difference as a part of the larger one, the same in both directions."""
    ratio = _ratio(name, old, new)
    return 1 - min(ratio, 1 / ratio)


def _row(name: str, old: Figures, new: Figures) -> str:
    before, after, ratio = old["runs"][name]["p50_ns"], new["runs"][name]["p50_ns"], _ratio(name, old, new)
    verdict = ("slower" if ratio > 1 else "faster") if _differs(name, old, new) else ""
    counts = FACTOR * noise(name, old, new)
    return f"{name:<46}{before / 1000:>12.3f}{after / 1000:>12.3f}{ratio:>8.3f}{counts:>9.1%}  {verdict}".rstrip()
