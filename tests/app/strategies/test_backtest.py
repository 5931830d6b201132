"""Two strategies of one configuration on history: results by strategy, which add up to the account's."""

import json
import re
from pathlib import Path

import pytest

from engine.app.backtest.generated import write_day
from engine.cli import main
from tests.support.places import CONFIG

SEVERAL = """
[strategies.maker]
class = "engine.strategies.quoter:TwoSidedQuoter"
parameters = { qty = "5", max_position = "50" }

[strategies.small]
class = "engine.strategies.quoter:TwoSidedQuoter"
parameters = { qty = "2", max_position = "10" }
limits = { max_position = "10" }
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    text = (CONFIG / "engine.toml").read_text().replace('"markets.toml"', f'"{CONFIG / "markets.toml"}"')
    text = text.replace('"fix/initiator.cfg"', f'"{CONFIG / "fix/initiator.cfg"}"')
    file = tmp_path / "engine.toml"
    file.write_text(re.sub(r"(?s)\n\[strategy\].*(?=\n\[metrics\])", SEVERAL, text))
    return file


def test_results_by_strategy_add_up(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = write_day(tmp_path / "data", 1, 2)
    words = ["backtest", config, "--latency", "5", "--out", tmp_path / "out", "--data", *paths]
    assert main([str(each) for each in words]) == 0
    found = json.loads((tmp_path / "out" / "result.json").read_text())
    several = found["by_strategy"]
    assert set(several) == {"maker", "small", ""}
    for name in ("cash", "fees", "fills"):
        assert sum(each[name] for each in several.values()) == found[name], name
    assert several["maker"]["fills"] and several["small"]["fills"] and not several[""]["fills"]
    said = capsys.readouterr().out
    assert re.search(r"(?m)^small +-?[\d,.]+, [\d,]+ fills, fees ", said)


def test_sweep_of_several_is_refused(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path, *_) = write_day(tmp_path / "data", 1, 1)
    grid = tmp_path / "grid.toml"
    grid.write_text(f'config = "{config}"\ndata = ["{path}"]\n[parameters]\nqty = ["1", "2"]\n')
    assert main(["sweep", str(grid)]) == 2
    assert "a sweep varies [strategy], and this has [strategies]" in capsys.readouterr().err
