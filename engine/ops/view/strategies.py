"""What a view says of each of several strategies that share an account, and of what is nobody's.

Shapes  a row has the fields of `STRATEGY_ROWS` in their order; an engine with one strategy has none.
"""

from engine.ops.view.account import Row
from engine.trading.loop import TradingLoop
from engine.trading.team.team import Team

MOST_STRATEGIES = 32
STRATEGY_ROWS: tuple[Row, ...] = (
    ("name", "40s", "in the configuration; empty for what is nobody's"),
    ("state", "16s", "trading, stopped, or nobody's for what no strategy of this run owns"),
    ("reason", "240s", "why it is stopped"),
    ("open_orders", "q", "orders of its own that count against its limits"),
    ("open_cost", "q", "what they can lose together"),
    ("gross_position", "q", "filled and open at worst, over all markets"),
    ("fills", "q", "fills since the start"),
    ("cash", "q", "what sales brought less what purchases cost, before fees"),
    ("fees", "q", "fees paid"),
    ("pnl", "q", "profit and loss, after fees"),
    ("day_pnl", "q", "the same since the trading day began"),
)


def strategy_rows(trading: TradingLoop) -> list[tuple[object, ...]]:
    """Return a row for each."""
    team: Team | None = trading.team
    if team is None:
        return []
    rows: list[tuple[object, ...]] = []
    for name, share in team.portfolio.shares.items():
        money = share.cash, share.fees, share.pnl, share.day_pnl
        member = team.members.get(name)
        if member is None:
            rows.append((name, "nobody's", "", 0, 0, 0, 0, *money))
            continue
        exposure = team.risk.of[name].exposure
        counted = exposure.open_orders, exposure.open_cost, exposure.gross_position, member.fills
        rows.append((name, "stopped" if member.reason else "trading", member.reason, *counted, *money))
    return rows
