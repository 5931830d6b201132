"""The table `[session.account]`: what the venue is asked for of our account over the session of orders.

Errors  ConfigError for one that asks for nothing.
"""

from engine.errors import ConfigError
from engine.units import Section


class SessionAccountSection(Section, frozen=True, kw_only=True):
    """Which lists the venue offers, and the name of the account; without the table it is asked for none."""

    orders: bool = True
    positions: bool = True
    name: str = ""  # Account(1) of the request for positions; "" is the SenderCompID of the session

    def __post_init__(self) -> None:
        if not (self.orders or self.positions):
            raise ConfigError("account asks for nothing: set orders or positions to true, or leave the table out")
        if not (self.name.isascii() and (self.name.isprintable())):
            raise ConfigError(f"account.name {self.name!r} can be no Account(1): use printable ASCII")
