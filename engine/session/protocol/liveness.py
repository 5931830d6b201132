"""Heartbeat, TestRequest, and everything else that a timer triggers.

Units   monotonic ns; UTC for the schedule.
Source  FIX 4.4 volume 2, heartbeats, test cases 4 and 6; state matrix 13 to 16.
"""

from engine import fix
from engine.codec import Fields
from engine.session.protocol import admin, logon, logout, recovery, resend
from engine.session.protocol.agreed import SECOND_NS
from engine.session.protocol.core import SessionCore
from engine.session.protocol.faults import Fault, Reason
from engine.session.protocol.states import NEVER_NS, SessionState

_PREPARE_NS = 50_000_000  # between two steps of the store's preparations
_BEATING = (SessionState.LOGGED_ON, SessionState.LOGOUT_DELAYED)


def on_timer(core: SessionCore) -> int:
    """Do what is due; return when to call again."""
    core.armed_ns = NEVER_NS
    if core.state and core.now_ns >= core.state_deadline_ns:
        _end_stay(core)
    if core.state in _BEATING and core.heart_bt_ns:
        _keep_alive(core)
    if core.state and core.now_ns >= core.gap.deadline_ns:
        recovery.on_overdue(core)
    if core.schedule is not None:
        _keep_schedule(core)
    if core.replay.has_ranges:
        resend.pump(core)
    core.armed_ns = _next_deadline(core)
    if _prepare(core):
        core.armed_ns = min(core.armed_ns, core.now_ns + _PREPARE_NS)
    return core.armed_ns


def _prepare(core: SessionCore) -> bool:
    """Let the store prepare what it will need; where it cannot, the room that is left still serves what is sent."""
    try:
        return core.store.prepare()
    except OSError as error:
        core.host.alert(f"the store cannot grow: {error}")
        return False


def send_test_request(core: SessionCore) -> None:
    """Send a TestRequest whose TestReqID(112) is the time."""
    core.test_req_id = core.encoder.times.format(core.wall_ns).decode()
    core.transmit(admin.body(fix.Msg.TEST_REQUEST, [(fix.TestReqID, core.test_req_id)]))


def on_heartbeat(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Take a Heartbeat; the answer to our TestRequest lets a pending reset go ahead."""
    core.advance(seq_num + 1)
    if core.test_req_id and fields.text(fix.TestReqID) == core.test_req_id:
        core.test_req_id = ""
        if core.reset_wanted and core.is_logged_on:
            logon.send_reset(core)


def on_test_request(core: SessionCore, fields: Fields, seq_num: int) -> None:
    """Answer a TestRequest with a Heartbeat that carries its TestReqID(112)."""
    if fix.TestReqID not in fields:
        fault = Fault(Reason.REQUIRED_TAG_MISSING, fix.TestReqID, "TestReqID(112) missing")
        core.refuse(fields, seq_num, fault)
        return
    core.advance(seq_num + 1)
    if _is_flood(core):
        core.leave("more TestRequests than can be served", wait=True)
        return
    if core.state in _BEATING:
        core.transmit(admin.body(fix.Msg.HEARTBEAT, [(fix.TestReqID, fields.text(fix.TestReqID))]))


def _is_flood(core: SessionCore) -> bool:
    """Count the TestRequests of this second: each answer takes room in the store for ever."""
    second = core.now_ns // SECOND_NS
    core.tests = core.tests + 1 if second == core.tests_second else 1
    core.tests_second = second
    return core.tests > core.settings.max_test_requests_a_second


def _end_stay(core: SessionCore) -> None:
    """Leave a state whose time is over."""
    if core.state is SessionState.AWAITING_LOGON:
        core.drop("no Logon in time")
    elif core.state is SessionState.LOGGED_ON:
        core.leave("the Logon that resets both numbers was not answered", operator=True)
    elif core.state is SessionState.LOGOUT_SENT:
        core.host.log("Logout was not answered in time")
        core.drop("logged out, Logout unanswered")
    elif core.state is SessionState.LOGOUT_DELAYED:
        logout.answer(core)
    elif core.state is SessionState.LOGOUT_ANSWERED:
        core.host.alert("the peer logged out and did not close the connection")
        core.drop("logged out by the peer")
    else:
        core.drop(core.logout_reason)


def _keep_alive(core: SessionCore) -> None:
    silence_ns = core.now_ns - core.last_received_ns
    if silence_ns >= core.heart_bt_ns * core.settings.disconnect_after_permille // 1000:
        core.leave(f"nothing received for {silence_ns // 1_000_000_000} seconds: connection lost")
        return
    is_tested = core.last_test_ns > core.last_received_ns
    if not is_tested and silence_ns >= core.heart_bt_ns * core.settings.test_request_after_permille // 1000:
        core.last_test_ns = core.now_ns
        send_test_request(core)
    elif core.now_ns - core.last_sent_ns >= core.heart_bt_ns:
        core.transmit(admin.body(fix.Msg.HEARTBEAT))


def _keep_schedule(core: SessionCore) -> None:
    schedule, wall_ns = core.schedule, core.wall_ns
    assert schedule is not None
    is_over = schedule.is_new(core.store.created_ns, wall_ns)
    if core.state is SessionState.LOGGED_ON and (is_over or not schedule.may_log_on(wall_ns)):
        logout.log_out(core, "session time is over")
    elif core.state is SessionState.DISCONNECTED and is_over:
        core.reset_store()
        core.host.log("a new session time has begun: both sequence numbers are 1")


def _next_deadline(core: SessionCore) -> int:
    deadline = NEVER_NS
    if core.state:
        deadline = min(core.state_deadline_ns, core.gap.deadline_ns)
        if core.state in _BEATING and core.heart_bt_ns:
            is_tested = core.last_test_ns > core.last_received_ns
            settings = core.settings
            share = settings.disconnect_after_permille if is_tested else settings.test_request_after_permille
            deadline = min(
                deadline, core.last_sent_ns + core.heart_bt_ns, core.last_received_ns + core.heart_bt_ns * share // 1000
            )
    if core.schedule is not None:
        deadline = min(deadline, core.schedule.next_change(core.wall_ns) - core.wall_offset_ns)
    return core.now_ns if core.replay.has_ranges and not core.replay.is_paused else deadline
