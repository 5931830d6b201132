"""Every fault of the venue, one at a time, as its clients see it."""

import time
from random import Random

import pytest

from tests.support.sim.clients import pick
from tests.support.sim.process import SimProcess, Start, on_both_acceptors

NOON = "20261123-12:00:00"


# Feed


def test_dropped_feed_ends_without_a_close_and_starts_anew(venue: SimProcess) -> None:
    feed = venue.subscribed()
    venue("drop_feed")
    feed.wait(lambda: not feed.is_open)
    assert feed.close_code is None
    again = venue.feed()
    again.send("subscribe", channels=["orderbook_delta"], market_ticker="RAIN", use_yes_price=True)
    assert [frame.get("seq") for frame in again.take(2)] == [None, 1]


def test_silent_feed_tells_everything_afterwards_in_order(simulator: Start) -> None:
    sim = simulator(sections="[feed]\nping_seconds = 0.02")
    feed, client = sim.subscribed(enable_auto_pong=False), sim.logged_on()
    feed.wait(lambda: feed.pings)
    sim("silent_feed", duration_ms=200)
    feed.pings.clear()
    started = time.monotonic()
    for number in range(3):
        client.buy(f"a{number}")
    feed.wait(lambda: len(feed.frames) == 3)
    assert time.monotonic() - started > 0.15
    assert [frame["seq"] for frame in feed.frames] == [2, 3, 4]
    assert len(feed.pings) <= 1


def test_delayed_feed_keeps_its_order(venue: SimProcess) -> None:
    feed, client = venue.subscribed(), venue.logged_on()
    venue("delay_feed", delay_ms=100)
    started = time.monotonic()
    client.buy("a1")
    client.buy("a2")
    frames = feed.take(2)
    assert time.monotonic() - started > 0.09
    venue("clear", kind="delay_feed")
    client.buy("a3")
    assert [frame["seq"] for frame in frames + feed.take()] == [2, 3, 4]


def test_skipped_seq_loses_a_change_that_a_snapshot_brings_back(venue: SimProcess) -> None:
    feed, client = venue.subscribed(), venue.logged_on()
    venue("skip_seq")
    client.buy("lost", "0.41")
    client.buy("told", "0.40")
    delta = feed.take()[0]
    assert (delta["seq"], delta["msg"]["price_dollars"]) == (3, "0.4000")
    feed.send("update_subscription", sid=1, action="get_snapshot", market_tickers=["RAIN"])
    snapshot = feed.take()[0]
    assert (snapshot["seq"], snapshot["msg"]["yes_dollars_fp"]) == (4, [["0.4000", "25.00"], ["0.4100", "25.00"]])


def test_repeated_seq_sends_one_change_twice(venue: SimProcess) -> None:
    feed, client = venue.subscribed(), venue.logged_on()
    venue("repeat_seq", symbol="RAIN")
    client.buy("a1")
    client.buy("a2")
    first, second, third = feed.take(3)
    assert first == second
    assert (first["seq"], third["seq"]) == (2, 3)


def test_unknown_level_takes_what_is_not_there(venue: SimProcess) -> None:
    feed = venue.subscribed()
    venue("unknown_level", symbol="RAIN", count=2)
    frames = feed.take(2)
    assert [(frame["seq"], frame["msg"]["side"], frame["msg"]["delta_fp"]) for frame in frames] == [
        (2, "yes", "-1.00"),
        (3, "yes", "-1.00"),
    ]
    assert venue("book", symbol="RAIN") == {"bids": [], "asks": []}


# Orders


@on_both_acceptors
def test_next_order_is_rejected_and_no_other(venue: SimProcess) -> None:
    client = venue.logged_on()
    venue("reject_order")
    client.order("a1", "1", "25", "0.41")
    assert pick(client.receive(), 11, 150, 103, 58) == ("a1", "8", "99", "INTERNAL_ERROR")
    client.buy("a2")


@on_both_acceptors
def test_orders_are_cancelled_unasked(venue: SimProcess) -> None:
    client, other = venue.logged_on(), venue.logged_on("OTHER")
    client.buy("a1")
    client.buy("a2")
    other.buy("b1")
    venue("cancel_orders", account="CLIENT")
    assert [pick(client.receive(), 11, 41, 150, 151) for _ in range(2)] == [
        ("a1", "", "4", "0.00"),
        ("a2", "", "4", "0.00"),
    ]
    assert venue("orders", account="CLIENT")["orders"] == []
    assert len(venue("orders", account="OTHER")["orders"]) == 1


@on_both_acceptors
def test_late_cancel_finds_a_part_filled(venue: SimProcess) -> None:
    client = venue.logged_on()
    fills = venue("summary", account="CLIENT")["fills"]
    client.buy("a1")
    venue("late_cancel", delay_ms=50, fill_qty=1000)
    started = time.monotonic()
    client.cancel("c1", "a1")
    told = [client.receive(), client.receive()]
    assert time.monotonic() - started > 0.045
    assert [pick(each, 11, 150, 39, 14, 151) for each in told] == [
        ("a1", "F", "1", "10.00", "15.00"),
        ("c1", "4", "4", "10.00", "0.00"),
    ]
    assert venue("summary", account="CLIENT")["fills"] == fills + 1


@on_both_acceptors
def test_late_cancel_comes_too_late(venue: SimProcess) -> None:
    client = venue.logged_on()
    client.buy("a1")
    venue("late_cancel", delay_ms=20, fill_qty=-1)
    client.cancel("c1", "a1")
    assert [pick(client.receive(), 35, 11, 39, 102) for _ in range(2)] == [("8", "a1", "2", ""), ("9", "c1", "2", "0")]


@on_both_acceptors
def test_closed_market_expires_orders_and_takes_none(venue: SimProcess) -> None:
    client = venue.logged_on()
    client.buy("a1")
    venue("close_market", symbol="RAIN")
    assert pick(client.receive(), 11, 39, 150) == ("a1", "C", "C")
    client.order("a2", "1", "25", "0.41")
    assert pick(client.receive(), 150, 103, 58) == ("8", "2", "MARKET_INACTIVE")
    venue("open_market", symbol="RAIN")
    client.buy("a3")
    venue("pause_market", symbol="RAIN")
    client.cancel("c3", "a3")
    assert pick(client.receive(), 11, 150) == ("c3", "4")


# Session


@on_both_acceptors
def test_dropped_session_ends_without_logout_and_goes_on_with_its_numbers(venue: SimProcess) -> None:
    client, other = venue.logged_on(), venue.logged_on("OTHER")
    client.buy("a1")
    venue("drop_fix", account="CLIENT")
    with pytest.raises(ConnectionError):
        client.receive()
    other.buy("b1")
    again = venue.fix(out=client.out)
    assert pick(again.logon(), 34, 35) == ("3", "A")
    again.cancel("c1", "a1")
    assert pick(again.receive(), 34, 11, 150) == ("4", "c1", "4")


@on_both_acceptors
def test_session_that_the_venue_ends_may_come_back(venue: SimProcess) -> None:
    client, other = venue.logged_on(), venue.logged_on("OTHER")
    client.buy("a1")
    venue("logout_fix", account="CLIENT")
    assert pick(client.receive(), 35, 34, 58) == ("5", "3", "venue logs out")
    client.send("5")
    client.expect_end()
    other.buy("b1")
    again = venue.fix(out=client.out)
    assert pick(again.logon(), 34, 35) == ("4", "A")
    again.cancel("c1", "a1")
    assert pick(again.receive(), 34, 11, 150) == ("5", "c1", "4")


@on_both_acceptors
def test_client_with_a_number_too_low_is_sent_away_and_the_venue_goes_on(venue: SimProcess) -> None:
    client, other = venue.logged_on(), venue.logged_on("OTHER")
    client.send("1", (112, "x"), seq=1)
    assert client.receive()[35] == "5"
    other.buy("b1")


@on_both_acceptors
def test_silent_session_answers_afterwards(venue: SimProcess) -> None:
    client = venue.logged_on()
    venue("silent_fix", duration_ms=200)
    client.send("1", (112, "there?"))
    client.order("a1", "1", "25", "0.41")
    client.expect_nothing(0.1)
    assert [pick(client.receive(), 35, 112, 11) for _ in range(2)] == [("0", "there?", ""), ("8", "", "a1")]


@on_both_acceptors
def test_silent_session_still_reports_what_happened_meanwhile(venue: SimProcess) -> None:
    client = venue.logged_on()
    client.buy("a1")
    venue("silent_fix", duration_ms=100)
    venue("cancel_orders")
    client.expect_nothing(0.05)
    assert pick(client.receive(), 11, 150) == ("a1", "4")


@on_both_acceptors
def test_delayed_session_keeps_its_order(venue: SimProcess) -> None:
    client = venue.logged_on()
    venue("delay_fix", delay_ms=100, duration_ms=20)
    started = time.monotonic()
    client.order("a1", "1", "25", "0.41")
    client.order("a2", "1", "25", "0.41")
    assert [pick(client.receive(), 34, 11) for _ in range(2)] == [("2", "a1"), ("3", "a2")]
    assert time.monotonic() - started > 0.09


@on_both_acceptors
def test_garbled_messages_do_not_end_the_venue(venue: SimProcess) -> None:
    random = Random(7)
    client = venue.logged_on()
    fields = [
        (11, "a1"),
        (54, "1"),
        (38, "25"),
        (40, "2"),
        (44, "0.41"),
        (55, "RAIN"),
        (59, "6"),
        (60, NOON),
        (126, NOON),
    ]
    alphabet = ["", "-1", "1e5", "9" * 40, "\u00e9", "=", "0.415", "A", "20261123-23:59:60", "NaN", "6 6 6"]
    for number in range(400):
        mutated = [(tag, random.choice(alphabet) if random.random() < 0.2 else text) for tag, text in fields]
        random.shuffle(mutated)
        client.send(random.choice("DFGHq"), *mutated[: random.randint(1, len(mutated))], (530, random.choice("1678")))
        if number % 50 == 49:
            client.send("1", (112, f"alive-{number}"))
            while client.receive().get(112) != f"alive-{number}":
                pass
    client.order("good", "1", "25", "0.41")
    while (told := client.receive()).get(11) != "good":
        assert told[35] in ("8", "9", "j", "r", "3")
    assert told[150] == "0"
