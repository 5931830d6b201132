"""Every operation that the server has."""

from engine.sim.rest.communications import operations as communications
from engine.sim.rest.endpoints import (
    account,
    api_keys,
    candlesticks,
    events,
    historical,
    hours_shown,
    markets,
    order_groups,
    order_reads,
    order_writes,
    portfolio,
    subaccounts,
    unused,
)
from engine.sim.rest.operations import Operation

_ROOMS = (
    *hours_shown.OPERATIONS,
    *markets.OPERATIONS,
    *candlesticks.OPERATIONS,
    *events.OPERATIONS,
    *historical.OPERATIONS,
    *order_writes.OPERATIONS,
    *order_reads.OPERATIONS,
    *order_groups.OPERATIONS,
    *portfolio.OPERATIONS,
    *subaccounts.OPERATIONS,
    *account.OPERATIONS,
    *api_keys.OPERATIONS,
    *communications.OPERATIONS,
    *unused.OPERATIONS,
)
OPERATIONS: tuple[Operation, ...] = (*_ROOMS, account.endpoint_costs(_ROOMS))
