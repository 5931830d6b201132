"""Where the XML dictionaries of FIX lie, and which version each describes: QuickFIX's own, and those of Fixlane.

Errors  none: what is wrong with a dictionary is returned as text.
Source  QuickFIX data dictionary format: `<fix type='FIX' major='4' minor='4'>`.
"""

import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from site import getuserbase
from xml.etree import ElementTree

_SOURCES = Path(__file__).parents[3] / "config" / "fix"  # of a source tree

# LookupError and ValueError are of an encoding that the XML parser does not have.
_UNREADABLE = (OSError, ElementTree.ParseError, StopIteration, LookupError, ValueError)


def find_dictionary(value: str, folder: Path) -> Path | None:
    """Return the dictionary `value`: an absolute path, relative to `folder`, or one that comes with us or QuickFIX."""
    is_bare = Path(value).parent == Path()
    places = [folder / value, *_installed(value)] if is_bare else [folder / value, Path(value)]
    return next((place.absolute() for place in places if place.is_file()), None)


def wrong_version(file: Path, begin_string: str) -> str:
    """Say what is wrong with `file` as the dictionary of `begin_string`; empty if nothing is."""
    try:
        with file.open("rb") as opened:
            _, root = next(ElementTree.iterparse(opened, events=("start",)))
    except _UNREADABLE as error:
        return f"is not a dictionary ({error})"
    found = f"{root.get('type', 'FIX')}.{root.get('major')}.{root.get('minor')}"
    return "" if root.tag == "fix" and found == begin_string else f"describes {found}"


@lru_cache
def _installed(name: str) -> tuple[Path, ...]:
    """Return where a dictionary may lie that a package brings: ours, then QuickFIX's own, beside this Python or where
    the package put it.
    """
    try:
        recorded = files("quickfix") or []
    except PackageNotFoundError:
        recorded = []
    ours = (Path(base, "share", "fixlane", "config", "fix", name) for base in (sys.prefix, getuserbase()))
    shared = Path(sys.prefix, "share", "quickfix", name)
    theirs = (Path(str(file.locate())) for file in recorded if file.name == name)
    return (_SOURCES / name, *ours, shared, *theirs)
