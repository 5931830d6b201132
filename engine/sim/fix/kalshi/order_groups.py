"""Order groups: UOG asked, UOH answered; the exchange holds the groups.

Shapes  an answer carries no request id: answers come in the order of the requests.
Source  Kalshi FIX: order groups.
"""

from engine.codec import Fields
from engine.exchange import refusals
from engine.exchange.account_events import GroupChanged
from engine.exchange.events import Refusal
from engine.exchange.ledger.names import account_of, subaccount_of
from engine.exchange.listing.lifecycle import VenueEvent
from engine.session.protocol.faults import Fault, Reason
from engine.sim.fix.kalshi import requests
from engine.sim.fix.kalshi.access import FixAccess
from engine.sim.fix.kalshi.order_entry import CANCEL_TOKENS, LIMITED, NOT_AUTHORIZED, ORDER_TOKENS, RATE_LIMIT
from engine.sim.fix.kalshi.ports import FixClient
from engine.sim.fix.kalshi.wire import business_reject, encode, session_reject
from engine.venue.kalshi.fix import tags

CREATE, RESET, DELETE, TRIGGER, UPDATE_LIMIT = range(1, 6)  # OrderGroupAction(20131)
SIZE_UNITS = 100  # of a contract
UNKNOWN_ID, OTHER = 1, 0  # BusinessRejectReason(380)
_TOKENS = {CREATE: ORDER_TOKENS, DELETE: CANCEL_TOKENS}
_LIMITED = (CREATE, UPDATE_LIMIT)


class GroupGateway:
    """Answers order group requests."""

    def __init__(self, access: FixAccess) -> None:
        self._access = access

    def on_message(self, client: FixClient, fields: Fields) -> None:
        """Carry out one UOG whose fields are sound by themselves."""
        action = int(fields.text(tags.OrderGroupAction))
        if (fault := _fault(fields, action)) is not None:
            client.send(session_reject(fields, fault))
        elif client.flags.is_listener:
            client.send(business_reject(fields, NOT_AUTHORIZED, "not allowed on a listener session"))
        elif not self._access.rules.spend(client.member, _TOKENS.get(action, ORDER_TOKENS), _bucket(fields)):
            client.send(business_reject(fields, RATE_LIMIT, LIMITED))
        else:
            client.send(self._answer(client, fields, action))

    def _answer(self, client: FixClient, fields: Fields, action: int) -> bytes:
        group = fields.text(tags.OrderGroupID)
        account = account_of(client.member, requests.subaccount(fields))
        told = self._access.told(self._change(fields, action, account, group))
        if isinstance(told, Refusal):
            reason = UNKNOWN_ID if told == refusals.UNKNOWN_GROUP else OTHER
            return business_reject(fields, reason, told.text, group)
        changed = next(event for event in told if isinstance(event, GroupChanged))
        body: list[tuple[int, object]] = [
            (tags.OrderGroupID, changed.group),
            (tags.AllocAccount, subaccount_of(changed.account)),
        ]
        if action in _LIMITED:
            body.append((tags.OrderGroupContractsLimit, changed.limit // SIZE_UNITS))
        return encode("UOH", body)

    def _change(self, fields: Fields, action: int, account: str, group: str) -> list[VenueEvent] | Refusal:
        place, now_ns = self._access.place, self._access.now_ns()
        limit = int(fields.text(tags.OrderGroupContractsLimit, "0")) * SIZE_UNITS
        match action:
            case 1:  # create
                return place.create_group(account, limit, now_ns, _bucket(fields))
            case 2:  # reset
                return place.reset_group(account, group, now_ns)
            case 3:  # delete
                return place.delete_group(account, group, now_ns)
            case 4:  # trigger
                return place.trigger_group(account, group, now_ns)
        return place.limit_group(account, group, limit, now_ns)


def _fault(fields: Fields, action: int) -> Fault | None:
    """Return what an action lacks, or has too much."""
    has_group, has_limit = tags.OrderGroupID in fields, tags.OrderGroupContractsLimit in fields
    if action == CREATE and has_group:
        text = "Tag not defined for this message type"
        return Fault(Reason.TAG_NOT_DEFINED_FOR_MESSAGE, tags.OrderGroupID, text)
    if action != CREATE and not has_group:
        return Fault(Reason.REQUIRED_TAG_MISSING, tags.OrderGroupID, "Required tag missing")
    if action in _LIMITED and not has_limit:
        return Fault(Reason.REQUIRED_TAG_MISSING, tags.OrderGroupContractsLimit, "Required tag missing")
    return None


def _bucket(fields: Fields) -> int:
    """Return the shard of a group: 0 where none is named."""
    return max(requests.shard(fields), 0)
