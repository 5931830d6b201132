"""Orders over the venue's FIX session, and what outlives a connection or the process."""

import pytest

from tests.support.sim.clients import FixClient, pick, wait_for
from tests.support.sim.process import SimProcess, Start, on_both_acceptors

# Over a session

NOON = "20261123-12:00:00.000"


@pytest.fixture
def client(venue: SimProcess) -> FixClient:
    client = venue.fix()
    client.logon()
    return client


@on_both_acceptors
def test_order_lives_from_new_to_cancelled(client: FixClient) -> None:
    client.order("a1", "1", "25", "0.41")
    client.send("G", (11, "a2"), (41, "a1"), (38, "30"), (40, "2"), (44, "0.42"), (54, "1"), (55, "RAIN"), (60, NOON))
    client.cancel("a3", "a2")
    client.cancel("a4", "a2")
    client.send("H", (11, "zz"), (54, "2"), (55, "RAIN"))
    told = [client.receive() for _ in range(5)]
    assert [pick(each, 35, 11, 41, 39, 150, 44, 151, 58) for each in told] == [
        ("8", "a1", "", "0", "0", "0.4100", "25.00", ""),
        ("8", "a2", "a1", "0", "5", "0.4200", "30.00", ""),
        ("8", "a3", "a2", "4", "4", "0.4200", "0.00", ""),
        ("9", "a4", "a2", "4", "", "", "", "UNKNOWN_ORDER"),
        ("8", "zz", "", "8", "I", "", "0.00", "UNKNOWN_ORDER"),
    ]


@on_both_acceptors
def test_orders_that_may_not_enter_are_rejected(client: FixClient) -> None:
    client.order("a1", "1", "25", "0.41")
    client.order("a1", "1", "25", "0.41")
    client.order("b1", "1", "25", "0.415")
    client.order("b2", "1", "25", "0.41555")
    client.order("b3", "1", "25", "0.41", symbol="HAIL")
    client.order("b4", "1", "0.001", "0.41")
    told = [client.receive() for _ in range(6)][1:]
    assert [pick(each, 11, 150, 103, 58) for each in told] == [
        ("a1", "8", "6", "ORDER_ALREADY_EXISTS"),
        ("b1", "8", "99", "INVALID_PRICE"),
        ("b2", "8", "99", "INVALID_PRICE"),
        ("b3", "8", "1", "MARKET_NOT_FOUND"),
        ("b4", "8", "13", "INVALID_ORDER"),
    ]


@on_both_acceptors
def test_unsupported_message_is_a_business_reject(client: FixClient) -> None:
    client.send("V", (262, "x"), (263, "1"), (264, "1"), (267, "1"), (269, "0"), (146, "1"), (55, "RAIN"))
    client.order("a1", "1", "25", "0.41")
    assert pick(client.receive(), 35, 45, 372, 380) == ("j", "2", "V", "3")
    assert client.receive()[35] == "8"


@on_both_acceptors
def test_message_that_breaks_the_dictionary_is_a_session_reject(client: FixClient) -> None:
    client.send("D", (11, "a1"), (55, "RAIN"), (38, "1"), (40, "2"), (44, "0.41"), (60, NOON))
    assert pick(client.receive(), 35, 45, 371, 373) == ("3", "2", "54", "1")


@on_both_acceptors
def test_fill_of_two_accounts_reaches_each(simulator: Start) -> None:
    venue = simulator()
    maker, taker = venue.fix(), venue.fix("OTHER")
    maker.logon(), taker.logon()
    maker.order("m1", "1", "25", "0.41")
    maker.receive()
    taker.order("t1", "2", "10", "0.40")
    taker.receive()
    fills = [maker.receive(), taker.receive()]
    assert [pick(fill, 11, 54, 31, 32, 14, 151, 39, 851, 137) for fill in fills] == [
        ("m1", "1", "0.4100", "10.00", "10.00", "15.00", "1", "1", "0.000000"),
        ("t1", "2", "0.4100", "10.00", "10.00", "0.00", "2", "2", "0.169330"),
    ]
    summary = venue("summary", account="OTHER")
    assert (summary["orders"], summary["fills"], summary["positions"]) == (1, 1, {"RAIN": -1000})
    assert summary["cash"] == 4100 * 1000 - 169_330


@on_both_acceptors
def test_report_while_logged_out_is_resent_after_logon(venue: SimProcess) -> None:
    maker, taker = venue.fix(), venue.fix("OTHER")
    maker.logon(), taker.logon()
    maker.order("m1", "1", "25", "0.41")
    maker.receive()
    maker.close()
    wait_for(lambda: not venue("status")["accounts"]["CLIENT"])
    taker.order("t1", "2", "10", "0.41")
    taker.receive_until("8")
    back = venue.fix(out=maker.out)
    assert pick(back.logon(), 34) == ("4",)
    back.send("2", (7, "3"), (16, "0"))
    fill = back.receive()
    assert pick(fill, 34, 43, 150, 11, 32) == ("3", "Y", "F", "m1", "10.00")


@on_both_acceptors
def test_cancel_on_disconnect_is_a_matter_of_configuration(simulator: Start) -> None:
    sim = simulator(fix="cancel_on_disconnect = true")
    client = sim.fix()
    client.logon()
    client.order("a1", "1", "25", "0.41")
    client.receive()
    client.close()
    wait_for(lambda: sim("orders", account="CLIENT")["orders"] == [])
    back = sim.fix(out=client.out)
    back.logon()
    back.send("2", (7, "3"), (16, "0"))
    assert pick(back.receive(), 11, 150, 58) == ("a1", "4", "CANCEL_ON_DISCONNECT")


# Over the venue's death


@on_both_acceptors
def test_killed_venue_comes_back_with_its_numbers_and_cancels_what_was_open(simulator: Start) -> None:
    venue = simulator()
    maker, taker = venue.fix(), venue.fix("OTHER")
    maker.logon(), taker.logon()
    maker.order("m1", "1", "25", "0.41")
    before = [maker.receive()]
    taker.order("t1", "2", "10", "0.41")
    before.append(maker.receive())
    venue.kill()

    venue = simulator()
    back = venue.fix(out=maker.out)
    assert pick(back.logon(), 34) == ("5",)
    back.send("2", (7, "4"), (16, "0"))
    cancel = back.receive()
    assert pick(cancel, 34, 43, 11, 37, 150, 14, 151, 58) == (
        "4", "Y", "m1", before[0][37], "4", "10.00", "0.00", "VENUE_RESTARTED",
    )  # fmt: skip
    assert cancel[17] not in (before[0][17], before[1][17])
    assert venue("summary", account="CLIENT")["positions"] == {"RAIN": 1000}
    back.receive()
    back.order("m1", "1", "1", "0.41")
    back.order("m2", "1", "1", "0.41")
    assert [pick(back.receive(), 150, 58) for _ in range(2)] == [("8", "ORDER_ALREADY_EXISTS"), ("0", "")]


@on_both_acceptors
def test_report_that_never_reached_the_session_is_told_after_the_restart(simulator: Start) -> None:
    venue = simulator()
    maker, taker = venue.fix(), venue.fix("OTHER")
    maker.logon(), taker.logon()
    venue("delay_fix", delay_ms=60_000)
    maker.order("m1", "1", "25", "0.41")
    taker.order("t1", "2", "25", "0.41")
    wait_for(lambda: venue("summary", account="CLIENT")["fills"] == 1)
    venue.kill()

    venue = simulator()
    back = venue.fix(out=maker.out)
    back.logon()
    back.send("2", (7, "2"), (16, "0"))
    assert [pick(back.receive(), 34, 11, 150, 14) for _ in range(2)] == [
        ("2", "m1", "0", "0.00"),
        ("3", "m1", "F", "25.00"),
    ]
    back.close()
    venue.stop()
    venue = simulator()
    again = venue.fix(out=back.out)
    assert pick(again.logon(), 34) == ("5",)
