"""The state directory of a configuration that is broken elsewhere."""

from pathlib import Path

import pytest

from engine.config.state_dir import state_dir_of
from engine.errors import ConfigError
from tests.support.configs import WHOLE


def found(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "engine.toml"
    path.write_bytes(content)
    return state_dir_of(path).relative_to(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        WHOLE.encode(),
        WHOLE.encode() + b"\n[engine",
        WHOLE.encode() + b"\xff\x00",
        WHOLE.replace("[feed]", "[feed").encode(),
        b'[engine]\nstate_dir = "state"\nmode = evnt\n',
        b"[engine]\n  state_dir='state'  # there\nmode = evnt\n",
        b'engine.state_dir = "state"\nx = \n',
        b'engine = { state_dir = "state", mode = }\n',
        b'# state_dir = "elsewhere"\n[engine]\nstate_dir = "state"\n=\n',
        b'[engine]\r\nstate_dir = "state"\r\n=\r\n',
    ],
)
def test_o8_state_dir_is_found_whatever_else_is_wrong(tmp_path: Path, content: bytes) -> None:
    assert found(tmp_path, content) == Path("state")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no engine.state_dir"),
        (b"[engine]\nmode = 1\n", "has no engine.state_dir"),
        (b"[engine]\nstate_dir = 3\n", "has no engine.state_dir"),
        (b'[engine]\nstate_dir = ""\n', "has no engine.state_dir"),
        (b'[engine]\nstate_dir = "a"\nstate_dir = "b"\n', "has several engine.state_dir"),
    ],
)
def test_state_dir_that_is_not_there_is_told_with_the_way_round(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=f"{words}.*--state-dir DIR"):
        found(tmp_path, content)


def test_configuration_that_cannot_be_read_is_told_with_the_way_round(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file.*--state-dir DIR"):
        state_dir_of(tmp_path / "absent.toml")
