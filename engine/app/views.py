"""What summaries and the control socket read of an engine.

Units   money and sizes as text in dollars and contracts where a person reads them, else integers of the instrument.
Thread  the loop thread.
"""

from collections.abc import Sequence

from engine._decimal import format_decimal
from engine.book import Book
from engine.config.sections import EngineConfig
from engine.net.feeds import Feeds
from engine.net.market_feed import MarketFeed
from engine.portfolio import Portfolio
from engine.session import Session
from engine.trading.counters import Counters
from engine.trading.loop import TradingLoop
from engine.trading.supervisor import Supervisor
from engine.trading.team.team import Team


class Views:
    """The answers of an engine to who looks at it; whoever derives from it makes the parts."""

    config: EngineConfig
    trading: TradingLoop
    portfolio: Portfolio
    session: Session
    feed: Feeds
    supervisor: Supervisor

    @property
    def counters(self) -> Counters:
        """Totals since the start."""
        return self.trading.counters

    @property
    def books(self) -> tuple[Book, ...]:
        """Every book, by instrument index."""
        return self.trading.books

    def session_state(self) -> tuple[bool, int, int]:
        """Return whether we are logged on, and the next MsgSeqNum(34) out and in."""
        return self.session.is_logged_on, self.session.next_sender_seq_num, self.session.next_target_seq_num

    def reconnects(self) -> int:
        """Return how often the feed was connected anew."""
        return self.feed.reconnects

    @property
    def feeds(self) -> Sequence[MarketFeed]:
        """The connections of market data."""
        return self.feed.feeds

    def status(self) -> dict[str, object]:
        """Return the state in words and numbers, for a person."""
        is_logged_on, sender, target = self.session_state()
        decimals = sum(self.portfolio.decimals)
        return {
            "state": self.supervisor.state.value,
            "reason": self.supervisor.reason,
            "risk": self.trading.risk.state.name.lower(),
            "logged_on": is_logged_on,
            "next_msg_seq_num_out": sender,
            "next_msg_seq_num_in": target,
            "live_orders": self.trading.orders.live_count,
            "stale_books": sum(book.is_stale for book in self.books),
            "missing_books": self.trading.watch.missing(),
            "stopped_markets": [f"{each.instrument.symbol}: {each.text}" for each in self.trading.markets.all()],
            "market_data_lag_s": round(self.trading.watch.lag_ns / 1e9, 3),
            "positions": {p.instrument.symbol: p.instrument.format_size(p.net) for p in self.portfolio if p.net},
            "pnl": format_decimal(self.portfolio.pnl, decimals),
            "day_pnl": format_decimal(self.portfolio.day_pnl, decimals),
            **({"strategies": self._strategies()} if self.trading.team is not None else {}),
        }

    def _strategies(self) -> dict[str, object]:
        """Return what each of several strategies does and has made, and what is nobody's, for a person."""
        team: Team = self.trading.team
        found: dict[str, object] = {}
        for name, share in team.portfolio.shares.items():
            member = team.members.get(name)
            decimals = sum(share.decimals)
            found[name] = {
                "state": "nobody's" if member is None else "stopped" if member.reason else "trading",
                "reason": "" if member is None else member.reason,
                "live_orders": sum(order.owner == name for order in self.trading.orders.live()),
                "positions": {
                    each.instrument.symbol: each.instrument.format_size(each.net) for each in share if each.net
                },
                "pnl": format_decimal(share.pnl, decimals),
                "day_pnl": format_decimal(share.day_pnl, decimals),
                "fees": format_decimal(share.fees, decimals),
            }
        return found
