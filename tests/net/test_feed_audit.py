"""What the audit log has of a feed's connection: commands and answers with their time, and its life."""

from collections.abc import Mapping
from typing import Any

import pytest

from engine.net import feed_audit
from engine.net.feed_audit import FeedAudit
from engine.runtime.audit import line
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.support.ws_venue import Client, Venue, VenueConnection, against

ACKNOWLEDGED = b'{"type":"subscribed","id":1,"msg":{"channel":"trade","sid":2}}'


class Sink:
    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.now_ns = 0

    def write(self, record: Mapping[str, Any]) -> None:
        self.records.append(dict(record))

    def audit(self) -> FeedAudit:
        return FeedAudit(self, "wss://venue/ws", lambda: 7, lambda: self.now_ns)

    def told(self) -> list[tuple[Any, ...]]:
        """Return what was recorded beside channel, feed and moment."""
        assert all(
            (each["wall_ns"], each["channel"], each["feed"]) == (7, "feed", "wss://venue/ws") for each in self.records
        )
        taken, self.records = self.records, []
        return [tuple(each.values())[3:] for each in taken]


def test_answers_of_a_command_have_the_time_that_each_took() -> None:
    sink = Sink()
    audit = sink.audit()
    audit.connected()
    audit.sent([b'{"id":1,"cmd":"subscribe"}'])
    sink.now_ns = 30
    audit.answered(1, b"{}")
    sink.now_ns = 50
    audit.answered(1, b"[]")
    assert sink.told() == [
        ("connected",),
        ("command", 1, b'{"id":1,"cmd":"subscribe"}'),
        ("answer", 1, b"{}", 30),
        ("answer", 1, b"[]", 50),
    ]


def test_answer_after_a_new_connection_is_none_to_an_older_command() -> None:
    sink = Sink()
    audit = sink.audit()
    audit.sent([b'{"id":1}', b"no JSON"])
    audit.lost("gone")
    audit.connected()
    audit.answered(1, b"{}")
    assert sink.told()[2:] == [("lost", "gone"), ("connected",), ("answer", 1, b"{}")]


def test_commands_that_are_never_answered_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_audit, "MOST_OPEN", 2)
    sink = Sink()
    audit = sink.audit()
    audit.sent([b'{"id":1}', b'{"id":2}', b'{"id":3}'])
    audit.answered(1, b"{}")
    audit.answered(3, b"{}")
    assert sink.told()[3:] == [("answer", 1, b"{}"), ("answer", 3, b"{}", 0)]


def test_dialect_tells_each_answer_with_its_id() -> None:
    heard: list[tuple[int, bytes]] = []
    dialect = KalshiMarketData([])
    dialect.decode(ACKNOWLEDGED)  # nobody listens
    dialect.on_answer = lambda number, body: heard.append((number, body))
    dialect.subscribe()
    dialect.decode(ACKNOWLEDGED)
    dialect.decode(b'{"type":"error","id":2,"msg":{"code":8,"msg":"Unknown channel name"}}')
    assert [number for number, _ in heard] == [1, 2]
    assert b"Unknown channel name" in heard[1][1]


@against()
async def test_connection_records_what_it_sends_and_that_it_is_lost(
    venue: Venue, client: Client, connection: VenueConnection
) -> None:
    sink = Sink()
    client.feed._audit = sink.audit()
    client.feed.send([b'{"id":5,"token":"x"}'])
    connection.drop()
    await client.next()
    (_, command, _), (_, reason) = [each[:3] for each in sink.told()]
    assert (command, reason) == (5, "connection lost without a close frame")


def test_secret_in_a_command_is_not_written() -> None:
    sink = Sink()
    sink.audit().sent([b'{"id":5,"params":{"token":"hush"}}'])
    (record,) = sink.records
    assert b"hush" not in line(record) and b"***" in line(record)
