"""A recorded run once more: the same requests byte for byte, or the first that differs; damage is named."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.app.replay.recorded_frames import frames_of
from engine.app.replay.turns import find_turns, read_turns
from engine.backtest.capture.blocks import BlockCompressor, read_blocks
from engine.backtest.capture.index import SUFFIX
from engine.cli import main
from engine.config.shipped import config_path
from tests.support.engine.process import Pair, wait_for

pytestmark = pytest.mark.timeout(120)

Told = dict[str, Any]


@pytest.fixture(scope="module", params=["native", "quickfix"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of a demo of a few seconds."""
    folder = tmp_path_factory.mktemp("demo") / "recording"
    words = ["demo", "--seconds", "4", "--no-compare", "--session", request.param, "--record", str(folder)]
    done = subprocess.run([sys.executable, "-m", "engine", *words], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return folder


def replayed(config: Path, capture: Path, result: Path, *words: str, status: int = 0) -> Told:
    assert main(["replay", str(config), "--capture", str(capture), "--json", str(result), *words]) == status
    told: Told = json.loads(result.read_bytes())
    return told


def shifted(tmp_path: Path, demo: Path, old: str, new: str) -> Path:
    """A configuration like the demo's, but for one line."""
    text = config_path("engine.toml").read_text()
    assert old in text
    text = text.replace(old, new)
    for name in ("markets.toml", "fix/initiator.cfg"):
        text = text.replace(f'"{name}"', f'"{config_path(name)}"')
    path = tmp_path / "engine.toml"
    path.write_text(text)
    return path


def test_demo_asks_for_the_same_once_more(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = replayed(config_path("engine.toml"), demo, tmp_path / "told.json")
    assert told["requests"]["journal"] == told["requests"]["replay"] > 20
    assert told["sha256"]["journal"] == told["sha256"]["replay"]
    assert (told["is_equal"], told["difference"], told["oddities"], told["not_recorded"]) == (True, None, [], 0)
    out = capsys.readouterr().out
    assert told["sha256"]["journal"] in out
    assert "equal, byte for byte" in out


def test_strategy_that_quotes_a_tick_wider_differs_from_the_first_request(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = shifted(tmp_path, demo, "half_spread = 1 ", "half_spread = 2 ")
    told = replayed(config, demo, tmp_path / "told.json", status=1)
    found = told["difference"]
    assert (told["is_equal"], found["number"], found["field"]) == (
        False,
        2,
        "price",
    )  # the sweep of the start is before it
    assert found["ours"] != found["theirs"]
    assert told["oddities"][0] == "the configuration is another one than that of the run"
    assert (
        f"request 2: price: the replay says {found['ours']}, the journal {found['theirs']}" in capsys.readouterr().out
    )


def copied(demo: Path, tmp_path: Path) -> Path:
    shutil.copytree(demo, tmp_path / "copy")
    return tmp_path / "copy"


def refused(capture: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["replay", str(config_path("engine.toml")), "--capture", str(capture), *words]) in (1, 2)
    return capsys.readouterr().err


def rewritten(path: Path, change: Any) -> None:
    """Change the entries of a run, each a line."""
    lines = [json.loads(line) for line in _lines(path)]
    change(lines)
    text = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    path.write_bytes(BlockCompressor().block(text))


def _lines(path: Path) -> list[bytes]:
    return b"".join(read_blocks(path, lambda text: None)).splitlines()


def turns_of(capture: Path) -> Path:
    ((path,),) = find_turns(capture)
    return path


def test_entry_that_is_missing_is_named(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = copied(demo, tmp_path)
    rewritten(turns_of(capture), lambda lines: lines.pop(40))
    assert "entry 40 is missing: what follows it is entry 41" in refused(capture, capsys)


def test_damaged_block_is_named(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = copied(demo, tmp_path)
    path = turns_of(capture)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    assert f"{path} is damaged after block" in refused(capture, capsys)


def test_frame_that_is_missing_is_named(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = copied(demo, tmp_path)
    (path,) = capture.glob(f"*{SUFFIX}")
    lines = _lines(path)
    path.write_bytes(BlockCompressor().block(b"".join(line + b"\n" for line in lines[:-30])))
    assert "its frame is not in the recording: a part of it is missing" in refused(capture, capsys)


def test_journal_of_another_run_is_named(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = copied(demo, tmp_path)
    rewritten(turns_of(capture), lambda lines: lines[0]["args"][0].update(nonce="another"))
    assert "no run 'another' is in this journal" in refused(capture, capsys)


def test_what_was_not_recorded_is_named(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capture = copied(demo, tmp_path)
    rewritten(turns_of(capture), lambda lines: lines[0]["args"][0].update(beside=["the account over REST, [rest]"]))
    assert "this run cannot be replayed: the account over REST" in refused(capture, capsys)
    assert "--run 7: 1 are recorded" in refused(capture, capsys, "--run", "7")
    assert "no run is recorded there: let an engine run with [record]" in refused(tmp_path, capsys)


def test_report_that_was_another_is_told(demo: Path, tmp_path: Path) -> None:
    capture = copied(demo, tmp_path)

    def fill_less(lines: list[Told]) -> None:
        """Take the first fill away."""
        fill = next(each for each in lines if each["what"] == "on_message" and "\x01150=F\x01" in each["args"][0])
        fill.update(what="tick", args=[])

    rewritten(turns_of(capture), fill_less)
    told = replayed(config_path("engine.toml"), capture, tmp_path / "told.json", status=1)
    assert told["difference"]["number"] > 1


def test_lives_of_one_engine_with_its_operators_are_replayed_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = Pair(tmp_path, "native")
    out = tmp_path / "frames"
    pair.config.write_text(pair.config.read_text() + f'\n[record]\ndirectory = "{out}"\n')
    try:
        pair.start_venue()
        pair.start_engine()
        pair.wait_until_trading()
        wait_for(lambda: len(pair.venue_orders()) > 1, "orders")
        pair.act("halt")
        wait_for(lambda: not pair.venue_orders(), "no order")
        pair.act("resume")
        pair.wait_until_trading()
        wait_for(lambda: len(pair.venue_orders()) > 1, "orders")
        wait_for(lambda: _written(out), "entries on the disk")
        pair.kill_engine()
        pair.start_engine()
        pair.wait_until_trading()
        assert pair.engine is not None
        pair.engine.terminate()
        assert pair.engine.wait(20) == 0
    finally:
        pair.close()
    last = replayed(pair.config, out, tmp_path / "last.json")
    assert (last["is_equal"], last["not_recorded"]) == (True, 0)
    assert last["requests"]["journal"] > 0
    first = replayed(pair.config, out, tmp_path / "first.json", "--run", "1")
    assert first["is_equal"], first
    assert first["requests"]["replay"] > 4
    assert "the record was cut before the run ended" in capsys.readouterr().out


@pytest.mark.parametrize("session", ["native", "quickfix"])
def test_run_with_an_outage_is_replayed(tmp_path: Path, session: str) -> None:
    pair = Pair(tmp_path, session)
    out = tmp_path / "frames"
    pair.config.write_text(pair.config.read_text() + f'\n[record]\ndirectory = "{out}"\n')
    try:
        pair.start_venue()
        pair.start_engine()
        pair.wait_until_trading()
        wait_for(lambda: len(pair.venue_orders()) > 1, "orders")
        pair.kill_venue()
        wait_for(lambda: pair.status().get("state") == "waiting", "a pause")
        pair.start_venue()
        pair.wait_until_trading()
        wait_for(lambda: len(pair.venue_orders()) > 1, "orders")
        assert pair.engine is not None
        pair.engine.terminate()
        assert pair.engine.wait(20) == 0
    finally:
        pair.close()
    told = replayed(pair.config, out, tmp_path / "told.json")
    assert told["is_equal"] and told["requests"]["journal"] > 4, told


def _written(out: Path) -> bool:
    """Say whether the resumption, and orders behind it, are on the disk."""
    turns = [*read_turns(find_turns(out)[0], lambda text: None)]
    found = [turn.what for turn in turns]
    frames = sum(1 for _ in frames_of(out, turns[0].args[0]["frames"], lambda text: None)) if turns else 0
    if frames < found.count("frame"):
        return False
    return "operator resume" in found and found[found.index("operator resume") :].count("on_message") > 3
