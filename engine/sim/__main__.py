"""`python -m engine.sim`: the simulated venue alone."""

import argparse
import sys
from pathlib import Path

from engine.errors import EngineError
from engine.sim.config import SimConfig, with_captures
from engine.sim.kalshi.config import load_any
from engine.sim.process import run


def main(arguments: list[str] | None = None) -> int:
    """Run the venue; 0 when it was told to end, 1 if it failed, 2 if it could not start."""
    parser = argparse.ArgumentParser(prog="fixlane sim", description="Run the simulated venue.")
    parser.add_argument("config", type=Path, help="sim.toml")
    parser.add_argument("--capture", nargs="+", type=Path, default=[], metavar="FILE", help="replay captured markets")
    parser.add_argument("--speed", type=float, help="of the replay; 0 as fast as it is read")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    given = parser.parse_args(arguments)
    try:
        config = load_any(given.config)
        if isinstance(config, SimConfig):
            config = with_captures(config, given.capture, given.speed)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 2
    return run(config, until_eof=given.until_eof)


if __name__ == "__main__":
    sys.exit(main())
