"""What can be chosen about the REST server.

Units   as the names say.
"""

import msgspec

from engine.sim.rest.faults import RestFault
from engine.sim.rest.refusals import ErrorShape
from engine.sim.rest.tokens import BURST_SECONDS, LOWEST


class RestServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The server: where it listens, how strict it is, and what goes wrong from its start on.

    `public_per_second` bounds what an address may read without a key; 0 is no bound. `lag_ms` is how far what an
    account reads of itself is behind what it did.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tolerance_ms: int = 10_000  # of a client's clock
    tier: str = LOWEST
    burst_seconds: int = BURST_SECONDS
    error_shape: ErrorShape = ErrorShape.BOTH
    public_per_second: int = 0
    lag_ms: int = 0
    most_bytes: int = 1 << 20  # of a request's body
    body_seconds: float = 10.0  # within which it must have come
    confirm_ms: int = 30_000  # for which an accepted quote waits for its owner
    faults: tuple[RestFault, ...] = ()
