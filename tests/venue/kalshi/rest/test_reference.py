"""Markets as REST tells them, as the engine lists them: states, grids, fee terms, payouts, and what is odd."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DecodeError
from engine.instrument import PriceBand
from engine.venue import MarketState, kalshi
from engine.venue.kalshi.rest import told_events
from engine.venue.kalshi.rest.reference import KalshiReference
from engine.venue.reference import BookListing, BrowsingDialect, ExchangeState, MarketListing, Selection
from engine.venue.rest import PagedCall

EXAMPLES = json.loads((Path(__file__).parent / "examples.json").read_text())
MARKET: dict[str, Any] = EXAMPLES["get_market"]["answer"]["market"]
EVENT: dict[str, Any] = EXAMPLES["get_event"]["answer"]["event"]
SERIES: dict[str, Any] = EXAMPLES["get_series"]["answer"]["series"]
LISTED = MarketListing(
    symbol="KXDEMORAIN-26DEC01-T2",
    event="KXDEMORAIN-26DEC01",
    series="KXDEMORAIN",
    bands=(PriceBand(0, 10_000, 10),),
    state=MarketState.ACTIVE,
    opens_ns=1_795_186_800 * 10**9,
    close_ns=1_796_101_200 * 10**9,
    title="2 mm or more",
    maker_percent=0,
    multiplier_milli=1_000,
    exclusive=0,
    best_bid=4_150,
    best_ask=4_300,
    volume=184_000,
)


class Venue:
    """Answers what a dialect asks for, without a socket."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def listed(self, calls: list[PagedCall[MarketListing]]) -> list[MarketListing]:
        found = []
        for call in calls:
            request = call.following("")
            self.asked.append(f"{request.path.removeprefix('/trade-api/v2')} {dict(request.query).get('status', '')}")
            found += call.read(json.dumps(self.answers[request.operation]).encode()).items
        return found


def markets(*changed: dict[str, Any]) -> dict[str, Any]:
    return {"markets": [MARKET | each for each in changed], "cursor": ""}


def listed(reference: KalshiReference | None = None, **changed: Any) -> MarketListing:
    venue = Venue(get_events={"events": [], "cursor": ""}, get_markets=markets(changed))
    (found,) = venue.listed((reference or KalshiReference()).markets(Selection(symbols=(MARKET["ticker"],))))
    return found


def test_series_is_listed_with_the_fee_terms_of_its_series_and_events() -> None:
    venue = Venue(
        get_series={"series": SERIES}, get_events={"events": [EVENT], "cursor": ""}, get_markets=markets({}),
    )  # fmt: skip
    assert venue.listed(kalshi.reference().markets(Selection(series=("KXDEMORAIN",)))) == [LISTED, LISTED]
    assert venue.asked == [
        "/series/KXDEMORAIN ", "/events open", "/events unopened", "/markets open", "/markets unopened",
    ]  # fmt: skip


def test_event_is_listed_whole_wherever_its_markets_stand() -> None:
    reference = KalshiReference()
    Venue(get_series={"series": SERIES}).listed([reference.terms_of_series("KXDEMORAIN")])
    for answer in ({"event": EVENT | {"markets": [MARKET]}, "markets": []}, {"event": EVENT, "markets": [MARKET]}):
        venue = Venue(get_event=answer)
        assert venue.listed(reference.markets(Selection(events=(EVENT["event_ticker"],)))) == [LISTED]
        assert venue.asked == ["/events/KXDEMORAIN-26DEC01 "]


def test_tickers_are_asked_for_in_parts() -> None:
    calls = KalshiReference().markets(Selection(symbols=tuple(f"M{number}" for number in range(401))))
    assert [len(dict(call.following("").query)["tickers"].split(",")) for call in calls] == [200, 200, 1]


@pytest.mark.parametrize(
    ("states", "statuses"),
    [
        ((MarketState.ACTIVE,), ["open"]),
        ((MarketState.DETERMINED, MarketState.CLOSED), ["closed"]),
        ((MarketState.SETTLED, MarketState.ACTIVE), ["settled", "open"]),
        ((0, 1, 2, 3, 4), [""]),
    ],
)
def test_series_is_asked_for_by_the_states_that_are_wanted(states: tuple[int, ...], statuses: list[str]) -> None:
    calls = KalshiReference().markets(Selection(series=("S",), states=states))
    found = [call.following("") for call in calls]
    assert [dict(each.query).get("status", "") for each in found if each.operation == "get_markets"] == statuses


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("initialized", MarketState.PAUSED),
        ("active", MarketState.ACTIVE),
        ("inactive", MarketState.PAUSED),
        ("closed", MarketState.CLOSED),
        ("determined", MarketState.DETERMINED),
        ("disputed", MarketState.DETERMINED),
        ("amended", MarketState.DETERMINED),
        ("finalized", MarketState.SETTLED),
    ],
)
def test_every_status_is_a_state(status: str, state: int) -> None:
    reference = KalshiReference()
    assert listed(reference, status=status).state == state
    assert reference.oddities.counts == {}


def test_unknown_status_takes_no_orders_and_is_told() -> None:
    reference = KalshiReference()
    assert listed(reference, status="frozen").state == MarketState.PAUSED
    assert reference.oddities.take() == ["market.status 'frozen': unknown, the market is taken for paused"]


@pytest.mark.parametrize(
    ("told", "payout"),
    [
        ({"status": "finalized", "result": "yes"}, 10_000),
        ({"status": "finalized", "result": "no"}, 0),
        ({"status": "determined", "result": "scalar", "settlement_value_dollars": "0.4150"}, 4_150),
        ({"status": "finalized", "result": "scalar", "settlement_value_dollars": "0.500000"}, 5_000),
        ({"status": "finalized", "result": "scalar"}, -1),
        ({"status": "finalized", "result": ""}, -1),
        ({"status": "finalized", "result": "no", "settlement_value_dollars": "0.0000"}, 0),
        ({"status": "disputed", "result": "yes"}, 10_000),
        ({"status": "finalized", "result": "voided", "settlement_value_dollars": "0.33333"}, -1),
        ({"status": "finalized", "result": "yes", "settlement_value_dollars": "1.5"}, 10_000),
        ({"status": "active", "result": "yes"}, -1),
        ({"status": "closed", "result": ""}, -1),
    ],
)
def test_payout_is_told_once_the_market_is_decided(told: dict[str, Any], payout: int) -> None:
    assert listed(**told).payout == payout


@pytest.mark.parametrize(
    ("series", "event", "terms"),
    [
        (("quadratic", 1), (None, None), (0, 1_000)),
        (("quadratic_with_maker_fees", 1), (None, None), (25, 1_000)),
        (("quadratic_with_combo_maker_fees", 0.5), (None, None), (50, 500)),
        (("flat", 1), (None, None), (50, 1_000)),
        (("quadratic", 1), ("quadratic_with_maker_fees", 0.5), (25, 500)),
        (("quadratic_with_maker_fees", 2), (None, 0), (25, 0)),
        (("quadratic", 1), ("quadratic_with_combo_maker_fees", None), (50, 1_000)),
        (("cubic", 1.0005), (None, None), (25, 1_001)),
    ],
)
def test_override_of_the_event_goes_before_the_terms_of_the_series(
    series: tuple[str, float], event: tuple[str | None, float | None], terms: tuple[int, int]
) -> None:
    reference = KalshiReference()
    venue = Venue(
        get_series={"series": SERIES | {"fee_type": series[0], "fee_multiplier": series[1]}},
        get_events={
            "events": [EVENT | {"fee_type_override": event[0], "fee_multiplier_override": event[1]}],
            "cursor": "",
        },
        get_markets=markets({}),
    )
    found = venue.listed(reference.markets(Selection(series=("KXDEMORAIN",), states=(MarketState.ACTIVE,))))
    assert [(each.maker_percent, each.multiplier_milli) for each in found] == [terms]
    assert reference.oddities.counts == ({"fee_type": 1} if series[0] == "cubic" else {})


def test_market_alone_tells_no_fee_terms_and_no_series() -> None:
    found = listed()
    assert (found.series, found.maker_percent, found.multiplier_milli) == ("", -1, -1)


def test_bands_are_exact() -> None:
    tapered = [("0.0000", "0.1000", "0.0010"), ("0.1000", "0.9000", "0.0100"), ("0.9000", "1.0000", "0.0010")]
    ranges = [dict(zip(("start", "end", "step"), band, strict=True)) for band in tapered]
    assert listed(price_ranges=ranges).bands == (
        PriceBand(0, 1_000, 10), PriceBand(1_000, 9_000, 100), PriceBand(9_000, 10_000, 10),
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"price_ranges": []},
        {"price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0003"}]},
        {"price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.00005"}]},
        {"open_time": "soon"},
        {"yes_bid_dollars": "0.41505"},
    ],
)
def test_market_that_cannot_be_read_costs_no_other(wrong: dict[str, Any]) -> None:
    reference = KalshiReference()
    venue = Venue(get_markets=markets({"ticker": "A"}, wrong, {"ticker": "C"}))
    found = venue.listed(reference.markets(Selection(symbols=("A", "B", "C"))))
    assert [each.symbol for each in found] == ["A", "C"]
    assert reference.oddities.counts == {"market": 1}


def test_page_without_what_decides_is_refused() -> None:
    call = KalshiReference().markets(Selection(symbols=("A",)))[0]
    with pytest.raises(DecodeError, match=r"get_markets.markets\[0\].status: is missing"):
        call.read(json.dumps({"markets": [{"ticker": "A", "event_ticker": "E", "price_ranges": []}]}).encode())


def test_nobody_on_a_side_is_no_price() -> None:
    found = listed(yes_bid_dollars="0.0000", yes_ask_dollars="1.0000", volume_fp=None, close_time=None, title="Rain?")
    assert (found.best_bid, found.best_ask, found.volume, found.close_ns) == (-1, -1, -1, 0)
    assert found.title == "Rain?"


def test_exchange_tells_of_each_shard() -> None:
    call = KalshiReference().exchange_state()
    one = {"exchange_index": 2, "description": "", "exchange_active": True, "trading_active": False}
    body = {
        "exchange_active": True,
        "trading_active": True,
        "exchange_estimated_resume_time": "2026-11-26T10:00:00.5Z",
        "exchange_index_statuses": [one],
    }
    assert call.read(json.dumps(body).encode()) == ExchangeState(
        is_open=True,
        is_trading=True,
        shards={0: (True, True), 2: (True, False)},
        resumes_ns=1_795_687_200_500_000_000,
    )
    closed = call.read(b'{"exchange_active":false,"trading_active":true}')
    assert (closed.is_open, closed.is_trading) == (False, False)


def test_terms_of_events_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_events, "_MOST_EVENTS", 3)
    reference = KalshiReference()
    names = ["a", "b", "c", "a", "d"]
    told = {"events": [EVENT | {"event_ticker": name} for name in names], "cursor": ""}
    Venue(get_series={"series": SERIES}, get_events=told, get_markets=markets()).listed(
        reference.markets(Selection(series=("KXDEMORAIN",)))
    )
    assert [listed(reference, event_ticker=name).series for name in "abcd"] == [
        SERIES["ticker"],
        "",
        *[SERIES["ticker"]] * 2,
    ]


def test_book_is_one_of_yes_prices_the_best_first() -> None:
    call = KalshiReference().book(MARKET["ticker"], 10)
    assert dict(call.request.query) == {"depth": "10"}
    body = json.dumps(EXAMPLES["get_market_orderbook"]["answer"]).encode()
    assert call.read(body) == BookListing(
        symbol=MARKET["ticker"],
        bids=((4_150, 12_000), (4_000, 31_000)),
        asks=((4_300, 8_550), (4_500, 4_000)),
    )


@pytest.mark.parametrize("level", [["0.0000", "1.00"], ["1.0000", "1.00"], ["0.4000", "-1.00"], ["0.40005", "1.00"]])
def test_level_that_cannot_be_costs_the_book(level: list[str]) -> None:
    body = json.dumps({"orderbook_fp": {"yes_dollars": [level], "no_dollars": []}}).encode()
    with pytest.raises(DecodeError, match="yes_dollars"):
        KalshiReference().book("M").read(body)


def test_every_market_is_asked_for_by_state() -> None:
    reference = KalshiReference()
    assert isinstance(reference, BrowsingDialect)
    calls = reference.every_market((MarketState.ACTIVE,))
    assert [dict(call.following("").query) for call in calls] == [{"limit": "200", "status": "open"}]
    assert listed(reference, status="frozen").state == MarketState.PAUSED
    assert len(reference.take_oddities()) == 1 and reference.take_oddities() == []


@pytest.mark.parametrize(
    ("told", "exclusive"),
    [
        ({"mutually_exclusive": True, "collateral_return_type": "MECNET"}, 1),
        ({"mutually_exclusive": True, "collateral_return_type": ""}, 1),
        ({"mutually_exclusive": False, "collateral_return_type": "MECNET"}, 0),
        ({"mutually_exclusive": None, "collateral_return_type": "MECNET"}, 1),
        ({"mutually_exclusive": None, "collateral_return_type": "DIRECNET"}, 0),
        ({"mutually_exclusive": None, "collateral_return_type": None}, -1),
        ({"mutually_exclusive": None, "collateral_return_type": "NEWNET"}, -1),
    ],
)
def test_markets_are_listed_with_whether_their_event_is_exclusive(told: dict[str, Any], exclusive: int) -> None:
    venue = Venue(get_event={"event": EVENT | told, "markets": [MARKET]})
    (found,) = venue.listed(KalshiReference().markets(Selection(events=(EVENT["event_ticker"],))))
    assert found.exclusive == exclusive


def test_event_of_a_named_market_is_asked_for_once_it_is_known() -> None:
    reference, named = KalshiReference(), Selection(symbols=(MARKET["ticker"],))
    assert listed(reference).exclusive == -1
    events = {"events": [EVENT | {"mutually_exclusive": True}], "cursor": ""}
    venue = Venue(get_events=events, get_markets=markets({}))
    assert [each.exclusive for each in venue.listed(reference.markets(named))] == [1]
    assert venue.asked == ["/events ", "/markets "]
    assert listed(reference).exclusive == 1


def test_event_that_the_venue_does_not_tell_of_is_asked_for_once() -> None:
    reference, named = KalshiReference(), Selection(symbols=(MARKET["ticker"],))
    listed(reference)
    venue = Venue(get_events={"events": [], "cursor": ""}, get_markets=markets({}))
    venue.listed(reference.markets(named))
    venue.listed(reference.markets(named))
    assert venue.asked == ["/events ", "/markets ", "/markets "]
