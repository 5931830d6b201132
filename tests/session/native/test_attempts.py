"""Attempts to log on that fail after TCP has connected: told in the peer's words, paced, led to the next address."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from engine.runtime.notices import NoticeKind
from engine.session import attempts
from engine.session.native.initiator import NativeSession
from tests.support.session.sockets import Witness, initiator_settings
from tests.support.session.unwilling import CLOSE, RESET, SILENT, THEN, THEN_CLOSE, Unwilling, unwilling

Noticed = list[tuple[NoticeKind, str]]


def run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main, 40))


def session(folder: Path, venues: list[Unwilling], **changes: object) -> tuple[Witness, Noticed]:
    """Return a session that knows these venues' addresses, and what it gives notice of."""
    ports = {f"SocketConnectPort{i or ''}": venue.port for i, venue in enumerate(venues)}
    hosts = {f"SocketConnectHost{i or ''}": "127.0.0.1" for i, _ in enumerate(venues)}
    settings = initiator_settings(folder, 0, **{**hosts, **ports, "LogonTimeout": 1, "ReconnectInterval": 0, **changes})
    us = Witness(NativeSession(settings, asyncio.get_running_loop()))
    told: Noticed = []
    us.session.on_notice = lambda kind, text: told.append((kind, text))
    us.session.logon()
    return us, told


@pytest.mark.parametrize("policy", ["ROUNDROBIN", "PRIORITY"])
@pytest.mark.parametrize("answer", [CLOSE, RESET, SILENT, "35=5|58=not here|", "35=3|45=1|58=no|", "35=j|45=1|380=0|"])
def test_s3_an_address_whose_logon_is_not_answered_leads_to_the_next(tmp_path: Path, answer: str, policy: str) -> None:
    async def main() -> None:
        async with unwilling(answer, Unwilling.LOGON, wall_ns=time.time_ns) as venues:
            us, _ = session(tmp_path, venues, HostSelectionPolicy=policy)
            await us.logged_on()
            assert [len(venue.logons) for venue in venues] == [1, 1]
            us.session.close()

    run(main())


def test_s3_the_address_that_answered_is_dialled_again_after_a_loss(tmp_path: Path) -> None:
    async def main() -> None:
        async with unwilling(CLOSE, Unwilling.LOGON, wall_ns=time.time_ns) as venues:
            us, _ = session(tmp_path, venues)
            await us.logged_on()
            venues[1].close()
            await us.until(lambda: us.count("logout") == 1)
            await venues[1].listen()
            await us.until(lambda: us.count("logon") == 2)
            assert len(venues[1].logons) == 2
            us.session.close()

    run(main())


def test_s3_dials_that_reach_nobody_use_up_no_number(tmp_path: Path) -> None:
    async def main() -> None:
        async with unwilling(Unwilling.LOGON, wall_ns=time.time_ns) as venues:
            nowhere = Unwilling("", time.time_ns)
            nowhere.port = 1
            us, told = session(tmp_path, [nowhere, nowhere, nowhere, *venues])
            await us.logged_on()
            assert venues[0].numbers == [1]
            assert [kind for kind, _ in told] == [NoticeKind.LOGON_FAILED] * 3
            us.session.close()

    run(main())


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("35=3|45=1|373=5|58=bad day|", "Reject(3) by the peer: bad day (SessionRejectReason 5)"),
        ("35=5|58=bad day|", "Logout by the peer: bad day"),
        ("35=j|45=1|380=0|58=bad day|", "BusinessMessageReject(j) by the peer: bad day (BusinessRejectReason 0)"),
        ("35=BF|923=1|926=2|927=bad day|", "UserResponse(BF) by the peer: bad day (UserStatus 2)"),
        ("35=B|58=bad day|", "a message of MsgType(35) B by the peer: bad day"),
        (CLOSE, "closed before the Logon was answered"),
        (RESET, "Connection reset by peer before the Logon was answered"),
        (SILENT, "no Logon in time"),
    ],
)
def test_s7_what_came_in_place_of_a_logon_is_told_in_the_peers_words(tmp_path: Path, answer: str, text: str) -> None:
    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns) as venues:
            us, told = session(tmp_path, venues)
            await us.until(lambda: NoticeKind.LOGON_FAILED in [kind for kind, _ in told])
            (said,) = [said for kind, said in told if kind is NoticeKind.LOGON_FAILED][:1]
            assert text in said and f"127.0.0.1 port {venues[0].port}" in said
            assert text in us.session.last_error
            us.session.close()

    run(main())


@pytest.mark.parametrize(
    "answer",
    [
        "35=3|45=1|58=password expired|",
        "35=5|58=Invalid username or password|",
        "35=j|45=1|58=user disabled|",
        "35=j|45=1|380=6|",
        "35=3|45=1|373=8|58=no|",
        "35=5|58=API key is not active|",
        "35=BF|923=1|926=4|",
    ],
)
def test_s7_refused_credentials_are_tried_again_slowly_and_then_given_up(
    tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "CREDENTIALS_NS", 200_000_000)

    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns) as venues:
            us, _ = session(tmp_path, venues)
            await us.until(lambda: us.count("fault") == 1)
            await asyncio.sleep(0.5)
            first, second, third = venues[0].times
            assert second - first > 0.15 and third - second > 0.3
            assert us.count("fault") == 1 and us.events[0].endswith("refused 3 times: see to the credentials")
            us.session.logon()  # the operator has seen to them
            venues[0].answer = Unwilling.LOGON
            await us.logged_on()
            us.session.close()

    run(main())


def test_s7_a_refusal_by_code_that_locks_the_account_is_not_tried_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with unwilling("35=5|1409=6|58=no|", wall_ns=time.time_ns) as venues:
            us, _ = session(tmp_path, venues)
            await us.until(lambda: us.count("fault") == 1)
            await asyncio.sleep(0.2)
            assert len(venues[0].logons) == 1 and "see to the credentials" in us.events[0]
            us.session.close()

    run(main())


@pytest.mark.parametrize("text", ["MsgSeqNum too low, expecting 9 but received 1", "expected SeqNum 9, received 1"])
def test_o10_a_lost_store_is_given_up_after_one_number(tmp_path: Path, text: str) -> None:
    async def main() -> None:
        async with unwilling(f"35=5|58={text}|", wall_ns=time.time_ns) as venues:
            us, _ = session(tmp_path, venues)
            await us.until(lambda: us.count("fault") == 1)
            await asyncio.sleep(0.2)
            assert venues[0].numbers == [1] and "our store lost numbers" in us.session.last_error
            us.session.close()

    run(main())


@pytest.mark.parametrize("answer", [CLOSE, RESET, "35=5|58=come back later|"])
def test_o10_a_storm_of_unanswered_logons_slows_down_and_is_told(tmp_path: Path, answer: str) -> None:
    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns) as venues:
            us, told = session(tmp_path, venues)
            await us.until(lambda: NoticeKind.LOGON_STORM in [kind for kind, _ in told])
            await asyncio.sleep(1)
            assert len(venues[0].logons) == attempts.AT_ONCE + 1
            us.session.logon()  # an operator hurries
            venues[0].answer = Unwilling.LOGON
            await us.logged_on()
            us.session.close()

    run(main())


FLAPS = [
    Unwilling.LOGON + THEN_CLOSE,
    Unwilling.LOGON + THEN + "35=5|58=not now|",
    Unwilling.LOGON + THEN + "35=0|" + THEN_CLOSE,
    Unwilling.LOGON + THEN + "35=A|98=0|" + THEN_CLOSE,
]


@pytest.mark.parametrize("answer", FLAPS)
def test_o10_sessions_that_do_not_hold_are_a_storm_too(tmp_path: Path, answer: str) -> None:
    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns) as venues:
            us, told = session(tmp_path, venues)
            await us.until(lambda: NoticeKind.LOGON_STORM in [kind for kind, _ in told])
            await asyncio.sleep(1)
            assert len(venues[0].logons) == attempts.AT_ONCE + 1 == us.count("logon") == us.count("logout")
            assert us.count("fault") == 0 and us.session.phase == "waiting"
            us.session.logon()  # an operator hurries
            venues[0].answer = Unwilling.LOGON
            await us.until(lambda: us.session.is_logged_on)
            us.session.close()

    run(main())


def test_o10_a_session_that_held_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "HELD_NS", 40_000_000)

    async def main() -> None:
        async with unwilling(FLAPS[0], wall_ns=time.time_ns) as venues:
            us, told = session(tmp_path, venues)
            await us.until(lambda: us.count("logon") > 3 * attempts.AT_ONCE)
            assert told == []
            us.session.close()

    run(main())


def test_o10_sessions_that_bring_something_before_they_are_lost_are_a_storm_after_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "AT_MOST", 6)

    async def main() -> None:
        async with unwilling(Unwilling.LOGON + THEN + "35=8|11=x|" + THEN_CLOSE, wall_ns=time.time_ns) as venues:
            us, told = session(tmp_path, venues)
            await us.until(lambda: NoticeKind.LOGON_STORM in [kind for kind, _ in told])
            assert len(us.messages) == 7
            us.session.close()

    run(main())


def test_s3_an_address_whose_sessions_do_not_hold_leads_to_the_next(tmp_path: Path) -> None:
    async def main() -> None:
        async with unwilling(FLAPS[0], Unwilling.LOGON, wall_ns=time.time_ns) as venues:
            venues[1].begin(3)
            us, _ = session(tmp_path, venues)
            await us.until(lambda: us.count("logon") == 3 and us.session.is_logged_on)
            assert [len(venue.logons) for venue in venues] == [2, 1]
            us.session.close()

    run(main())


def test_s7_a_session_of_its_own_logs_the_words_once_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with unwilling("35=j|45=1|58=come back later|", wall_ns=time.time_ns) as venues:
            settings = initiator_settings(tmp_path, venues[0].port, ReconnectInterval=0)
            us = Witness(NativeSession(settings, asyncio.get_running_loop()))
            us.session.logon()
            await us.until(lambda: len(venues[0].logons) == attempts.AT_ONCE + 1)
            us.session.close()

    with caplog.at_level(logging.WARNING):
        run(main())
    lines = [record.getMessage() for record in caplog.records if "logon_failed" in record.getMessage()]
    assert len(lines) == 1 and "BusinessMessageReject(j) by the peer: come back later" in lines[0]
