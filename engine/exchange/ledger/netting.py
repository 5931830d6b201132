"""How much positions in the markets of one event are sure to pay together, whichever of them comes true.

A venue that nets an event gives that much back at once, and takes it off what the markets pay in the end. A market
whose result is known has been paid, and says something about the others.

Units   net positions in size units, NO below 0; the answer in money, of `limit` a contract.
Cost    O(markets squared).
Source  Kalshi market model: netting across markets.
"""

from collections.abc import Iterator, Sequence

from engine.exchange.ledger.terms import Netting


def sure_payout(kind: str, nets: Sequence[int], known: Sequence[bool | None], limit: int) -> int:
    """Return the least that the positions pay together; markets stand in the order of their strikes.

    `known` says of each market whether it came true, None while nobody knows; the position of a known one is 0.
    """
    possible = [outcome for outcome in _outcomes(kind, len(nets)) if _agrees(outcome, known)]
    return limit * min((_pays(nets, outcome) for outcome in possible), default=0)


def _outcomes(kind: str, markets: int) -> Iterator[range]:
    """Yield which markets can come true together."""
    if kind == Netting.EXCLUSIVE:
        yield range(0)
        yield from (range(market, market + 1) for market in range(markets))
    elif kind == Netting.DIRECTIONAL:
        yield from (range(true) for true in range(markets + 1))


def _agrees(outcome: range, known: Sequence[bool | None]) -> bool:
    return all(result is None or result == (market in outcome) for market, result in enumerate(known))


def _pays(nets: Sequence[int], outcome: range) -> int:
    return sum(max(net, 0) if market in outcome else max(-net, 0) for market, net in enumerate(nets))
