"""What an answer says: success, or a refusal with the venue's own words and what to do about it.

Errors  RestError for everything but a success that is JSON.
Thread  the loop thread only.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from engine.net.rest.errors import (
    ADVICE,
    LIMITED,
    RestError,
    printable,
    retry_after_ns,
    skew_words,
    unanswered,
)
from engine.venue.rest import Call, RestAnswer, RestDialect, RestRefusal, RestRequest, T

_REDIRECTS = range(300, 400)
_BROKEN_AT = 500  # this status and those above: the venue itself does not know what it did


def value_of(call: Call[T], answer: RestAnswer) -> T:
    """Return what the body of a success means."""
    try:
        return call.read(answer.body)
    except Exception as error:  # whatever stops the reader, a write was taken and its answer is lost
        what = f"HTTP {answer.status}, but the body cannot be read: {printable(str(error))}"
        raise unanswered(call.request, what, code="unreadable", status=answer.status) from error


def check(call: Call[T], answer: RestAnswer, dialect: RestDialect, wall_ns: int) -> None:
    """Raise what the answer says if it is no success, or is no JSON."""
    if answer.status in call.statuses:
        _check_type(call.request, answer)
        return
    if answer.status in _REDIRECTS:
        raise _redirected(call.request, answer)
    raise _refused(call.request, answer, dialect, wall_ns)


def check_encoding(request: RestRequest, status: int, headers: Mapping[str, str]) -> None:
    """Raise RestError for a body that is compressed, which nobody asked for."""
    encoding = headers.get("content-encoding", "identity")
    if encoding != "identity":
        what = f"the answer is encoded as {printable(encoding)}, which was not asked for"
        raise unanswered(request, what, code="broken", status=status)


def _check_type(request: RestRequest, answer: RestAnswer) -> None:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not answer.body or kind == "application/json" or kind.endswith("+json"):
        return
    words = printable(answer.body.decode("utf-8", "replace"))
    what = f"HTTP {answer.status} with {printable(kind) or 'no content type'} where JSON was due: {words}"
    raise unanswered(request, what, code="broken", status=answer.status)


def _redirected(request: RestRequest, answer: RestAnswer) -> RestError:
    address = urlsplit(answer.headers.get("location", ""))
    place = printable(f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}")
    return RestError(
        request.operation,
        f"HTTP {answer.status}: redirected to {place}, which is not followed: a signature is for one path",
        code="redirect",
        status=answer.status,
        advice="check the REST address",
    )


def _refused(request: RestRequest, answer: RestAnswer, dialect: RestDialect, wall_ns: int) -> RestError:
    status = answer.status
    refusal = _refusal(dialect, answer)
    is_limited = dialect.is_limited(answer)
    is_broken = status >= _BROKEN_AT and not is_limited
    words = " ".join(part for part in (refusal.code, refusal.text) if part)
    skew = skew_words(answer.headers, wall_ns) if status == 401 else ""
    return RestError(
        request.operation,
        f"HTTP {status} {words}{skew}".rstrip(),
        code=refusal.code or str(status),
        status=status,
        text=refusal.text,
        advice=LIMITED if is_limited else ADVICE.get(status, ""),
        is_outcome_unknown=is_broken and request.is_write,
        is_limited=is_limited,
        may_retry=is_limited or (is_broken and not request.is_write),
        retry_after_ns=retry_after_ns(answer.headers, wall_ns),
    )


def _refusal(dialect: RestDialect, answer: RestAnswer) -> RestRefusal:
    try:
        refusal = dialect.refusal(answer)
    except Exception:  # a body that no venue should send: its words are worth more than its form
        return RestRefusal("", printable(answer.body.decode("utf-8", "replace")))
    return RestRefusal(printable(refusal.code), printable(refusal.text))
