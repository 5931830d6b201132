"""The account over FIX 4.4: requests by QuickFIX's dictionary, every kind of answer, lists that are whole and not."""

import sys
from pathlib import Path

import pytest
import quickfix
from hypothesis import given
from hypothesis import strategies as st

from engine import fix
from engine.codec import Fields, FrameEncoder
from engine.errors import ConfigError, DecodeError
from engine.fix import Status
from engine.instrument import Instrument
from engine.orders.order import Order, restore_fields
from engine.venue import fix44
from engine.venue.account import VenueOrder, VenuePosition
from engine.venue.fix44.account import Fix44Account
from engine.venue.session_account import (
    UNTOLD,
    AccountRefusal,
    Listed,
    OrderAnswer,
    PositionAnswer,
    PositionsAnnounced,
)

NOW_NS = 1_767_623_400_250_000_000  # 2026-01-05 14:30:00.25
DEMO = Instrument("DEMO-T2", 0, None)
DICTIONARY = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"
WORKS = VenueOrder(
    order_id="V1", cl_ord_id="A1", symbol="DEMO-T2", side=1, price=4100, order_qty=500, cum_qty=200, leaves_qty=300,
    status=Status.PARTIALLY_FILLED,
)  # fmt: skip
STATE = "35=8|37=V1|11=A1|17=0|150=I|39=1|55=DEMO-T2|54=1|38=5|44=0.41|14=2|151=3|6=0.4"


def account() -> Fix44Account:
    dialect = fix44.session_account(fix44.orders((DEMO,)), "MINE")
    assert isinstance(dialect, Fix44Account)
    return dialect


def message(body: str) -> Fields:
    return Fields(body.replace("|", "\x01").encode() + b"\x01")


def text(body: bytes) -> str:
    return body.decode().replace("\x01", "|")


def order(order_id: str = "V-7") -> Order:
    found = Order("A1", DEMO, fix.BUY, 4150, 2500)
    if order_id:
        restore_fields(found, order_id=order_id)
    return found


# Requests


def test_requests_as_they_are_written() -> None:
    a = account()
    assert text(a.every_order("Q1", NOW_NS)) == "35=AF|585=7|584=Q1|"
    assert text(a.one_order(order(), "Q2", NOW_NS)) == "35=H|37=V-7|11=A1|790=Q2|55=DEMO-T2|54=1|"
    assert text(a.one_order(order(""), "Q2", NOW_NS)) == "35=H|11=A1|790=Q2|55=DEMO-T2|54=1|"
    assert text(a.every_position("Q3", NOW_NS)) == (
        "35=AN|724=0|453=1|448=MINE|447=D|452=24|1=MINE|581=1|710=Q3|715=20260105|60=20260105-14:30:00.250|"
    )


def test_requests_are_valid_by_the_dictionary() -> None:
    dictionary = quickfix.DataDictionary(str(DICTIONARY))
    a = account()
    for body in (a.every_order("Q1", NOW_NS), a.one_order(order(), "Q2", NOW_NS), a.every_position("Q3", NOW_NS)):
        frame = FrameEncoder("FIX.4.4", "MINE", "VENUE").encode(body, 1, NOW_NS)
        dictionary.validate(quickfix.Message(bytes(frame).decode(), dictionary, True))


def test_account_of_another_dialect_is_refused() -> None:
    class Foreign:
        """Orders of no known dialect."""

    with pytest.raises(ConfigError, match="leave the table out"):
        fix44.session_account(Foreign(), "MINE")  # type: ignore[arg-type]


# Answers about orders


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (f"{STATE}|584=Q1|911=5", OrderAnswer("Q1", WORKS, 5, False)),
        (f"{STATE}|584=Q1|911=5|912=Y", OrderAnswer("Q1", WORKS, 5, True)),
        (f"{STATE}|584=Q1|912=N", OrderAnswer("Q1", WORKS, UNTOLD, False)),
        (f"{STATE}|790=Q2", OrderAnswer("Q2", WORKS, 1, False)),
        (STATE, None),  # answers a question of somebody else
        (f"{STATE.replace('150=I', '150=F')}|584=Q1", None),  # tells what happened
        ("35=8|37=NONE|150=I|39=8|103=5|584=Q1|911=0|912=Y", OrderAnswer("Q1", None, 0, True)),
        ("35=8|37=NONE|150=I|39=8|103=5|584=Q1", OrderAnswer("Q1", None, 0, True)),
        ("35=8|37=NONE|11=A1|150=I|39=8|103=5|790=Q2", OrderAnswer("Q2", None, 0, True)),
        (
            "35=8|37=NONE|150=I|39=8|103=0|584=Q1|58=not for you",
            AccountRefusal("Q1", UNTOLD, "not for you", False),
        ),
        ("35=D|11=A1", None),
        ("35=W|55=DEMO-T2", None),
    ],
)
def test_answer_about_orders(body: str, answer: object) -> None:
    assert account().read(message(body)) == answer


def test_order_of_a_market_that_nobody_here_knows_is_there() -> None:
    found = account().read(message(f"{STATE.replace('DEMO-T2', 'STRANGE').replace('44=0.41', '44=1/8')}|584=Q1|911=1"))
    assert isinstance(found, OrderAnswer)
    assert found.order is not None
    assert (found.order.symbol, found.order.cum_qty, found.order.leaves_qty) == ("STRANGE", 1, 1)


def test_order_that_is_over_has_nothing_left() -> None:
    found = account().read(message(f"{STATE.replace('39=1', '39=4')}|790=Q2"))
    assert isinstance(found, OrderAnswer)
    assert found.order is not None
    assert (found.order.status, found.order.leaves_qty) == (Status.CANCELED, 0)


def test_order_that_was_rejected_is_told_as_that_where_it_was_asked_for_by_itself() -> None:
    found = account().read(message("35=8|37=V1|11=A1|150=I|39=8|103=99|790=Q2|55=DEMO-T2|54=1|14=0|151=0"))
    assert isinstance(found, OrderAnswer)
    assert found.order is not None
    assert found.order.status == Status.REJECTED


@pytest.mark.parametrize("wrong", ["14=2.001", "14=x", "911=many", "151=1e3", "54=?"])
def test_answer_about_an_order_that_cannot_be_read(wrong: str) -> None:
    tag = wrong.partition("=")[0]
    fields = [each for each in f"{STATE}|584=Q1|911=5".split("|") if not each.startswith(f"{tag}=")]
    with pytest.raises(DecodeError):
        account().read(message("|".join([*fields, wrong])))


# Answers about positions


def held(net: int) -> VenuePosition:
    return VenuePosition(symbol="DEMO-T2", net=net, fees=None)


REPORT = "35=AP|721=R1|710=Q3|727=2|728=0|55=DEMO-T2"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("35=AO|721=R0|710=Q3|727=2|728=0|729=0", PositionsAnnounced("Q3", 2)),
        ("35=AO|721=R0|710=Q3|728=0|729=1", PositionsAnnounced("Q3", UNTOLD)),
        ("35=AO|721=R0|710=Q3|728=2|729=0", PositionsAnnounced("Q3", 0)),
        ("35=AO|721=R0|710=Q3|728=2|729=2", AccountRefusal("Q3", UNTOLD, "PosReqResult(728) 2: no text", False)),
        ("35=AO|710=Q3|728=1|729=2|58=what", AccountRefusal("Q3", UNTOLD, "PosReqResult(728) 1: what", False)),
        ("35=AO|710=Q3|728=3|729=2|58=no", AccountRefusal("Q3", UNTOLD, "PosReqResult(728) 3: no", True)),
        ("35=AO|710=Q3|728=4|729=2|58=no", AccountRefusal("Q3", UNTOLD, "PosReqResult(728) 4: no", True)),
        ("35=AO|710=Q3|728=99|729=2", AccountRefusal("Q3", UNTOLD, "PosReqResult(728) 99: no text", False)),
        (f"{REPORT}|702=1|703=TQ|704=5.25|705=0", PositionAnswer("Q3", "R1", held(525), 2)),
        (f"{REPORT}|702=1|703=TQ|705=3", PositionAnswer("Q3", "R1", held(-300), 2)),
        (f"{REPORT}|702=1|703=FIN|704=3|705=1", PositionAnswer("Q3", "R1", held(200), 2)),
        (f"{REPORT}|702=2|703=SOD|704=9|703=TOT|704=4|705=1", PositionAnswer("Q3", "R1", held(300), 2)),
        (f"{REPORT}|702=2|703=TQ|704=4|703=SOD|704=9", PositionAnswer("Q3", "R1", held(400), 2)),
        (f"{REPORT}|702=1|704=4|730=0.5", PositionAnswer("Q3", "R1", held(400), 2)),
    ],
)
def test_answer_about_positions(body: str, answer: object) -> None:
    assert account().read(message(body)) == answer


@pytest.mark.parametrize(
    "entries", ["702=1|703=SOD|704=9", "702=0", "", "702=1|703=TQ|704=9.001", "702=1|703=TQ|704=x"]
)
def test_position_that_cannot_be_read(entries: str) -> None:
    with pytest.raises(DecodeError):
        account().read(message(f"{REPORT}|{entries}".rstrip("|")))


# Refusals


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("35=j|45=7|372=AF|379=Q1|380=3|58=no", AccountRefusal("Q1", 7, "MsgType(35) j, reason 3: no", True)),
        ("35=j|45=7|372=AN|380=4|58=later", AccountRefusal("", 7, "MsgType(35) j, reason 4: later", False)),
        ("35=3|45=7|372=AN|373=11", AccountRefusal("", 7, "MsgType(35) 3, reason 11: no text", True)),
        ("35=3|45=7|373=1|371=1", AccountRefusal("", 7, "MsgType(35) 3, reason 1: no text", False)),
        ("35=3|45=7|372=D|373=11", None),
    ],
)
def test_refusal(body: str, answer: object) -> None:
    assert account().read(message(body)) == answer


# Lists


def items(count: int) -> list[tuple[str, int]]:
    return [(f"V{number}", number) for number in range(count)]


def listed() -> Listed[tuple[str, int]]:
    return Listed(lambda each: each[0])


@given(st.integers(0, 12), st.data())
def test_list_is_whole_exactly_when_all_that_was_announced_came(count: int, data: st.DataObject) -> None:
    """Any order, any repetition, any loss: a list that is whole is the whole list, every other one says why not."""
    all_items = items(count)
    came = data.draw(st.lists(st.sampled_from(all_items), max_size=30)) if all_items else []
    where = data.draw(st.integers(0, len(came)))
    found = listed()
    for place, item in enumerate(came):
        if place == where:
            found.announce(count)
        found.take(item)
    if where == len(came):
        found.announce(count)
    is_whole = set(came) == set(all_items)
    assert (found.lacks == "") is is_whole
    assert found.is_over is is_whole
    assert set(found.items) == set(came)
    found.end()
    assert found.is_over
    assert (found.lacks == "") is is_whole


@given(st.integers(1, 9), st.integers(0, 9))
def test_last_one_ends_a_list_that_announces_nothing(count: int, announced: int) -> None:
    found = listed()
    for item in items(count):
        found.take(item)
    assert found.lacks == f"{count} came, and nothing says how many there are"
    assert not found.is_over
    found.end()
    assert found.is_over
    assert found.lacks == ""
    found.announce(announced)  # after all
    assert (found.lacks == "") is (announced == count)


def test_list_that_contradicts_itself_is_none() -> None:
    found = listed()
    found.take(("V1", 1))
    found.take(("V1", 2))
    assert found.is_over
    assert found.lacks == "V1 came twice, each time otherwise"
    found = listed()
    found.announce(2)
    found.announce(3)
    assert found.lacks == "2 were announced, and then 3"
    found = listed()
    found.announce(1)
    for item in items(2):
        found.take(item)
    assert found.lacks == "1 were announced, 2 came"
