"""A member's API keys: listed, registered, made and deleted while every server goes on.

Errors  RestRefused 400 for a key or scope that cannot be, 404 for one that is not the member's, 409 for one that is.
Source  Kalshi REST: authentication, scopes; Kalshi REST operations: API keys.
"""

import uuid
from typing import Any, Literal

import msgspec

from engine.runtime.private_keys import KeyFileError
from engine.sim.keys import PublicKey, SimKey, make_pem_pair, parse_public_key
from engine.sim.rest.numbers import seconds
from engine.sim.rest.operations import READ, WRITE, Asked, Operation, Query
from engine.sim.rest.refusals import bad_request, conflict, not_found

Answer = dict[str, Any]
Scope = Literal[
    "read", "write", "read::block_trade_accept", "read::portfolio_balance",
    "write::trade", "write::transfer", "write::fcm_risk", "write::block_trade_accept",
]  # fmt: skip


class NewKey(msgspec.Struct, kw_only=True):
    """A key to be made."""

    name: str
    key_type: Literal["rsa", "ed25519"] = "rsa"
    scopes: list[Scope] | None = None
    subaccount: int | None = None


class KnownKey(msgspec.Struct, kw_only=True):
    """A key whose private half its owner has."""

    name: str
    public_key: str
    scopes: list[Scope] | None = None
    subaccount: int | None = None


class KeysQuery(Query, frozen=True, kw_only=True):
    """Whose keys."""

    fcm_subtrader_id: str = ""


def get_keys(asked: Asked[KeysQuery, None]) -> Answer:
    """Return the member's keys."""
    keys = [_shown(key) for key in asked.venue.keys.of(asked.member)]
    region = asked.key.region_expires_ns if asked.key else 0
    return {"api_keys": keys, **({"api_key_region_expiration_ts": seconds(region)} if region else {})}


def register_key(asked: Asked[Query, KnownKey]) -> Answer:
    """Take the public half of a key."""
    try:
        public_key = parse_public_key(asked.body.public_key)
    except KeyFileError as error:
        raise bad_request(str(error), "invalid_public_key") from None
    if any(key.public_key == public_key for key in asked.venue.keys):
        raise conflict("api_key_already_exists", "this public key is registered already")
    return {"api_key_id": _add(asked, asked.body, public_key)}


def make_key(asked: Asked[Query, NewKey]) -> Answer:
    """Make a key; its private half is in the answer and nowhere else."""
    private_pem, public_pem = make_pem_pair(asked.body.key_type)
    key_id = _add(asked, asked.body, parse_public_key(public_pem))
    return {"api_key_id": key_id, "private_key": private_pem, "key_type": asked.body.key_type}


def delete_key(asked: Asked[Query, None]) -> None:
    """Forget a key: whatever it signs from now on is refused."""
    key = asked.venue.keys.get(asked.path["api_key"])
    if key is None or key.member != asked.member:
        raise not_found("API key")
    asked.venue.keys.remove(key.key_id)


def _add(asked: Asked[Query, Any], body: NewKey | KnownKey, public_key: PublicKey) -> str:
    scopes = frozenset(body.scopes) if body.scopes is not None else frozenset((READ, WRITE))
    if READ not in scopes:
        raise bad_request("scopes must hold read", "invalid_scopes")
    key = SimKey(str(uuid.uuid4()), asked.member, public_key, body.name, scopes, body.subaccount)
    asked.venue.keys.add(key)
    return key.key_id


def _shown(key: SimKey) -> Answer:
    answer: Answer = {"api_key_id": key.key_id, "name": key.name, "scopes": sorted(key.scopes)}
    return answer if key.subaccount is None else {**answer, "subaccount": key.subaccount}


OPERATIONS = (
    Operation(name="get_api_keys", method="GET", path="/api_keys", run=get_keys, query=KeysQuery),
    Operation(name="create_api_key", method="POST", path="/api_keys", run=register_key, body=KnownKey, status=201,
              scope=WRITE),
    Operation(name="generate_api_key", method="POST", path="/api_keys/generate", run=make_key, body=NewKey, status=201,
              scope=WRITE),
    Operation(name="delete_api_key", method="DELETE", path="/api_keys/{api_key}", run=delete_key, status=204,
              scope=WRITE),
)  # fmt: skip
