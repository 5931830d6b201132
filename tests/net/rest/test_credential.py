"""Credentials that expire, against a venue of tokens: renewed in time, once for all, and told where that fails."""

import asyncio
import json

import pytest
from aiohttp import web

from engine.net.rest import credential
from engine.net.rest.credential import Ask
from engine.net.rest.errors import RestError
from engine.venue.rest import Call, RestRequest
from tests.support.rest_venue import NS, WALL_NS, RestVenue, Visitor, get, post, read_json, reply, visiting
from tests.support.ws_venue import run

LIFE_NS = 1_800 * NS
MARGIN_NS = 300 * NS


class TokenCredential:
    """Logs in by a POST, and sends the token that it got until 5 minutes before its end."""

    def __init__(self, expires_at_ns: int = 0) -> None:
        self.token = "old"
        self.expires_at_ns = expires_at_ns

    @property
    def refresh_at_ns(self) -> int:
        return self.expires_at_ns - MARGIN_NS

    def sign(self, request: RestRequest, now_ns: int) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def renew(self, ask: Ask) -> None:
        body = b'{"user":"u","password":"hush"}'
        request = RestRequest(operation="log_in", method="POST", path="/login", body=body, is_write=True)
        answer = await ask(Call(request, read_json))
        self.token, self.expires_at_ns = answer["token"], answer["expires_ns"]


class TokenVenue(RestVenue):
    """Gives tokens that count up, refuses every other one, and no token at all while `is_down`."""

    def __init__(self, expires_ns: int = WALL_NS + LIFE_NS) -> None:
        super().__init__()
        self.logins = 0
        self.is_down = False
        self.accepts = "old"
        self.expires_ns = expires_ns

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/login":
            assert json.loads(await request.read()) == {"user": "u", "password": "hush"}
            assert "authorization" not in {name.lower() for name in request.headers}
            await self.is_open.wait()
            if self.is_down:
                return reply({"code": "down", "message": "no logins"}, 503)
            self.logins += 1
            self.accepts = f"t{self.logins}"
            return reply({"token": self.accepts, "expires_ns": self.expires_ns})
        if request.headers.get("Authorization") != f"Bearer {self.accepts}":
            return reply({"code": "expired", "message": "log in"}, 401)
        return await super()._answer(request)


async def until(visitor: Visitor, renewals: int) -> None:
    """Wait for so many renewals, failures among them."""
    counts = visitor.client.counts
    while counts.renewals + counts.renewal_failures < renewals:
        await asyncio.sleep(0.001)


def test_requests_wait_for_the_first_token_and_one_login_serves_all() -> None:
    async def body() -> None:
        async with visiting(TokenVenue(), credential=TokenCredential()) as (venue, visitor):
            assert isinstance(venue, TokenVenue)
            calls = [get(f"/{number}") for number in range(5)] + [post()]
            assert await asyncio.gather(*(visitor.client.call(call) for call in calls)) == [{}] * 6
            assert (venue.logins, visitor.client.counts.renewals) == (1, 1)
            assert {seen.headers["authorization"] for seen in venue.seen} == {"Bearer t1"}

    run(body(), 30)


def test_old_token_is_used_while_it_is_valid_and_the_next_comes() -> None:
    async def body() -> None:
        held = TokenCredential(WALL_NS + MARGIN_NS + 1)
        async with visiting(TokenVenue(), credential=held) as (venue, visitor):
            assert isinstance(venue, TokenVenue)
            venue.is_open.clear()
            visitor.clock.ns += 1
            task = asyncio.get_running_loop().create_task(visitor.client.call(post()))
            await venue.came(1)  # though the login has no answer yet
            assert venue.seen[0].headers["authorization"] == "Bearer old"
            venue.is_open.set()
            assert await task == {}
            await until(visitor, 1)
            await visitor.client.call(post())
            assert venue.seen[1].headers["authorization"] == "Bearer t1"
            assert venue.logins == 1

    run(body(), 30)


def test_token_is_renewed_though_nobody_asks_for_anything() -> None:
    async def body() -> None:
        async with visiting(TokenVenue(), credential=TokenCredential(WALL_NS + MARGIN_NS)) as (venue, visitor):
            assert isinstance(venue, TokenVenue)
            await until(visitor, 1)
            assert (venue.logins, venue.seen) == (1, [])

    run(body(), 30)


def test_failure_is_told_and_the_old_token_goes_on_until_its_end() -> None:
    async def body() -> None:
        async with visiting(TokenVenue(), credential=TokenCredential(WALL_NS + MARGIN_NS)) as (venue, visitor):
            assert isinstance(venue, TokenVenue)
            venue.is_down = True
            await until(visitor, 1)
            assert await visitor.client.call(post()) == {}
            assert len(visitor.told) == 1 and visitor.client.counts.renewal_failures == 1
            assert visitor.told[0].startswith("the credential could not be renewed, next attempt in ")
            assert "log_in: HTTP 503 down no logins" in visitor.told[0]
            visitor.clock.ns += MARGIN_NS
            venue.is_down = False
            assert await visitor.client.call(post()) == {}  # its time to try again has come too
            assert venue.logins == 1

    run(body(), 30)


def test_expired_token_that_cannot_be_renewed_stops_requests_before_they_leave() -> None:
    async def body() -> None:
        async with visiting(TokenVenue(), credential=TokenCredential()) as (venue, visitor):
            assert isinstance(venue, TokenVenue)
            venue.is_down = True
            for _ in range(2):  # the second does not even try: the failure is too fresh
                with pytest.raises(RestError, match="not sent: the credential has expired .*no logins") as caught:
                    await visitor.client.call(post())
                assert (caught.value.code, caught.value.is_outcome_unknown) == ("credential", False)
            assert venue.seen == [] and visitor.client.counts.renewal_failures == 1

    run(body(), 30)


def test_renewal_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(TokenCredential):
        async def renew(self, ask: Ask) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(credential, "LONGEST_S", 0.05)

    async def body() -> None:
        async with visiting(TokenVenue(), credential=Hanging()) as (venue, visitor):
            with pytest.raises(RestError, match="could not be renewed: no end in 0.05 s"):
                await visitor.client.call(post())
            assert venue.seen == []

    run(body(), 30)


def test_token_that_has_expired_when_it_comes_is_a_failure() -> None:
    async def body() -> None:
        async with visiting(TokenVenue(expires_ns=WALL_NS), credential=TokenCredential()) as (venue, visitor):
            with pytest.raises(RestError, match="check this host's clock"):
                await visitor.client.call(post())

    run(body(), 30)


def test_token_that_the_venue_took_back_is_renewed_for_a_read_and_for_the_next_write() -> None:
    async def body() -> None:
        held = TokenCredential(WALL_NS + LIFE_NS)
        async with visiting(TokenVenue(), credential=held) as (venue, visitor):
            assert isinstance(venue, TokenVenue)
            venue.accepts = "another"
            assert await visitor.client.call(get()) == {}
            assert venue.logins == 1
            visitor.clock.ns += 10 * NS
            venue.accepts = "another"
            with pytest.raises(RestError, match="401") as caught:
                await visitor.client.call(post())
            assert not caught.value.is_outcome_unknown
            assert await visitor.client.call(post()) == {}
            assert venue.logins == 2

    run(body(), 30)


def test_new_token_that_is_refused_is_not_renewed_for_ever() -> None:
    async def body() -> None:
        async with visiting(TokenVenue(), credential=TokenCredential()) as (venue, visitor):
            assert isinstance(venue, TokenVenue)
            await visitor.client.call(get())
            venue.accepts = "another"
            for _ in range(3):
                with pytest.raises(RestError, match="401"):
                    await visitor.client.call(get())
            assert venue.logins == 1

    run(body(), 30)


def test_login_is_recorded_without_its_body() -> None:
    async def body() -> None:
        async with visiting(TokenVenue(), credential=TokenCredential()) as (venue, visitor):
            await visitor.client.call(post())
            assert [record["operation"] for record in visitor.audited] == ["log_in", "create_order"]
            assert "hush" not in str(visitor.audited) and "t1" not in str(visitor.audited)

    run(body(), 30)
