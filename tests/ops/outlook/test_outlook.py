"""What an event pays, as the View of a real desk tells it, against what risk counts and by hand."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.fix import BUY, SELL
from engine.instrument import Instrument, PriceBand
from engine.ops.outlook.events import events_of
from engine.ops.outlook.facts import outlook
from engine.ops.outlook.page import page
from tests.support.risks import Desk
from tests.support.views import desk, picture

PAYOUT = 100
CENTS = [PriceBand(0, PAYOUT, 1)]


def markets() -> tuple[Instrument, ...]:
    """Three of one event, of which one pays at most, and one alone."""
    of_event = [
        Instrument(name, index, CENTS, event="CITY", series="WEATHER", price_decimals=2, size_decimals=0)
        for index, name in enumerate(("P", "Q", "R"))
    ]
    alone = Instrument("COIN", 3, CENTS, event="COINS", category="crypto", price_decimals=2, size_decimals=0)
    return (*of_event, alone)


class Held(Desk):
    """A desk over these markets, and what its View says."""

    def __init__(self) -> None:
        super().__init__(markets(), exclusive_events=("CITY",))
        self.loop = desk(self.instruments, portfolio=self.portfolio, risk=self.risk)

    def quote(self, market: int, bid: int, ask: int) -> None:
        book = self.loop.books[market]
        book.snapshot([(bid, 10)], [(ask, 10)])
        book.updated_ns = 1

    def facts(self, **options: bool) -> dict[str, Any]:
        self.view = picture(self.loop)()
        return outlook(self.view, **options)


@pytest.fixture
def held() -> Held:
    return Held()


def example(held: Held) -> Held:
    """Hold, and have open, what the example of `tests/portfolio/test_outcomes.py` has, without the orders' fees."""
    p, q, r, _ = held.instruments
    held.fill(BUY, 40, 31, p, fee=12)
    held.fill(SELL, 25, 46, q)
    held.open(BUY, 29, 10, p)
    held.open(SELL, 48, 15, q)
    held.open(BUY, 11, 20, r)
    for market, (bid, ask) in enumerate([(28, 31), (44, 48), (9, 12)]):
        held.quote(market, bid, ask)
    return held


def test_an_event_by_its_outcomes(held: Held) -> None:
    facts = example(held).facts()
    [event] = facts["events"]
    assert (event["name"], event["kind"]) == ("CITY", "exclusive")
    rows = [(row["if"], row["chance"], row["pays"], row["worst_with_orders"]) for row in event["outcomes"]]
    assert rows == [
        ("none listed", 0.14, "-1.02", "-6.12"),
        ("P", 0.295, "38.98", "36.78"),
        ("Q", 0.46, "-26.02", "-38.92"),
        ("R", 0.105, "-1.02", "-3.92"),
    ]
    assert (event["worst"], event["worst_filled"], event["best"]) == ("-38.92", "-26.02", "38.98")
    assert (event["expected"], event["deviation"], event["belief"]) == ("-0.72", "27.56", "mids")
    assert (event["collateral"], event["collateral_netted"]) == ("25.00", "25.00")
    assert event["markets"][0]["average"] == "0.3100"
    assert facts["whole"]["worst"] == "-38.92"
    assert facts["series"] == {"WEATHER": "-38.92"}


def test_what_is_locked_is_said(held: Held) -> None:
    for instrument in held.instruments[:3]:
        held.fill(SELL, 10, 40, instrument)
    [event] = held.facts()["events"]
    assert (event["worst"], event["locked"]) == ("2.00", "profit whatever happens")
    assert (event["collateral"], event["collateral_netted"]) == ("30.00", "10.00")


def test_a_market_alone_and_one_of_an_event_add_up(held: Held) -> None:
    example(held)
    held.fill(BUY, 10, 60, held.instruments[3])
    facts = held.facts()
    assert [event["name"] for event in facts["events"]] == ["CITY", "COIN"]
    assert facts["events"][1]["outcomes"][0] == {
        "if": "no", "chance": 0.5, "pays": "-6.00", "worst_with_orders": "-6.00"
    }  # fmt: skip
    assert "not believed" in facts["events"][1]["belief"]
    assert facts["whole"]["worst"] == "-44.92"
    assert facts["categories"] == {"(none)": "-38.92", "crypto": "-6.00"}
    shares = (38.92 / 44.92) ** 2 + (6 / 44.92) ** 2
    assert facts["whole"]["concentration"] == pytest.approx(shares)


def test_nothing_held_is_said_and_all_can_be_seen(held: Held) -> None:
    assert page(held.facts())[-1] == "nothing is held, and no order is open"
    assert [event["name"] for event in held.facts(with_all=True)["events"]] == ["CITY", "COIN"]


def test_the_page_fits_a_narrow_terminal(held: Held) -> None:
    held.fill(BUY, 10, 60, example(held).instruments[3])
    lines = page(held.facts())
    assert max(len(line) for line in lines) <= 80
    assert any(line.startswith("CITY  exclusive") for line in lines)
    assert [line for line in lines if line.endswith("<- worst")]


actions = st.lists(
    st.tuples(st.booleans(), st.integers(0, 3), st.sampled_from((BUY, SELL)), st.integers(1, 99), st.integers(1, 9)),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(actions)
def test_the_worst_is_what_risk_counts(steps: list[tuple[bool, int, int, int, int]]) -> None:
    held = Held()
    for is_fill, market, side, price, qty in steps:
        if is_fill:
            held.fill(side, qty, price, held.instruments[market])
        else:
            held.open(side, price, qty, held.instruments[market])
    held.facts()
    events = {event.name: event for event in events_of(held.view, with_all=True)}
    for shown, event in (("CITY", "CITY"), ("COIN", "COINS")):
        pays = events[shown].pays
        assert pays is not None
        assert pays.worst == held.risk.exposure.event_loss(event)
