"""The FIX side of the simulated Kalshi: clients' messages to the part that they are for, the venue's events to clients.

Shapes  `take` gets every batch of events of the venue, whoever caused it.
Errors  as in `ports`; what a client does wrong is answered.
Thread  the loop thread only; made while the loop runs.
"""

from collections.abc import Iterable

from engine import fix
from engine.codec import Fields
from engine.exchange.account_events import PositionPaid
from engine.exchange.events import CancelRejected, MassCanceled
from engine.exchange.faults import FaultKind, Faults
from engine.session.protocol.faults import Fault, Reason
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.drop_copy import DropCopy
from engine.sim.fix.kalshi.executions import Executions
from engine.sim.fix.kalshi.fields import MESSAGES, find_fault
from engine.sim.fix.kalshi.market_data import MarketDataGateway
from engine.sim.fix.kalshi.order_entry import OrderGateway
from engine.sim.fix.kalshi.order_groups import GroupGateway
from engine.sim.fix.kalshi.ports import FixClient, FixPlace, FixPorts
from engine.sim.fix.kalshi.settlement import SettlementGateway
from engine.sim.fix.kalshi.wire import business_reject, session_reject

UNSUPPORTED_TYPE = 3  # BusinessRejectReason(380)


class KalshiFix:
    """Six ports and everything behind them."""

    def __init__(self, place: FixPlace, access: FixAccess, faults: Faults | None = None) -> None:
        self.ports = FixPorts(place, access.keys, access.rules, access.now_ns)
        self.market_data = MarketDataGateway(access)
        self.drop_copy = DropCopy(access)
        self.cuts_next_order = False  # a fault: the next order is carried out, and its session cut before the answer
        self._access = access
        self._faults = faults if faults is not None else Faults()
        self._executions = Executions(access.shard_of)
        self._orders = OrderGateway(access, self.ports.of)
        self._groups = GroupGateway(access)
        self._settlements = SettlementGateway(self.ports.of)
        self._is_silent = False
        self._take = {
            **dict.fromkeys("DFGq", self._orders.on_message),
            "UOG": self._groups.on_message,
            "U1": self.drop_copy.on_message,
            "V": self.market_data.on_message,
            "e": self.market_data.on_message,
        }
        self.ports.on_message = self._on_message
        self.ports.on_logout = self._on_logout

    async def start(self) -> dict[str, int]:
        """Listen; return the ports by CompID."""
        return await self.ports.start()

    def close(self) -> None:
        """Release ports and sessions."""
        self.ports.close()

    def take(self, events: Iterable[object]) -> None:
        """Tell clients what has happened; the events of one request, or of one moment, come together."""
        batch = list(events)
        executions = self._executions.number(batch, self._access.now_ns())
        self.drop_copy.keep(executions)
        for event in batch:
            if isinstance(event, MassCanceled):  # comes before the cancels that it announces
                self._orders.answer(event)
        self._orders.tell(executions)
        for event in batch:
            if isinstance(event, CancelRejected):
                self._orders.answer(event)
        self._settlements.tell(event for event in batch if isinstance(event, PositionPaid))
        self.market_data.take(batch)

    def step(self, now_ns: int) -> None:
        """Perform the faults that are due."""
        is_silent = self._faults.active(FaultKind.SILENT_FIX, now_ns) is not None
        if is_silent != self._is_silent:
            self._is_silent = is_silent
            (self.ports.pause if is_silent else self.ports.resume)()
        if dropped := self._faults.take(FaultKind.DROP_FIX, now_ns):
            self.ports.drop(dropped.account)
        if ended := self._faults.take(FaultKind.LOGOUT_FIX, now_ns):
            self.ports.logout("venue logs out", ended.account)

    def begin_maintenance(self) -> None:
        """Cut every session, and let nobody in until `end_maintenance`."""
        self.ports.admission.is_closed = True
        self.ports.drop()

    def end_maintenance(self) -> None:
        """Let clients log on again; sessions that recover go on with their numbers."""
        self.ports.admission.is_closed = False

    def _on_message(self, client: FixClient, fields: Fields) -> None:
        """Judge one application message, then hand it to its part."""
        msg_type = fields.msg_type
        if msg_type == fix.Msg.REJECT:
            return
        if msg_type not in MESSAGES:
            client.send(session_reject(fields, Fault(Reason.INVALID_MSG_TYPE, None, "Invalid MsgType")))
        elif msg_type not in client.kind.takes or msg_type not in self._take:
            client.send(business_reject(fields, UNSUPPORTED_TYPE, "unsupported message type"))
        elif (fault := find_fault(fields)) is not None:
            client.send(session_reject(fields, fault))
        else:
            self._carry_out(client, fields)

    def _carry_out(self, client: FixClient, fields: Fields) -> None:
        """Hand a sound message to its part, and perform the fault that cuts a session before it hears of its order."""
        is_cut = self.cuts_next_order and fields.msg_type == fix.Msg.NEW_ORDER_SINGLE
        client.is_cut = is_cut
        self._take[fields.msg_type](client, fields)
        if is_cut:
            self.cuts_next_order = client.is_cut = False
            client.session.drop("dropped by a fault")

    def _on_logout(self, client: FixClient) -> None:
        self.market_data.forget(client)
        self._orders.on_logout(client)
