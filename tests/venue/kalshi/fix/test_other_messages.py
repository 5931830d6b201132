"""Drop copy, order groups, mass cancel and settlement over FIX: what is sent, what is read, what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.codec import Fields
from engine.errors import DecodeError
from engine.instrument import Instrument
from engine.orders.report import ABSENT
from engine.venue.account import VenueSettlement
from engine.venue.kalshi.fix.drop_copy import (
    MOST_OPEN,
    WINDOW_NS,
    LastEvents,
    ResendRequests,
    ShardEvent,
    is_in_window,
    read_exec_id,
    read_resend_answer,
    resend_request,
)
from engine.venue.kalshi.fix.order_groups import GroupAction, GroupRequest, GroupRequests
from engine.venue.kalshi.fix.orders import KalshiOrders
from engine.venue.kalshi.fix.settlement import SettledParty, SettlementReports, read_settlement
from engine.venue.past_reports import ResendOutcome
from tests.venue.kalshi.fix.examples import EXAMPLES, wire

RAIN = "KXDEMORAIN-26DEC01-T2"
GROUP = "6d0f8b2c-41e7-49a3-bc58-9e27f1d60a84"


def fields(text: str) -> Fields:
    return Fields(f"8=FIXT.1.1|{text}10=000|".replace("|", "\x01").encode())


def shown(body: bytes) -> str:
    return body.decode().replace("\x01", "|")


def body_of(name: str) -> str:
    """Return an example without its header and trailer."""
    parts = [part for part in EXAMPLES[name].split("|") if part]
    return "".join(f"{part}|" for part in parts if part.split("=")[0] not in ("8", "9", "34", "49", "52", "56", "10"))


# Drop copy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90412;3", ShardEvent(0, 90412, 3)),
        ("90412;3;2", ShardEvent(2, 90412, 3)),
        ("-1;-1", None),
        ("0;0", ShardEvent(0, 0, 0)),
    ],
)
def test_exec_id_is_read(text: str, expected: ShardEvent | None) -> None:
    assert read_exec_id(text) == expected
    assert expected is None or str(expected) == text


@pytest.mark.parametrize("text", ["", "90412", "90412;", "a;b", "1;2;3;4", "1;--2", "1.5;2", "١;٢"])
def test_exec_id_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(DecodeError, match="is neither clock;event nor"):
        read_exec_id(text)


@given(st.integers(0, 10**15), st.integers(0, 10**6), st.integers(0, 40))
def test_exec_ids_of_a_shard_keep_their_order(clock: int, event: int, shard: int) -> None:
    one = ShardEvent(shard, clock, event)
    assert read_exec_id(str(one)) == one
    assert one < ShardEvent(shard, clock, event + 1) < ShardEvent(shard, clock + 1, 0)


def test_reports_are_asked_for_again() -> None:
    assert shown(resend_request(ShardEvent(0, 90412, 1), ShardEvent(0, 90502, 9))) == body_of("U1")
    assert shown(resend_request(ShardEvent(3, 7, 1))) == "35=U1|21001=7;1;3|"


def test_range_that_cannot_be_is_not_asked_for() -> None:
    with pytest.raises(ValueError, match="are of two shards"):
        resend_request(ShardEvent(0, 1, 1), ShardEvent(1, 2, 1))
    with pytest.raises(ValueError, match="is before 5;1: exchange them"):
        resend_request(ShardEvent(0, 5, 1), ShardEvent(0, 4, 9))


def test_window_ends_after_three_hours() -> None:
    assert is_in_window(0, WINDOW_NS - 1)
    assert not is_in_window(0, WINDOW_NS)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("1", ResendOutcome.TOO_MANY_REQUESTS),
        ("2", ResendOutcome.SERVER_ERROR),
        ("3", ResendOutcome.TOO_OLD),
        ("4", ResendOutcome.END_TOO_LARGE),
        ("9", ResendOutcome.REFUSED),
    ],
)
def test_refused_request_says_what_to_do(reason: str, outcome: ResendOutcome) -> None:
    answer = read_resend_answer(fields(f"35=U3|45=3|21004={reason}|"))
    assert answer is not None and (answer.ref_seq_num, answer.outcome, answer.reports) == (3, outcome, 0)
    assert answer.text == f"reason {reason}: {outcome.value}"


def test_answer_without_what_it_must_have_is_an_error() -> None:
    for text in ("35=U2|21003=7|", "35=U2|45=2|", "35=U3|21004=1|"):
        with pytest.raises(DecodeError, match="is missing"):
            read_resend_answer(fields(text))


def test_resent_reports_are_counted_against_what_was_announced() -> None:
    copy = ResendRequests()
    copy.sent(2)
    report = Fields(wire("8 new"))
    assert [copy.take(report) for _ in range(6)] == [None] * 6
    answer = copy.take(Fields(wire("U2")))
    assert answer is not None and (answer.reports, answer.outcome) == (7, ResendOutcome.COMPLETE)
    assert (copy.missed, copy.is_idle()) == (1, True)


def test_absence_is_asked_for_from_the_last_event_of_each_shard() -> None:
    last = LastEvents()
    for exec_id, at_ns in (("9;1", 5), ("-1;-1", 6), ("9;4;2", 7), ("9;3;2", 8), ("8;9", 9), ("1;1;5", 0)):
        last.note(exec_id, at_ns)
    plan = last.missed(WINDOW_NS + 1)
    assert [shown(body) for body in plan.requests] == ["35=U1|21001=9;1|", "35=U1|21001=9;4;2|"]
    assert plan.too_old == (5,)
    assert LastEvents().missed(0) == ((), ())


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 5))))
def test_last_event_of_a_shard_is_the_greatest_that_was_seen(seen: list[tuple[int, int, int]]) -> None:
    last, expected = LastEvents(), dict[int, ShardEvent]()
    for event in (ShardEvent(*each) for each in seen):
        last.note(str(event), 0)
        expected[event.shard] = max(expected.get(event.shard, event), event)
    plan = last.missed(0)
    assert [shown(body) for body in plan.requests] == [f"35=U1|21001={expected[at]}|" for at in sorted(expected)]


def test_requests_without_an_answer_are_bounded_and_told_at_the_end() -> None:
    copy = ResendRequests()
    for number in range(MOST_OPEN):
        copy.sent(number)
    with pytest.raises(ValueError, match="have no answer: wait for them"):
        copy.sent(MOST_OPEN)
    assert copy.lost() == list(range(MOST_OPEN)) and copy.is_idle()


def test_message_of_something_else_is_no_answer() -> None:
    assert read_resend_answer(Fields(wire("UOH"))) is None


# Mass cancel


@pytest.mark.parametrize(
    ("text", "reason"), [(body_of("r"), ABSENT), ("35=r|11=m|531=0|", 99), ("35=r|11=m|531=0|532=2|", 2)]
)
def test_mass_cancel_is_answered(text: str, reason: int) -> None:
    dialect = KalshiOrders([Instrument(RAIN, 0, None)])
    assert shown(dialect.mass_cancel("mass-01", 0)) == "35=q|530=6|11=mass-01|"
    report = dialect.decode(fields(text))
    assert report is not None and report.reason == reason


# Order groups


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (GroupRequest(GroupAction.CREATE, limit=500), body_of("UOG create")),
        (GroupRequest(GroupAction.TRIGGER, GROUP), body_of("UOG trigger")),
        (GroupRequest(GroupAction.RESET, GROUP), f"35=UOG|20130={GROUP}|20131=2|"),
        (GroupRequest(GroupAction.DELETE, GROUP, subaccount=7), f"35=UOG|20130={GROUP}|20131=3|79=7|"),
        (GroupRequest(GroupAction.UPDATE_LIMIT, GROUP, 1, shard=0), f"35=UOG|20130={GROUP}|20131=5|20132=1|100=0|"),
    ],
)
def test_group_request_is_written(request_: GroupRequest, expected: str) -> None:
    assert shown(request_.body()) == expected


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (GroupRequest(GroupAction.CREATE, GROUP, 5), "is for every action but CREATE"),
        (GroupRequest(GroupAction.RESET), "is for every action but CREATE"),
        (GroupRequest(GroupAction.CREATE), "limit 0 is not from 1 to 1000000 contracts"),
        (GroupRequest(GroupAction.UPDATE_LIMIT, GROUP, 1_000_001), "limit 1000001 is not from 1"),
        (GroupRequest(GroupAction.DELETE, GROUP, 5), "takes no limit"),
        (GroupRequest(GroupAction.RESET, "a\x01b"), "is not printable ASCII"),
    ],
)
def test_group_request_that_would_be_refused_is_not_written(request_: GroupRequest, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        request_.body()


def test_group_answers_belong_to_requests_in_the_order_of_sending() -> None:
    groups = GroupRequests()
    create, reset = GroupRequest(GroupAction.CREATE, limit=500), GroupRequest(GroupAction.RESET, "G-2")
    groups.sent(create, 12)
    groups.sent(reset, 13)
    assert groups.take(Fields(wire("UOH"))) == (create, GROUP, 500, 0, "")
    assert groups.take(fields("35=UOH|20130=G-2|79=3|")) == (reset, "G-2", 0, 3, "")
    assert groups.lost() == []


@pytest.mark.parametrize("refusal", ["35=j|45=12|372=UOG|380=1|58=ORDER_GROUP_NOT_FOUND|", "35=3|45=12|373=5|"])
def test_refused_group_request_leaves_the_others_their_answers(refusal: str) -> None:
    groups = GroupRequests()
    first, second = GroupRequest(GroupAction.RESET, "G-1"), GroupRequest(GroupAction.RESET, "G-2")
    groups.sent(first, 12)
    groups.sent(second, 13)
    answer = groups.take(fields(refusal))
    assert answer is not None and answer.request == first
    assert answer.refusal in ("ORDER_GROUP_NOT_FOUND", "reason 5")
    answer = groups.take(fields("35=UOH|20130=G-2|79=0|"))
    assert answer is not None and answer.request == second


def test_group_answer_to_nothing_of_ours_is_an_error() -> None:
    groups = GroupRequests()
    with pytest.raises(DecodeError, match="an answer to no request of this connection"):
        groups.take(Fields(wire("UOH")))
    groups.sent(GroupRequest(GroupAction.RESET, "G-2"), 13)
    with pytest.raises(DecodeError, match="the answer due is about 'G-2'"):
        groups.take(Fields(wire("UOH")))


def test_refusal_of_something_else_is_no_answer_of_a_group() -> None:
    groups = GroupRequests()
    groups.sent(GroupRequest(GroupAction.RESET, "G-2"), 13)
    assert groups.take(Fields(wire("Business reject"))) is None
    assert [request.group_id for request in groups.lost()] == ["G-2"]


# Settlement


def ums(report: str = "r1", result: str = "yes", price: str = "100.00", more: str = "", parties: str = "") -> Fields:
    return fields(
        f"35=UMS|34=4|52=20261123-15:10:00.000|20105={report}|55={RAIN}|20107={result}|730={price}|{more}{parties}"
    )


def party(name: str = "acct", yes: str = "18.00", payout: str = "18.00", fee: str = "0.00") -> str:
    fees = f"136=1|137={fee}|138=USD|139=4|891=0|"
    return f"20109={name}|20110=24|704={yes}|705=0.00|1703=1|1704={payout}|1705=PAYOUT|{fees}"


def test_settlement_of_the_example_is_read_field_by_field() -> None:
    found = read_settlement(Fields(wire("UMS")))
    assert (found.report_id, found.symbol, found.result, found.price) == ("st-90017", RAIN, "yes", 10_000)
    assert (found.business_date, found.fragments, found.is_last) == ("20261201", 0, True)
    assert found.parties == (SettledParty(party_id="acct-4471", yes_qty=1800, no_qty=0, payout=18_000_000, fee=0),)
    assert SettlementReports().take(found) == VenueSettlement(
        symbol=RAIN, payout=10_000, revenue=18_000_000, fee=0, time_ns=found.sent_ns, yes_qty=1800
    )


@pytest.mark.parametrize(
    ("result", "price", "payout"),
    [("yes", "100.00", 10_000), ("no", "0.00", 0), ("no", "0", 0), ("scalar", "30.60", 3_060), ("scalar", "9.1", 910)],
)
def test_price_is_in_cents_whatever_the_logon_says(result: str, price: str, payout: int) -> None:
    assert read_settlement(ums(result=result, price=price)).price == payout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"result": "maybe"}, "tag 20107 is 'maybe', known are yes, no, scalar"),
        ({"price": "1.00"}, r"730\) 1.00 cents cannot be of the result 'yes'"),
        ({"result": "scalar", "price": "100.01"}, "cannot be of the result 'scalar'"),
        ({"result": "scalar", "price": "-1"}, "cannot be of the result 'scalar'"),
        ({"result": "scalar", "price": "30.605"}, "30.605"),
        ({"report": ""}, "tag 20105 is missing"),
        ({"parties": "20108=2|" + party()}, "1 entries, tag 20108 says 2"),
        ({"parties": "20108=1|" + party(payout="much")}, "much"),
    ],
)
def test_settlement_that_cannot_be_is_an_error(change: Any, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        read_settlement(ums(**change))


def test_revenue_is_what_came_and_the_fee() -> None:
    paid = ums(result="scalar", price="30.60", parties="20108=1|" + party(payout="5.4000", fee="0.1080"))
    settlement = SettlementReports().take(read_settlement(paid))
    assert settlement is not None and (settlement.revenue, settlement.fee) == (5_508_000, 108_000)


@pytest.mark.parametrize("says", ["20106=2|", "893={}|"])
def test_fragments_of_a_market_are_paid_together_and_once(says: str) -> None:
    reports = SettlementReports()
    parties = "20108=2|" + party("a", "1.00", "1.00") + party("b", "2.00", "2.00")
    first = read_settlement(ums("r1", more=says.format("N"), parties=parties))
    second = read_settlement(ums("r2", more=says.format("Y"), parties="20108=1|" + party("c", "4.00", "4.00")))
    assert reports.take(first) is None
    assert reports.take(first) is None  # sent again
    assert reports.waiting() == [RAIN]
    settlement = reports.take(second)
    assert settlement is not None and (settlement.yes_qty, settlement.revenue) == (700, 7_000_000)
    assert (reports.take(first), reports.take(second), reports.waiting()) == (None, None, [])


def test_only_the_parties_that_are_ours_count() -> None:
    parties = "20108=2|" + party("a", "1.00", "1.00") + party("b", "2.00", "2.00")
    settlement = SettlementReports({"b"}).take(read_settlement(ums(parties=parties)))
    assert settlement is not None and (settlement.yes_qty, settlement.revenue) == (200, 2_000_000)


def test_fragments_that_contradict_are_an_error() -> None:
    reports = SettlementReports()
    reports.take(read_settlement(ums("r1", more="20106=2|")))
    with pytest.raises(DecodeError, match="is no at 0, another fragment yes at 10000"):
        reports.take(read_settlement(ums("r2", "no", "0", more="20106=2|")))
    reports.take(read_settlement(ums("r2", more="20106=2|")))
    with pytest.raises(DecodeError, match="pays 0, it was settled at 10000"):
        reports.take(read_settlement(ums("r9", "no", "0")))
