"""One word, one meaning: no public class of the engine or its harness shares its name with another."""

import re
from collections import defaultdict

from tests.support.places import ROOT

CLASS = re.compile(r"^(?:cdef )?class ([A-Z]\w*)", re.MULTILINE)


def test_no_two_public_classes_have_one_name() -> None:
    places = defaultdict(list)
    for room in ("engine", "bench"):
        for path in sorted((ROOT / room).rglob("*.py*")):
            if path.suffix in (".py", ".pyx"):
                for name in CLASS.findall(path.read_text()):
                    places[name].append(str(path.relative_to(ROOT)))
    assert len(places) > 200
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
