"""Where a key's owner says to be: once that has lapsed, some markets take no orders of the key.

Errors  RestRefused 403.
Source  Kalshi REST: authentication, location attestation. The code of the refusal is not known; this one is ours.
"""

from typing import Any

from engine.sim.rest.operations import Asked
from engine.sim.rest.refusals import forbidden

BOUND_CATEGORIES = frozenset(("Sports", "Elections", "Entertainment"))


def judge_location(asked: Asked[Any, Any], ticker: str) -> None:
    """Refuse an order in a market that asks where its owner is, if the key's attestation has lapsed."""
    key, market = asked.key, asked.venue.listing.markets.get(ticker)
    if key is None or market is None or not 0 < key.region_expires_ns <= asked.now_ns:
        return
    if asked.venue.listing.series[market.series].category in BOUND_CATEGORIES:
        details = "the location of this API key is to be attested again before it trades here"
        raise forbidden(details, "location_attestation_expired")
