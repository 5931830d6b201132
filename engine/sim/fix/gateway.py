"""FIX side of the simulated venue: requests to the exchange, reports to the accounts, and FIX faults.

Errors  a message that cannot be acted on is answered by a BusinessMessageReject(j).
Cost    a report is encoded once.
"""

from collections.abc import Callable, Container, Iterable, Mapping

from engine import fix
from engine.codec import Fields
from engine.exchange.events import CancelRejected, Event, MassCanceled, OrderState, Report, Request
from engine.exchange.faults import FaultKind, Faults
from engine.instrument import Instrument
from engine.sim.fix.acceptor import Acceptor
from engine.sim.fix.positions import answer_positions
from engine.sim.fix.reports import BusinessReject, Reports, encode_reject
from engine.sim.fix.requests import UNSUPPORTED_TYPE, OrderEntry
from engine.sim.outbox import Outbox

Submit = Callable[[Request], list[Event]]
Publish = Callable[[list[Event], Fields | None], None]
Held = Callable[[str], Mapping[str, int]]  # net positions of an account, by symbol


class VenueGateway:
    """Connects accounts to the exchange: `submit` returns a request's events, `publish` sends them out.

    `held` tells positions; messages of the types in `refused` are none that this venue has.
    """

    def __init__(
        self,
        acceptor: Acceptor,
        instruments: Mapping[str, Instrument],
        faults: Faults,
        submit: Submit,
        publish: Publish,
        held: Held = lambda account: {},
        refused: Container[str] = (),
    ) -> None:
        self.messages = self.reports = 0
        self._now_ns = 0  # of the last step
        self._acceptor = acceptor
        self._faults = faults
        self._submit = submit
        self._publish = publish
        self._held, self._refused = held, refused
        self._instruments = instruments
        self._order_entry = OrderEntry(instruments)
        self._reports = Reports(instruments)
        self._outbox: Outbox[tuple[str, str]] = Outbox()
        acceptor.on_message = self.on_message

    def on_message(self, fields: Fields) -> None:
        """Carry out one application message and answer it; `fields` are valid during the call only."""
        self.messages += 1
        if fields.msg_type in self._refused:
            text = f"MsgType(35) not offered: {fields.msg_type}"
            self._put(fields.text(fix.SenderCompID), encode_reject(BusinessReject(fields, UNSUPPORTED_TYPE, text)))
            return
        if fields.msg_type == fix.Msg.REQUEST_FOR_POSITIONS:
            self._tell_positions(fields)
            return
        asked = self._order_entry.decode(fields)
        if isinstance(asked, BusinessReject):
            self._put(fields.text(fix.SenderCompID), encode_reject(asked))
        elif fields.msg_type == fix.Msg.ORDER_MASS_STATUS_REQUEST:
            states = [event for event in self._submit(asked) if isinstance(event, OrderState)]
            for body in self._reports.encode_all(states, fields):
                self._put(asked.account, body)
        else:
            self._publish(self._submit(asked), fields)

    def _tell_positions(self, fields: Fields) -> None:
        account = fields.text(fix.SenderCompID)
        for body in answer_positions(fields, self._held(account), self._instruments, self._now_ns):
            self._put(account, body)

    def tell(self, event: Report | CancelRejected | MassCanceled, request: Fields | None = None) -> None:
        """Report an event to its account; `request` is the message that it answers."""
        self._put(event.account, self._reports.encode(event, request))

    def tell_untold(self, untold: Callable[[str, set[str]], Iterable[Report]]) -> None:
        """Send each account the reports that its FIX store does not show as sent."""
        for account in self._acceptor.accounts:
            for report in untold(account, self._acceptor.stored_exec_ids(account)):
                self.tell(report)

    def step(self, now_ns: int) -> None:
        """Perform the faults that are due, let the acceptor keep time, and send what was held back."""
        self._now_ns = now_ns
        was_silent = self._outbox.is_silent
        is_silent = self._faults.active(FaultKind.SILENT_FIX, now_ns) is not None
        if is_silent and not was_silent:
            self._acceptor.pause()
        elif was_silent and not is_silent:
            self._acceptor.resume()
        self._outbox.step(now_ns, is_silent, self._faults.delay_ns(FaultKind.DELAY_FIX, now_ns))
        if dropped := self._faults.take(FaultKind.DROP_FIX, now_ns):
            self._acceptor.drop(dropped.account)
        if ended := self._faults.take(FaultKind.LOGOUT_FIX, now_ns):
            self._acceptor.logout(ended.account)
        if not is_silent:
            self._acceptor.poll()

    def _put(self, account: str, body: str) -> None:
        self._outbox.put(self._send, (account, body))

    def _send(self, report: tuple[str, str]) -> None:
        self.reports += 1
        is_lost = self._faults.take(FaultKind.LOSE_REPORT, self._now_ns, account=report[0]) is not None
        (self._acceptor.lose if is_lost else self._acceptor.send)(*report)
