"""One answer of HTTP/1.1 out of the bytes of a connection: bounded, and nothing half or doubtful taken for whole.

No I/O, no clock. The grammar is that of llhttp (httptools), strict; what it lets pass and what is too much is refused
here: another version, a transfer encoding other than chunked, an upgrade, headers without end.

Units   sizes in bytes.
Errors  AnswerError for what is no answer; the connection is of no use any more.
Bounds  `MOST_LINE` a header, `MOST_HEADERS` of them, `MOST_HEAD` for all that is no body, trailers and interim answers
        included, and 16 times the body for how it is cut into chunks; the body as its caller says.
Source  RFC 9112.
"""

from typing import NamedTuple

import httptools

from engine.errors import EngineError

MOST_LINE = 8_190
MOST_HEADERS = 128
MOST_HEAD = 64 * 2**10
_CHUNKS = 16  # bytes beside each of the body
_INTERIM = range(100, 200)
_SWITCHING = 101


class AnswerError(EngineError):
    """What came is no answer: what is the matter with it, as said after "the answer"; `status` is 0 if none came."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(what)
        self.status = status


class HttpAnswer(NamedTuple):
    """An answer that is whole; names of headers in lower case, the last of those with the same name."""

    status: int
    headers: dict[str, str]
    body: bytes


class AnswerReader:
    """The answer to one request. `is_reusable` says whether the connection may carry another one afterwards.

    The `on_...` methods are for the parser.
    """

    def __init__(self, most_body: int) -> None:
        self.answer: HttpAnswer | None = None
        self.is_reusable = False
        self.has_head = False
        self._most_body = most_body
        self._parser = httptools.HttpResponseParser(self)
        self._came = 0
        self._headers: dict[str, str] = {}
        self._header_count = 0
        self._status = 0
        self._parts: list[bytes] = []
        self._size = 0
        self._wrong: AnswerError | None = None

    def feed(self, data: bytes) -> bool:
        """Take bytes; return whether the answer is whole."""
        self._came += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._wrong = self._wrong or AnswerError("changes the protocol", self._status)
        except httptools.HttpParserError as error:
            self._spoil(error)
        if self._wrong is not None:
            raise self._wrong
        if self.answer is not None:
            return True
        if self._came - self._size > MOST_HEAD + _CHUNKS * self._size:
            raise AnswerError(f"has more than {MOST_HEAD} bytes that are no body", self._status)
        return False

    def end(self) -> bool:
        """Take the peer's orderly end; return whether the answer is whole: one that says no length ends so."""
        if self.answer is None and self.has_head and not self._says_length():
            self.answer = HttpAnswer(self._status, self._headers, b"".join(self._parts))
        return self.answer is not None

    def on_message_begin(self) -> None:
        """Begin an answer, perhaps after an interim one; what follows a whole answer spoils the connection."""
        if self.answer is not None:
            self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; a trailer is counted alone."""
        self._header_count += 1
        if len(name) + len(value) > MOST_LINE:
            self._refuse(f"has a header of more than {MOST_LINE} bytes")
        elif self._header_count > MOST_HEADERS:
            self._refuse(f"has more than {MOST_HEADERS} headers")
        elif not self.has_head:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Judge the head."""
        if self.answer is not None:
            return
        self._status = self._parser.get_status_code()
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refuse(f"is of HTTP {version}")
        elif self._status in _INTERIM:
            self._headers = {}
        else:
            self.has_head = True
            self._judge_length()

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        if self.answer is not None or self._wrong is not None:
            return
        self._size += len(part)
        if self._size > self._most_body:
            self._refuse_length()
        else:
            self._parts.append(part)

    def on_message_complete(self) -> None:
        """End the answer, unless it is interim."""
        if self.has_head and self.answer is None and self._wrong is None:
            body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self.answer = HttpAnswer(self._status, self._headers, body)
            self.is_reusable = self._parser.should_keep_alive()

    def _judge_length(self) -> None:
        coding = self._headers.get("transfer-encoding")
        length = self._headers.get("content-length", "")
        if coding is not None and coding.strip().lower() != "chunked":
            self._refuse("has a transfer encoding that is not chunked")
        elif length.isdecimal() and int(length[:20]) > self._most_body:
            self._refuse_length()

    def _says_length(self) -> bool:
        return "content-length" in self._headers or "transfer-encoding" in self._headers

    def _spoil(self, error: Exception) -> None:
        """Take a breach of HTTP: behind a whole answer it is but the end of the connection."""
        self.is_reusable = False
        if self.answer is None:
            self._refuse(f"breaks HTTP: {str(error) or type(error).__name__}")

    def _refuse_length(self) -> None:
        self._refuse(f"has more than {self._most_body} bytes")

    def _refuse(self, what: str) -> None:
        if self._wrong is None:
            self._wrong = AnswerError(what, self._status)
