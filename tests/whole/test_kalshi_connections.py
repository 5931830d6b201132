"""Three connections of one feed, and one of them is cut: its markets wait, the others go on, the records agree."""

import json
from pathlib import Path

import pytest

from engine.app.demo.kalshi import compare
from engine.net.feed import Feed
from tests.support.kalshi_pair import Pair, trade

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own
CONNECTIONS = 3


def test_loss_of_one_connection_stops_its_markets_alone_and_ends_reconciled(tmp_path: Path) -> None:
    stale: list[set[int]] = []

    async def cut(pair: Pair) -> None:
        """Cut the connection of one market, after every one has brought books."""
        engine, watch = pair.engine, pair.engine.trading.watch
        await pair.trading()
        await pair.until(lambda: all(feed.is_connected and watch.on(n) for n, feed in enumerate(engine.feeds)), "up")
        assert (
            max(len(watch.on(n)) for n in range(CONNECTIONS)) - min(len(watch.on(n)) for n in range(CONNECTIONS)) <= 8
        )
        home = 1
        lost = engine.feeds[home]
        assert isinstance(lost, Feed)
        on_lost = lost._on_lost

        def note(reason: str) -> None:
            """Note which books are stale at the moment of the loss."""
            on_lost(reason)
            books = {n: [engine.trading.book(each) for each in watch.on(n)] for n in range(CONNECTIONS)}
            stale.append({n for n, on_it in books.items() if on_it and all(book.is_stale for book in on_it)})

        lost._on_lost = note
        pair.venue.ask("drop_feed", symbol=watch.on(home)[0].symbol)
        await pair.until(lambda: engine.reconnects() == 1, "connected anew")
        assert [feed.totals.connects for feed in engine.feeds] == [1, 2, 1]
        await pair.until(lambda: any(not engine.trading.book(each).is_stale for each in watch.on(home)), "seen again")
        missed = engine.account.missed if engine.account is not None else None
        assert missed is not None
        await pair.until(lambda: missed.counts.absences == 1, "asked for the trades that were missed")
        await pair.until(lambda: engine.counters.fills, "filled")
        await pair.trading()
        await pair.compared()

    result, engine = trade(tmp_path, cut, connections=CONNECTIONS, audit=tmp_path / "audit.log")
    assert home_alone(stale)
    assert engine.account is not None and engine.account.missed is not None
    assert engine.account.missed.counts.failed == 0
    assert result["fills"] > 0
    assert compare(result) == []
    assert_all_is_recorded(tmp_path / "audit.log")
    assert [feed.address.rpartition(" connection ")[2] for feed in engine.feeds] == ["1 of 3", "2 of 3", "3 of 3"]


def home_alone(stale: list[set[int]]) -> bool:
    """Whether the loss made the books of the second connection stale, and those of no other."""
    return bool(stale) and stale[0] == {1}


def assert_all_is_recorded(file: Path) -> None:
    """Every channel is in the audit log, answers with their time, and no secret."""
    records = [json.loads(text) for text in file.read_text().splitlines()]
    assert {each["channel"] for each in records} == {"rest", "feed", "fix"}
    of_feed = [each for each in records if each["channel"] == "feed"]
    assert [each["what"] for each in of_feed].count("connected") == CONNECTIONS + 1
    assert [each["what"] for each in of_feed].count("lost") >= 1
    answers = [each for each in of_feed if each["what"] == "answer"]
    assert answers and all(each["took_ns"] > 0 for each in answers if each["id"])
    fix = [each["message"] for each in records if each["channel"] == "fix"]
    assert any("|35=D|" in message for message in fix) and any("|35=8|" in message for message in fix)
    (logon, *_) = [message for message in fix if "|35=A|" in message]
    assert "|96=***|" in logon or "|96=" not in logon
