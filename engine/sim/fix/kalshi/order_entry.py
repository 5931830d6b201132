"""KalshiNR and KalshiRT: orders of a client in, the answers out to whoever they belong to.

Errors  none: what cannot be carried out is answered by Reject(3) or BusinessMessageReject(j).
Cost    the exchange's work, and a report written once for each session that hears of it.
Source  Kalshi FIX: order entry, listener session, rate limits, BusinessMessageReject(j).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from engine import fix
from engine.codec import Fields
from engine.exchange.events import Cancel, CancelRejected, MassCancel, MassCanceled, NewOrder, Replace, Report
from engine.exchange.ledger.names import account_of, member_of
from engine.sim.fix.kalshi import pending, reports, requests
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.executions import Execution
from engine.sim.fix.kalshi.kinds import RT
from engine.sim.fix.kalshi.ports import FixClient
from engine.sim.fix.kalshi.wire import business_reject
from engine.venue.kalshi.fix import tags

FIELD_MISSING, NOT_AUTHORIZED, RATE_LIMIT = 5, 6, 8  # BusinessRejectReason(380)
ORDER_TOKENS, CANCEL_TOKENS = 10, 2
QUOTE_BUCKET = 1  # the shard whose writes everything about quotes spends
MASS_CANCEL_PAUSE_NS = 10**9
_MOST_ASKED = 10_000  # requests whose answer may still come
LIMITED = "rate limit exceeded"
_RATE_COST = {"D": ORDER_TOKENS, "G": ORDER_TOKENS, "F": CANCEL_TOKENS}


class OrderGateway:
    """Decodes orders and distributes reports; `clients_of` returns a member's clients."""

    def __init__(self, access: FixAccess, clients_of: Callable[[str], Iterable[FixClient]]) -> None:
        self.on_quote_order: Callable[[NewOrder, str], None] = lambda order, quote_id: None  # it accepts a quote
        self._access = access
        self._clients_of = clients_of
        self._asked: OrderedDict[tuple[str, str], FixClient] = OrderedDict()  # by account and ClOrdID of the request
        self._mass_canceled_ns: dict[str, int] = {}  # by session
        self._take = {"D": self._new, "F": self._cancel, "G": self._replace, "q": self._mass_cancel}

    def on_message(self, client: FixClient, fields: Fields) -> None:
        """Carry out one order message whose fields are sound."""
        if client.flags.is_listener:
            client.send(business_reject(fields, NOT_AUTHORIZED, "not allowed on a listener session"))
            return
        if (refusal := self._refusal(client, fields)) is not None:
            client.send(business_reject(fields, *refusal))
            return
        account = account_of(client.member, requests.subaccount(fields))
        self._asked[account, fields.text(fix.ClOrdID)] = client
        if len(self._asked) > _MOST_ASKED:
            self._asked.popitem(last=False)
        self._take[fields.msg_type](client, fields, account)

    def tell(self, executions: list[Execution]) -> None:
        """Report a batch: to the session that entered each order, to the one that asked, and to listeners."""
        for execution in executions:
            report = execution.report
            asker = self._asked.pop((report.account, report.cl_ord_id), None)
            for client in self._clients_of(member_of(report.account)):
                if self._concerns(client, report, asker) and reports.is_told(execution, client.flags):
                    client.send(reports.execution_report(execution, client.flags))

    def answer(self, event: CancelRejected | MassCanceled) -> None:
        """Answer whoever asked for what was refused, or for a mass cancel."""
        client = self._asked.pop((event.account, event.cl_ord_id), None)
        if client is not None:
            client.send(_answer(event))

    def on_logout(self, client: FixClient) -> None:
        """Cancel the session's orders on every shard if its Logon asked for that."""
        if client.flags.cancels_on_disconnect and client.kind.has_orders:
            for account in sorted(client.accounts):
                self._access.execute(MassCancel(account=account, cl_ord_id="", session=client.name))

    def _concerns(self, client: FixClient, report: Report, asker: FixClient | None) -> bool:
        if not client.kind.has_orders:
            return False
        if client.flags.is_listener:
            return client.is_logged_on or client.kind.recovers
        return client is asker or report.terms.session == client.name

    def _refusal(self, client: FixClient, fields: Fields) -> tuple[int, str] | None:
        """Return BusinessRejectReason(380) and Text(58) of a message that does not reach the exchange."""
        if tags.NoPartyIDs in fields:
            return NOT_AUTHORIZED, "parties are for clearing members"
        if tags.QuoteID in fields and client.kind is not RT:
            return NOT_AUTHORIZED, "quotes are accepted on KalshiRT"
        bound = client.key.subaccount
        if bound is not None and requests.subaccount(fields) != bound:
            return NOT_AUTHORIZED, f"the API key is bound to subaccount {bound}"
        if fields.text(fix.TimeInForce) == fix.Tif.GTD and fix.ExpireTime not in fields:
            return FIELD_MISSING, "ExpireTime(126) is required with TimeInForce(59)=6"
        return None if self._is_in_rate(client, fields) else (RATE_LIMIT, LIMITED)

    def _is_in_rate(self, client: FixClient, fields: Fields) -> bool:
        if fields.msg_type == fix.Msg.ORDER_MASS_CANCEL_REQUEST:
            now_ns = self._access.now_ns()
            if now_ns - self._mass_canceled_ns.get(client.name, -MASS_CANCEL_PAUSE_NS) < MASS_CANCEL_PAUSE_NS:
                return False
            self._mass_canceled_ns[client.name] = now_ns
            return True
        shard = QUOTE_BUCKET if tags.QuoteID in fields else max(requests.shard(fields), 0)
        return self._access.rules.spend(client.member, _RATE_COST[fields.msg_type], shard)

    def _new(self, client: FixClient, fields: Fields, account: str) -> None:
        client.accounts.add(account)
        request = requests.new_order(fields, account, client.name, client.flags.uses_dollars)
        if not client.flags.skips_pending:
            self._report(client, pending.of_new(request, self._access.now_ns()))
        if tags.QuoteID in fields:
            self.on_quote_order(request, fields.text(tags.QuoteID))
        else:
            self._access.execute(request)

    def _cancel(self, client: FixClient, fields: Fields, account: str) -> None:
        self._change(client, requests.cancel(fields, account))

    def _replace(self, client: FixClient, fields: Fields, account: str) -> None:
        order = self._access.find(account, fields.text(fix.OrigClOrdID), fields.text(fix.OrderID))
        old_price = order.price if order is not None else requests.WRONG
        self._change(client, requests.replace(fields, account, client.flags.uses_dollars, old_price))

    def _change(self, client: FixClient, request: Cancel | Replace) -> None:
        order = self._access.find(request.account, request.orig_cl_ord_id, request.order_id)
        if order is not None and order.is_live and not client.flags.skips_pending:
            self._report(client, pending.of_change(request, order, self._access.now_ns()))
        self._access.execute(request)

    def _mass_cancel(self, client: FixClient, fields: Fields, account: str) -> None:
        self._access.execute(requests.mass_cancel(fields, account, client.name))
        for other in sorted(client.accounts - {account}):  # one report answers for all of them
            self._access.execute(MassCancel(account=other, cl_ord_id="", session=client.name))

    def _report(self, client: FixClient, execution: Execution) -> None:
        client.send(reports.execution_report(execution, client.flags))


def _answer(event: CancelRejected | MassCanceled) -> bytes:
    return reports.mass_cancel_report(event) if isinstance(event, MassCanceled) else reports.cancel_reject(event)
