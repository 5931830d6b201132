"""What the REST server needs of its venue: everything behind it is reached through this."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.exchange.events import Event, Request
from engine.exchange.exchange import Exchange
from engine.exchange.ledger.ledger import Ledger
from engine.sim.keys import KeyRing
from engine.sim.rest.tokens import MemberTokens


@dataclass(slots=True, kw_only=True)
class VenueAccess:
    """One venue, as its servers share it.

    `submit` carries out a request, tells everybody whom its events concern, and returns them; `publish` tells them
    what else was done.
    """

    exchange: Exchange
    ledger: Ledger
    keys: KeyRing
    tokens: MemberTokens
    submit: Callable[[Request], list[Event]]
    publish: Callable[[Iterable[object]], None]
    now_ns: Callable[[], int]
