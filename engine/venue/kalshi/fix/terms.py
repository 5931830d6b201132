"""What every order of a session has alike, beside what an order itself says.

Units   `most_cost` is in dollars, as text.
Errors  ConfigError that names each term which the venue would refuse.
Source  Kalshi FIX: NewOrderSingle, OrderCancelReplaceRequest, OrderCancelRequest.
"""

import re
from collections.abc import Mapping

import msgspec

from engine import fix
from engine._decimal import parse_decimal
from engine.errors import ConfigError, DecodeError
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import MONEY_DECIMALS

AT_CROSS, MAKER = 1, 2  # SelfTradePreventionType(2964): the taker stops, or the resting order is cancelled

_NEW, _REPLACE, _CANCEL = (
    fix.Msg.NEW_ORDER_SINGLE,
    fix.Msg.ORDER_CANCEL_REPLACE_REQUEST,
    fix.Msg.ORDER_CANCEL_REQUEST,
)
_REDUCE_ONLY = "E"  # ExecInst(18)
_MOST_SUBACCOUNT = 63
_ID = re.compile(r"[A-Za-z0-9-]*")


class KalshiTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every order of a session has alike; what is not said here is left to the venue.

    `shard` sends orders to one shard, where -1 leaves the way to the venue, which is slower. `most_cost` is in
    dollars, as text.
    """

    subaccount: int | None = None
    shard: int | None = None
    order_group: str = ""
    self_trade_prevention: int | None = None
    cancel_on_pause: bool | None = None
    most_cost: str = ""
    reduce_only: bool = False

    def problems(self) -> list[str]:
        """Return what the venue would refuse."""
        found = []
        if self.subaccount is not None and not 0 <= self.subaccount <= _MOST_SUBACCOUNT:
            found.append(f"subaccount: {self.subaccount} is not from 0 to {_MOST_SUBACCOUNT}")
        if self.shard is not None and self.shard < -1:
            found.append(f"shard: {self.shard} is neither a shard, from 0 on, nor -1 for the venue's own choice")
        if self.self_trade_prevention not in (None, AT_CROSS, MAKER):
            found.append(f"self_trade_prevention: {self.self_trade_prevention} is neither 1, taker, nor 2, maker")
        if not _ID.fullmatch(self.order_group):
            found.append(f"order_group: {self.order_group!r} is no id of a group")
        return found + _wrong_cost(self.most_cost)

    def fields(self) -> dict[str, list[tuple[int, str]]]:
        """Return the fields by MsgType that `Fix44` adds: where an order lives goes with every request about it."""
        place = [(tags.AllocAccount, self.subaccount), (tags.ExDestination, self.shard)]
        where = [(tag, str(value)) for tag, value in place if value is not None]
        return {_NEW: [*where, *self._of_new()], _REPLACE: where, _CANCEL: where}

    def _of_new(self) -> list[tuple[int, str]]:
        on_pause = {None: "", True: "Y", False: "N"}[self.cancel_on_pause]
        terms = (
            (fix.ExecInst, _REDUCE_ONLY if self.reduce_only else ""),
            (tags.SecondaryClOrdID, self.order_group),
            (tags.SelfTradePreventionType, str(self.self_trade_prevention or "")),
            (tags.CancelOrderOnPause, on_pause),
            (tags.MaxExecutionCost, self.most_cost),
        )
        return [(tag, text) for tag, text in terms if text]


def _wrong_cost(text: str) -> list[str]:
    try:
        is_right = not text or parse_decimal(text, MONEY_DECIMALS) > 0
    except DecodeError:
        return [f"most_cost: {text!r} is no amount of dollars"]
    return [] if is_right else [f"most_cost: {text!r} is not above 0"]


def read_terms(table: Mapping[str, object]) -> KalshiTerms:
    """Return the terms that a configuration names by their fields."""
    try:
        terms = msgspec.convert(table, KalshiTerms)
    except msgspec.ValidationError as error:
        known = ", ".join(KalshiTerms.__struct_fields__)
        raise ConfigError(f"session.terms: {error}; there are {known}") from None
    if found := terms.problems():
        raise ConfigError("\n".join(f"session.terms: {text}" for text in found))
    return terms
