"""What one parameter set of a compiled pass is: its queue, its ways, its limits, its fees, its strategy.

Units   prices, sizes and money as in the rows: 0.0001 dollars, 0.01 contracts, millionths of a dollar; times in ns.
Errors  ConfigError says which value is wrong.
Source  queue models and latency: `docs/backtest.md`.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from engine.errors import ConfigError

NO_LIMIT = 2**62
TABLE = 1_024  # times in a table of a way
QUEUE_KINDS = ("risk-averse", "optimistic", "power", "power2", "power3", "log", "log2", "biased")
MATCHED = "matched"
FIFO = "fifo"  # the orders are known
_EXPONENTS = {"0": 0, "0.5": 1, "1": 2, "2": 4, "3": 6}  # and twice each
_FEE_RATE = 7 * 100  # hundredths of a dollar per contract, and per cent of it
_LOTS = 100  # in a contract


class QueueModel(msgspec.Struct, frozen=True):
    """Which of the sizes ahead of an order a cancel takes; `is_matched` where its order is known, else by `kind`."""

    kind: str = "risk-averse"
    halves: int = 2  # twice the exponent
    weight: float = 1.0  # of biased
    is_matched: bool = False
    lots: int = _LOTS

    @classmethod
    def parse(cls, text: str) -> "QueueModel":
        """Return the model that `text` names: NAME, NAME:N, biased:N:A, matched or matched/MODEL; raise ConfigError."""
        if text == FIFO:
            return cls(FIFO)
        name, _, rest = text.partition("/")
        if name == MATCHED:
            return msgspec.structs.replace(cls.parse(rest or "risk-averse"), is_matched=True)
        kind, *numbers = text.split(":")
        if kind not in QUEUE_KINDS or kind == MATCHED:
            raise ConfigError(
                f"queue {text!r}: name one of {', '.join(QUEUE_KINDS)}, {FIFO}, {MATCHED} or {MATCHED}/MODEL"
            )
        wanted = {"power": 1, "power2": 1, "power3": 1, "biased": 2}.get(kind, 0)
        if len(numbers) > wanted or (kind == "biased" and len(numbers) < wanted):
            raise ConfigError(f"queue {text!r}: {kind} takes {('no number', 'N', 'N and A, as biased:0.5:-1')[wanted]}")
        halves = _EXPONENTS.get(numbers[0]) if numbers else 2
        if halves is None:
            raise ConfigError(f"queue {text!r}: the exponent is one of {', '.join(_EXPONENTS)}")
        return cls(kind, halves, _weight(text, numbers[1]) if wanted == 2 else 1.0)


RISK_AVERSE = QueueModel()


def _weight(text: str, number: str) -> float:
    """Return e to the minus `number`, the same on every machine."""
    try:
        value = Decimal(number)
    except InvalidOperation:
        raise ConfigError(f"queue {text!r}: {number!r} is no number") from None
    if not value.is_finite() or abs(value) > 50:
        raise ConfigError(f"queue {text!r}: {number} is not between -50 and 50")
    return float((-value).exp())


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """How long each way takes: a time, or a table of 1024 of which each draw takes one."""

    new: int | Sequence[int] = 0
    cancel: int | Sequence[int] = 0
    replace: int | Sequence[int] = 0
    answer: int | Sequence[int] = 0
    think_ns: int = 0
    venue_delay_ns: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("new", "cancel", "replace", "answer", "think_ns", "venue_delay_ns"):
            times = getattr(self, name)
            if not isinstance(times, int) and len(times) != TABLE:
                raise ConfigError(f"latency {name}: a table has {TABLE} times, not {len(times)}")
            if min([times] if isinstance(times, int) else times) < 0:
                raise ConfigError(f"latency {name}: nothing arrives before it was sent")


class DeskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What may leave the desk; NO_LIMIT is none. `collar` is how far beyond the other side's best a price may be."""

    qty: int
    position: int
    open_orders: int
    open_cost: int
    collar: int


UNLIMITED = DeskLimits(
    qty=NO_LIMIT, position=NO_LIMIT, open_orders=2**31 - 1, open_cost=NO_LIMIT, collar=NO_LIMIT
)  # for measurements and tests


class QuadraticTerms(msgspec.Struct, frozen=True):
    """Fees that are a quadratic of the price, as of the venue: see `engine.venue.kalshi.fees`."""

    multiplier_milli: int = 1_000
    maker_percent: int = 0
    precision: int = 1

    @property
    def scale(self) -> int:
        """What every factor is divided by: decimals of factor, size and price, less those of money."""
        return 10**11

    @property
    def taker(self) -> int:
        """The factor of a taker's quantity and price."""
        return _FEE_RATE * self.multiplier_milli

    @property
    def maker(self) -> int:
        """The factor of a maker's."""
        return _FEE_RATE // 100 * self.multiplier_milli * self.maker_percent


FREE = QuadraticTerms(0)


class QuoteBoth(msgspec.Struct, frozen=True):
    """A strategy compiled into the pass: an order of `size` on each side, `away` steps behind the best price."""

    size: int
    away: int = 0

    def __post_init__(self) -> None:
        if self.size <= 0 or self.away < 0:
            raise ConfigError(f"a quoter's size is above 0 and its distance not below: {self.size}, {self.away}")


class ParameterSet(msgspec.Struct, frozen=True, kw_only=True):
    """One of the accounts that a pass runs side by side; none knows of another.

    `strategy` is a QuoteBoth, or an object with `on_book(desk, market)` and, if it likes, `on_answer(desk, answer)`.
    """

    strategy: object = None
    limits: DeskLimits
    queue: QueueModel = QueueModel()
    ways: Ways = Ways()
    fees: QuadraticTerms = QuadraticTerms()
    keeps_fills: bool = True

    def __post_init__(self) -> None:
        if self.queue.kind == FIFO:
            raise ConfigError(f"queue {FIFO}: rows do not name orders; fixlane backtest takes frames that do")


class RowAnswer(msgspec.Struct, frozen=True, gc=False):
    """What the venue did at `acted_ns` and the desk heard at `heard_ns`.

    `ahead` is what stood before the order in its queue then, in the model's view. `is_gap` says that a snapshot after
    a loss filled it.
    """

    account: int
    order: int
    kind: int
    reason: int
    price: int
    qty: int
    fee: int
    is_taker: bool
    acted_ns: int
    heard_ns: int
    ahead: int
    is_gap: bool


class PassResult(msgspec.Struct, frozen=True):
    """What one account came to; money in millionths of a dollar."""

    cash: int
    fees: int
    marked: int  # cash, and every position at its mark
    volume: int
    fills: int
    sent: int
    answered: int
    refused: dict[str, int]  # by risk, by reason
    positions: dict[int, int]  # of markets where they are not 0
    open_orders: int
