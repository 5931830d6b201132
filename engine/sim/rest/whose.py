"""Which accounts a request is about: a member's subaccounts, as far as its key may.

Errors  RestRefused 403 for a subaccount that the key is not for, 400 for one that does not exist.
"""

from typing import Any

from engine.exchange.ledger.names import MOST_SUBACCOUNTS, PRIMARY, account_of, member_of
from engine.sim.keys import SimKey
from engine.sim.rest.operations import Asked
from engine.sim.rest.refusals import bad_request, forbidden


def one_account(asked: Asked[Any, Any], subaccount: int | None) -> str:
    """Return the account that is named, the key's own or the first where none is."""
    key = _key(asked)
    if subaccount is None:
        subaccount = PRIMARY if key.subaccount is None else key.subaccount
    return account_of(key.member, _allowed(key, subaccount))


def accounts(asked: Asked[Any, Any], subaccount: int | None) -> list[str]:
    """Return the account that is named, or where none is all that the key may see."""
    key = _key(asked)
    if subaccount is not None:
        return [account_of(key.member, _allowed(key, subaccount))]
    if key.subaccount is not None:
        return [account_of(key.member, key.subaccount)]
    return every_account(asked)


def every_account(asked: Asked[Any, Any]) -> list[str]:
    """Return all accounts of the member, the first one first."""
    opened = [account for account in asked.venue.ledger.holdings if member_of(account) == asked.member]
    return sorted({asked.member, *opened}, key=lambda account: (len(account), account))


def _key(asked: Asked[Any, Any]) -> SimKey:
    assert asked.key is not None, "an operation about accounts is never public"
    return asked.key


def _allowed(key: SimKey, subaccount: int) -> int:
    if not 0 <= subaccount < MOST_SUBACCOUNTS:
        raise bad_request(f"subaccount is 0 to {MOST_SUBACCOUNTS - 1}: {subaccount}")
    if key.subaccount not in (None, subaccount):
        raise forbidden(f"API key is locked to subaccount {key.subaccount}", "subaccount_restricted")
    return subaccount
