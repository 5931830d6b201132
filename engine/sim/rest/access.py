"""What the REST server needs of its venue: everything behind it is reached through this."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.sim.keys import KeyRing
from engine.sim.rest.tokens import MemberTokens


@dataclass(slots=True, kw_only=True)
class VenueAccess:
    """One venue, as its servers share it."""

    keys: KeyRing
    tokens: MemberTokens
    now_ns: Callable[[], int]
