"""A sweep on a cluster: the rows of a local one, and nothing lost where a worker is killed in the middle."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.app.backtest.generated import write_day
from engine.backtest.sweeps.clusters import DaskPool, RayPool, cluster_pool
from engine.cli import main
from engine.errors import ConfigError
from tests.support.places import CONFIG, ROOT

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
pytestmark = pytest.mark.filterwarnings("ignore")  # theirs


def dies_once(told: tuple[int, Path]) -> str:
    """Kill the worker that does this, the first time; never the process that asks."""
    asking, path = told
    assert os.getpid() != asking
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


@pytest.mark.parametrize(
    "address", ["http://a:1", "ray://", "ray://127.0.0.1", "dask://:5", "ray://a:99999999", "127.0.0.1:1"]
)
def test_address_that_names_no_cluster_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="must be ray://HOST:PORT or dask://HOST:PORT"):
        cluster_pool(address)


@pytest.mark.parametrize(("address", "package"), [("ray://127.0.0.1:1", "ray"), ("dask://127.0.0.1:1", "distributed")])
def test_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, address: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=f"wants the package {package}: pip install"):
        cluster_pool(address)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[str]:
    """Two nodes of Ray on this machine."""
    pytest.importorskip("ray", reason="ray is not installed: pip install 'fixlane[ray]'")
    port = free_port()
    environment = {**os.environ, **QUIET, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as folder:
        head = [f"--port={port}", "--head", "--include-dashboard=false", f"--temp-dir={folder}"]
        nodes = [[*head, "--node-ip-address=127.0.0.1"], [f"--address=127.0.0.1:{port}", "--node-ip-address=127.0.0.2"]]
        started: list[subprocess.Popen[bytes]] = []
        for words in nodes:
            words += ["--num-cpus=1", "--object-store-memory=80000000", "--block"]
            ray = [sys.executable, "-m", "ray.scripts.scripts", "start", *words]
            log = (Path(folder) / f"node{len(started)}.log").open("wb")
            started.append(subprocess.Popen(ray, env=environment, cwd=ROOT, stdout=log, stderr=log))
            wait_until_up(f"127.0.0.1:{port}", len(started), environment)
        yield f"ray://127.0.0.1:{port}"
        for node in reversed(started):
            node.terminate()
        for node in started:
            node.wait(60)


def wait_until_up(address: str, nodes: int, environment: dict[str, str]) -> None:
    """Wait until so many nodes are in the cluster."""
    ask = "import ray, sys; ray.init(address=sys.argv[1], _node_ip_address='127.0.0.1', log_to_driver=False);"
    ask += "sys.exit(sum(node['Alive'] for node in ray.nodes()) < int(sys.argv[2]))"
    for _ in range(60):
        words = [sys.executable, "-c", ask, address, str(nodes)]
        if not subprocess.run(words, env=environment, cwd=ROOT, capture_output=True).returncode:
            return
    pytest.fail(f"no {nodes} nodes of ray at {address}")


@pytest.fixture(scope="module")
def dask_cluster() -> Iterator[str]:
    """Two workers of Dask on this machine."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install 'fixlane[dask]'")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address.replace("tcp", "dask")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["ray", "dask"])
def test_cluster_gives_the_rows_of_a_local_sweep(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    address = request.getfixturevalue(f"{kind}_cluster")
    write_day(tmp_path / "day", 1, 1)
    path = tmp_path / "grid.toml"
    lines = [f'config = "{CONFIG / "engine.toml"}"', 'data = ["day/*.ndjson"]', "sets_a_pass = 2", "[parameters]"]
    path.write_text("\n".join([*lines, "half_spread = [1, 2, 3]", "skew = [0, 1]"]) + "\n")
    for name, words in (("local", ["--jobs", "1"]), ("there", ["--on", address])):
        assert main(["sweep", str(path), "--out", str(tmp_path / name), *words]) == 0
    local, there = ((tmp_path / name / "rows.parquet").read_bytes() for name in ("local", "there"))
    assert local == there


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "pool"), [("ray", RayPool), ("dask", DaskPool)])
def test_worker_that_is_killed_loses_nothing(
    kind: str, pool: type[RayPool | DaskPool], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(f"{kind}_cluster")
    workers = pool("127.0.0.1", int(address.rpartition(":")[2]))
    paths = [(os.getpid(), tmp_path / str(number)) for number in range(3)]
    try:
        assert sorted(name for _, name in workers.run(paths, dies_once)) == ["0", "1", "2"]
    finally:
        workers.close()
