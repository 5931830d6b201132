"""RFQs over FIX, both sides: what is written, what is read, and what would be refused."""

from typing import Any

import pytest

from engine.codec import Fields
from engine.errors import DecodeError
from engine.venue.kalshi.fix import rfq_creator as creator
from engine.venue.kalshi.fix import rfq_maker as maker
from engine.venue.kalshi.fix.rfq import NO_QUOTE, QuoteRefused, RfqLeg, TwoSidedQuote
from tests.venue.kalshi.fix.examples import wire
from tests.venue.kalshi.fix.test_other_messages import body_of, fields, shown

RAIN = "KXDEMORAIN-26DEC01-T2"
OURS = "d4f82b16-9c03-47ea-8b51-36e0a7c95d2f"
RFQ = "5c1a7e90-2b4d-4e63-9f08-71d6c3b5a2e4"
QUOTE = "e07b94c3-68d1-4f25-a3be-0c92d7f1586a"
BOTH = TwoSidedQuote(bid=4100, ask=4300)
LEGS = (RfqLeg("KXA", "KXA-1", "yes"), RfqLeg("KXB", "KXB-2", "no"))


def pairs(body: str) -> dict[str, str]:
    """Return fields by tag: those of an example stand in another order, which means nothing outside of groups."""
    return dict(part.split("=", 1) for part in body.split("|") if part)


# What is written


@pytest.mark.parametrize(
    ("body", "example"),
    [
        (creator.accept_quote(QUOTE, RFQ, 1, "rfq-acc-1", qty=20_000), "UA"),
        (creator.cancel_rfq(OURS), "UE"),
        (maker.send_quote(QUOTE, RFQ, RAIN, BOTH, in_cents=True), "S maker"),
        (maker.confirm_quote(QUOTE, RFQ), "U7"),
        (maker.cancel_quote(QUOTE, RFQ), "Z"),
    ],
)
def test_message_is_written_as_in_the_example(body: bytes, example: str) -> None:
    written = pairs(shown(body))
    if "38" in written:
        assert written["38"] == "200.00"
        written["38"] = "200"
    assert written == pairs(body_of(example))


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"symbol": RAIN, "qty": 20_000, "rest_remainder": False}, f"146=1|55={RAIN}|38=200.00|21015=N|"),
        (
            {"symbol": RAIN, "cash": 25_500_000, "cash_excludes_fees": True, "subaccount": 3},
            f"146=1|55={RAIN}|152=25.500000|21033=Y|79=3|",
        ),
        (
            {"qty": 100, "collection": "KXMVE", "legs": LEGS, "obscure_creator": True, "replace_existing": True},
            "146=1|38=1.00|21016=Y|20180=KXMVE|20181=2|20182=KXA|20183=KXA-1|20184=yes|20182=KXB|20183=KXB-2|20184=no|"
            "21034=Y|",
        ),
    ],
)
def test_request_for_quotes_is_written(terms: dict[str, Any], expected: str) -> None:
    assert shown(creator.create_rfq(OURS, **terms)) == f"35=R|131={OURS}|{expected}"


@pytest.mark.parametrize(
    ("quote", "in_cents", "expected"),
    [
        (TwoSidedQuote(bid=4100), False, "132=0.4100|133=0|"),
        (TwoSidedQuote(ask=4300), False, "132=0|133=0.5700|"),
        (TwoSidedQuote(bid=4155, ask=4205), False, "132=0.4155|133=0.5795|"),
        (TwoSidedQuote(bid=100, ask=9900), True, "132=1|133=1|"),
    ],
)
def test_offer_leaves_as_the_price_of_no(quote: TwoSidedQuote, in_cents: bool, expected: str) -> None:
    body = maker.send_quote("Q", "R", "S", quote, in_cents=in_cents, post_only=True, subaccount=1, rest_remainder=True)
    assert shown(body) == f"35=S|117=Q|131=R|55=S|{expected}18=6|79=1|21015=Y|"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: creator.create_rfq("1"), "for a market or for a combination of legs"),
        (lambda: creator.create_rfq("1", "S", legs=LEGS, qty=1), "for a market or for a combination of legs"),
        (lambda: creator.create_rfq("1", "S"), "for a quantity or for an amount of cash"),
        (lambda: creator.create_rfq("1", "S", qty=1, cash=1), "for a quantity or for an amount of cash"),
        (lambda: creator.create_rfq("1", "S", qty=1, cash_excludes_fees=True), "is about an amount of cash"),
        (lambda: creator.accept_quote("Q", "R", 3, "A"), "side 3 is neither 1, buy, nor 2, sell"),
        (lambda: creator.cancel_rfq(), "give one of them"),
        (lambda: creator.cancel_rfq("a", "b"), "give one of them"),
        (lambda: TwoSidedQuote(), "a quote has a bid, an ask or both"),
        (lambda: TwoSidedQuote(bid=0), "0 is not strictly between 0 and 10000"),
        (lambda: TwoSidedQuote(ask=10_000), "10000 is not strictly between"),
        (lambda: maker.send_quote("Q", "R", "S", TwoSidedQuote(bid=4155), in_cents=True), "4155 is no whole cent"),
        (lambda: RfqLeg("E", "M", "maybe"), "'maybe' is neither yes nor no"),
    ],
)
def test_what_would_be_refused_is_not_written(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


# What a creator reads


def test_creator_reads_every_answer_of_the_examples() -> None:
    read = {name: creator.read_creator(Fields(wire(name))) for name in ("b", "S to creator", "UC", "UB", "AG")}
    assert read["b"] == creator.RfqAcknowledged(quote_req_id=OURS, rfq_id=RFQ, symbol="", shard=0)
    quote = read["S to creator"]
    assert isinstance(quote, creator.QuoteReceived)
    assert (quote.quote_id, quote.rfq_id, quote.symbol, quote.maker) == (QUOTE, RFQ, RAIN, "pub-71c2")
    assert (quote.quote, quote.order_qty) == (BOTH, 20_000) and quote.time_ns % 10**9 == 215_000_000
    assert read["UC"] == creator.AcceptAnswered(
        quote_id=QUOTE, accepted_quote_id=QUOTE, cl_ord_id="rfq-acc-1", outcome="accepted", text=""
    )
    assert read["UB"] == creator.RfqEnded(quote_req_id=OURS, rfq_id=RFQ, outcome="canceled", text="")
    assert read["AG"] == QuoteRefused(quote_req_id=OURS, reason=99, text="RFQ already exists", code="", parts=())
    assert creator.read_creator(Fields(wire("8 trade"))) is None


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("35=UB|131=1|21013=1|", "rejected"),
        ("35=UB|131=1|21013=2|58=no quotes|", "expired"),
        ("35=UB|131=1|21013=7|", "7"),
        ("35=UC|117=1|21025=1|58=gone|", "rejected"),
        ("35=UC|117=1|21025=5|", "5"),
    ],
)
def test_outcome_that_is_not_known_is_the_venues_own(text: str, outcome: str) -> None:
    answer = creator.read_creator(fields(text))
    assert isinstance(answer, creator.RfqEnded | creator.AcceptAnswered) and answer.outcome == outcome


@pytest.mark.parametrize(
    ("reason", "words"),
    [("1", "unknown symbol"), ("3", "over a limit"), ("11", "not supported"), ("99", "other"), ("55", "reason 55")],
)
def test_refusal_without_a_text_says_its_reason(reason: str, words: str) -> None:
    answer = creator.read_creator(fields(f"35=AG|131=1|658={reason}|20187=TOO_BIG|20185=2|20186=a|20186=b|"))
    assert answer == QuoteRefused(quote_req_id="1", reason=int(reason), text=words, code="TOO_BIG", parts=("a", "b"))


# What a maker reads


def test_maker_reads_every_message_of_the_examples() -> None:
    pending = maker.read_maker(Fields(wire("AI pending")), in_cents=True)
    assert isinstance(pending, maker.QuoteState)
    assert (pending.quote_id, pending.rfq_id, pending.state, pending.side) == (QUOTE, RFQ, "pending", 0)
    assert (pending.quote, pending.order_qty) == (BOTH, 20_000)
    accepted = maker.read_maker(Fields(wire("AI accepted")))
    assert isinstance(accepted, maker.QuoteState)
    assert (accepted.state, accepted.side, accepted.quote) == ("accepted", 2, None)
    assert maker.read_maker(Fields(wire("U8"))) == maker.QuoteAnswered(quote_id=QUOTE, outcome="confirmed", text="")
    assert maker.read_maker(Fields(wire("U9"))) == maker.QuoteAnswered(quote_id=QUOTE, outcome="canceled", text="")
    assert maker.read_maker(Fields(wire("UMS"))) is None


def test_maker_reads_a_request_of_somebody_else() -> None:
    text = f"35=R|131={RFQ}|146=1|55={RAIN}|38=200.00|453=1|448=pub-1|452=3|60=20261123-14:40:00.012|"
    notice = maker.read_maker(fields(text))
    assert isinstance(notice, maker.RfqNotice)
    assert (notice.rfq_id, notice.symbol, notice.order_qty, notice.cash) == (RFQ, RAIN, 20_000, None)
    assert (notice.creator, notice.legs, notice.time_ns % 10**9) == ("pub-1", (), 12_000_000)


def test_maker_reads_a_combination_that_names_no_symbol() -> None:
    legs = "20180=KXMVE|20181=2|20182=KXA|20183=KXA-1|20184=yes|20182=KXB|20183=KXB-2|20184=no|"
    notice = maker.read_maker(fields(f"35=R|131={RFQ}|146=1|152=25.50|{legs}"))
    assert isinstance(notice, maker.RfqNotice)
    assert (notice.symbol, notice.cash, notice.collection, notice.legs) == ("", 25_500_000, "KXMVE", LEGS)


@pytest.mark.parametrize(
    ("code", "state"),
    [("0", "accepted"), ("5", "rejected"), ("10", "pending"), ("17", "canceled"), ("42", "42")],
)
def test_state_of_a_quote_is_read(code: str, state: str) -> None:
    found = maker.read_maker(fields(f"35=AI|117=Q|297={code}|132=0.41|134=5|"))
    assert isinstance(found, maker.QuoteState) and found.state == state
    assert found.quote == TwoSidedQuote(bid=4100, ask=NO_QUOTE, bid_qty=500)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("35=AI|117=Q|", "tag 297 is missing"),
        ("35=AI|297=0|", "tag 117 is missing"),
        ("35=AI|117=Q|297=0|132=41|", "tag 132 is 41: no price below 1 dollar"),
        ("35=AI|117=Q|297=0|133=x|", "tag 133"),
        ("35=R|131=1|20181=1|20182=E|20183=M|20184=maybe|", "'maybe' is neither yes nor no"),
        ("35=U9|117=Q|", "tag 298 is missing"),
    ],
)
def test_message_that_cannot_be_read_is_an_error(text: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        maker.read_maker(fields(text))
