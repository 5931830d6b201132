"""What a REST client must know of Kalshi: signatures, refusals, rates.

Shapes  an error body has one of three forms: {"error": {"code", "message", "details"}}, the same without "error", or
        {"msg": ...}; "error" may be a mere text too.
Errors  none: an answer that nobody expects is a refusal with the venue's own words.
Source  Kalshi REST, authentication, rate limits, errors.
"""

import msgspec

from engine.venue.kalshi.rest.operations import limits
from engine.venue.kalshi.rest.reading import shown
from engine.venue.kalshi.signing import SigningKey
from engine.venue.rest import Call, RestAnswer, RestRefusal, RestRequest, TokenLimits

TOO_MANY = 429
RATE_CODES = frozenset(("too_many_requests", "rate_limit_exceeded"))

_MOST_TEXT = 300


class KalshiRest:
    """A RestDialect; without a key requests are unsigned, which public reads may be."""

    def __init__(self, key: SigningKey | None) -> None:
        self._key = key

    def sign(self, request: RestRequest, now_ns: int) -> dict[str, str]:
        """Return the headers of a request sent now: the signature is over time, method and path, nothing else."""
        return {} if self._key is None else self._key.http_headers(request.method, request.path, now_ns)

    def refusal(self, answer: RestAnswer) -> RestRefusal:
        """Return what an answer that is no success says."""
        return refusal_of(answer.body)

    def is_limited(self, answer: RestAnswer) -> bool:
        """Return whether it was refused for its rate: nothing of it was applied."""
        return answer.status == TOO_MANY or (answer.status == 400 and self.refusal(answer).code in RATE_CODES)

    def limits(self) -> Call[TokenLimits] | None:
        """Return what asks for the account's token limits; None without a key, whose account it would be."""
        return None if self._key is None else limits.token_limits()

    def costs(self) -> Call[dict[tuple[str, str], int]] | None:
        """Return what asks for the tokens of each (method, path pattern) that does not cost the default."""
        return limits.costs()


def refusal_of(body: bytes) -> RestRefusal:
    """Return the code and the words of an error body, whichever form it has; the words of any other body are its own.

    What is in it is the counterparty's: it is cut, and made printable.
    """
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return RestRefusal("", _plain(body.decode("utf-8", "replace")))
    inner = found.get("error") if isinstance(found, dict) else None
    if isinstance(inner, dict):
        found = inner
    elif isinstance(inner, str):
        return RestRefusal(_plain(inner).replace(" ", "_").lower() if inner.strip() else "", _plain(inner))
    if not isinstance(found, dict):
        return RestRefusal("", _plain(found) if isinstance(found, str) else shown(found))
    return RestRefusal(_word(found.get("code")), _words(found))


def refusal_of_item(error: object) -> RestRefusal:
    """Return the same of an error that stands beside one order of a batch."""
    return refusal_of(msgspec.json.encode({"error": error}))


def _word(value: object) -> str:
    if value is None or value == "":
        return ""
    return _plain(value if isinstance(value, str) else shown(value))


def _words(found: dict[str, object]) -> str:
    """Return what an error says for people, its details among it: they alone say what is wrong with an order."""
    message = found.get("message") or found.get("msg") or ""
    details = found.get("details")
    texts = [_plain(each) if isinstance(each, str) else shown(each) for each in (message, details) if each]
    return ": ".join(texts) or _plain(_word(found.get("code")))


def _plain(text: str) -> str:
    """Return a text on one line, without what cannot be printed."""
    return " ".join("".join(each if each.isprintable() else " " for each in text[:_MOST_TEXT]).split()) or "no words"
