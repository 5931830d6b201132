"""The venues of random lives: what each process is configured with, and what the venue's own record says.

Errors  EngineError where a venue does not answer.
"""

from pathlib import Path
from typing import Protocol

from engine.app.chaos import fix44, kalshi
from engine.app.chaos.ledger import AccountRecord
from engine.app.chaos.setup import Ask, Setup
from engine.config.sections import EngineConfig
from engine.instrument import Instrument


class ChaosVenue(Protocol):
    """A module for each venue."""

    def ports(self, seed: int) -> tuple[int, ...]:
        """Return ports that nobody has, the control port last."""

    def prepare(self, directory: Path) -> None:
        """Make what both sides need before either starts."""

    def run_venue(self, setup: Setup) -> int:
        """Run the venue; return its exit status."""

    def engine_config(self, setup: Setup) -> EngineConfig:
        """Return what the engine runs with."""

    def instruments(self) -> tuple[Instrument, ...]:
        """Return the configured markets, none where they come and go."""

    def still(self, ask: Ask) -> None:
        """Let the market stand still, so that both records can be compared."""

    def resting(self, ask: Ask) -> int:
        """Return how many of our orders rest."""

    def record(self, ask: Ask, setup: Setup) -> AccountRecord:
        """Return the venue's own record."""


VENUES: dict[str, ChaosVenue] = {"fix44": fix44, "kalshi": kalshi}
