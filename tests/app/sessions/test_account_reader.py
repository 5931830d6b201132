"""One look at the account over a session: what is asked for, what answers, and what comes of answers that do not."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.app.sessions.account_reader import MOST_AT_ONCE, AccountLists, SessionReader
from engine.codec import Fields
from engine.errors import EngineError, SessionError
from engine.fix import BUY
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.trading.reconcile.reconcile import VenueAccount
from engine.venue.fix44.account import Fix44Account

DEMO = Instrument("DEMO-T2", 0, None)
NONE = "35=8|37=NONE|150=I|39=8|103=5"
BOTH = AccountLists()
FLAT = "35=AO|721=R0|728=2|729=0"


class Session:
    """A session whose venue answers as the test says, MsgType by MsgType; `{}` stands for the id of the request."""

    name = "FIX.4.4:MINE->VENUE"

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.is_logged_on = True
        self.next_sender_seq_num = 5
        self.answers = answers
        self.sent: list[str] = []
        self.take: Callable[[Fields], bool] = lambda fields: False
        self.passed_on: list[str] = []

    def send(self, body: bytes) -> None:
        fields = Fields(body)
        number, self.next_sender_seq_num = self.next_sender_seq_num, self.next_sender_seq_num + 1
        self.sent.append(fields.msg_type)
        request_id = next(filter(None, (fields.text(tag) for tag in (584, 710, 790))))
        for answer in self.answers.get(fields.msg_type, []):
            self.tell(answer.replace("{}", request_id).replace("{n}", str(number)))

    def tell(self, text: str) -> None:
        if not self.take(Fields(text.replace("|", "\x01").encode() + b"\x01")):
            self.passed_on.append(text)


class Ours:
    """Stands in for the comparison: it knows which orders live by us."""

    def __init__(self, *orders: Order) -> None:
        self.orders = orders

    def absent(self, resting: Any) -> list[Order]:
        known = {each.cl_ord_id for each in resting}
        return [each for each in self.orders if each.cl_ord_id not in known]


class Reading:
    """A reader with everything around it."""

    def __init__(self, answers: dict[str, list[str]], asked: AccountLists = BOTH, answer_s: float = 30.0) -> None:
        self.notes: list[str] = []
        session: Any = Session(answers)
        self.session: Any = session
        dialect = Fix44Account({"DEMO-T2": (4, 2)}, "MINE")
        self.reader = SessionReader(session, dialect, asked, lambda: 10**18, self.notes.append, "N", answer_s)
        self.session.take = self.reader.take

    def look(self, *orders: Order) -> VenueAccount:
        return run(self.reader.look(Ours(*orders), 0, 0))  # type: ignore[arg-type, no-any-return]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def order(name: str) -> Order:
    return Order(name, DEMO, BUY, 4000, 500)


def state(name: str, more: str = "584={}", ord_status: str = "0") -> str:
    return f"35=8|37=V-{name}|11={name}|150=I|39={ord_status}|55=DEMO-T2|54=1|38=5|44=0.4|14=0|151=5|{more}"


def position(number: int, net: str, symbol: str = "DEMO-T2", total: int = 2) -> str:
    return f"35=AP|721=R{number}|710={{}}|727={total}|728=0|55={symbol}|702=1|703=TQ|704={net}"


def test_everything_is_asked_for_and_put_together() -> None:
    orders = [state("A1", "584={}|911=2"), state("X9", "584={}|911=2|912=Y")]
    held = ["35=AO|721=R0|710={}|727=2|728=0|729=0", position(1, "3"), position(2, "4")]
    r = Reading({"AF": orders, "AN": held})
    found = r.look(order("A1"))
    assert r.session.sent == ["AN", "AF"]
    assert [each.cl_ord_id for each in found.orders] == ["A1", "X9"]
    assert found.resting == found.orders
    assert [(each.symbol, each.net, each.fees) for each in found.positions] == [("DEMO-T2", 700, None)]
    assert found.tells_positions
    assert found.fills == ()
    assert r.session.passed_on == []


def test_order_that_is_not_listed_is_asked_for_by_itself() -> None:
    r = Reading({"AF": [f"{NONE}|584={{}}|911=0|912=Y"], "AN": [f"{FLAT}|710={{}}"], "H": [state("A1", "790={}", "4")]})
    found = r.look(order("A1"))
    assert r.session.sent == ["AN", "AF", "H"]
    assert [each.status for each in found.orders] == ["4"]
    assert found.resting == []


def test_order_that_the_venue_does_not_have_is_absent() -> None:
    r = Reading({"AF": [f"{NONE}|584={{}}|911=0|912=Y"], "AN": [f"{FLAT}|710={{}}"], "H": [f"{NONE}|790={{}}"]})
    assert r.look(order("A1")).orders == []


def test_many_orders_are_asked_for_some_at_a_time() -> None:
    names = [f"A{number}" for number in range(2 * MOST_AT_ONCE + 1)]
    r = Reading({"H": [f"{NONE}|790={{}}"]}, AccountLists(orders=False, positions=False))
    assert r.look(*map(order, names)).orders == []
    assert r.session.sent == ["H"] * len(names)


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([state("A1", "584={}|911=3"), state("A2", "584={}|911=3|912=Y")], "not whole: 3 were announced, 2 came"),
        ([state("A1", "584={}|911=3"), state("A2", "584={}|911=2")], "3 were announced, and then 2"),
        ([state("A1", "584={}|911=x")], "unreadable answer, MsgType"),
        (["35=j|45={n}|372=AF|380=4|58=come back later"], "refuses the request: .*come back later"),
        (["35=8|37=NONE|150=I|39=8|103=0|58=closed|584={}"], "refuses the request: closed"),
    ],
)
def test_answer_that_is_not_whole_decides_nothing(answers: list[str], text: str) -> None:
    r = Reading({"AF": answers, "AN": [f"{FLAT}|710={{}}"]})
    with pytest.raises(EngineError, match=text):
        r.look(order("A1"))


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([], "open orders: no whole answer in 0.05 s: 0 came, and nothing says how many"),
        ([state("A1", "584={}|911=2")], "open orders: no whole answer in 0.05 s: 2 were announced, 1 came"),
    ],
)
def test_answer_that_does_not_come_in_time_decides_nothing(answers: list[str], text: str) -> None:
    r = Reading({"AF": answers}, AccountLists(positions=False), answer_s=0.05)
    with pytest.raises(EngineError, match=text):
        r.look(order("A1"))
    r.session.tell(state("A2", "584=N-A1|911=2"))  # late
    assert r.session.passed_on == []
    assert r.reader.late == 1
    assert "answers what was given up" in r.notes[-1]


@pytest.mark.parametrize(
    "refusal", ["35=j|45={n}|372=AF|380=3|58=no such thing", "35=3|45={n}|372=AF|373=11", "35=j|379={}|380=3"]
)
def test_venue_without_lists_is_asked_for_each_order_and_no_more_for_lists(refusal: str) -> None:
    r = Reading({"AF": [refusal], "AN": [refusal.replace("AF", "AN")], "H": [state("A1", "790={}")]})
    for _ in range(2):
        found = r.look(order("A1"))
        assert [each.cl_ord_id for each in found.resting] == ["A1"]
        assert not found.tells_positions
    assert r.session.sent == ["AN", "AF", "H", "H"]
    assert len(r.notes) == 2
    r.reader.logged_on()  # the venue may offer them now
    r.look(order("A1"))
    assert r.session.sent[4:] == ["AN", "AF", "H"]


def test_what_answers_nothing_asked_here_is_passed_on() -> None:
    r = Reading({})
    told = [
        "35=8|37=V1|11=A1|150=F|39=1|55=DEMO-T2",
        state("A1", "1=MINE"),
        state("A1", "584=OTHERS"),
        "35=AP|721=R1|710=OTHERS|728=0|55=DEMO-T2|702=1|703=TQ|704=1",
        "35=j|45=3|372=H|380=0",
        "35=j|45=3|379=N-1|372=D|380=0",
        "35=3|45=x|372=AF",
        "35=B",
    ]
    for each in told:
        r.session.tell(each)
    assert r.session.passed_on == told


def test_request_that_cannot_be_sent_is_no_look_and_leaves_nothing_open() -> None:
    r = Reading({})
    r.session.is_logged_on = False
    with pytest.raises(EngineError, match="positions: the session is not logged on"):
        r.look()

    def fail(body: bytes) -> None:
        raise SessionError("the store cannot be written")

    r.session.is_logged_on, r.session.send = True, fail
    with pytest.raises(SessionError):
        r.look()
    assert not r.reader._open


def test_session_that_begins_anew_gives_up_what_was_asked() -> None:
    r = Reading({}, AccountLists(positions=False))

    async def work() -> None:
        look = asyncio.ensure_future(r.reader.look(Ours(), 0, 0))  # type: ignore[arg-type]
        while not r.session.sent:
            await asyncio.sleep(0)
        r.reader.logged_on()
        await look

    with pytest.raises(EngineError, match="open orders: the session was lost before the answer"):
        run(work())
