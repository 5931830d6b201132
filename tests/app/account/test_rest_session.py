"""A session without FIX is logged on while the venue answers signed requests, and comes back by itself."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

import pytest

from engine.app.account.rest_session import RestSession
from engine.errors import EngineError, SessionError
from engine.runtime.backoff import Backoff

PATIENCE_S = 20


class Asked:
    """A session whose venue fails as often as `failures` says; `told` is what it told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.told: list[str] = []
        self.session = RestSession("https://name:secret@venue.test/path?key=1", Backoff(1_000, 2_000, Random(1)))
        self.session.on_logon = lambda: self.told.append("logon")
        self.session.on_logout = lambda reason: self.told.append(f"logout {reason}".strip())
        self.session.on_notice = lambda kind, text: self.told.append(f"{kind} {text}")
        self.session.ask = self.ask

    async def ask(self) -> None:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise EngineError("HTTP 401: check the API key")

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.001)


def run(asked: Asked, body: Callable[[Asked], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(body(asked))


def test_session_is_logged_on_once_the_venue_answers_and_says_why_not_before() -> None:
    async def body(asked: Asked) -> None:
        session = asked.session
        assert (session.is_logged_on, session.phase) == (False, "logged out")
        session.logon()
        session.logon()
        assert session.phase == "connecting"
        await asked.until(lambda: session.is_logged_on)
        refusal = "logon_failed REST https://venue.test/path: HTTP 401: check the API key"
        assert asked.told == [refusal, refusal, "logon"]
        assert (session.phase, session.last_error) == ("logged on", "HTTP 401: check the API key")

    run(Asked(failures=2), body)


def test_lost_venue_is_asked_again_until_somebody_logs_out() -> None:
    async def body(asked: Asked) -> None:
        session = asked.session
        session.logon()
        await asked.until(lambda: session.is_logged_on)
        session.lost("refused")
        assert not session.is_logged_on
        await asked.until(lambda: session.is_logged_on)
        session.logout("by command")
        assert asked.told == ["logon", "logout refused", "logon", "logout by command"]
        session.lost("refused again")
        await asyncio.sleep(0.01)
        assert session.phase == "logged out" and len(asked.told) == 4

    run(Asked(), body)


def test_what_only_fix_can_do_is_refused_and_no_secret_is_in_its_name() -> None:
    session = Asked().session
    for act in (session.reset, session.test_request, lambda: session.set_next(1, 1), lambda: session.send(b"35=D")):
        with pytest.raises(SessionError, match="orders go over REST"):
            act()
    assert "secret" not in session.name + session.protection
    assert (session.next_sender_seq_num, session.next_target_seq_num) == (0, 0)
