"""A configuration to start from: commented, whole, and never written over what is there."""

from pathlib import Path

import pytest

from engine.app.check import check
from engine.app.setup.init import write
from engine.cli import main
from engine.errors import ConfigError
from engine.sim.keys import make_key


@pytest.mark.parametrize(("environment", "host"), [("demo", "demo.kalshi.co"), ("prod", ".kalshi.com")])
def test_what_is_written_lacks_only_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str, host: str
) -> None:
    folder = tmp_path / "new"
    assert main(["init", "kalshi", "--env", environment, str(folder)]) == 0
    text = (folder / "engine.toml").read_text()
    assert host in text and "@" not in text
    key = make_key(folder / "secret")
    key.file.rename(folder / "secret" / "kalshi.pem")
    monkeypatch.setenv(f"KALSHI_{environment.upper()}_NR_KEY_ID", key.key_id)
    problems, warnings = check(folder / "engine.toml")
    wanted = ['venue: environment: "prod" trades for real money; set i_mean_production = true where that is meant']
    assert (problems, warnings) == (wanted if environment == "prod" else [], [])


def test_flags_may_stand_anywhere_and_the_directory_may_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, words in enumerate(
        (["kalshi", "{}", "--env", "demo"], ["--env", "demo", "kalshi", "{}"], ["kalshi", "{}"])
    ):
        assert main(["init", *[word.replace("{}", str(tmp_path / str(place))) for word in words]]) == 0
        assert (tmp_path / str(place) / "engine.toml").exists()
    monkeypatch.chdir(tmp_path)
    assert main(["init", "kalshi"]) == 0 and (tmp_path / "engine.toml").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    write("kalshi", "demo", tmp_path)
    with pytest.raises(ConfigError, match=r"engine.toml is there already: name another directory, or move it away"):
        write("kalshi", "prod", tmp_path)


@pytest.mark.parametrize(
    ("venue", "environment", "words"),
    [
        ("kalsi", "demo", 'VENUE: "kalsi" is no venue'),
        ("kalshi", "live", '"live" is no environment of kalshi: there are demo, prod'),
        ("fix44", "demo", '"demo" is no environment of fix44: there are none to start from'),
    ],
)
def test_what_there_is_not_is_named(tmp_path: Path, venue: str, environment: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        write(venue, environment, tmp_path)
    assert list(tmp_path.iterdir()) == []
