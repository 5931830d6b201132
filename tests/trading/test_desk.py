"""The desk: what a strategy may ask for, and its timers."""

import re
from collections.abc import Callable
from typing import Any, Never

import pytest

from engine import fix
from engine.book import Book
from engine.errors import ConfigError
from engine.strategy import Context, Strategy
from tests.support.desks import Scene
from tests.support.order_reports import ack


def test_desk_offers_what_a_context_has_and_no_more() -> None:
    """Nothing that goes to the venue past risk is within a strategy's reach, nor can anything be put there."""
    desk = Scene().desk
    assert {name for name in dir(desk) if not name.startswith("_")} == {
        name for name in dir(Context) if not name.startswith("_")
    }
    for name in ("_loop", "_call_later", "send", "submit", "is_trading"):
        assert not hasattr(desk, name)
        with pytest.raises(AttributeError):
            setattr(desk, name, None)


def test_desk_names_its_markets_clock_and_state() -> None:
    scene = Scene()
    assert scene.desk.instruments == scene.instruments
    assert scene.desk.instrument("SNOW") is scene.snow
    assert scene.desk.now_ns == 10**18 + scene.now_ns
    assert scene.desk.is_halted is False


def test_unknown_market_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="unknown market 'HAIL': this engine has RAIN, SNOW"):
        Scene().desk.instrument("HAIL")


def test_book_and_position_are_those_of_the_market() -> None:
    scene = Scene()
    scene.portfolio.fill(scene.snow, fix.BUY, 3, 5_000, 0)
    assert scene.desk.book(scene.snow).instrument is scene.snow
    assert [scene.desk.position(each).net for each in scene.instruments] == [0, 3]


def test_buy_and_sell_carry_every_term_of_the_order() -> None:
    scene = Scene()
    bought = scene.desk.buy(scene.rain, 4_500, 10)
    sold = scene.desk.sell(scene.snow, 4_700, 20, fix.Tif.GTD, True, fix.Type.LIMIT, 77)
    assert bought is not None and sold is not None
    assert [
        (o.instrument.symbol, o.side, o.price, o.order_qty, o.time_in_force, o.post_only, o.ord_type, o.expire_time_ns)
        for o in (bought, sold)
    ] == [
        ("RAIN", fix.BUY, 4_500, 10, fix.Tif.GTC, False, fix.Type.LIMIT, 0),
        ("SNOW", fix.SELL, 4_700, 20, fix.Tif.GTD, True, fix.Type.LIMIT, 77),
    ]


def test_orders_are_listed_oldest_first_for_one_market_or_all() -> None:
    scene = Scene()
    first, second, third = scene.buy(4_500), scene.desk.buy(scene.snow, 4_500, 1), scene.buy(4_400)
    assert list(scene.desk.orders()) == [first, second, third]
    assert list(scene.desk.orders(scene.rain)) == [first, third]


def test_orders_may_be_cancelled_or_placed_while_they_are_listed() -> None:
    scene = Scene()
    scene.buy()
    for order in scene.desk.orders():
        scene.desk.cancel(order)
        scene.buy(4_400)
    assert scene.sent == [b"D T-1", b"F T-2 T-1", b"D T-3"]


def test_cancel_all_counts_what_left_and_skips_what_is_being_cancelled() -> None:
    scene = Scene()
    orders = [scene.buy(4_500), scene.buy(4_400), scene.desk.buy(scene.snow, 4_500, 1)]
    for order in orders:
        scene.loop.on_report(ack(order))
    assert scene.desk.cancel_all(scene.rain) == 2
    assert scene.desk.cancel_all() == 1
    assert scene.desk.cancel_all() == 0


class Timed(Strategy):
    """Sets its timer again each time it is due."""

    def on_timer(self, key: object) -> None:
        self.context.timer(5, key)


def test_timer_calls_the_hook_once_with_its_key() -> None:
    scene = Scene(Timed())
    scene.desk.timer(1_000_000, "quote")
    ((delay_ns, callback),) = scene.timers
    assert (delay_ns, scene.taken()) == (1_000_000, [])
    callback()
    assert [delay_ns for delay_ns, _ in scene.timers] == [1_000_000, 5]
    assert scene.halts == []


def test_timer_due_in_a_pause_is_called_all_the_same_so_that_a_chain_of_them_goes_on() -> None:
    scene = Scene(Timed())
    scene.desk.timer(1, "quote")
    scene.loop.is_trading = False
    scene.timers[0][1]()
    assert [delay_ns for delay_ns, _ in scene.timers] == [1, 5]


def test_exception_in_a_timer_halts() -> None:
    class Broken(Strategy):
        def on_timer(self, key: object) -> Never:
            raise ValueError(key)

    scene = Scene(Broken())
    scene.desk.timer(1, "quote")
    scene.timers[0][1]()
    assert scene.halts[0].startswith("strategy hook on_timer raised ValueError: quote")


class Careless(Strategy):
    """Makes one mistake each time the book moves."""

    def __init__(self, mistake: Callable[..., Any]) -> None:
        super().__init__()
        self.mistake = mistake

    def on_book(self, book: Book) -> None:
        self.mistake(self.context, book.instrument)


@pytest.mark.parametrize(
    ("mistake", "word"),
    [
        (lambda desk, rain: desk.cancel(None), "AttributeError|TypeError"),  # the order that risk denied
        (lambda desk, rain: desk.replace(None, 4_500, 10), "AttributeError|TypeError"),
        (lambda desk, rain: desk.cancel("T-1"), "TypeError|AttributeError"),
        (lambda desk, rain: desk.buy(rain, 2**70, 10), "OverflowError"),
        (lambda desk, rain: desk.buy(rain, 4_500, -(2**64)), "OverflowError"),
        (lambda desk, rain: desk.buy(rain, 4_500.5, 10), "TypeError"),
        (lambda desk, rain: desk.buy(rain, 4_500, 10.0), "TypeError"),
        (lambda desk, rain: desk.buy(rain, None, 10), "TypeError"),
        (lambda desk, rain: desk.buy(None, 4_500, 10), "AttributeError|TypeError"),
        (lambda desk, rain: desk.buy(rain, 4_500, 10, 3), "TypeError"),
    ],
)
def test_mistake_of_a_strategy_halts_with_its_reason_and_sends_nothing(mistake: Callable[..., Any], word: str) -> None:
    scene = Scene(Careless(mistake))
    scene.delta(4_500, 5)
    assert scene.sent == []
    (reason,) = scene.halts
    assert re.match(f"strategy hook on_book raised ({word}): ", reason)
