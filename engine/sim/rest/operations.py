"""An operation of the server, what it is asked with, and how a request finds it.

Shapes  a path is a pattern such as "/markets/{ticker}"; a query and a body are msgspec structs, which judge them.
Errors  RestRefused: 400 for a query or body that does not fit, 404 for a path and 405 for a method that nobody has.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl, unquote

import msgspec

from engine.sim.keys import READ, WRITE, SimKey
from engine.sim.rest.access import VenueAccess
from engine.sim.rest.gate import PUBLIC
from engine.sim.rest.records import RestRecords
from engine.sim.rest.refusals import RestRefused, bad_request, not_found
from engine.sim.rest.tokens import DEFAULT_COST

Q = TypeVar("Q")
B = TypeVar("B")

BASE = "/trade-api/v2"
TRADE = "write::trade"

Limit100 = Annotated[int, msgspec.Meta(ge=1, le=100)]
Limit200 = Annotated[int, msgspec.Meta(ge=1, le=200)]
Limit500 = Annotated[int, msgspec.Meta(ge=1, le=500)]
Limit1000 = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Limit0To1000 = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """No parameter at all; those of an operation are the fields of its own struct. Others are ignored."""


class Asked(NamedTuple, Generic[Q, B]):
    """One request, judged and understood. `path` holds the values of the pattern's names, decoded."""

    venue: VenueAccess
    key: SimKey | None
    path: dict[str, str]
    query: Q
    body: B
    now_ns: int
    records: RestRecords

    @property
    def member(self) -> str:
        """Return whose request it is; "" for one without a key."""
        return self.key.member if self.key else ""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What the server can do. `cost` is tokens, or counts them in a body; `broken` is its own body of a 5xx; `bucket`
    is the shard whose write tokens it always spends."""

    name: str
    method: str
    path: str
    run: Callable[[Asked[Any, Any]], object]
    query: type[Query] = Query
    body: type[msgspec.Struct] | None = None
    is_body_optional: bool = False
    status: int = 200
    scope: str = READ
    cost: int | Callable[[Any], int] = DEFAULT_COST
    broken: Callable[[Asked[Any, Any]], object] | None = None
    bucket: int | None = None

    @property
    def is_write(self) -> bool:
        """Whether it spends the tokens of a write."""
        return self.method != "GET"

    def tokens(self, body: Any) -> int:
        """Return what a request costs."""
        return self.cost if isinstance(self.cost, int) else self.cost(body)

    def shard(self, query: Any, body: Any) -> int:
        """Return whose write tokens a request spends: those of the shard that it names, 0 for none named."""
        if self.bucket is not None:
            return self.bucket
        named = getattr(body, "exchange_index", None)
        return max(0, (getattr(query, "exchange_index", None) if named is None else named) or 0)

    def parse_query(self, text: str) -> Query:
        """Return the parameters of a query string."""
        return _convert(_values(text, self.query), self.query)

    def parse_body(self, content: bytes) -> msgspec.Struct | None:
        """Return the body of a request, None where the operation takes none."""
        if self.body is None:
            return None
        if not content:
            if not self.is_body_optional:
                raise bad_request("the body is empty: send a JSON object")
            content = b"{}"
        try:
            return msgspec.json.decode(content, type=self.body)
        except msgspec.ValidationError as error:
            raise _unfit("body", error, "bad_request") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise bad_request("the body is not JSON") from None


class Routes:
    """Finds the operation of a method and a path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._found: dict[int, list[tuple[list[str], Operation]]] = defaultdict(list)
        for operation in operations:
            pattern = operation.path.split("/")
            self._found[len(pattern)].append((pattern, operation))
        for found in self._found.values():  # words before names: /markets/trades is no market
            found.sort(key=lambda pair: [part.startswith("{") for part in pair[0]])

    def find(self, method: str, target: str) -> tuple[Operation, dict[str, str]]:
        """Return the operation, and the decoded values of its path's names; `target` is encoded, without query."""
        base, path = target[: len(BASE)], target[len(BASE) :]
        parts = path.split("/") if base == BASE else []
        methods = set()
        for pattern, operation in self._found.get(len(parts), ()):
            names = _match(pattern, parts)
            if names is None:
                continue
            if operation.method == method:
                return operation, names
            methods.add(operation.method)
        if methods:
            raise RestRefused(405, "method_not_allowed", f"{method} is not {' or '.join(sorted(methods))}")
        raise not_found("page")


def csv(text: str) -> list[str]:
    """Return the items of a comma list."""
    return [item for item in text.split(",") if item]


def _match(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    names = {}
    for word, part in zip(pattern, parts, strict=True):
        if word.startswith("{"):
            if not part:
                return None
            names[word[1:-1]] = unquote(part)
        elif word != part:
            return None
    return names


def _values(text: str, query: type[Query]) -> dict[str, str | list[str]]:
    """Return the first value of each parameter, of a list parameter all; an empty one counts as absent."""
    lists = {field.name for field in msgspec.structs.fields(query) if _is_list(field.type)}
    values: dict[str, str | list[str]] = {}
    for name, value in parse_qsl(text):
        if name in lists:
            held = values.setdefault(name, [])
            assert isinstance(held, list)
            held.append(value)
        else:
            values.setdefault(name, value)
    return values


def _is_list(kind: Any) -> bool:
    """Return whether a field's type is a list, with bounds on it or without."""
    return get_origin(get_args(kind)[0] if get_origin(kind) is Annotated else kind) is list


def _convert(values: dict[str, Any], query: type[Query]) -> Query:
    try:
        return msgspec.convert(values, query, strict=False)
    except msgspec.ValidationError as error:
        raise _unfit("query", error, "invalid_parameters") from None


def _unfit(part: str, error: msgspec.ValidationError, code: str) -> RestRefused:
    """Return the refusal of a query or body that is not what the operation takes."""
    return bad_request(f"{part}: {error}", "missing_parameters" if "missing required" in str(error) else code)


__all__ = ["BASE", "PUBLIC", "READ", "TRADE", "WRITE", "Asked", "Operation", "Query", "Routes", "csv"]
