"""What an order may ask of its venue beyond price, quantity and time in force; a venue may offer none of it.

Errors  OrderError for a tag that no message or journal can carry; whether a venue takes the rest its dialect says.
"""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from engine.errors import OrderError

MOST_TAG = 32  # characters
_TAG = re.compile(rf"[A-Za-z0-9_.:/+-]{{0,{MOST_TAG}}}")


class OrderOptions(NamedTuple):
    """`reduce_only` can only make a position smaller; `order_group` is the venue's id of a group that caps fills.

    `tag` is the strategy's own word for the order, and `owner` the name of that strategy where there are several in an
    engine: neither asks anything of the venue.
    """

    reduce_only: bool = False
    order_group: str = ""
    tag: str = ""
    owner: str = ""

    @property
    def asks_venue(self) -> bool:
        """Return whether there is more than a tag and an owner."""
        return self.reduce_only or self.order_group != ""

    def __str__(self) -> str:
        named = ["reduce_only"] * self.reduce_only + [f"order_group {self.order_group}"] * bool(self.order_group)
        named += [f"tag {self.tag}"] * bool(self.tag)
        return ", ".join(named)


# Of options, TimeInForce(59), post-only and OrdType(40): why the venue would refuse that, empty if it would not
Judge: TypeAlias = Callable[[OrderOptions, str, bool, str], str]


def none_offered(options: OrderOptions, time_in_force: str, post_only: bool, ord_type: str) -> str:
    """Return why a venue without options refuses these."""
    return f"{options}: this venue has no such options of an order: leave them out"


def options_with(reduce_only: bool, order_group: str, tag: str, owner: str = "") -> OrderOptions | None:
    """Return what an order asks for, None where that is nothing; OrderError for a tag that cannot be carried."""
    if tag and not _TAG.fullmatch(tag):
        raise OrderError(f"tag {tag!r} must be 1 to {MOST_TAG} of A-Z a-z 0-9 _ . : / + -")
    if not (reduce_only or order_group or tag or owner):
        return None
    return OrderOptions(reduce_only, order_group, tag, owner)
