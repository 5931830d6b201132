"""What an order may ask of its venue beyond price, quantity and time in force; a venue may offer none of it.

Errors  none: whether a venue takes them is its dialect's to say.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class OrderOptions(NamedTuple):
    """`reduce_only` can only make a position smaller; `order_group` is the venue's id of a group that caps fills."""

    reduce_only: bool = False
    order_group: str = ""

    def __str__(self) -> str:
        named = ["reduce_only"] * self.reduce_only + [f"order_group {self.order_group}"] * bool(self.order_group)
        return ", ".join(named)


# Of options, TimeInForce(59), post-only and OrdType(40): why the venue would refuse that, empty if it would not
Judge: TypeAlias = Callable[[OrderOptions, str, bool, str], str]


def none_offered(options: OrderOptions, time_in_force: str, post_only: bool, ord_type: str) -> str:
    """Return why a venue without options refuses these."""
    return f"{options}: this venue has no such options of an order: leave them out"
