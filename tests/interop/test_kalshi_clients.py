"""Kalshi's clients, unmodified but for host, authority and key, against the simulated venue's REST server.

Each runs in an environment and a process of its own. What its models make of the answers is compared with the venue.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import fix
from engine.exchange.ledger.history import Cutoffs
from engine.sim.rest.settings import RestServerSettings
from tests.interop.clients import scenario
from tests.interop.clients.proof import Run, prove_final
from tests.interop.clients.scenario_before import ASKS_FOR_CENTS, BEFORE_REFUSED, sdk_of_before
from tests.interop.clients.scenario_pykalshi import PYKALSHI_REFUSED, pykalshi
from tests.interop.clients.scenario_pykalshi_client import OLD_FORM, REFUSED, pykalshi_client
from tests.support.pages import page, rows, section
from tests.support.sim.kalshi_rest import COIN, GAME, RAIN, SNOW, KalshiSite
from tests.support.sim.rest_site import SignedClient

DEAD = {operation for name, operation, _ in OLD_FORM if name in REFUSED}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[KalshiSite]:
    """A venue with a past: a market that was paid and put aside, orders and fills in the archive, bob's orders."""
    with KalshiSite(tmp_path, RestServerSettings(confirm_ms=3_600_000), tls=True) as site:
        site.order("bob", fix.SELL, 1_000, 4_200, SNOW)
        site.order("ann", fix.BUY, 1_000, 4_200, SNOW)
        site.life("determine", SNOW, "yes", 0)
        site.life("settle", SNOW)
        site.advance()
        site.order("bob", fix.SELL, 500, 3_000, GAME)
        site.order("ann", fix.BUY, 500, 3_000, GAME)
        site.site.do(lambda: site.place.ledger.archive(_everything_until(site.now_ns())))
        site.order("bob", fix.SELL, 1_000, 4_300)
        site.order("bob", fix.BUY, 3_100, 4_000)
        site.order("bob", fix.BUY, 700, 6_100, COIN)
        site.order("ann", fix.BUY, 100, 1_000, GAME)
        ann, bob = site.client(), site.client("bob")
        for market in (RAIN, COIN):
            accept(bob, quoted(bob, ann, market))
            quoted(ann, bob, market)
        ask(bob, GAME)
        yield site


def ask(creator: SignedClient, market: str) -> str:
    """Ask for quotes; return the request."""
    fields = {"market_ticker": market, "contracts_fp": "3.00", "rest_remainder": False}
    rfq_id: str = creator.send("POST", "/communications/rfqs", fields).json["id"]
    return rfq_id


def quoted(creator: SignedClient, maker: SignedClient, market: str) -> str:
    """Ask for quotes and give one; return it."""
    fields = {"rfq_id": ask(creator, market), "yes_bid": "0.4000", "no_bid": "0.5500", "rest_remainder": False}
    quote_id: str = maker.send("POST", "/communications/quotes", fields).json["id"]
    return quote_id


def accept(creator: SignedClient, quote_id: str) -> None:
    creator.send("PUT", f"/communications/quotes/{quote_id}/accept", {"accepted_side": "yes"})


def _everything_until(now_ns: int) -> Cutoffs:
    return Cutoffs(orders_ns=now_ns, trades_ns=now_ns, positions_ns=now_ns)


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_the_venues_own_client_takes_every_answer(site: KalshiSite, kind: str) -> None:
    site.tokens.set_tier("ann", "basic")
    run = Run(site, "kalshi-python-sync", "sdk", scenario.sdk(), kind)
    assert run.failures() == {}
    assert run.refused() == scenario.SDK_REFUSED
    prove_final(site, run)
    prove_covered("kalshi-python-sync", run.operations, run.covered())


def test_pykalshi_takes_every_answer(site: KalshiSite) -> None:
    run = Run(site, "pykalshi", "pykalshi2", pykalshi(), "rsa")
    assert run.failures() == {}
    assert run.refused() == PYKALSHI_REFUSED
    prove_final(site, run)
    prove_covered("pykalshi", run.operations, {method_of(operation) for operation in run.covered()})


def test_pykalshi_client_takes_every_answer(site: KalshiSite) -> None:
    run = Run(site, "pykalshi-client", "pykalshi1", pykalshi_client(), "rsa")
    assert run.failures() == {}
    assert run.refused() == REFUSED
    prove_final(site, run)
    prove_covered("pykalshi-client", run.operations, run.covered() | DEAD)


def test_older_client_takes_what_the_venue_still_says(site: KalshiSite) -> None:
    run = Run(site, "kalshi-python-sync-3.2", "sdk", sdk_of_before(), "rsa")
    assert set(run.failures()) == ASKS_FOR_CENTS  # fields that the venue has taken away
    assert {name: status for name, (status, _) in run.refused().items() if status} == BEFORE_REFUSED
    prove_covered("kalshi-python-sync-3.2", run.operations, run.covered() | DEAD)


def test_page_counts_what_is_asked() -> None:
    before = sdk_of_before()
    asked = {
        "kalshi-python-sync": answered(scenario.sdk(), set(scenario.SDK_REFUSED)),
        "pykalshi": answered(pykalshi(), set(PYKALSHI_REFUSED)),
        "pykalshi-client": answered(pykalshi_client(), set(REFUSED)) | DEAD,
        "kalshi-python-sync-3.2": answered(before, ASKS_FOR_CENTS | set(BEFORE_REFUSED)) | DEAD,
    }
    assert {client: covered for client, (_, covered) in table().items()} == {
        client: len(operations) for client, operations in asked.items()
    }


def answered(calls: list[scenario.Call], refused: set[str]) -> set[str]:
    return {operation for name, operation, _ in calls if name not in refused}


def table() -> dict[str, tuple[int, int]]:
    """Return how many operations each client has and how many of them are covered, as the page says."""
    found = rows(section(page("kalshi-clients.md"), "## Operations"), "client", "has", "covered")
    return {client: (int(has), int(covered)) for client, has, covered, *_ in found}


def method_of(operation: str) -> str:
    """Return "Class.method" of a call to pykalshi."""
    holder, _, method = operation.replace(":", ".").rpartition(".")
    kinds = {"": "KalshiClient", "api_keys": "APIKeys"}
    return f"{kinds.get(holder, holder.capitalize())}.{method}"


def prove_covered(client: str, has: list[str], covered: set[str]) -> None:
    """Compare what was covered with the page that says so."""
    assert covered <= set(has)
    left = sorted(set(has) - covered)
    print(f"{client}: {len(covered)} of {len(has)} operations; not: {', '.join(left)}")
    assert table()[client] == (len(has), len(covered))
