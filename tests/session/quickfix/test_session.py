"""The QuickFIX session in trading: logon, messages both ways, heartbeats, gaps, replays; in both loop modes."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import SessionError
from engine.session.file.dictionaries import find_dictionary
from engine.session.quickfix import driver
from tests.support.session.fix_peer import (
    QuickfixPeer,
    RawPeer,
    Side,
    field,
    free_port,
    in_both_modes,
    logged_on,
    order,
    raw_peer,
    report,
    until,
)


@in_both_modes
async def test_logon_then_logout_reports_both_and_keeps_numbers(tmp_path: Path) -> None:
    port = free_port()
    with QuickfixPeer(tmp_path / "peer", port) as peer, Side(tmp_path, port) as side:
        await side.logon()
        side.session.logout("end of day")
        await until(lambda: not side.session.is_logged_on)
        await until(lambda: peer.events[-1][0] == "logout")
        assert side.events == [("logon",), ("logout", "logged out as asked")]
        assert [field(text, 58) for kind, text in peer.events if "|35=5|" in text] == ["end of day"]
        assert (side.session.next_sender_seq_num, side.session.next_target_seq_num) == (3, 3)
        side.session.close()
        assert (side.session.next_sender_seq_num, side.session.next_target_seq_num) == (3, 3)


@in_both_modes
async def test_logon_after_logout_connects_again(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        side.session.logout()
        await until(lambda: not side.session.is_logged_on)
        await side.logon()
        assert [field(text, 34) for text in peer.received("A")] == ["1", "3"]


@in_both_modes
async def test_order_and_report_cross_unchanged(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        side.send(order("A1"))
        await until(lambda: peer.received("D"))
        (sent,) = peer.received("D")
        assert sent.startswith("8=FIX.4.4|9=") and "|35=D|34=2|49=FIXLANE|52=" in sent
        assert f"|56=SIMVENUE|{order('A1')[5:]}10=" in sent
        answer = peer.frame("8", report("E1") + "58=caf\xe9|1=after Text|")
        peer.write(answer)
        await until(side.messages)
        assert side.messages() == [answer.decode("latin-1").replace("\x01", "|")]


@in_both_modes
async def test_order_and_report_cross_over_fixt(tmp_path: Path) -> None:
    port = free_port()
    fixt: dict[str, Any] = {
        "BeginString": "FIXT.1.1",
        "DefaultApplVerID": "FIX.5.0",
        "DataDictionary": None,
        "TransportDataDictionary": find_dictionary("FIXT11.xml", tmp_path),
        "AppDataDictionary": find_dictionary("FIX50.xml", tmp_path),
    }
    with QuickfixPeer(tmp_path / "peer", port, **fixt) as peer, Side(tmp_path, port, **fixt) as side:
        await side.logon()
        side.send(order("A1"))
        await until(lambda: peer.received("D"))
        assert peer.received("D")[0].startswith("8=FIXT.1.1|")
        peer.send("35=8|" + report("E1"))
        await until(side.messages)
        assert field(side.messages()[0], 17) == "E1"


@in_both_modes
async def test_repeating_group_keeps_its_order(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        parties = "453=2|448=ACME|447=D|452=1|448=DESK7|447=D|452=24|"
        side.send(order("A1") + parties)
        await until(lambda: peer.received("D"))
        assert f"|{parties}" in peer.received("D")[0]


@in_both_modes
async def test_burst_of_reports_arrives_whole_and_in_order(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        peer.write(b"".join(peer.frame("8", report(f"E{number}")) for number in range(500)))
        await until(lambda: len(side.messages()) == 500)
        assert [field(text, 17) for text in side.messages()] == [f"E{number}" for number in range(500)]


@in_both_modes
async def test_send_inside_on_message_leaves_at_once(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        side.session.on_message = lambda fields: side.send(order(fields.text(17)))
        for number in range(3):
            peer.send("8", report(f"E{number}"))
        await until(lambda: len(peer.received("D")) == 3)
        assert [field(text, 11) for text in peer.received("D")] == ["E0", "E1", "E2"]


@in_both_modes
async def test_session_reject_reaches_on_message(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        peer.send("3", "45=2|371=44|372=D|373=5|58=no|")
        await until(side.messages)
        assert [(field(text, 35), field(text, 45), field(text, 58)) for text in side.messages()] == [("3", "2", "no")]


@in_both_modes
async def test_2_r_unsupported_message_is_refused_by_its_number(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        side.session.on_message = side.session.refuse
        peer.send("B", "148=Rain tomorrow|33=1|58=Bring a coat|")
        await until(lambda: peer.received("j"))
        (text,) = peer.received("j")
        assert [field(text, tag) for tag in (45, 372, 380, 58)] == [
            "2",
            "B",
            "3",
            "MsgType(35) B is not supported here",
        ]


@in_both_modes
async def test_test_request_is_answered(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (_side, peer):
        peer.send("1", "112=ping|")
        await until(lambda: peer.received("0"))
        assert field(peer.received("0")[0], 112) == "ping"


@in_both_modes
async def test_silent_peer_gets_heartbeats_is_asked_and_given_up(tmp_path: Path) -> None:
    async with logged_on(tmp_path, HeartBtInt=1, ReconnectInterval=60) as (side, peer):
        await until(lambda: not side.session.is_logged_on)
        await until(lambda: not side.session._driver.is_watching)  # the loop must not turn about a closed socket
        assert [field(text, 35) for text in peer.inbox[:3]] == ["A", "0", "1"]
        assert side.events == [("logon",), ("logout", "Timed out waiting for heartbeat")]


@in_both_modes
async def test_restart_in_mid_session_keeps_sequence_numbers(tmp_path: Path) -> None:
    port = free_port()
    with QuickfixPeer(tmp_path / "peer", port) as peer:
        with Side(tmp_path, port) as before:
            await before.logon()
            before.send(order("A1"))
            await until(lambda: peer.received("D"))
        await until(lambda: peer.events[-1][0] == "logout")
        with Side(tmp_path, port) as after:
            assert (after.session.next_sender_seq_num, after.session.next_target_seq_num) == (3, 2)
            await after.logon()
            after.send(order("A2"))
            await until(lambda: len(peer.received("D")) == 2)
        assert [field(text, 34) for text in peer.received("D")] == ["2", "4"]
        assert peer.recoveries() == []


@in_both_modes
async def test_reports_missed_while_away_arrive_as_possible_duplicates(tmp_path: Path) -> None:
    port = free_port()
    with QuickfixPeer(tmp_path / "peer", port) as peer, Side(tmp_path, port) as side:
        await side.logon()
        side.session.logout()
        await until(lambda: peer.events[-1][0] == "logout")
        for number in range(3):
            peer.send("35=8|" + report(f"E{number}"))
        await side.logon()
        await until(lambda: len(side.messages()) == 3)
        peer.send("35=8|" + report("E3"))
        await until(lambda: len(side.messages()) == 4)
        got = [(field(text, 17), "|43=Y|" in text) for text in side.messages()]
        assert got == [("E0", True), ("E1", True), ("E2", True), ("E3", False)]


@in_both_modes
async def test_message_that_waited_for_a_gap_is_not_taken_for_another(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        peer.send("8", report("E4"), seq_num=4)
        peer.send("8", report("E5"), seq_num=5)
        await until(lambda: peer.received("2"))
        assert side.messages() == []
        peer.send("8", report("E2"), seq_num=2)
        peer.send("8", "6=wrong|", seq_num=3)  # refused, and its refusal closes the gap
        await until(lambda: len(side.messages()) == 3)
        got = [(field(text, 34), field(text, 17)) for text in side.messages()]
        assert got == [("2", "E2"), ("4", "E4"), ("5", "E5")]


@in_both_modes
async def test_replay_asked_for_gets_cancels_and_no_stale_order(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        side.send(order("A1"))
        side.send(order("A2").replace("35=D|", "35=G|41=A1|"))
        side.send("35=F|11=C1|41=A1|54=1|55=KXGOLD|60=20260105-14:30:00|")
        side.send("35=q|11=C2|530=7|60=20260105-14:30:00|")
        side.send("35=H|11=A1|54=1|55=KXGOLD|")
        peer.kill()
        await until(lambda: not side.session.is_logged_on)
        await side.logon()
        peer.inbox.clear()
        peer.send("2", "7=2|16=0|")
        await until(lambda: len(peer.inbox) == 4)
        replayed = [(field(text, 35), field(text, 34), "|43=Y|" in text) for text in peer.inbox]
        assert replayed == [("4", "2", True), ("F", "4", True), ("q", "5", True), ("4", "6", True)]
        assert [field(text, 36) for text in peer.received("4")] == ["4", "8"]
        side.send(order("A3"))
        await until(lambda: peer.received("D"))
        assert [(field(text, 34), field(text, 11)) for text in peer.received("D")] == [("8", "A3")]


@in_both_modes
async def test_send_while_logged_out_raises_and_stores_nothing(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        side.session.logout()
        with pytest.raises(SessionError, match="is logged out"):
            side.send(order("A1"))
        await until(lambda: not side.session.is_logged_on)
        with pytest.raises(SessionError, match="is logged out"):
            side.send(order("A2"))
        assert side.session.next_sender_seq_num == 3
        assert peer.received("D") == []
        side.session.close()
        with pytest.raises(SessionError, match="is logged out"):
            side.send(order("A3"))
        with pytest.raises(SessionError, match="is closed"):
            side.session.logon()


@in_both_modes
async def test_body_that_is_no_message_raises_and_uses_no_number(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        for body in (b"35=D\x0111=caf\xe9\x01", b"35=D\x0111=A1", b"35=D\x01eleven=A1\x01"):
            with pytest.raises(SessionError, match="cannot send"):
                side.session.send(body)
        side.send(order("A1"))
        await until(lambda: peer.received("D"))
        assert field(peer.received("D")[0], 34) == "2"


@in_both_modes
async def test_peer_killed_is_noticed_at_once_and_found_again(tmp_path: Path) -> None:
    port = free_port()
    with Side(tmp_path, port) as side:
        with QuickfixPeer(tmp_path / "peer", port) as peer:
            await side.logon()
            side.send(order("A1"))
            await until(lambda: peer.received("D"))
        await until(lambda: not side.session.is_logged_on, 2)  # a heartbeat is 10 s
        with QuickfixPeer(tmp_path / "peer", port) as again:
            await until(lambda: side.session.is_logged_on)
            side.send(order("A2"))
            await until(lambda: again.received("D"))
            assert [event[0] for event in side.events] == ["logon", "logout", "logon"]
            assert [field(text, 11) for text in again.received("D")] == ["A2"]
            assert again.recoveries() == []


@in_both_modes
async def test_refused_connections_use_no_sequence_number(tmp_path: Path) -> None:
    port = free_port()
    with Side(tmp_path, port) as side:
        side.session.logon()
        await until(lambda: side.session.counts["sent"] > 1)
        async with raw_peer(port) as peer:
            await until(lambda: side.session.is_logged_on)
            assert [field(text, 34) for text in peer.received("A")] == ["1"]
            assert side.events == [("logon",)]


@in_both_modes
async def test_orders_held_back_by_a_stalled_peer_all_leave(tmp_path: Path) -> None:
    async with logged_on(tmp_path, SocketSendBufferSize=4096) as (side, peer):
        assert peer.transport is not None
        peer.transport.pause_reading()
        expected = [f"A{number}" for number in range(1000)]
        for cl_ord_id in expected:
            side.send(order(cl_ord_id))
        peer.transport.resume_reading()
        await until(lambda: len(peer.received("D")) >= len(expected))
        assert [field(text, 11) for text in peer.received("D")] == expected


@in_both_modes
async def test_sessions_with_one_address_each_watch_their_own_connection(tmp_path: Path) -> None:
    peers: list[RawPeer] = []
    async with raw_peer(each=peers) as listener:
        with (
            pytest.MonkeyPatch.context() as patch,
            Side(tmp_path, listener.port) as one,
            Side(tmp_path, listener.port, SenderCompID="OTHER") as two,
        ):
            patch.setattr(driver, "CONNECTED_S", 60)  # nothing is read but what the right watch announces
            one.session.logon()
            two.session.logon()
            await until(lambda: one.session.is_logged_on and two.session.is_logged_on)
            sides = {"FIXLANE": one, "OTHER": two}
            for peer in peers[::-1]:
                peer.send("8", report("E1"))
                await until(sides[peer.name].messages)
            assert [len(side.messages()) for side in (one, two)] == [1, 1]
            for peer in peers:
                peer.kill()
            await until(lambda: not one.session.is_logged_on and not two.session.is_logged_on)
