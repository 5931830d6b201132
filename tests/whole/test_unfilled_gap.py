"""A gap in what the venue says that it does not fill: every order is cancelled before the session is given up.

The venue's own log of the wire shows it: cancels first, then the Logout, and nothing behind it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import fix
from engine.app.demo import kalshi
from engine.runtime.notices import NoticeKind
from engine.trading.controls.desk_state import DeskState
from tests.support.engine.config import engine_config
from tests.support.engine.in_process import CANCEL, MASS_CANCEL, SESSIONS, Rig
from tests.support.kalshi_pair import Pair, trade
from tests.support.sim.process import SESSION_FILE, SimProcess, write_config

CENT = LOT = 100
LOGOUT, RESEND_REQUEST, REJECT = fix.Msg.LOGOUT, fix.Msg.RESEND_REQUEST, fix.Msg.REJECT


@pytest.fixture(scope="module")
def logged_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SimProcess, Iterator[str]]]:
    """Return a venue that logs every message, and the names of its accounts."""
    path = tmp_path_factory.mktemp("logged")
    write_config(path, "[feed]\nping_seconds = 0.1")
    accounts = [f"ENGINE{number}" for number in range(8)]
    sessions = "".join(f"[SESSION]\nTargetCompID={account}\n" for account in accounts)
    (path / "acceptor.cfg").write_text(SESSION_FILE.replace("[SESSION]", "FileLogPath=log\n[SESSION]", 1) + sessions)
    venue = SimProcess(path)
    yield venue, iter(accounts)
    venue.kill()


@pytest.fixture(params=SESSIONS)
def gapped(
    logged_venue: tuple[SimProcess, Iterator[str]], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Rig]:
    """Return an engine that trades at the venue that logs."""
    venue, accounts = logged_venue
    account = next(accounts)
    rig = Rig(venue, engine_config(venue, tmp_path, account, None, {}, session=request.param), account)
    rig.start()
    rig.until_trading()
    yield rig
    venue("clear")
    rig.close()
    venue.reset()


def heard(rig: Rig) -> list[str]:
    """Return the MsgTypes that the venue's log shows as read from the engine."""
    (file,) = rig.venue.path.rglob(f"*{rig.account}.messages.current.log")
    read = [line for line in file.read_text().splitlines() if line.split(" ")[1] == "<"]
    return [kind for line in read for kind in re.findall(r"\|35=([^|]+)\|", line)]


def test_orders_are_cancelled_before_the_session_ends_over_a_gap_that_is_not_filled(gapped: Rig) -> None:
    r = gapped
    first, second = r.rest(fix.BUY, 40 * CENT, 5 * LOT), r.rest(fix.BUY, 30 * CENT, LOT, r.snow)
    r.venue("lose_report", account=r.account)
    r.other_enters("2", "2", "0.40")  # a fill that is never told
    r.other_enters("2", "1", "0.40")  # and the next one, behind the gap
    r.until(lambda: r.supervisor.state is DeskState.HALTED, "a halt")
    assert "the ResendRequest was rejected, messages are lost" in r.supervisor.reason
    assert r.desk.buy(r.rain, 41 * CENT, LOT) is None
    r.until(lambda: r.engine.session.phase == "given up", "the session's end")
    r.until(lambda: LOGOUT in heard(r), "the Logout in the venue's log")
    told = heard(r)
    last = told[told.index(RESEND_REQUEST) + 1 : told.index(LOGOUT) + 1]
    assert [kind for kind in last if kind in (CANCEL, MASS_CANCEL, LOGOUT)] == [CANCEL, CANCEL, MASS_CANCEL, LOGOUT]
    assert set(told[told.index(LOGOUT) + 1 :]) <= {RESEND_REQUEST}  # QuickFIX asks again
    r.until(lambda: r.venue_orders() == set(), "no order left at the venue")
    # of the first the fill is lost; what was answered behind the gap QuickFIX still passes on
    assert (first.ord_status, first.cum_qty) == (fix.Status.UNKNOWN, 0)
    assert second.ord_status in (fix.Status.UNKNOWN, fix.Status.CANCELED)


async def lose_a_report(pair: Pair) -> None:
    await pair.trading()
    pair.venue.ask("lose_report", account=kalshi.MEMBER)
    supervisor, session = pair.engine.supervisor, pair.engine.session
    await pair.until(lambda: supervisor.state is DeskState.HALTED, "halted")
    await pair.until(lambda: session.phase == "given up", "given up")
    await pair.until(lambda: not pair.engine.trading.orders.live_count, "known by REST what became of every order")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("session", SESSIONS)
def test_orders_at_kalshi_are_cancelled_before_the_session_ends_and_known_by_rest(tmp_path: Path, session: str) -> None:
    result, engine = trade(tmp_path, lose_a_report, session=session, audit=tmp_path / "audit.log")
    lines = map(json.loads, (tmp_path / "audit.log").read_text().splitlines())
    sent = [line["message"] for line in lines if line["channel"] == "fix" and line["what"] == "sent"]
    kinds = [kind for message in sent for kind in re.findall(r"\|35=([^|]+)\|", message)]
    last = kinds[kinds.index(RESEND_REQUEST) + 1 :]
    assert CANCEL in last and MASS_CANCEL in last and last.count(LOGOUT) == 1
    assert set(last[last.index(LOGOUT) + 1 :]) <= {RESEND_REQUEST}  # QuickFIX asks again
    assert engine.trading.notices.count(NoticeKind.SESSION_LOST) == 1
