"""A venue in plain Python to live an order's life against: what it answers over REST, and what it knows to be true."""

import json
from dataclasses import dataclass, field
from typing import Any

from engine.venue.rest import RestRequest

SHAPES = "/trade-api/v2/portfolio/"


@dataclass
class Held:
    """One order as the venue has it; quantities in hundredths, prices in $0.0001."""

    order_id: str
    cl_ord_id: str
    body: dict[str, Any]
    price: int
    qty: int
    cum: int = 0
    is_open: bool = True
    fills: list[tuple[str, int, int]] = field(default_factory=list)  # trade id, quantity, price

    def status(self) -> str:
        if self.is_open:
            return "resting"
        return "executed" if self.cum == self.qty else "canceled"


class MatchingVenue:
    """`liquidity` is what the next order finds, in hundredths; `hidden` fills are not told yet by reads."""

    def __init__(self) -> None:
        self.orders: dict[str, Held] = {}
        self.liquidity = 0
        self.hidden = 0
        self._trades = 0

    def fill(self, held: Held, qty: int) -> None:
        """Fill so much of an order, or what is left of it."""
        qty = min(qty, held.qty - held.cum)
        if qty <= 0 or not held.is_open:
            return
        self._trades += 1
        held.cum += qty
        held.fills.append((f"t{self._trades}", qty, held.price))
        held.is_open = held.cum < held.qty

    def answer(self, request: RestRequest) -> tuple[int, bytes]:
        """Return status and body."""
        place = request.path.removeprefix(SHAPES).split("/")
        body = json.loads(request.body) if request.body else {}
        if request.operation == "create_order_v2":
            return self._create(body)
        if request.operation == "get_fills":
            return self._fills(dict(request.query)["order_id"])
        if request.operation == "get_orders":
            found = [self._told(held) for held in self.orders.values()]
            return 200, json.dumps({"orders": found, "cursor": ""}).encode()
        held = self.orders.get(place[1] if request.operation == "get_order" else place[2])
        if held is None:
            return _refused(404, "not_found")
        if request.operation == "get_order":
            return 200, json.dumps({"order": self._told(held)}).encode()
        if not held.is_open:
            return _refused(404, "not_found")
        return self._cancel(held) if request.operation == "cancel_order_v2" else self._amend(held, body)

    def _create(self, body: dict[str, Any]) -> tuple[int, bytes]:
        if any(held.cl_ord_id == body["client_order_id"] for held in self.orders.values()):
            return _refused(409, "order_already_exists")
        held = Held(f"v{len(self.orders) + 1}", body["client_order_id"], body, _price(body), _qty(body))
        if body["time_in_force"] != "fill_or_kill" or self.liquidity >= held.qty:
            self.fill(held, self.liquidity)
        self.orders[held.order_id] = held
        if body["time_in_force"] != "good_till_canceled":
            held.is_open = False
        left = held.qty - held.cum if held.is_open else 0
        return 201, _dumped(held, fill_count=_text(held.cum), remaining_count=_text(left))

    def _cancel(self, held: Held) -> tuple[int, bytes]:
        held.is_open = False
        return 200, _dumped(held, reduced_by=_text(held.qty - held.cum))

    def _amend(self, held: Held, body: dict[str, Any]) -> tuple[int, bytes]:
        if body["client_order_id"] != held.cl_ord_id:
            return _refused(400, "order_id_and_client_order_id_mismatch")
        if _qty(body) <= held.cum:
            return _refused(400, "invalid_order_size")
        held.qty, held.price, held.cl_ord_id = _qty(body), _price(body), body["updated_client_order_id"]
        before = held.cum
        self.fill(held, self.liquidity)
        return 200, _dumped(
            held, fill_count=_text(held.cum - before), remaining_count=_text(held.qty - held.cum), ts_ms=2
        )

    def _fills(self, order_id: str) -> tuple[int, bytes]:
        held = self.orders[order_id]
        told = held.fills[: max(len(held.fills) - self.hidden, 0)]
        fills = [
            {
                "fill_id": trade_id, "trade_id": trade_id, "order_id": order_id, "ticker": held.body["ticker"],
                "book_side": held.body["side"], "count_fp": _text(qty), "is_taker": False, "fee_cost": "0.0100",
                "yes_price_dollars": f"0.{price:04d}", "ts": int(trade_id[1:]),
            }
            for trade_id, qty, price in reversed(told)
        ]  # fmt: skip
        return 200, json.dumps({"fills": fills, "cursor": ""}).encode()

    def _told(self, held: Held) -> dict[str, Any]:
        return {
            "order_id": held.order_id, "client_order_id": held.cl_ord_id, "ticker": held.body["ticker"],
            "status": held.status(), "book_side": held.body["side"], "yes_price_dollars": f"0.{held.price:04d}",
            "fill_count_fp": _text(held.cum), "initial_count_fp": _text(held.qty),
            "remaining_count_fp": _text(held.qty - held.cum if held.is_open else 0),
        }  # fmt: skip


def _dumped(held: Held, **fields: Any) -> bytes:
    return json.dumps({"order_id": held.order_id, "client_order_id": held.cl_ord_id, "ts_ms": 1} | fields).encode()


def _refused(status: int, code: str) -> tuple[int, bytes]:
    return status, json.dumps({"error": {"code": code, "message": code}}).encode()


def _text(qty: int) -> str:
    return f"{qty // 100}.{qty % 100:02d}"


def _qty(body: dict[str, Any]) -> int:
    return round(float(body["count"]) * 100)


def _price(body: dict[str, Any]) -> int:
    return round(float(body["price"]) * 10_000)
