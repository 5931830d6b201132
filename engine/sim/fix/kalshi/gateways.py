"""The FIX side of the simulated Kalshi: clients' messages to the part that they are for, the venue's events to clients.

Shapes  `take` gets every batch of events of the venue, whoever caused it.
Errors  as in `ports`; what a client does wrong is answered.
Thread  the loop thread only; made while the loop runs.
"""

import logging
from collections.abc import Iterable

from engine import fix
from engine.codec import Fields
from engine.exchange.account_events import PositionPaid
from engine.exchange.events import CancelRejected, MassCanceled, Report
from engine.exchange.faults import FaultKind, Faults
from engine.session.protocol.faults import Fault, Reason
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.drop_copy import DropCopy
from engine.sim.fix.kalshi.executions import Executions
from engine.sim.fix.kalshi.fields import MESSAGES, find_fault
from engine.sim.fix.kalshi.kinds import RFQ
from engine.sim.fix.kalshi.market_data import MarketDataGateway
from engine.sim.fix.kalshi.order_entry import OrderGateway
from engine.sim.fix.kalshi.order_groups import GroupGateway
from engine.sim.fix.kalshi.ports import FixClient, FixPlace, FixPorts
from engine.sim.fix.kalshi.rfq.gateway import RfqGateway
from engine.sim.fix.kalshi.settlement import SettlementGateway
from engine.sim.fix.kalshi.wire import business_reject, session_reject
from engine.sim.keys import SimKey

_logger = logging.getLogger(__name__)
UNSUPPORTED_TYPE = 3  # BusinessRejectReason(380)


class KalshiFix:
    """Six ports and everything behind them."""

    def __init__(self, place: FixPlace, access: FixAccess, faults: Faults | None = None) -> None:
        self.rejects = 0  # messages of ours that clients have rejected
        self.ports = FixPorts(place, access.keys, access.rules, access.now_ns)
        self.market_data = MarketDataGateway(access)
        self.drop_copy = DropCopy(access)
        self._access = access
        self._faults = faults if faults is not None else Faults()
        self._executions = Executions(access.shard_of)
        self._orders = OrderGateway(access, self.ports.of)
        self._groups = GroupGateway(access)
        self._settlements = SettlementGateway(self.ports.of)
        self._rfq = RfqGateway(access, self._quoting)
        self._orders.on_quote_order = self._rfq.on_order
        self._is_silent = False
        self._take = {
            **dict.fromkeys("DFGq", self._orders.on_message),
            "UOG": self._groups.on_message,
            "U1": self.drop_copy.on_message,
            **dict.fromkeys(("R", "UA", "UE", "S", "Z", "U7"), self._rfq.on_message),
            "V": self.market_data.on_message,
            "e": self.market_data.on_message,
        }
        self.ports.is_ghost = self._is_ghost
        self.ports.on_message = self._on_message
        self.ports.on_logout = self._on_logout

    async def start(self) -> dict[str, int]:
        """Listen; return the ports by CompID."""
        return await self.ports.start()

    def close(self) -> None:
        """Release ports and sessions; what that ends is not told any more."""
        self.ports.on_logout = lambda client: None
        self.ports.close()

    def take(self, events: Iterable[object]) -> None:
        """Tell clients what has happened; the events of one request, or of one moment, come together."""
        batch = list(events)
        executions = self._executions.number(filter(self._is_a_members, batch), self._access.now_ns())
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
        """End quotes whose time is over, and perform the faults that are due."""
        self._rfq.step(now_ns)
        is_silent = self._faults.active(FaultKind.SILENT_FIX, now_ns) is not None
        if is_silent != self._is_silent:
            self._is_silent = is_silent
            (self.ports.pause if is_silent else self.ports.resume)()
        self.ports.outbox.step(now_ns, is_silent, self._faults.delay_ns(FaultKind.DELAY_FIX, now_ns))
        if dropped := self._faults.take(FaultKind.DROP_FIX, now_ns):
            self.ports.drop(dropped.account)
        if lost := self._faults.take(FaultKind.LOSE_REPORT, now_ns):
            self.ports.lose(lost.account)
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
            self.rejects += 1
            _logger.warning("%s rejects our message %s: %s", client.name, fields.text(fix.RefSeqNum), fields.remark())
            return
        if msg_type not in MESSAGES:
            client.send(session_reject(fields, Fault(Reason.INVALID_MSG_TYPE, None, "Invalid MsgType")))
        elif msg_type not in client.kind.takes:
            client.send(business_reject(fields, UNSUPPORTED_TYPE, "unsupported message type"))
        elif (fault := find_fault(fields)) is not None:
            client.send(session_reject(fields, fault))
        else:
            self._carry_out(client, fields)

    def _carry_out(self, client: FixClient, fields: Fields) -> None:
        """Hand a sound message to its part, and perform the fault that cuts a session before it hears of its order."""
        client.is_cut = fields.msg_type == fix.Msg.NEW_ORDER_SINGLE and self._cuts(client, fields)
        self._take[fields.msg_type](client, fields)
        if client.is_cut:
            client.is_cut = False
            client.session.drop("dropped by a fault")

    def _is_a_members(self, event: object) -> bool:
        """Return whether an event is no report of the house, which nobody asks for."""
        return not isinstance(event, Report) or not self._access.place.ledger.is_house(event.account)

    def _cuts(self, client: FixClient, fields: Fields) -> bool:
        now_ns, symbol = self._access.now_ns(), fields.text(fix.Symbol)
        return self._faults.take(FaultKind.CUT_ORDER, now_ns, symbol=symbol, account=client.member) is not None

    def _is_ghost(self, key: SimKey) -> bool:
        return self._faults.active(FaultKind.GHOST_FIX, self._access.now_ns(), account=key.member) is not None

    def _quoting(self) -> list[FixClient]:
        return [client for client in self.ports.clients.values() if client.kind is RFQ and client.is_logged_on]

    def _on_logout(self, client: FixClient) -> None:
        self.market_data.forget(client)
        self._orders.on_logout(client)
