"""Every notebook runs from its first cell to its last, on made-up data; with a kernel too, where there is one."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.places import ROOT

pytest.importorskip("pyarrow")
pytest.importorskip("numpy")

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def surroundings(tmp_path: Path) -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if name != "FIXLANE_QUOTES"}
    return {**found, "FIXLANE_WORK": str(tmp_path), "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["history-to-calibration"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_run_in_order(path: Path, tmp_path: Path) -> None:
    cells = json.loads(path.read_bytes())["cells"]
    code = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    script = tmp_path / "notebook.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=surroundings(tmp_path), cwd=tmp_path, timeout=90
    )
    assert done.returncode == 0, done.stderr
    assert "12 h before:" in done.stdout
    assert "fidelity: top of book" in done.stdout


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_that_was_run_is_kept(path: Path) -> None:
    cells = json.loads(path.read_bytes())["cells"]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)


@pytest.mark.skipif(not (find_spec("nbclient") and find_spec("ipykernel")), reason="wants fixlane[examples]")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_kernel_runs_it(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    for name, value in surroundings(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FIXLANE_QUOTES", raising=False)
    NotebookClient(nbformat.read(path, 4), timeout=90).execute()
