"""kill -9 of the venue or of the engine while they trade: the survivor notices, nothing is lost or doubled."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.exchange.blotter import EnteredOrder, read_blotter
from tests.support.engine.process import Pair, wait_for


@pytest.fixture(params=["quickfix", "native"])
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    pair = Pair(tmp_path, request.param)
    yield pair
    pair.close()


def assert_no_order_is_doubled(pair: Pair) -> None:
    entries = read_blotter(pair.directory / "venue" / "blotter.jsonl")
    ids = Counter(entry.cl_ord_id for entry in entries if isinstance(entry, EnteredOrder))
    assert [cl_ord_id for cl_ord_id, count in ids.items() if count > 1] == []


def same_positions(pair: Pair) -> bool:
    """Whether the engine and the venue, both quiet, hold the same."""
    assert pair.venue is not None
    venue = pair.venue.control("summary", account="FIXLANE")["positions"]
    ours = pair.status()["positions"]
    return bool({s: f"{n / 100:.2f}" for s, n in venue.items() if n} == ours)


def test_killed_venue_is_noticed_and_trading_resumes_when_it_is_back(pair: Pair) -> None:
    pair.start_venue()
    pair.start_engine()
    before = pair.wait_until_trading()
    wait_for(lambda: pair.status()["live_orders"] > 4, "resting orders")
    pair.kill_venue()

    down = wait_for(lambda: (s := pair.status())["state"] == "waiting" and s, "the engine to notice")
    assert not down["logged_on"]
    assert down["stale_books"] == 8

    pair.start_venue()
    after = pair.wait_until_trading()
    assert after["next_msg_seq_num_out"] > before["next_msg_seq_num_out"]
    assert after["next_msg_seq_num_in"] > before["next_msg_seq_num_in"]
    pair.act("halt")
    wait_for(lambda: pair.status()["live_orders"] == 0, "every order to be cancelled")
    assert pair.venue_orders() == []
    wait_for(lambda: same_positions(pair), "equal positions")
    assert_no_order_is_doubled(pair)


def test_killed_engine_recovers_its_orders_and_its_numbers(pair: Pair) -> None:
    pair.start_venue()
    pair.start_engine()
    before = pair.wait_until_trading()
    wait_for(lambda: len(pair.venue_orders()) > 4, "resting orders")
    pair.kill_engine()
    left = {order["cl_ord_id"] for order in pair.venue_orders()}
    assert left

    pair.start_engine()
    after = pair.wait_until_trading()
    assert after["next_msg_seq_num_out"] > before["next_msg_seq_num_out"]
    assert left.isdisjoint(order["cl_ord_id"] for order in pair.venue_orders())
    pair.act("halt")
    wait_for(lambda: pair.status()["live_orders"] == 0, "every order to be cancelled")
    wait_for(lambda: same_positions(pair), "equal positions")
    assert_no_order_is_doubled(pair)
    notes = [line["message"] for line in pair.log()]
    assert any(note.startswith("recovered ") for note in notes), json.dumps(notes)
