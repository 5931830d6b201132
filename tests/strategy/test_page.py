"""The samples of docs/strategy.md beside the first: they trade, keep and hear as the page says."""

import tomllib
from time import sleep
from typing import Any

from engine.config.sections import Sections
from engine.config.tables import Tables
from engine.testing import DeskInMemory
from tests.support.pages import DOCS, code

BLOCKS = code((DOCS / "strategy.md").read_text(), "python")


def sample(name: str) -> dict[str, Any]:
    """Return what the block that defines a class makes."""
    (block,) = [each for each in BLOCKS if f"class {name}(" in each]
    space: dict[str, Any] = {"__name__": "page"}
    exec(block, space)
    return space


def test_learning_goes_on_from_what_it_saved() -> None:
    space = sample("Learning")
    learning = space["Learning"]()
    DeskInMemory(learning).start(space["Memory"]({"RAIN": 4_500}))
    assert learning.on_save().fair == {"RAIN": 4_500}
    fresh = space["Learning"]()
    DeskInMemory(fresh).start()
    assert fresh.on_save() == space["Memory"]()


def test_informed_has_the_hooks_that_its_inputs_need() -> None:
    informed = sample("Informed")["Informed"]()
    given: list[Any] = []

    class Asked:
        def run(self, coroutine: Any, name: str) -> None:
            coroutine.close()
            given.append(name)

        def post(self, value: object) -> None:
            given.append(value)

    informed.context = Asked()
    informed.on_start()
    while len(given) < 2:  # the thread; bounded by the test's own timeout
        sleep(0.001)
    assert sorted(map(str, given)) == ["weather", "{'fair': 4600}"]
    informed.on_input(given[-1])


def test_several_strategies_are_a_configuration() -> None:
    (block,) = code((DOCS / "strategy.md").read_text(), "toml")
    tables = Tables(DOCS)
    found = tables.fields(Sections, tomllib.loads(block), "")["strategies"]
    assert not [problem for problem in tables.problems if problem.startswith("strategies")]
    assert list(found) == ["maker", "taker"] and found["taker"].on_error == "stop"
    assert (found["taker"].limits.max_position, found["taker"].limits.max_daily_loss) == (2_000, 50_000_000)


def test_every_block_of_the_page_is_a_tested_program() -> None:
    text = (DOCS / "strategy.md").read_text()
    assert code(text, "py") == []
    assert len(BLOCKS) == 4
