"""The pages say what the settings of a REST client are, and what its audit log keeps."""

import re

from engine.net.rest.errors import RestError
from engine.net.rest.records import Attempt, record
from engine.net.rest.settings import RestSettings
from engine.net.rest.tokens import MOST_SHARDS
from engine.runtime import audit
from tests.support.pages import page, rows, section
from tests.support.rest_venue import post

S = 1_000_000_000
MIB = 2**20
DEFAULTS = RestSettings(url="https://venue.example")


def numbers(text: str) -> list[float]:
    return [float(number.replace(" ", "")) for number in re.findall(r"\d+(?: \d{3})*(?:\.\d+)?", text)]


def test_bounds_of_the_client_are_its_settings() -> None:
    table = rows(section(page("bounds.md"), "## REST, our side"), "edge", "what", "bound")
    shown = {what: numbers(bound) for _, what, bound, *_ in table}
    each = DEFAULTS
    expected = {
        "connecting, TLS handshake included": [each.connect_timeout_ns / S],
        "from the first byte of a request to the last of its answer": [each.timeout_ns / S],
        "a connection without requests": [each.idle_ns / S],
        "size of an answer": [each.most_body / MIB],
        "attempts of a read": [each.attempts, each.first_retry_ns / S, each.longest_retry_ns / S],
        "Retry-After": [each.longest_retry_after_ns / S],
        "reads on their way": [each.most_reads],
        "writes on their way": [each.most_writes, each.more_cancels],
        "tokens": [each.unused_percent, each.cancel_reserve],
        "requests that wait, of reads and of each shard's writes": [each.most_waiting],
        "waiting": [each.longest_wait_ns / S, each.longest_order_wait_ns / S],
        "shards with a bucket of their own": [MOST_SHARDS],
        "pages of a list": [each.most_pages],
        "answers in the cache": [each.cache_entries, each.cache_bytes / MIB],
        "an old answer while the venue cannot be asked": [each.stale_ns / S],
        "records that wait for its thread": [audit.MOST_WAITING],
        "a body": [audit.MOST_BODY / 1024],
    }
    assert {what: shown.get(what) for what in expected} == expected


def test_fields_of_the_audit_log_are_those_of_its_records() -> None:
    attempt = Attempt(post().request, 0, 10, 0, 0, True)
    attempt.error = RestError("create_order", "HTTP 400", code="c")
    table = rows(section(page("deploying.md"), "## The audit log"), "field", "holds")
    assert [name for name, _ in table] == list(record(attempt, 0))
