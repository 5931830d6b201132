"""What a sweep varies: axes, their sets in order, and the file that names them, wrong in every way."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest.latency import Latency
from engine.backtest.sweeps.axes import Axis, SetOfValues, axis, number_of, places, total, values_of
from engine.backtest.sweeps.grid import latency_of, load_sweep, parameters_of
from engine.backtest.sweeps.search import GridSearch, RandomSearch
from engine.errors import ConfigError
from tests.support.places import CONFIG

AXES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(
    lambda sizes: [Axis(f"parameters.{place}", tuple(range(size))) for place, size in enumerate(sizes)]
)


@given(AXES)
def test_numbers_are_the_sets_each_once(axes: list[Axis]) -> None:
    found = [tuple(values_of(axes, number).values()) for number in range(total(axes))]
    assert found == sorted(set(found)) and len(found) == total(axes)
    assert [number_of(axes, places(axes, number)) for number in range(total(axes))] == list(range(total(axes)))


@pytest.mark.parametrize(
    ("told", "values"),
    [
        ([1, "2", True, 0.5], (1, "2", True, 0.5)),
        (7, (7,)),
        ({"from": 1, "to": 5, "step": 2}, (1, 3, 5)),
        ({"from": "0.1", "to": "0.35", "step": "0.1"}, ("0.1", "0.2", "0.3")),
    ],
)
def test_axis_takes_lists_values_and_exact_ranges(told: object, values: tuple[object, ...]) -> None:
    assert axis("parameters.x", told).values == values


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([], "has 0 values"),
        ([1, 1], "names a value twice"),
        ([[1]], "is no value"),
        ({"from": 1, "to": 2}, "a range has from, to and step"),
        ({"from": 2, "to": 1, "step": 1}, "goes from 2 to 1"),
        ({"from": 1, "to": 2, "step": 0}, "by 0"),
        ({"from": 0.1, "to": 2, "step": 1}, r"parameters\.x\.from: 0\.1 must be"),
        ({"from": "nan", "to": 2, "step": 1}, "'nan' must be"),
        ({"from": 0, "to": 10**6, "step": 1}, "has 1000001 values"),
    ],
)
def test_axis_that_is_wrong_is_named(told: object, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^parameters.x.*{said}|{said}"):
        axis("parameters.x", told)


def test_sets_say_parameters_and_latency() -> None:
    values: SetOfValues = {"parameters.qty": "5", "latency.all": 2, "latency.cancel": "0.5"}
    assert parameters_of(values) == {"qty": "5"}
    ms = 1_000_000
    assert latency_of(values) == Latency(new_ns=2 * ms, cancel_ns=ms // 2, replace_ns=2 * ms, answer_ns=2 * ms)


def test_random_search_is_a_sample_without_repetition_and_the_same_each_time() -> None:
    axes = [Axis("parameters.a", tuple(range(10))), Axis("parameters.b", tuple(range(10)))]
    (first,), (second,), (other,) = (list(RandomSearch(axes, 30, seed).rounds({})) for seed in (1, 1, 2))
    assert first == second != other and len(set(first)) == 30
    assert list(RandomSearch(axes[:1], 99, 1).rounds({})) == [Random(1).sample(range(10), 10)]
    assert list(GridSearch(axes).rounds({})) == [list(range(100))]


def grid(folder: Path, *lines: str) -> Path:
    """Return a file of a sweep with these lines behind those that every one has."""
    (folder / "a.ndjson").touch()
    path = folder / "grid.toml"
    path.write_text("\n".join([f'config = "{CONFIG / "engine.toml"}"', 'data = ["*.ndjson"]', *lines]) + "\n")
    return path


def test_file_names_its_axes_and_data(tmp_path: Path) -> None:
    found = load_sweep(grid(tmp_path, "[parameters]", "skew = [0, 1]", "[latency]", 'all = ["2.5"]'))
    assert [each.path for each in found.axes] == ["parameters.skew", "latency.all"]
    assert (found.count, found.data) == (2, (tmp_path / "a.ndjson",))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["serach = 'grid'"], "serach: unknown key, did you mean search?"),
        (["search = 'best'"], 'search: must be "grid" or "random" or "tpe"'),
        (["draws = 0"], "draws: "),
        ([], "parameters: nothing is varied"),
        (["[parameters]", "x = []"], "parameters.x: has 0 values"),
        (["[latency]", "nwe = [1]"], "latency.nwe: is no way: there are all, new"),
        (["[latency]", "new = [1.5]"], "latency.new: 1.5 must be milliseconds"),
        (["[latency]", "new = [-1]"], "latency.new: -1 must be milliseconds"),
        (["[folds]", 'train = "1 h"'], "folds.train: "),
        (["[parameters]", *(f"{name} = {{from = 1, to = 100, step = 1}}" for name in "abc")], "a grid of 1000000 sets"),
    ],
)
def test_file_that_is_wrong_is_refused_by_the_key(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_sweep(grid(tmp_path, *lines))
    assert said in str(caught.value)


def test_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = grid(tmp_path, "[parameters]", "x = [1]")
    path.write_text(path.read_text().replace("*.ndjson", "b/*.ndjson"))
    with pytest.raises(ConfigError, match=r'data: "b/\*.ndjson" names no file'):
        load_sweep(path)
