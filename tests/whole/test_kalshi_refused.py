"""What the simulated Kalshi refuses for a reason of ours: a clock, a signature, a rate, a second session, a location.

Each is told in words that say what to mend, loses nothing, and ends with both records equal.
"""

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine import fix
from engine.app import loading
from engine.app.demo.kalshi import compare
from engine.net.settings import authorities
from engine.runtime._clock import Clock
from engine.runtime.notices import NoticeKind
from engine.session import LogonDialect
from engine.sim.rest.faults import RestFault, RestFaultKind
from engine.venue.kalshi.fix.consequences import RATE_LIMITED
from engine.venue.kalshi.rest.operations import entry
from tests.support.kalshi_pair import Pair, trade

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own

NS = 1_000_000_000
NOBODYS = entry.KalshiNewOrder(
    ticker="KXNOBODYS-1",
    side="bid",
    count="1.00",
    price="0.0100",
    time_in_force=entry.IOC,
    self_trade_prevention_type=entry.MAKER,
)


async def settle(pair: Pair) -> None:
    await pair.trading()
    await pair.compared()


async def refused(pair: Pair, words: str) -> None:
    """Wait until a Logon is refused with these words, which an operator sees, and nothing is traded."""
    await pair.until(lambda: words in pair.engine.session.last_error, f"refused: {words}")
    assert not pair.engine.trading.is_trading
    await pair.until(
        lambda: "session is not logged on" in pair.engine.supervisor.reason, "told why"
    )  # by its next tick


async def clock_off(pair: Pair) -> None:
    """Our clock runs a minute ahead when the session is lost."""
    await pair.trading()
    session: Any = pair.engine.session
    session.wall = Clock(lambda: time.time_ns() + 60 * NS)
    await pair.lose_session("drop_fix")
    await refused(pair, "SendingTime accuracy problem")
    session.wall = Clock(time.time_ns)
    await settle(pair)


class BadPadding:
    """Signs as a Logon should be, and leaves out how base64 ends."""

    def __init__(self, sound: LogonDialect) -> None:
        self.sound = sound

    def logon_fields(self, header: dict[int, str]) -> list[tuple[int, str]]:
        fields = dict(self.sound.logon_fields(header))
        cut = fields[fix.RawData].rstrip("=")
        assert cut != fields[fix.RawData]
        return list((fields | {fix.RawData: cut, fix.RawDataLength: str(len(cut))}).items())


async def padding_wrong(pair: Pair) -> None:
    """The signature of the Logon lacks its padding."""
    await pair.trading()
    key = pair.engine._keys.logon
    assert key is not None
    sound, key.current = key.current, BadPadding(key.current)
    await pair.lose_session("drop_fix")
    await refused(pair, "Signature verification failed")
    key.current = sound
    await settle(pair)


async def connected_twice(pair: Pair) -> None:
    """Somebody else is logged on with our key when the session is lost."""
    await pair.trading()
    pair.venue.ask("ghost_fix", duration_ms=0)
    await pair.lose_session("drop_fix")
    await refused(pair, "already exists")
    pair.venue.ask("clear", kind="ghost_fix")
    await settle(pair)


async def spend(pair: Pair) -> None:
    """Ask for orders in no market with the key of the engine, as another program that heeds no limit."""
    section = pair.engine.config.rest
    assert section is not None
    dialect, request = loading.rest_dialect(section), entry.create(NOBODYS).request
    connector = aiohttp.TCPConnector(ssl=authorities("rest.ca", section.ca) or True)
    async with aiohttp.ClientSession(connector=connector) as client:

        async def ask() -> None:
            """Ask once."""
            url = section.url.removesuffix("/trade-api/v2").rstrip("/") + request.path
            headers = {"Content-Type": "application/json", **dialect.sign(request, time.time_ns())}
            async with client.request(request.method, url, data=request.body, headers=headers) as answer:
                await answer.read()

        while True:
            await asyncio.gather(*[ask() for _ in range(32)])


async def rate_breached(pair: Pair) -> None:
    """Somebody else spends the account's tokens: our orders are refused for their rate, and wait."""
    await pair.trading()
    notices = pair.engine.trading.notices
    spending = asyncio.get_running_loop().create_task(spend(pair))
    try:
        await pair.until(lambda: any(RATE_LIMITED in notice.text for notice in notices.all()), "refused and told")
    finally:
        spending.cancel()
        await asyncio.gather(spending, return_exceptions=True)
    await settle(pair)


async def told_to_wait(pair: Pair) -> None:
    """REST refuses a read for its rate and says for how long, then is unavailable: both are waited for."""
    account = pair.engine.account
    assert account is not None
    await pair.trading()
    limited = account.client.counts.limited
    pair.venue.ask("rest_fault", kind="limited", operation="get_positions", retry_after=2)
    pair.venue.ask("rest_fault", kind="unavailable", operation="get_fills", count=2)
    began = time.monotonic()
    await pair.lose_session("drop_fix")
    await settle(pair)
    assert account.client.counts.limited > limited and time.monotonic() - began >= 2.0
    assert account.client.counts.errors["too_many_requests"] >= 1


FAULTS = [clock_off, padding_wrong, connected_twice, rate_breached, told_to_wait]


@pytest.mark.parametrize("fault", FAULTS)
def test_refusal_is_told_and_ends_with_both_records_equal(tmp_path: Path, fault: Any) -> None:
    result, engine = trade(tmp_path, fault, tier="premier")  # the lowest that may use FIX
    assert compare(result) == []
    assert not [notice for notice in engine.trading.notices.all() if notice.kind == NoticeKind.ORDER_IN_DOUBT]


async def location_expired(pair: Pair) -> None:
    """The venue takes no orders of our key over REST, since its location is to be attested anew."""
    told = pair.engine.trading.notices
    await pair.until(lambda: pair.engine.counters.rejects >= 2, "refused")
    await pair.trading()
    assert any("location_attestation_expired" in notice.text for notice in told.all()), told.all()


def test_expired_location_is_told_with_each_refused_order(tmp_path: Path) -> None:
    fault = RestFault(kind=RestFaultKind.LOCATION, operation="create_order_v2", count=2)
    result, _ = trade(tmp_path, location_expired, over_rest=True, faults=(fault,))
    assert compare(result) == []
