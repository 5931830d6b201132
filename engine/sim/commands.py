"""Commands of the control server: queries, market states, faults, quit.

Errors  EngineError or msgspec.ValidationError for invalid arguments; the server answers with their text.
"""

from typing import Any

import msgspec

from engine import fix
from engine.errors import EngineError
from engine.exchange.events import NewOrder, Report
from engine.exchange.faults import KINDS, InjectedFault
from engine.instrument import Instrument, PriceBand, price_grid
from engine.sim.control import Answer, Command
from engine.sim.feed import frames
from engine.sim.venue import Venue
from engine.venue import MarketState

STATES = {"open_market": MarketState.ACTIVE, "pause_market": MarketState.PAUSED, "close_market": MarketState.CLOSED}
STAGES = {MarketState.ACTIVE: "activated", MarketState.PAUSED: "deactivated", MarketState.CLOSED: "close_date_updated"}


class Commands:
    """The commands of one venue. Each fault kind is a command that arms it with the fields of an `InjectedFault`."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def table(self) -> dict[str, Command]:
        """Return every command by its word."""
        faults = {kind: self._fault(kind) for kind in KINDS}
        states = {word: self._state(state) for word, state in STATES.items()}
        return {
            "book": self._book,
            "change_grid": self._change_grid,
            "clear": self._clear,
            "determine_market": self._determine,
            "enter_elsewhere": self._enter_elsewhere,
            "orders": self._orders,
            "quit": self._quit,
            "settle_market": self._settle,
            "status": self._status,
            "summary": self._summary,
            **states,
            **faults,
        }

    def _fault(self, kind: str) -> Command:
        def arm(arguments: Answer) -> Answer:
            """Arm the fault, and perform at once whatever is due."""
            fault = msgspec.convert({**arguments, "kind": kind}, InjectedFault)
            if fault.symbol and fault.symbol not in self._venue.instruments:
                raise EngineError(f"unknown market {fault.symbol}")
            self._venue.faults.arm(fault, self._venue.now_ns())
            self._venue.perform_faults()
            return {}

        return arm

    def _clear(self, arguments: Answer) -> Answer:
        self._venue.faults.clear(arguments.get("kind", ""))
        self._venue.perform_faults()
        return {}

    def _state(self, state: int) -> Command:
        def change(arguments: Answer) -> Answer:
            """Set a market's state and publish what follows from it."""
            now_s = self._venue.now_ns() // 1_000_000_000
            fields = {"close_ts": now_s} if state == MarketState.CLOSED else {}
            return self._pass(self._market(arguments), state, STAGES[state], fields)

        return change

    def _determine(self, arguments: Answer) -> Answer:
        """End a market by its result: "yes", "no", or "scalar" with what a contract pays."""
        instrument, result = self._market(arguments), arguments["result"]
        value = arguments.get("value") or {"yes": "1", "no": "0"}.get(result)
        if value is None:
            raise EngineError('result must be "yes", "no", or "scalar" with a value in dollars')
        pays = instrument.format_price(instrument.parse_price(value))
        fields = {"result": result, "determination_ts": self._venue.now_ns() // 10**9, "settlement_value": pays}
        return self._pass(instrument, MarketState.DETERMINED, "determined", fields)

    def _settle(self, arguments: Answer) -> Answer:
        fields = {"settled_ts": self._venue.now_ns() // 1_000_000_000}
        return self._pass(self._market(arguments), MarketState.SETTLED, "settled", fields)

    def _pass(self, instrument: Instrument, state: int, stage: str, fields: Answer) -> Answer:
        venue = self._venue
        venue.publish(venue.exchange.set_state(instrument.symbol, state, venue.now_ns()))
        venue.market_data.on_stage(instrument.symbol, stage, **fields)
        return {}

    def _change_grid(self, arguments: Answer) -> Answer:
        """Give a market other prices; orders that rest at others stay."""
        instrument = self._market(arguments)
        parse = instrument.parse_price
        bands = [PriceBand(*(parse(band[key]) for key in ("start", "end", "step"))) for band in arguments["bands"]]
        instrument.grid = price_grid(tuple(bands), instrument.limit)
        ranges = frames.price_ranges(instrument)
        self._venue.market_data.on_stage(instrument.symbol, "price_level_structure_updated", price_ranges=ranges)
        return {}

    def _enter_elsewhere(self, arguments: Answer) -> Answer:
        """Enter an order of an account by another way than its session, which hears nothing of it."""
        instrument, account = self._market(arguments), arguments["account"]
        request = NewOrder(
            account=account,
            cl_ord_id=arguments.get("cl_ord_id", ""),
            symbol=instrument.symbol,
            side=fix.BUY if arguments["side"] == "buy" else fix.SELL,
            order_qty=instrument.parse_size(arguments["qty"]),
            price=instrument.parse_price(arguments["price"]),
            time_in_force=fix.Tif.GTC,
        )
        venue = self._venue
        events = venue.exchange.submit(request, venue.now_ns())
        untold = [each for each in events if isinstance(each, Report) and each.account == account]
        venue.blotter.record(untold)
        venue.publish([each for each in events if each not in untold])
        return {"order_id": untold[0].order_id if untold else "", "ord_status": untold[-1].ord_status if untold else ""}

    def _market(self, arguments: Answer) -> Instrument:
        symbol = arguments["symbol"]
        if symbol not in self._venue.instruments:
            raise EngineError(f"unknown market {symbol}")
        return self._venue.instruments[symbol]

    def _status(self, _: Answer) -> Answer:
        venue = self._venue
        replay = venue.replay
        return {
            "now_ms": venue.now_ns() // 1_000_000,
            "markets": {symbol: market.state for symbol, market in venue.exchange.markets.items()},
            "accounts": {account: venue.acceptor.is_logged_on(account) for account in venue.acceptor.accounts},
            "feed_connections": len(venue.feed.listeners),
            "feed_refused": venue.feed.refused,
            "feed_overflows": venue.feed.overflows,
            "feed_cut_off": venue.feed.cut_off,
            "feed_frames": venue.feed.frames,
            "fix_messages": venue.gateway.messages,
            "replayed": replay.count if replay else 0,
            "replay_done": replay is not None and replay.next_ns is None,
        }

    def _summary(self, arguments: Answer) -> Answer:
        summary: dict[str, Any] = msgspec.structs.asdict(self._venue.blotter.summary(arguments["account"]))
        return summary

    def _orders(self, arguments: Answer) -> Answer:
        orders = self._venue.exchange.orders.open_orders(arguments["account"])
        names = ("cl_ord_id", "order_id", "symbol", "side", "price", "order_qty", "cum_qty", "leaves_qty", "ord_status")
        return {"orders": [{name: getattr(order, name) for name in names} for order in orders]}

    def _book(self, arguments: Answer) -> Answer:
        bids, asks = self._venue.depth(self._market(arguments).symbol)
        return {"bids": bids, "asks": asks}

    def _quit(self, _: Answer) -> Answer:
        self._venue.stop()
        return {}
