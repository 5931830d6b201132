"""`fixlane init`: the command as people type it, and what it writes."""

from pathlib import Path

import pytest

from engine.cli import main


@pytest.mark.parametrize(
    "words", [["kalshi", "--env", "demo", "DIR"], ["--env", "demo", "kalshi", "DIR"], ["kalshi", "DIR"]]
)
def test_order_of_the_words_does_not_matter(tmp_path: Path, words: list[str]) -> None:
    directory = tmp_path / "desk"
    assert main(["init", *(str(directory) if word == "DIR" else word for word in words)]) == 0
    assert 'environment = "demo"' in (directory / "engine.toml").read_text()
    assert (directory / "fix" / "kalshi-demo-nr.cfg").exists()
