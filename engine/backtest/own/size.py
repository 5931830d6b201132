"""How much of the levels of one market is our own, so that it can be taken out.

The book without us is what others show. Three rules say what becomes of our trades in it:

1  Size of ours is never in a level.
2  Flow that hit us stays away: it took nothing from anybody else. Its print is kept, for a backtest's own order that is
   first in its queue when it comes.
3  What we took of others stays, until a snapshot shows the level, or the other side reaches its price; the print of our
   taking is left out.

Units   prices and sizes as in the frames; `side` is Side(54) of what rests, on the YES scale.
Errors  none: what does not fit is counted by the caller.
"""

from collections.abc import Mapping

from engine.units import Side

Place = tuple[int, int]  # side and price


class OwnSize:
    """What rests of ours by its place, `rests`, and what we took of others, `took`."""

    __slots__ = ("rests", "took")

    def __init__(self) -> None:
        self.rests: dict[Place, int] = {}
        self.took: dict[Place, int] = {}

    def move(self, side: int, price: int, change: int) -> None:
        """Note a change that an order of ours made; beyond what rests of ours, a decrease is what we took."""
        place = side, price
        rest = self.rests.get(place, 0) + change
        if rest < 0:
            self.took[place] = self.took.get(place, 0) - rest
        if rest > 0:
            self.rests[place] = rest
        else:
            self.rests.pop(place, None)

    def ended_by(self, side: int, price: int) -> list[tuple[int, int, int]]:
        """Return side, price and size of what we took that is over, since others quote `price` on this side."""
        if not self.took:
            return []
        other = int(Side.SELL) if side == Side.BUY else int(Side.BUY)
        ended = [
            (place, size)
            for place, size in self.took.items()
            if place[0] == other and (place[1] <= price if side == Side.BUY else place[1] >= price)
        ]
        for place, _ in ended:
            del self.took[place]
        return [(*place, size) for place, size in ended]

    def begin(self, known: Mapping[Place, int] | None) -> None:
        """Begin a snapshot; `known` is what rests of ours as our reports say, where they are there."""
        self.took.clear()
        if known is not None:
            self.rests = dict(known)

    def outside(self, side: int, price: int, size: int) -> int:
        """Return what others show of a level of a snapshot; what is less than ours is ours."""
        rest = self.rests.get((side, price), 0)
        if rest > size:
            self.rests[side, price] = size
        return max(size - rest, 0)


def told_of(counts: Mapping[str, int]) -> list[str]:
    """Return in words what was taken out of a recording of our own trading; nothing where nothing was."""
    if not counts.get("own_changes"):
        return []
    told = [
        f"a recording of our own trading: {counts['own_changes']} changes of levels by our own orders were taken out; "
        f"{counts.get('own_fills', 0)} prints that hit us hit an own order that is first in its queue, or nobody; "
        f"what we took in {counts.get('own_takes', 0)} prints stays until the other side reaches its price"
    ]
    if unseen := counts.get("own_unseen", 0):
        told.append(f"{unseen} changes that our reports tell of are in no frame: what we had there is in the book")
    return told
