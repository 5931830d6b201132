"""An operator repairs the session of a whole engine by the control socket; it is noted who did."""

from engine import fix
from engine.trading.controls.desk_state import DeskState
from tests.support.engine.in_process import Start


def test_o10_session_is_logged_out_kept_out_and_logged_on_again_by_command(rig: Start) -> None:
    r = rig()
    order = r.rest(fix.BUY, 4_000, 500)
    assert r.ask("session-status")["phase"] == "logged on"
    assert "log out first" in r.ask("session-reset")["error"]
    r.ask("session-logout")
    r.until(lambda: r.supervisor.state is DeskState.WAITING, "the session to end")
    r.turn(0.3)
    answer = r.ask("session-status")
    assert answer["phase"] == "logged out" and answer["last_error"]
    assert "logged out" in r.ask("session-test-request")["error"]
    r.ask("session-logon")
    r.until_trading()
    assert order.ord_status == fix.Status.NEW
    r.assert_agrees()
    assert any(line.startswith("session-logout asked for by ") for line in r.reports.lines)
