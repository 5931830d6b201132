"""Pools of workers elsewhere: an existing Ray or Dask cluster whose nodes see the same paths and have Fixlane.

Errors  ConfigError for an address that names no cluster, for one that cannot be reached, and for a missing package.
"""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from engine.backtest.sweeps.pools import WorkPool
from engine.errors import ConfigError

P = TypeVar("P")
R = TypeVar("R")

MOST_TRIES = 3  # of a pass whose worker died
WAIT_S = 20


class RayPool:
    """The nodes of a Ray cluster."""

    def __init__(self, host: str, port: int) -> None:
        try:
            import ray
        except ImportError:
            raise ConfigError("--on ray://: wants the package ray: pip install 'fixlane[ray]'") from None
        self._ray: Any = ray
        near = {"_node_ip_address": host} if _is_loopback(host) else {}
        try:
            ray.init(address=f"{host}:{port}", log_to_driver=False, logging_level="ERROR", **near)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            raise ConfigError(f"--on ray://{host}:{port}: no cluster answers there: {error}") from None

    def run(self, passes: Sequence[P], work: Callable[[P], R]) -> Iterator[tuple[P, R]]:
        """Yield each pass with its result."""
        remote = self._ray.remote(max_retries=MOST_TRIES, scheduling_strategy="SPREAD")(work)
        asked = {remote.remote(each): each for each in passes}
        while asked:
            (done, *_), _ = self._ray.wait(list(asked), num_returns=1)
            yield asked.pop(done), self._result(done)

    def _result(self, done: Any) -> Any:
        try:
            return self._ray.get(done)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None

    def close(self) -> None:
        """Leave the cluster."""
        self._ray.shutdown()


class DaskPool:
    """The workers of a Dask cluster."""

    def __init__(self, host: str, port: int) -> None:
        try:
            import distributed
        except ImportError:
            raise ConfigError("--on dask://: wants the package distributed: pip install 'fixlane[dask]'") from None
        self._distributed: Any = distributed
        try:
            self._client: Any = distributed.Client(f"tcp://{host}:{port}", timeout=WAIT_S)
        except OSError as error:
            raise ConfigError(f"--on dask://{host}:{port}: no scheduler answers there: {error}") from None

    def run(self, passes: Sequence[P], work: Callable[[P], R]) -> Iterator[tuple[P, R]]:
        """Yield each pass with its result."""
        asked = {self._client.submit(work, each, pure=False, retries=MOST_TRIES): each for each in passes}
        for done in self._distributed.as_completed(list(asked)):
            yield asked.pop(done), done.result()

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()


POOLS: dict[str, Callable[[str, int], WorkPool]] = {"ray": RayPool, "dask": DaskPool}


def cluster_pool(address: str) -> WorkPool:
    """Return the pool at `ray://HOST:PORT` or `dask://HOST:PORT`."""
    try:
        parts = urlsplit(address)
        host, port, kind = parts.hostname, parts.port, POOLS.get(parts.scheme)
    except ValueError:
        host, port, kind = None, None, None
    if not host or not port or kind is None:
        raise ConfigError(f'--on "{address}": must be ray://HOST:PORT or dask://HOST:PORT')
    return kind(host, port)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
