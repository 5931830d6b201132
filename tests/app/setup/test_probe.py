"""The order of `check --connect` goes to a market that takes orders, at the lowest price that risk allows."""

from types import SimpleNamespace
from typing import Any

from engine.app.setup.probe import Probe
from engine.risk import RiskReject
from tests.support.desks import Scene


def test_markets_that_take_no_orders_are_passed_over() -> None:
    scene = Scene()
    asked: list[tuple[str, int]] = []

    def buy(instrument: Any, price: int, qty: int, post_only: bool) -> Any:
        """Refuse one market, and the first two prices of the other."""
        asked.append((instrument.symbol, price))
        if instrument is scene.rain:
            probe.on_reject(None, RiskReject.MARKET_STOPPED, RiskReject.MARKET_STOPPED.text)
        elif len(asked) < 4:
            probe.on_reject(None, RiskReject.PRICE_COLLAR, RiskReject.PRICE_COLLAR.text)
        else:
            return SimpleNamespace()
        return None

    probe = Probe()
    context: Any = SimpleNamespace(
        instruments=(scene.rain, scene.snow), book=lambda instrument: SimpleNamespace(is_stale=False), buy=buy
    )
    probe.context = context
    assert probe.place().startswith("buy 1 SNOW at 0.")
    assert probe.order is not None
    assert [symbol for symbol, _ in asked] == ["RAIN", "SNOW", "SNOW", "SNOW"]
