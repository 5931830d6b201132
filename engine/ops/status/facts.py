"""What is true of an engine by its View, as plain values: what `status --json` prints, and `page` puts into words.

Units   prices, sizes and money are text in dollars and contracts; ages are seconds, moments seconds since 1970.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from engine import fix
from engine.ops.status.account import account_facts
from engine.ops.view import layout
from engine.ops.view.reader import View
from engine.risk import NO_LIMIT

STUCK_NS = 1_000_000_000


class Life(Enum):
    """How the process is that wrote a view; the value is the word for people."""

    RUNNING = "running"
    STUCK = "stuck"  # it lives and publishes nothing
    ENDED = "ended"  # by itself, with a last word
    GONE = "gone"  # without a word


def life_of(view: View) -> Life:
    """Return how the engine is, as far as its last view and the kernel say."""
    if view.has_ended:
        return Life.ENDED
    if not view.is_alive():
        return Life.GONE
    return Life.STUCK if view.age_ns() > STUCK_NS else Life.RUNNING


def facts(view: View) -> dict[str, Any]:
    """Return everything that `status` tells."""
    head, desk, life = view.head, view.desk, life_of(view)
    sessions, markets = view.records("sessions"), view.markets()
    books = _books(view, markets)
    ended_s = head.ended_utc_ns or (head.written_utc_ns if life is Life.GONE else 0)
    return {
        "engine": life.value,
        "state": desk.trading_state,
        "reason": desk.reason,
        "risk": desk.risk_state,
        "pid": head.pid,
        "version": desk.version,
        "started_s": head.start_utc_ns / 1e9,
        "ended_s": ended_s / 1e9,
        "uptime_s": (head.written_utc_ns - head.start_utc_ns) / 1e9,
        "age_s": view.age_ns() / 1e9,
        "logged_on": bool(sessions) and sessions[0].state == "logged_on",
        "next_msg_seq_num_out": sessions[0].next_out if sessions else 0,
        "next_msg_seq_num_in": sessions[0].next_in if sessions else 0,
        "sessions": [_session(session) for session in sessions],
        "feeds": [_feed(feed) for feed in view.records("feeds")],
        "books": books,
        "fresh_books": len(markets) - sum(len(books[state]) for state in ("missing", "stale", "crossed")),
        "stale_books": sum(len(books[state]) for state in ("missing", "stale")),
        "stopped": [_stop(view, stop) for stop in view.records("stops")],
        "live_orders": head.live_orders,
        "unknown_orders": [_unknown(view, order) for order in view.records("orders") if order.unknown_since_ns],
        "strategies": [_strategy(view, each) for each in view.records("strategies")],
        "limits": [_limit(view, limit) for limit in view.records("limits")],
        "positions": {view.symbol(index): view.size(each.net) for index, each in markets.items() if each.net},
        "pnl": view.money(head.pnl),
        "day_pnl": view.money(head.day_pnl),
        "fees": view.money(head.fees),
        "open_cost": view.money(head.open_cost),
        "notices": [
            {"kind": each.kind, "count": each.count, "last_s": each.last_utc_ns / 1e9, "text": each.text}
            for each in view.records("notices")
        ],
        **account_facts(view),
        "journal": desk.journal,
        "publish_us": head.took_ns / 1e3,
    }


def _books(view: View, markets: Mapping[int, Any]) -> dict[str, list[str]]:
    """Return the books that are not to be relied on, by why and by name."""
    head = view.head
    found: dict[str, list[str]] = {"missing": [], "stale": [], "crossed": [], "old": []}
    for index, market in markets.items():
        state = layout.BOOK_STATES[market.book_state]
        if state != "fresh":
            found[state].append(view.symbol(index))
        elif head.written_ns - market.updated_ns > head.max_book_age_ns:
            found["old"].append(view.symbol(index))
    return found


def _session(session: Any) -> dict[str, Any]:
    return {
        "name": session.name,
        "state": session.state,
        "protection": session.protection,
        "next_out": session.next_out,
        "next_in": session.next_in,
        "logons": session.logons,
        "changed_s": session.changed_utc_ns / 1e9,
        "error": session.error,
        "error_s": session.error_utc_ns / 1e9,
    }


def _feed(feed: Any) -> dict[str, Any]:
    return {
        "name": feed.name,
        "state": "connected" if feed.is_connected else "down",
        "protection": feed.protection,
        "connects": feed.connects,
        "losses": feed.losses,
        "lag_s": feed.lag_ns / 1e9,
        "frames": feed.frames,
        "error": feed.error,
        "error_s": feed.error_utc_ns / 1e9,
    }


def _stop(view: View, stop: Any) -> dict[str, Any]:
    since_s = stop.since_utc_ns / 1e9
    return {"market": view.symbol(stop.market), "cause": stop.cause.lower(), "text": stop.text, "since_s": since_s}


def _unknown(view: View, order: Any) -> dict[str, Any]:
    return {
        "cl_ord_id": order.cl_ord_id,
        "order_id": order.order_id,
        "market": view.symbol(order.market),
        "side": "buy" if order.side == fix.BUY else "sell",
        "price": view.price(order.price),
        "qty": view.size(order.order_qty),
        "filled": view.size(order.cum_qty),
        "age_s": (view.head.written_ns - order.unknown_since_ns) / 1e9,
    }


def _strategy(view: View, strategy: Any) -> dict[str, Any]:
    return {
        "name": strategy.name,
        "state": strategy.state,
        "reason": strategy.reason,
        "open_orders": strategy.open_orders,
        "open_cost": view.money(strategy.open_cost),
        "fills": strategy.fills,
        "fees": view.money(strategy.fees),
        "pnl": view.money(strategy.pnl),
        "day_pnl": view.money(strategy.day_pnl),
    }


def _limit(view: View, limit: Any) -> dict[str, Any]:
    shown = {"money": view.money, "size": view.size}.get(limit.unit, str)
    is_bound = limit.limit < NO_LIMIT
    return {
        "name": limit.name,
        "used": shown(limit.used),
        "limit": shown(limit.limit) if is_bound else "none",
        "ratio": (limit.used / limit.limit if limit.limit else float(limit.used > 0)) if is_bound else 0.0,
        "market": view.symbol(limit.market),
    }
