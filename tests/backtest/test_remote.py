"""Data and results elsewhere, by fsspec: the same files as here, and what is said where that does not work."""

from pathlib import Path

import pytest

from engine.app.backtest.generated import write_day
from engine.cli import main
from tests.support.places import CONFIG

ENGINE = str(CONFIG / "engine.toml")


def run(data: str, out: str) -> int:
    return main(["backtest", ENGINE, "--latency", "5", "--fast", "--data", data, "--out", out])


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("day")
    write_day(folder, 2, 1)
    return folder


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_result_elsewhere_is_the_result_here(
    tmp_path: Path, day: Path, scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fsspec = pytest.importorskip("fsspec")
    assert run(str(day), str(tmp_path / "here")) == 0
    base = "memory://fixlane" if scheme == "memory" else f"file://{tmp_path}/there"
    system = fsspec.filesystem(scheme)
    root = base.partition("://")[2]
    system.makedirs(f"{root}/data", exist_ok=True)
    for path in day.iterdir():
        system.pipe_file(f"{root}/data/{path.name}", path.read_bytes())
    (capture,) = day.glob("*.ndjson")
    for data in (f"{base}/data", f"{base}/data/{capture.name}"):
        assert run(data, f"{base}/out") == 0
        assert f"wrote {base}/out" in capsys.readouterr().out
        for path in (tmp_path / "here").iterdir():
            if path.suffix in (".json", ".parquet"):
                assert system.cat_file(f"{root}/out/{path.name}") == path.read_bytes(), path.name


def test_trials_elsewhere_go_on(day: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    assert run(str(day), "memory://trials") == 0
    first = system.cat_file("/trials/trials")
    assert run(str(day), "memory://trials") == 0
    assert system.cat_file("/trials/trials").startswith(first)


@pytest.mark.parametrize("url", ["memory://nothing/here.ndjson", "nosuch://place"])
def test_what_is_not_there_is_named(tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fsspec")
    assert run(url, str(tmp_path)) == 2
    assert url in capsys.readouterr().err


def test_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    assert run("memory://day", str(tmp_path)) == 2
    assert "pip install 'fixlane[remote]'" in capsys.readouterr().err


def test_sweep_says_that_its_data_must_be_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(f'config = "{ENGINE}"\ndata = ["memory://day/*"]\n[parameters]\nhalf_spread = [1]\n')
    assert main(["sweep", str(path)]) == 2
    assert "lies elsewhere" in capsys.readouterr().err
