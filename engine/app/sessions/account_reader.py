"""One whole look at an account over the session of orders: asked for, put together, and given up in time.

Every order that is open is asked for at once. What lives by us and is not among the answers is asked for one by one, so
that nothing counts as absent but what the venue says it has not. Where the venue offers no such list, or is not to be
asked for it, every order that lives by us is asked for one by one; orders of others are not seen then.

Answers come in order with every other report, so that a look that nothing disturbed is one of now.

Units   times in ns since 1970, or as the names say.
Errors  EngineError for a look that is not whole: half of one decides nothing.
Bounds  `ANSWER_S` for each answer as a whole, `MOST_AT_ONCE` orders that are asked for one by one.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from engine.codec import Fields
from engine.errors import DecodeError, EngineError
from engine.fix import Msg
from engine.orders.order import Order
from engine.orders.table import TERMINAL
from engine.session import Session
from engine.trading.reconcile.reconcile import Reconcile, VenueAccount
from engine.venue.account import VenueOrder, VenuePosition
from engine.venue.session_account import (
    AccountRefusal,
    Listed,
    OrderAnswer,
    PositionAnswer,
    PositionsAnnounced,
    SessionAccountDialect,
)

ANSWER_S = 10.0
MOST_AT_ONCE = 100
_ANSWERING = (Msg.EXECUTION_REPORT, Msg.REQUEST_FOR_POSITIONS_ACK, Msg.POSITION_REPORT)
ORDERS, POSITIONS = "open orders", "positions"


class NotOffered(EngineError):
    """The venue has no such request."""


class AccountLists(NamedTuple):
    """What the venue is asked for as a whole."""

    orders: bool = True
    positions: bool = True


class _Question:
    """One request, and what has come of it."""

    def __init__(self, what: str, number: int, listed: Listed[Any]) -> None:
        self.what = what
        self.number = number  # MsgSeqNum(34) of the request
        self.listed = listed
        self.failure: EngineError | None = None
        self.is_over = asyncio.Event()

    def fail(self, failure: EngineError) -> None:
        """Take no more answers."""
        self.failure = self.failure or failure
        self.is_over.set()

    def judge(self) -> None:
        """Note whether anything more is to come."""
        if self.listed.is_over:
            self.is_over.set()

    def result(self) -> list[Any]:
        """Return the whole list; raise where it is none."""
        if self.failure is not None:
            raise self.failure
        if lacks := self.listed.lacks:
            raise EngineError(f"{self.what}: the answer is not whole: {lacks}")
        return self.listed.items


class SessionReader:
    """Reads the account of one session; `note` tells people and the journal, `nonce` begins the ids of its requests."""

    def __init__(
        self,
        session: Session,
        dialect: SessionAccountDialect,
        asked: AccountLists,
        wall_ns: Callable[[], int],
        note: Callable[[str], object],
        nonce: str,
        answer_s: float = ANSWER_S,
    ) -> None:
        self.late = 0  # answers to what was given up, or to nothing that was asked
        self._session = session
        self._dialect = dialect
        self._asked = self._offered = asked
        self._wall_ns = wall_ns
        self._note = note
        self._prefix = f"{nonce}-A"  # no ClOrdID(11) of the same nonce is like it
        self._answer_s = answer_s
        self._requests = 0
        self._open: dict[str, _Question] = {}

    def logged_on(self) -> None:
        """Give up what was asked before; ask again for what the venue did not offer then."""
        self._offered = self._asked
        for question in self._open.values():
            question.fail(EngineError(f"{question.what}: the session was lost before the answer"))

    # The look

    async def look(self, reconcile: Reconcile, since_ns: int, moved_ns: int) -> VenueAccount:
        """Return the account as it is now; its fills are told by reports alone."""
        positions = await self._positions()
        listed = await self._listed()
        orders = [*listed, *await self._one_by_one(reconcile.absent(listed))]
        resting = [each for each in orders if each.status not in TERMINAL and each.leaves_qty > 0]
        return VenueAccount(orders, (), positions or (), resting, tells_positions=positions is not None)

    async def _positions(self) -> list[VenuePosition] | None:
        """Return the net position of each market that the venue names; None where it tells of none."""
        if not self._offered.positions:
            return None
        listed: Listed[PositionAnswer] = Listed(lambda each: each.report_id)
        try:
            answers = await self._whole(POSITIONS, self._dialect.every_position, listed)
        except NotOffered as refusal:
            self._offered = self._offered._replace(positions=False)
            self._note(f"account: positions cannot be compared: {refusal}; set session.account.positions to false")
            return None
        return _by_market(answers)

    async def _listed(self) -> list[VenueOrder]:
        if not self._offered.orders:
            return []
        listed: Listed[VenueOrder] = Listed(lambda each: each.order_id)
        try:
            return await self._whole(ORDERS, self._dialect.every_order, listed)
        except NotOffered as refusal:
            self._offered = self._offered._replace(orders=False)
            self._note(f"account: each order is asked for by itself: {refusal}; set session.account.orders to false")
            return []

    async def _whole(self, what: str, body: Callable[[str, int], bytes], listed: Listed[Any]) -> list[Any]:
        with self._asking(what, body, listed) as question:
            await self._wait((question,))
        return question.result()

    async def _one_by_one(self, orders: Sequence[Order]) -> list[VenueOrder]:
        """Return what the venue has of these orders."""
        found: list[VenueOrder] = []
        for first in range(0, len(orders), MOST_AT_ONCE):
            found += await self._some(orders[first : first + MOST_AT_ONCE])
        return found

    async def _some(self, orders: Iterable[Order]) -> list[VenueOrder]:
        questions, before = [], set(self._open)
        try:
            for order in orders:
                listed: Listed[VenueOrder] = Listed(lambda each: each.order_id)
                questions.append(self._ask(f"ClOrdID(11) {order.cl_ord_id}", _of(self._dialect, order), listed))
            await self._wait(questions)
        finally:
            self._open = {name: each for name, each in self._open.items() if name in before}
        return [found for question in questions for found in question.result()]

    @contextmanager
    def _asking(self, what: str, body: Callable[[str, int], bytes], listed: Listed[Any]) -> Iterator[_Question]:
        question = self._ask(what, body, listed)
        try:
            yield question
        finally:
            self._open = {name: each for name, each in self._open.items() if each is not question}

    def _ask(self, what: str, body: Callable[[str, int], bytes], listed: Listed[Any]) -> _Question:
        """Send one request; SessionError where it cannot be."""
        if not self._session.is_logged_on:
            raise EngineError(f"{what}: the session is not logged on")
        self._requests += 1
        request_id = f"{self._prefix}{self._requests}"
        question = _Question(what, self._session.next_sender_seq_num, listed)
        self._open[request_id] = question
        try:
            self._session.send(body(request_id, self._wall_ns()))
        except BaseException:
            self._open.pop(request_id, None)
            raise
        return question

    async def _wait(self, questions: Iterable[_Question]) -> None:
        """Wait until nothing more is to come, or until the time is up."""
        try:
            async with asyncio.timeout(self._answer_s):
                for question in questions:
                    await question.is_over.wait()
        except TimeoutError:
            for question in questions:
                if not question.is_over.is_set():
                    lacks = question.listed.lacks or "nothing came"
                    question.fail(EngineError(f"{question.what}: no whole answer in {self._answer_s:g} s: {lacks}"))

    # What answers

    def take(self, fields: Fields) -> bool:
        """Take a message of the venue; False for one that answers nothing that is asked here."""
        try:
            answer = self._dialect.read(fields)
        except DecodeError as error:
            return self._unreadable(fields, error)
        if answer is None:
            return False
        if isinstance(answer, AccountRefusal):
            return self._refused(answer)
        if not answer.request_id.startswith(self._prefix):
            return False  # another's request, or none: what it says is for whoever takes all other messages
        question = self._open.get(answer.request_id)
        if question is None or question.is_over.is_set():
            self._too_late(fields)
        else:
            _fill(question.listed, answer)
            question.judge()
        return True

    def _unreadable(self, fields: Fields, error: DecodeError) -> bool:
        """Give up whatever is asked: nobody knows what the message was to answer."""
        if fields.msg_type not in _ANSWERING:
            return False
        for question in self._open.values():
            question.fail(EngineError(f"{question.what}: unreadable answer, MsgType(35) {fields.msg_type}: {error}"))
        return True

    def _refused(self, refusal: AccountRefusal) -> bool:
        question = self._open.get(refusal.request_id) if refusal.request_id else None
        if question is None:
            question = next((each for each in self._open.values() if each.number == refusal.ref_seq_num), None)
        if question is None:
            return False
        kind = NotOffered if refusal.is_for_good else EngineError
        question.fail(kind(f"{question.what}: the venue refuses the request: {refusal.text}"))
        return True

    def _too_late(self, fields: Fields) -> None:
        self.late += 1
        if self.late == 1 or self.late % 1000 == 0:
            what = f"MsgType(35) {fields.msg_type} answers what was given up, {self.late} of them so far"
            self._note(f"account: {what}")


def _of(dialect: SessionAccountDialect, order: Order) -> Callable[[str, int], bytes]:
    return lambda request_id, now_ns: dialect.one_order(order, request_id, now_ns)


def _fill(listed: Listed[Any], answer: OrderAnswer | PositionsAnnounced | PositionAnswer) -> None:
    """Put what came into its list."""
    if isinstance(answer, OrderAnswer):
        if answer.order is not None:
            listed.take(answer.order)
        if answer.is_last:
            listed.end()
    elif isinstance(answer, PositionAnswer):
        listed.take(answer)
    listed.announce(answer.announced)


def _by_market(answers: Iterable[PositionAnswer]) -> list[VenuePosition]:
    """Return one position a market: a venue may keep several of an account."""
    nets: dict[str, int] = {}
    for answer in answers:
        nets[answer.position.symbol] = nets.get(answer.position.symbol, 0) + answer.position.net
    return [VenuePosition(symbol=symbol, net=net, fees=None) for symbol, net in nets.items()]
