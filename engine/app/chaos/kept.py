"""A simulated Kalshi that outlives its process: whatever changes is on disk before anybody is told of it.

Errors  OSError where the directory cannot be written.
Cost    1 ms a change, which no shipped venue pays.
"""

import io
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from engine.exchange.listing.lifecycle import VenueEvent
from engine.instrument import PriceGrid
from engine.sim.config import SimConfig
from engine.sim.kalshi.commands import KalshiCommands
from engine.sim.kalshi.config import KalshiSimConfig
from engine.sim.kalshi.venue import Earlier, KalshiVenue
from engine.sim.keys import KeyFile
from engine.sim.process import Made

FILE = "kept.pickle"


class _Pickler(pickle.Pickler):
    """Knows how a grid is made, whose parts cannot be set."""

    def reducer_override(self, value: object) -> Any:
        """Return how to make a grid; everything else is as ever."""
        return (PriceGrid, (value.bands,)) if isinstance(value, PriceGrid) else NotImplemented


class KeptVenue(KalshiVenue):
    """Keeps its members' accounts, orders and markets."""

    def tell(self, events: Iterable[VenueEvent]) -> None:
        """Keep what has changed, then tell of it."""
        batch = list(events)
        if batch:
            self._keep()
            super().tell(batch)

    def _keep(self) -> None:
        keys = {member: [(key.key_id, key.file) for key in made] for member, made in self.key_files.items()}
        made, file = self.folder / f"{FILE}.new", self.folder / FILE
        content = io.BytesIO()
        _Pickler(content, pickle.HIGHEST_PROTOCOL).dump((self.place, self.files, keys))
        made.write_bytes(content.getbuffer())
        made.rename(file)


def make(config: SimConfig | KalshiSimConfig) -> Made:
    """Return the venue, with what an earlier process kept."""
    assert isinstance(config, KalshiSimConfig)
    venue = KeptVenue(config, earlier=_earlier(Path(config.state_path) / FILE))
    return venue, KalshiCommands(venue).table()


def _earlier(file: Path) -> Earlier | None:
    if not file.exists():
        return None
    place, files, keys = pickle.loads(file.read_bytes())
    return Earlier(place, files, {member: [_key(*key) for key in made] for member, made in keys.items()})


def _key(key_id: str, file: Path) -> KeyFile:
    private = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(private, Ed25519PrivateKey | RSAPrivateKey)
    return KeyFile(key_id, file, private.public_key())
