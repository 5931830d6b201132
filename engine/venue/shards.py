"""Many markets over several connections, each with a dialect of its own.

Errors  ValueError for a bound that lets no market in.
"""

from collections.abc import Sequence

from engine.instrument import Instrument


def shards(instruments: Sequence[Instrument], most_per_connection: int) -> list[list[Instrument]]:
    """Return the markets of each connection: as few connections as hold them all, equally full to within one market.

    The markets of one event, which stand side by side and become busy together, are dealt out in turn.
    """
    if most_per_connection < 1:
        raise ValueError(f"most_per_connection must be 1 or more, not {most_per_connection}")
    count = -(-len(instruments) // most_per_connection)
    return [list(instruments[place::count]) for place in range(count)]
