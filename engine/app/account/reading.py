"""One whole look at an account at its venue: every list to its last page, in an order that makes them fit together.

Fills are read before orders, and orders before the finished ones of a market in doubt: what happens meanwhile shows as
a sum that is larger than its fills, and never as a fill that nobody ordered.

Units   times in ns since 1970.
Errors  EngineError where any part is missing: half a look decides nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from engine.errors import EngineError
from engine.trading.reconcile.balance import Cash
from engine.trading.reconcile.reconcile import Reconcile, VenueAccount
from engine.trading.reconcile.second_sources import FillSource, SecondSources
from engine.venue.account import AccountDialect, VenueBalance, VenueFill, VenueFlow, VenueOrder, VenuePosition
from engine.venue.rest import Call, PagedCall

T = TypeVar("T")
FRESH_WITHIN = 120  # looks at how fresh the venue's answers are, before this one is given up
PAUSE_S = 0.25


class Whole(Protocol):
    """A list, and whether it is all of it."""

    def complete(self) -> list[Any]:
        """Return all items; raise where some are missing."""


class AccountClient(Protocol):
    """What reads: `engine.net.rest.RestClient`."""

    async def call(self, call: Call[T]) -> T:
        """Return the venue's answer."""

    async def all(self, paged: PagedCall[T]) -> Whole:
        """Return a list as far as it could be read."""


class LookingReader(Protocol):
    """What takes one whole look, by whatever way there is to the venue."""

    async def look(self, reconcile: Reconcile, since_ns: int, moved_ns: int) -> VenueAccount:
        """Return the account as it was at `moved_ns` or later; raise EngineError for a look that is not whole."""


class AccountReader:
    """Reads one account; `sleep` waits between looks."""

    def __init__(
        self,
        client: AccountClient,
        dialect: AccountDialect,
        wall_ns: Callable[[], int],
        sleep: Callable[[float], Awaitable[object]],
        sources: SecondSources | None = None,
    ) -> None:
        self._client = client
        self._dialect = dialect
        self._wall_ns = wall_ns
        self._sleep = sleep
        self._sources = sources

    async def look(self, reconcile: Reconcile, since_ns: int, moved_ns: int) -> VenueAccount:
        """Return the account as it was at `moved_ns` or later, with every fill since `since_ns`."""
        await self._await_fresh(moved_ns)
        positions: list[VenuePosition] = await self._all(self._dialect.positions())
        fills: list[VenueFill] = await self._all(self._dialect.fills(since_ns))
        self._note(fills)
        resting: list[VenueOrder] = await self._all(self._dialect.open_orders())
        balance, flows = await self._cash(reconcile.cash, positions)
        orders = {order.order_id: order for order in resting}
        for symbol in reconcile.doubtful_symbols(resting):
            for order in await self._all(self._dialect.orders_of(symbol, since_ns)):
                orders.setdefault(order.order_id, order)
        return VenueAccount(list(orders.values()), fills, positions, resting, balance, flows)

    def _note(self, fills: list[VenueFill]) -> None:
        if self._sources is not None:
            for fill in fills:
                self._sources.heard(FillSource.REST, fill.trade_id)

    async def _cash(
        self, cash: Cash | None, positions: list[VenuePosition]
    ) -> tuple[VenueBalance | None, list[VenueFlow]]:
        """Return the balance where it is compared, and what came from outside where that is needed to explain it."""
        if cash is None:
            return None, []
        balance = await self._client.call(self._dialect.balance())
        wanted = self._dialect.flows() if cash.wants_flows(balance, positions) else ()
        return balance, [flow for paged in wanted for flow in await self._all(paged)]

    async def _await_fresh(self, moved_ns: int) -> None:
        """Wait until the answers know all that has moved: at the venue, reads lag behind writes.

        Older ones would tell that an order never arrived which has only not been written down yet.
        """
        asked = self._dialect.as_of()
        if asked is None:
            return
        for _ in range(FRESH_WITHIN):
            as_of_ns = await self._client.call(asked)
            if as_of_ns >= moved_ns:
                return
            await self._sleep(PAUSE_S)
        behind_s = (self._wall_ns() - as_of_ns) / 1e9
        raise EngineError(f"the venue's answers are {behind_s:.0f} s behind, before our last request or logon")

    async def _all(self, paged: PagedCall[Any]) -> list[Any]:
        return (await self._client.all(paged)).complete()
