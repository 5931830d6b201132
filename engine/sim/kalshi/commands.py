"""Commands of the simulated Kalshi's control server: what its ledger says, and what is made to happen.

Errors  EngineError or msgspec.ValidationError for arguments that cannot be; the server answers with their text.
"""

from typing import Any

import msgspec

from engine.errors import EngineError
from engine.exchange.faults import KINDS, InjectedFault
from engine.exchange.listing.records import MarketRecord, MarketStatus
from engine.sim.control import Answer, Command
from engine.sim.kalshi.venue import KalshiVenue
from engine.sim.rest.faults import RestFault

_NS_PER_MS = 1_000_000
_HOUR_NS = 3600 * 10**9


class KalshiCommands:
    """The commands of one venue. Each fault kind is a command that arms it."""

    def __init__(self, venue: KalshiVenue) -> None:
        self._venue = venue

    def table(self) -> dict[str, Command]:
        """Return every command by its word."""
        life = self._venue.place.lifecycle
        return {
            "account": self._account,
            "clear": self._clear,
            "dispute_market": self._moved(lambda ticker, now_ns, more: life.dispute(ticker, now_ns)),
            "freeze": self._freeze,
            "hours": self._hours,
            "find_shard": self._find_shard,
            "lose_shard": self._lose_shard,
            "maintenance": self._maintenance,
            "markets": self._markets,
            "pause_market": self._moved(lambda ticker, now_ns, more: life.pause(ticker, now_ns)),
            "quit": self._quit,
            "resume_market": self._moved(lambda ticker, now_ns, more: life.resume(ticker, now_ns)),
            "settle_market": self._moved(lambda ticker, now_ns, more: life.settle(ticker, now_ns)),
            "status": self._status,
            "rest_clear": self._rest_clear,
            "rest_fault": self._rest_fault,
            "rest_lag": self._rest_lag,
            "change_grid": self._moved(lambda ticker, now_ns, more: life.change_grid(ticker, more["label"], now_ns)),
            "void_market": self._moved(lambda ticker, now_ns, more: life.void(ticker, now_ns)),
            **{kind: self._fault(kind) for kind in KINDS},
        }

    def _account(self, arguments: Answer) -> Answer:
        """Return what the ledger has of a member, in integers."""
        ledger, member = self._venue.place.ledger, arguments["account"]
        fills = ledger.fills(member)
        held = ledger.positions(member)
        paid = ledger.settlements(member)
        resting = ledger.orders(member, status="resting")
        return {
            "cash": sum(balance.cash for balance in ledger.balances(member)),
            "fills": len(fills),
            "orders": len(ledger.orders(member)),
            "resting": len(resting),
            "open": {order.cl_ord_id: order.symbol for order in resting},
            "fees": sum(fill.fee for fill in fills) + sum(each.fee for each in paid),
            "positions": {position.symbol: position.net for position in held if position.net},
            "settlements": {each.symbol: each.value for each in paid},
        }

    def _markets(self, _: Answer) -> Answer:
        listing = self._venue.place.listing
        return {"markets": {ticker: market.status for ticker, market in listing.markets.items()}}

    def _moved(self, move: Any) -> Command:
        def carry_out(arguments: Answer) -> Answer:
            """Move one market along its life, and tell what follows."""
            ticker = arguments.pop("symbol")
            try:
                events = move(ticker, self._venue.now_ns(), arguments)
            except KeyError:
                raise EngineError(f"unknown market {ticker}, or it is in no state for that") from None
            self._venue.tell(events)
            return {}

        return carry_out

    def _freeze(self, _: Answer) -> Answer:
        """Let markets stand still, what is closed swept, and the house with them; whoever else trades goes on.

        What is open closes an hour later, by the venue's word: nobody may find it closed while nothing sweeps it.
        """
        venue = self._venue
        until_ns, swept_ns = 0, venue.now_ns() + venue.config.sweep_ms * _NS_PER_MS
        while swept_ns > until_ns:  # what closes on the way is swept too: its orders could not be cancelled any more
            until_ns = swept_ns
            venue.tell(venue.place.advance(until_ns))
            swept_ns = max(map(self._swept_ns, venue.place.listing.markets.values()), default=0)
        for market in [each for each in venue.place.listing.markets.values() if each.status == MarketStatus.ACTIVE]:
            venue.tell(venue.place.lifecycle.move_close(market.ticker, market.close_ns + _HOUR_NS, venue.now_ns()))
        for market in [each for each in venue.place.listing.markets.values() if each.status == MarketStatus.DETERMINED]:
            venue.tell(
                venue.place.lifecycle.settle(market.ticker, venue.now_ns())
            )  # who hears a result books it at once
        venue.is_frozen = True
        return {}

    def _swept_ns(self, market: MarketRecord) -> int:
        """Return when a market that is closed is swept, 0 for any other."""
        return market.close_ns + self._venue.config.sweep_ms * _NS_PER_MS if market.status == MarketStatus.CLOSED else 0

    def _hours(self, arguments: Answer) -> Answer:
        """Open or pause the exchange, or a shard of it."""
        self._venue.tell(self._venue.place.set_hours(self._venue.now_ns(), **arguments))
        return {}

    def _lose_shard(self, arguments: Answer) -> Answer:
        """Let a shard answer EXCHANGE_UNAVAILABLE, and carry requests out all the same if `applied`."""
        self._venue.place.hours.lose(arguments.get("shard", 0), is_applied=arguments.get("applied", False))
        return {}

    def _find_shard(self, arguments: Answer) -> Answer:
        """Let a shard answer again."""
        self._venue.place.hours.find(arguments.get("shard", 0))
        return {}

    def _maintenance(self, arguments: Answer) -> Answer:
        """Cut every FIX session until it is over."""
        fix = self._venue.fix
        (fix.begin_maintenance if arguments.get("on", True) else fix.end_maintenance)()
        return {}

    def _status(self, _: Answer) -> Answer:
        venue = self._venue
        return {
            "now_ms": venue.now_ns() // 1_000_000,
            "markets": len(venue.place.listing.markets),
            "sessions": [client.name for client in venue.fix.ports.clients.values() if client.is_logged_on],
            "feed_connections": len(venue.feed_server.listeners),
            "feed_frames": venue.feed_server.frames,
            "rest_answers": sum(venue.rest.counts.values()),
        }

    def _fault(self, kind: str) -> Command:
        def arm(arguments: Answer) -> Answer:
            """Arm the fault, and perform at once whatever is due."""
            self._venue.faults.arm(msgspec.convert({**arguments, "kind": kind}, InjectedFault), self._venue.now_ns())
            self._venue.step()
            return {}

        return arm

    def _rest_fault(self, arguments: Answer) -> Answer:
        """Let something befall the next requests that fit."""
        self._venue.rest.faults.inject(msgspec.convert(arguments, RestFault))
        return {}

    def _rest_clear(self, _: Answer) -> Answer:
        """End every fault of REST."""
        self._venue.rest.faults.clear()
        return {}

    def _rest_lag(self, arguments: Answer) -> Answer:
        """Let what an account reads of itself be behind by `lag_ms`."""
        self._venue.rest.set_lag(arguments["lag_ms"])
        return {}

    def _clear(self, arguments: Answer) -> Answer:
        self._venue.faults.clear(arguments.get("kind", ""))
        return {}

    def _quit(self, _: Answer) -> Answer:
        self._venue.stop()
        return {}
