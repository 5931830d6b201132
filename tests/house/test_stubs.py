"""The stubs of the compiled modules say what the modules are; what Cython adds stands in the allowlist."""

import subprocess
import sys

from tests.support.places import ROOT


def test_stub_of_every_compiled_module_matches_it() -> None:
    sources = sorted((ROOT / "engine").rglob("*.pyx"))
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sources]
    assert [path for path in sources if not path.with_suffix(".pyi").exists()] == []
    allowlist = ROOT / "tests" / "stubtest_allowlist.txt"
    command = [sys.executable, "-m", "mypy.stubtest", *modules, "--allowlist", str(allowlist)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
