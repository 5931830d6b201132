"""Every order that the venue remembers, found by account, ClOrdID(11) or OrderID(37).

Cost    O(1) each, `open_orders` O(open orders of the account); nothing is forgotten unless `forget` says so.
"""

from engine.exchange.market import RestingOrder


class Registry:
    """Orders by their ids. An order keeps every ClOrdID that it was ever accepted under."""

    def __init__(self) -> None:
        self._by_order_id: dict[str, RestingOrder] = {}
        self._by_cl_ord_id: dict[tuple[str, str], RestingOrder] = {}
        self._by_symbol: dict[str, dict[str, RestingOrder]] = {}
        self._open: dict[str, dict[int, RestingOrder]] = {}

    def __len__(self) -> int:
        return len(self._by_order_id)

    def accounts(self) -> list[str]:
        """Return the accounts that have ever had an open order, in the order of their first."""
        return list(self._open)

    def add(self, order: RestingOrder) -> None:
        """Remember an order that is open, under its OrderID(37) and its ClOrdID(11)."""
        self._by_order_id[order.order_id] = order
        self._by_symbol.setdefault(order.symbol, {})[order.order_id] = order
        self._open.setdefault(order.account, {})[order.number] = order
        self.rename(order, order.cl_ord_id)

    def rename(self, order: RestingOrder, cl_ord_id: str) -> None:
        """Register `order` under another ClOrdID(11), which becomes its current one."""
        order.cl_ord_id = cl_ord_id
        order.cl_ord_ids.append(cl_ord_id)
        self._by_cl_ord_id[order.account, cl_ord_id] = order

    def finish(self, order: RestingOrder) -> None:
        """Take `order` off the open orders."""
        self._open[order.account].pop(order.number, None)

    def forget(self, order: RestingOrder) -> None:
        """Remove an order altogether; its ids become unknown."""
        del self._by_order_id[order.order_id]
        of_market = self._by_symbol[order.symbol]
        del of_market[order.order_id]
        if not of_market:
            del self._by_symbol[order.symbol]
        for cl_ord_id in order.cl_ord_ids:
            del self._by_cl_ord_id[order.account, cl_ord_id]

    def forget_symbol(self, symbol: str) -> None:
        """Remove every order of a market."""
        for order in list(self._by_symbol.get(symbol, {}).values()):
            self.forget(order)

    def has(self, account: str, cl_ord_id: str) -> bool:
        """Return whether the account has ever used this ClOrdID(11)."""
        return (account, cl_ord_id) in self._by_cl_ord_id

    def find(self, account: str, cl_ord_id: str = "", order_id: str = "") -> RestingOrder | None:
        """Return the account's order by ClOrdID if one is given, else by OrderID."""
        if cl_ord_id:
            return self._by_cl_ord_id.get((account, cl_ord_id))
        order = self._by_order_id.get(order_id)
        return order if order is not None and order.account == account else None

    def open_orders(self, account: str, symbol: str = "", side: int = 0) -> list[RestingOrder]:
        """Return the account's live orders, oldest first."""
        orders = self._open.get(account, {}).values()
        return [order for order in orders if symbol in ("", order.symbol) and side in (0, order.side)]
