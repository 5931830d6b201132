"""Buys when buyers outnumber sellers three to one at the best prices, and sells again when they no longer do."""

import msgspec

from engine.strategy import Book, Order, Size, Strategy, Tif


class Settings(msgspec.Struct, frozen=True):
    qty: Size
    ratio: int = 3


class LeanOnSize(Strategy):
    Parameters = Settings
    parameters: Settings

    def on_book(self, book: Book) -> None:
        if book.is_stale or not book.best_bid_size or not book.best_ask_size:
            return
        position = self.context.position(book.instrument)
        is_heavy = book.best_bid_size > self.parameters.ratio * book.best_ask_size
        if is_heavy and position.net == 0 and not any(self.context.orders(book.instrument)):
            self.context.buy(book.instrument, book.best_ask, self.parameters.qty, Tif.IOC)
        elif not is_heavy and position.net > 0 and not any(self.context.orders(book.instrument)):
            self.context.sell(book.instrument, book.best_bid, position.net, Tif.IOC)

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        market = order.instrument
        print(f"{market.symbol}: {market.format_size(qty)} contracts at ${market.format_price(price)}")
