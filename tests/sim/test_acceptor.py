"""What the venue's FIX acceptors refuse to begin with; how they serve is tested where the venue is."""

import asyncio
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.sim.fix.opening import open_acceptor
from tests.support.sim.process import ACCEPTORS, SESSION_FILE

either = pytest.mark.parametrize("kind", ACCEPTORS)


def opened(kind: str, folder: Path, text: str = SESSION_FILE) -> None:
    """Open an acceptor in `folder`, and close it again."""
    (folder / "acceptor.cfg").write_text(text)

    async def run() -> None:
        await open_acceptor(kind, folder / "acceptor.cfg", folder, 0).close()

    asyncio.run(run())


@either
def test_initiator_is_refused(kind: str, tmp_path: Path) -> None:
    connects = "SocketConnectHost=127.0.0.1\nSocketConnectPort=1\nHeartBtInt=30"
    text = SESSION_FILE.replace("=acceptor", "=initiator").replace("SocketAcceptPort=1", connects)
    with pytest.raises(ConfigError, match="FIX.4.4:VENUE->CLIENT is an initiator; the venue needs acceptors"):
        opened(kind, tmp_path, text)


def test_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"TargetCompID=\*: name each account of the venue in a session"):
        opened("native", tmp_path, SESSION_FILE.replace("TargetCompID=CLIENT", "TargetCompID=*"))


@pytest.mark.parametrize(("first", "second"), [ACCEPTORS, ACCEPTORS[::-1]])
def test_numbers_of_the_other_acceptor_are_not_begun_again(first: str, second: str, tmp_path: Path) -> None:
    opened(first, tmp_path)
    opened(first, tmp_path)
    with pytest.raises(ConfigError, match=f'store: holds numbers of acceptor = "{first}"; keep that'):
        opened(second, tmp_path)


def test_store_in_use_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "acceptor.cfg").write_text(SESSION_FILE)

    async def run() -> None:
        first = open_acceptor("native", tmp_path / "acceptor.cfg", tmp_path, 0)
        try:
            with pytest.raises(ConfigError, match="the store is in use by another process"):
                open_acceptor("native", tmp_path / "acceptor.cfg", tmp_path, 0)
        finally:
            await first.close()

    asyncio.run(run())
