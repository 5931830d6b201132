"""Accounts under test: markets of one event on one shard, and what a test wants to know of a ledger in few words."""

from collections.abc import Sequence

from engine.exchange.ledger.ledger import Ledger
from engine.exchange.ledger.terms import Netting
from engine.instrument import Instrument
from engine.venue.kalshi.fees import QuadraticFee
from tests.support.sim.venue import CENT

DOLLAR = 1_000_000


class OneEvent:
    """MarketTerms: every market is of event E on shard 0, by name in the order of their strikes."""

    def __init__(self, symbols: str = "AB", netting: str = Netting.NONE, maker_percent: int = 0) -> None:
        self.netting = netting
        self.known: dict[str, bool | None] = dict.fromkeys(symbols)
        self.rule = QuadraticFee(maker_percent=maker_percent)
        self._instrument = Instrument("any", 0, CENT)

    def event_of(self, symbol: str) -> str:
        return "E"

    def shard_of(self, symbol: str) -> int:
        return 0

    def limit_of(self, symbol: str) -> int:
        return 10_000

    def netting_of(self, event: str) -> tuple[str, Sequence[tuple[str, bool | None]]]:
        return self.netting, list(self.known.items())

    def fee_of(self, symbol: str, price: int, qty: int, is_taker: bool, now_ns: int) -> int:
        return int(self.rule.fee(self._instrument, price, qty, is_taker))


def cash(ledger: Ledger, account: str) -> int:
    return ledger.balance(account, 0).cash


def free(ledger: Ledger, account: str) -> int:
    return ledger.balance(account, 0).free
