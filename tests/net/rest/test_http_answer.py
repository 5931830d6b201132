"""Answers out of bytes, however they are cut, and what is none: each is told as what it is, nothing half is taken."""

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.net.rest.http_answer import MOST_HEAD, MOST_HEADERS, MOST_LINE, AnswerError, AnswerReader, HttpAnswer

MOST_BODY = 1_000
OK = b"HTTP/1.1 200 OK\r\n"
names = st.from_regex(r"x-[a-z]{1,8}", fullmatch=True)
values = st.from_regex(r"[!-~]([ -~]{0,12}[!-~])?", fullmatch=True)
bodies = st.binary(max_size=200)


class Told(NamedTuple):
    """An answer as it is written, and as it must be read."""

    wire: bytes
    answer: HttpAnswer


@st.composite
def answers(draw: st.DrawFn) -> Told:
    """An answer with a length or in chunks, perhaps behind interim ones."""
    status = draw(st.sampled_from([200, 201, 307, 400, 409, 429, 503]))
    headers = draw(st.dictionaries(names, values, max_size=5))
    body = draw(bodies)
    interim = b"HTTP/1.1 100 Continue\r\nx-early: hints\r\n\r\n" * draw(st.integers(0, 2))
    if draw(st.booleans()):
        headers["content-length"] = str(len(body))
        written = body
    else:
        headers["transfer-encoding"] = "chunked"
        written = chunked(body, draw(st.lists(st.integers(1, 50), max_size=10)), draw(st.booleans()))
    head = "".join(f"{name.title()}: {value}\r\n" for name, value in headers.items()).encode()
    return Told(interim + b"HTTP/1.1 %d Word\r\n%b\r\n%b" % (status, head, written), HttpAnswer(status, headers, body))


def chunked(body: bytes, sizes: list[int], has_trailer: bool) -> bytes:
    """Return a body in chunks of these sizes, the rest in one."""
    written = b""
    for size in [*sizes, len(body)]:
        part, body = body[:size], body[size:]
        if part:
            written += b"%x;why=not\r\n%b\r\n" % (len(part), part)
    return written + b"0\r\n" + (b"X-Trailer: t\r\n" if has_trailer else b"") + b"\r\n"


def parts_of(wire: bytes, cuts: list[int]) -> list[bytes]:
    """Return the bytes, cut at these places."""
    places = [0, *sorted({cut % (len(wire) + 1) for cut in cuts}), len(wire)]
    return [wire[first:last] for first, last in zip(places, places[1:], strict=False) if first < last]


def read(*parts: bytes, most_body: int = MOST_BODY) -> AnswerReader:
    """Return a reader that was fed with these."""
    reader = AnswerReader(most_body)
    for part in parts:
        reader.feed(part)
    return reader


cuts = st.lists(st.integers(0, 10_000), max_size=20)


@settings(max_examples=200, deadline=None)
@given(answers(), cuts)
def test_answer_is_read_however_it_is_cut(told: Told, cuts: list[int]) -> None:
    reader = AnswerReader(MOST_BODY)
    *early, last = parts_of(told.wire, cuts)
    assert not any(reader.feed(part) for part in early)
    assert reader.feed(last)
    assert reader.answer == told.answer
    assert reader.is_reusable


@settings(max_examples=200, deadline=None)
@given(answers(), cuts, st.integers(0, 10_000))
def test_answer_without_its_end_is_never_whole(told: Told, cuts: list[int], size: int) -> None:
    reader = read(*parts_of(told.wire[: size % len(told.wire)], cuts))
    assert reader.answer is None and not reader.end()


@settings(max_examples=200, deadline=None)
@given(answers(), cuts, st.integers(0, 10_000), st.binary(min_size=1, max_size=5))
def test_answer_with_odd_bytes_in_it_is_told_or_read_and_nothing_else(
    told: Told, cuts: list[int], place: int, odd: bytes
) -> None:
    place %= len(told.wire)
    reader = AnswerReader(MOST_BODY)
    try:
        for part in parts_of(told.wire[:place] + odd + told.wire[place + len(odd) :], cuts):
            if reader.feed(part):
                break
    except AnswerError as error:
        assert reader.answer is None and str(error)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), cuts)
def test_garbage_is_no_answer(garbage: bytes, cuts: list[int]) -> None:
    try:
        reader = read(*parts_of(garbage, cuts))
    except AnswerError:
        return
    assert reader.answer is None


@settings(max_examples=100, deadline=None)
@given(answers(), st.binary(min_size=1, max_size=50))
def test_what_follows_an_answer_ends_the_connection_and_not_the_answer(told: Told, more: bytes) -> None:
    reader = read(told.wire + b"H" + more)
    assert reader.answer == told.answer
    assert not reader.is_reusable


BREACHES = [
    (b"8=FIX.4.4\x01", "breaks HTTP"),
    (b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "is of HTTP 2.0"),
    (b"HTTP/1.1 20 OK\r\n\r\n", "breaks HTTP"),
    (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "changes the protocol"),
    (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "breaks HTTP"),
    (OK + b"Content-Length: -2\r\n\r\n{}", "breaks HTTP"),
    (OK + b"Content-Length: 99999999999999999999999\r\n\r\n", "breaks HTTP"),
    (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "breaks HTTP"),
    (OK + b"Transfer-Encoding: gzip\r\n\r\n{}", "has a transfer encoding that is not chunked"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "breaks HTTP"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}x", "breaks HTTP"),
    (OK + b"X y: z\r\n\r\n", "breaks HTTP"),
    (OK + b"X: a\x00b\r\n\r\n", "breaks HTTP"),
    (OK + b"X: a\n folded\r\n\r\n", "breaks HTTP"),
    (OK + b"Content-Length: 1001\r\n\r\n", "has more than 1000 bytes"),
    (OK + b"\r\n" + b"a" * 1001, "has more than 1000 bytes"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"64\r\n" + b"a" * 100 + b"\r\n" + b"385\r\n" + b"b" * 901,
     "has more than 1000 bytes"),
    (OK + b"X: " + b"a" * MOST_LINE + b"\r\n\r\n", f"has a header of more than {MOST_LINE} bytes"),
    (OK + b"X: y\r\n" * (MOST_HEADERS + 1) + b"\r\n", f"has more than {MOST_HEADERS} headers"),
    (b"HTTP/1.1 100 Go\r\nX: y\r\n\r\n" * (MOST_HEADERS + 1), f"has more than {MOST_HEADERS} headers"),
    (b"HTTP/1.1 100 Go\r\n\r\n" * 4_000, f"has more than {MOST_HEAD} bytes that are no body"),
    (OK + b"X: " + b"a" * MOST_HEAD, f"has more than {MOST_HEAD} bytes that are no body"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"e" * MOST_HEAD, f"more than {MOST_HEAD} bytes that are no body"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 130, f"more than {MOST_HEADERS} headers"),
]  # fmt: skip


@pytest.mark.parametrize(("wire", "words"), BREACHES, ids=range(len(BREACHES)))
@pytest.mark.parametrize("size", [1, 1_000, 10**6])
def test_breach_of_http_is_refused_in_words(wire: bytes, words: str, size: int) -> None:
    with pytest.raises(AnswerError) as caught:
        read(*(wire[place : place + size] for place in range(0, len(wire), size)))
    assert words in str(caught.value)


def test_answer_without_a_length_ends_with_the_connection_and_not_before() -> None:
    reader = read(OK + b"X: y\r\n\r\n{", b"}")
    assert reader.answer is None
    assert reader.end() and reader.answer == HttpAnswer(200, {"x": "y"}, b"{}")
    assert not reader.is_reusable


def test_answer_that_ends_within_its_length_is_not_whole() -> None:
    for head in (b"Content-Length: 5\r\n\r\n{}", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", b"X: y\r\n"):
        assert not read(OK + head).end()


@pytest.mark.parametrize("status", [204, 304])
def test_answers_that_have_no_body_end_with_their_head(status: int) -> None:
    reader = read(b"HTTP/1.1 %d Word\r\nContent-Length: 7\r\n\r\n" % status)
    assert reader.answer == HttpAnswer(status, {"content-length": "7"}, b"") and reader.is_reusable


@pytest.mark.parametrize(
    ("head", "is_reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", True),
        (OK, True),
    ],
)
def test_connection_is_kept_where_the_venue_keeps_it(head: bytes, is_reusable: bool) -> None:
    reader = read(head + b"Content-Length: 2\r\n\r\n{}")
    assert reader.answer is not None and reader.is_reusable is is_reusable


def test_status_that_had_come_is_told_with_a_breach() -> None:
    with pytest.raises(AnswerError) as caught:
        read(b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n")
    assert caught.value.status == 503
