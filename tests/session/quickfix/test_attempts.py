"""Attempts of the QuickFIX session that fail after TCP has connected: told, slowed down, given up, next address."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError
from engine.runtime.notices import NoticeKind
from engine.session import attempts
from tests.support.session.fix_peer import Side, run, until
from tests.support.session.unwilling import CLOSE, RESET, SILENT, THEN, THEN_CLOSE, Unwilling, unwilling

NAMES = ("SIMVENUE", "FIXLANE")
Noticed = list[tuple[NoticeKind, str]]


def side(folder: Path, venues: list[Unwilling], **changes: Any) -> tuple[Side, Noticed]:
    ports: dict[str, Any] = {f"SocketConnectPort{i or ''}": venue.port for i, venue in enumerate(venues)}
    hosts = {f"SocketConnectHost{i or ''}": "127.0.0.1" for i, _ in enumerate(venues)}
    made = Side(folder, venues[0].port, **{**ports, **hosts, "LogonTimeout": 1, **changes})
    told: Noticed = []
    made.session.on_notice = lambda kind, text: told.append((kind, text))
    made.session.logon()
    return made, told


def count(told: Noticed, kind: NoticeKind) -> int:
    return sum(noticed is kind for noticed, _ in told)


@pytest.mark.parametrize("answer", [CLOSE, RESET, SILENT, "35=5|58=not here|", "35=3|45=1|58=no|"])
def test_s3_an_address_whose_logon_is_not_answered_leads_to_the_next(tmp_path: Path, answer: str) -> None:
    async def main() -> None:
        async with unwilling(answer, Unwilling.LOGON, wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            venues[1].begin(2 if answer[0] == "3" else 1)  # QuickFIX counts what refused it
            us, _ = side(tmp_path, venues)
            with us:
                await until(lambda: us.session.is_logged_on, 10)
                assert len(venues[0].logons) == 1

    run("event", main())


def test_s3_dials_that_reach_nobody_use_up_no_number(tmp_path: Path) -> None:
    async def main() -> None:
        async with unwilling(Unwilling.LOGON, wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            nowhere = Unwilling("", time.time_ns)
            nowhere.port = 1
            us, told = side(tmp_path, [nowhere, nowhere, nowhere, *venues])
            with us:
                await until(lambda: us.session.is_logged_on, 10)
                assert venues[0].numbers == [1] and count(told, NoticeKind.LOGON_FAILED) == 3
                assert told[0][1].endswith("127.0.0.1 on port 1: not connected")

    run("event", main())


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("35=3|45=1|58=bad day|", "Reject(3) by the peer: bad day"),
        ("35=5|58=bad day|", "Logout by the peer: bad day"),
        ("35=j|45=1|372=A|380=0|58=bad day|", "BusinessMessageReject(j) by the peer: bad day (BusinessRejectReason 0)"),
        ("35=B|58=bad day|", "a message of MsgType(35) B by the peer: bad day"),
        (CLOSE, "connection closed before the Logon was answered"),
        (RESET, "before the Logon was answered"),
        (SILENT, "Timed out waiting for logon response"),
    ],
)
def test_s7_what_came_in_place_of_a_logon_is_told_in_the_peers_words(tmp_path: Path, answer: str, text: str) -> None:
    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            us, told = side(tmp_path, venues)
            with us:
                await until(lambda: told)
                assert text in told[0][1] and f"127.0.0.1 on port {venues[0].port}" in told[0][1]
                assert text in us.session.last_error and us.messages() == []

    run("event", main())


@pytest.mark.parametrize("answer", ["35=3|45=1|58=password expired|", "35=j|45=1|372=A|380=0|58=user disabled|"])
def test_s7_refused_credentials_are_tried_again_slowly_and_then_given_up(
    tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "CREDENTIALS_NS", 200_000_000)

    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            us, _ = side(tmp_path, venues)
            with us:
                await until(us.faults)
                await asyncio.sleep(0.5)
                assert len(venues[0].logons) == 3
                (fault,) = us.faults()
                assert fault.endswith("refused 3 times: see to the credentials")
                us.session.logon()
                venues[0].answer = Unwilling.LOGON
                await until(lambda: us.session.is_logged_on)

    run("event", main())


def test_o10_a_lost_store_is_given_up_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        text = "MsgSeqNum too low, expecting 9 but received 1"
        async with unwilling(f"35=5|58={text}|", wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            us, _ = side(tmp_path, venues)
            with us:
                await until(us.faults)
                await asyncio.sleep(0.3)
                assert venues[0].numbers == [1] and "our store lost numbers" in us.session.last_error

    run("event", main())


@pytest.mark.parametrize("answer", [CLOSE, "35=5|58=come back later|"])
def test_o10_a_storm_of_unanswered_logons_slows_down_and_is_told(tmp_path: Path, answer: str) -> None:
    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            us, told = side(tmp_path, venues)
            with us:
                await until(lambda: count(told, NoticeKind.LOGON_STORM))
                await asyncio.sleep(1)
                assert len(venues[0].logons) == attempts.AT_ONCE + 1
                us.session.logon()
                venues[0].answer = Unwilling.LOGON
                venues[0].begin(us.session.next_target_seq_num)
                await until(lambda: us.session.is_logged_on)

    run("event", main())


@pytest.mark.parametrize(
    "answer",
    [
        Unwilling.LOGON + THEN_CLOSE,
        Unwilling.LOGON + THEN + "35=5|58=not now|",
        Unwilling.LOGON + THEN + "35=0|" + THEN_CLOSE,
    ],
)
def test_o10_sessions_that_do_not_hold_are_a_storm_too(tmp_path: Path, answer: str) -> None:
    async def main() -> None:
        async with unwilling(answer, wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            us, told = side(tmp_path, venues)
            with us:
                await until(lambda: count(told, NoticeKind.LOGON_STORM))
                await asyncio.sleep(1)
                events = [event[0] for event in us.events]
                assert len(venues[0].logons) == attempts.AT_ONCE + 1 == events.count("logon") == events.count("logout")
                assert us.faults() == [] and us.session.phase == "waiting"
                us.session.logon()
                venues[0].answer = Unwilling.LOGON
                await until(lambda: us.session.is_logged_on)

    run("event", main())


def test_o10_a_logout_ends_the_attempts_of_a_storm(tmp_path: Path) -> None:
    async def main() -> None:
        async with unwilling(CLOSE, wall_ns=time.time_ns, comp_ids=NAMES) as venues:
            us, told = side(tmp_path, venues)
            with us:
                await until(lambda: count(told, NoticeKind.LOGON_STORM))
                us.session.logout()
                await asyncio.sleep(2.5)
                assert len(venues[0].logons) == attempts.AT_ONCE + 1

    run("event", main())


@pytest.mark.parametrize("host", ["::1", "nosuch.invalid"])
def test_o31_a_host_without_an_ipv4_address_is_refused_before_anything_waits_for_it(tmp_path: Path, host: str) -> None:
    async def main() -> None:
        with pytest.raises(ConfigError, match="IPv4"), Side(tmp_path, 5201, SocketConnectHost=host) as us:
            us.session.logon()

    run("event", main())
