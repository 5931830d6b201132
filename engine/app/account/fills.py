"""What the venue says of each fill beyond the order, held against ours: the position after it, cash, and date.

The session's message is read again after the strategy has had its report, and only where a fill was counted: a report
that repeats one says what was held then. A position that differs stops its market, until the account has been compared
and both sides agree; without REST until a person resumes.

Errors  none: what cannot be read is told.
Cost    50 ns a report, 9 us a fill, after the hook.
Thread  the loop thread only.
"""

from collections.abc import Callable

from engine.app.account.side import AccountSide
from engine.app.account.watch import AccountWatch
from engine.codec import Fields
from engine.errors import DecodeError
from engine.instrument import Instrument
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop
from engine.trading.reconcile.second_sources import SecondSources
from engine.venue import OrderDialect
from engine.venue.fill_details import FillDetails, FillDialect


class FillCheck:
    """Stands between a session and `receive`, which takes its messages for one loop.

    `knows_cash` is whether every change of the cash by a fill can be worked out from that fill: netting across markets
    changes it too.
    """

    def __init__(
        self,
        receive: Callable[[Fields], None],
        dialect: FillDialect,
        loop: TradingLoop,
        watch: AccountWatch | None,
        knows_cash: bool,
        sources: SecondSources | None = None,
    ) -> None:
        self.checked = 0  # fills that were held against ours
        self._receive = receive
        self._dialect = dialect
        self._loop = loop
        self._counters = loop.counters
        self._watch = watch
        self._knows_cash = knows_cash
        self._sources = sources
        self._markets: dict[str, Instrument] = {}
        self._listings = -1

    def on_report(self, fields: Fields) -> None:
        """Pass a message on; judge it if it was a fill that counted."""
        before = self._counters.fills
        self._receive(fields)
        if self._counters.fills != before:
            self._judge(fields)

    def _judge(self, fields: Fields) -> None:
        try:
            told = self._dialect.details(fields)
        except DecodeError as error:
            self._tell(f"a fill cannot be held against ours: {error}")
            return
        market = self._market(told.symbol) if told is not None else None
        if told is None or market is None:
            return
        self.checked += 1
        if self._sources is not None:
            self._sources.told(told.trade_id)
        for text in told.contradictions:
            self._tell(f"{market.symbol}: trade {told.trade_id}: {text}")
        problem = self._position(told, market) or (told.cash_contradiction if self._knows_cash else "")
        if problem:
            text = f"trade {told.trade_id}: {problem}"
            self._tell(f"{market.symbol}: {text}")
            self._doubt(market, text)

    def _market(self, symbol: str) -> Instrument | None:
        if self._listings != self._loop.listings:
            self._listings = self._loop.listings
            self._markets = {each.symbol: each for each in self._loop.instruments}
        return self._markets.get(symbol)

    def _position(self, told: FillDetails, market: Instrument) -> str:
        """Return how the position after the fill differs, empty if it does not."""
        ours = self._loop.portfolio[market]
        if told.net_after is None or ours.is_settled or told.net_after == ours.net:
            return ""
        size = market.format_size
        return f"the venue holds {size(told.net_after)} for us after it, we have {size(ours.net)}"

    def _doubt(self, market: Instrument, text: str) -> None:
        if self._watch is not None:
            self._watch.doubt(market, text)
        else:
            self._loop.markets.stop(market, Stop.ACCOUNT, text)

    def _tell(self, text: str) -> None:
        self._loop.notices.tell(NoticeKind.FILL_CONTRADICTED, text)


def fill_check(
    receive: Callable[[Fields], None], dialect: OrderDialect, loop: TradingLoop, account: AccountSide | None
) -> FillCheck | None:
    """Return a check of each fill; None where the dialect's reports do not tell enough for one."""
    if not isinstance(dialect, FillDialect):
        return None
    if account is None:
        return FillCheck(receive, dialect, loop, None, knows_cash=False)
    return FillCheck(receive, dialect, loop, account.watch, account.knows_cash, account.sources)
