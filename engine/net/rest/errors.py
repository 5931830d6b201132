"""Why a request came to nothing, as an error that says what to do about it.

Source  RFC 9110: status codes, Retry-After; Kalshi REST: errors.
"""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from engine.errors import EngineError
from engine.venue.rest import RestRequest

EXCERPT = 200  # characters of a venue's words that an error shows
SKEW_NS = 2_000_000_000  # of a clock, told where a request is refused for its credentials
_NS = 1_000_000_000
LIMITED = "it was refused for its rate and not applied: send fewer, or ask the venue for a higher tier"
LOOK_UP = "its outcome is unknown: look it up at the venue before anything is sent again"
CHECK_TLS = "check the address, and that the venue's certificate is of an authority that this host trusts"
CHECK_NET = "check the address and this host's network"
ADVICE = {
    400: "correct the request: the venue cannot read it, or its rules forbid it",
    401: "check the API key id, its key file, and this host's clock",
    403: "the API key lacks the permission, or its location attestation has expired",
    404: "the venue does not know it, or no longer: check the path, the ticker and the id",
    409: "it was there before: nothing was applied a second time",
    410: "the venue no longer offers this operation: a newer release is needed",
    413: "the request is too long: split it",
}


class RestError(EngineError):
    """A request that has no good answer: what failed, what the venue said, and what to do.

    `status` is 0 where no answer came. `code` is the venue's own, or else a word for the kind of failure: refused,
    connect, timeout, lost, broken, redirect, unreadable, credential, pages, closed. `is_outcome_unknown` is about a
    write that may have been applied, `is_limited` about a request that was refused for its rate and was not.
    `may_retry` says that the same read might succeed later, not before `retry_after_ns` where the venue said so.
    """

    def __init__(
        self,
        operation: str,
        what: str,
        *,
        code: str,
        status: int = 0,
        text: str = "",
        advice: str = "",
        is_outcome_unknown: bool = False,
        is_limited: bool = False,
        may_retry: bool = False,
        retry_after_ns: int = 0,
    ) -> None:
        self.operation = operation
        self.status = status
        self.code = code
        self.text = text
        self.advice = LOOK_UP if is_outcome_unknown else advice
        self.is_outcome_unknown = is_outcome_unknown
        self.is_limited = is_limited
        self.may_retry = may_retry
        self.retry_after_ns = retry_after_ns
        super().__init__(": ".join(part for part in (operation, what, self.advice) if part))


def never_sent(request: RestRequest, what: str, advice: str, *, code: str, may_retry: bool = False) -> RestError:
    """Return the error of a request that did not leave."""
    return RestError(request.operation, f"not sent: {what}", code=code, advice=advice, may_retry=may_retry)


def unanswered(request: RestRequest, what: str, *, code: str, status: int = 0) -> RestError:
    """Return the error of a request that left and has no answer that can be understood."""
    is_write = request.is_write
    return RestError(
        request.operation, what, code=code, status=status, is_outcome_unknown=is_write, may_retry=not is_write
    )


def retry_after_ns(headers: Mapping[str, str], wall_ns: int) -> int:
    """Return how long an answer wants us to wait (Retry-After, in seconds or as a date), 0 if it does not say."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return int(text[:10]) * _NS
    moment_ns = http_date_ns(text)
    return max(moment_ns - wall_ns, 0) if moment_ns else 0


def http_date_ns(text: str) -> int:
    """Return the moment that a header names, in ns since 1970; 0 for what is no date."""
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int(moment.timestamp()) * _NS
    except (ValueError, OverflowError):
        return 0


def skew_words(headers: Mapping[str, str], wall_ns: int) -> str:
    """Say how far this host's clock is from the venue's, if it is far and the answer tells."""
    venue_ns = http_date_ns(headers.get("date", ""))
    skew_ns = wall_ns - venue_ns
    if not venue_ns or abs(skew_ns) <= SKEW_NS:
        return ""
    return f" (this host's clock is {abs(skew_ns) // _NS} s {'ahead of' if skew_ns > 0 else 'behind'} the venue's)"


def printable(text: str) -> str:
    """Return a peer's words, cut short, without what would break a line of a log or act on a terminal."""
    return "".join(each if each.isprintable() else " " for each in text[:EXCERPT])


def cause(error: Exception) -> str:
    """Return an error's words, or what it is called if it has none."""
    return printable(str(error)) or type(error).__name__
