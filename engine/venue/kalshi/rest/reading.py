"""JSON bodies to structs: fast where they fit, and piece by piece where the venue says something new.

Shapes  a field without a default is one that an object is worthless without; every other one may be missing, null or
        of a form that nobody expects, and then holds its default.
Errors  DecodeError that names the operation and the field.
Cost    a body that does not fit at once is read again, about twenty times slower.
"""

import types
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec

from engine.errors import DecodeError

T = TypeVar("T")
U = TypeVar("U")

MOST_TEXTS = 100
MOST_SHOWN = 80


class Oddities:
    """What answers held that was not understood: counted by field, told once by field and value.

    `texts` waits for whoever tells people; it is bounded, the counts are not.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._told: set[str] = set()
        self._texts: list[str] = []

    def tell(self, field: str, value: object, means: str) -> None:
        """Note an odd value of a field, and what is made of it."""
        self.counts[field] = self.counts.get(field, 0) + 1
        text = f"{field} {shown(value)}: {means}"
        if text not in self._told and len(self._told) < MOST_TEXTS:
            self._told.add(text)
            self._texts.append(text)

    def take(self) -> list[str]:
        """Return what was not told yet."""
        texts, self._texts = self._texts, []
        return texts


class Reader(Generic[T]):
    """Reads the bodies of one operation into a `kind`; a plain call tells nobody of what was odd."""

    def __init__(self, operation: str, kind: type[T]) -> None:
        self.operation = operation
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind).decode

    def __call__(self, body: bytes) -> T:
        """Return what a body says."""
        return self.read(body, Oddities())

    def read(self, body: bytes, oddities: Oddities) -> T:
        """Return what a body says, and tell what of it was odd."""
        try:
            return self._decode(body)
        except msgspec.ValidationError:
            pass
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DecodeError(f"{self.operation}: the answer is no JSON: {error}; it begins {shown(body)}") from None
        try:
            kept: T = _fitted(self._kind, msgspec.json.decode(body), self.operation, oddities)
        except (msgspec.DecodeError, RecursionError) as error:
            raise DecodeError(f"{self.operation}: {error}") from None
        return kept

    def then(self, make: Callable[[T], U]) -> Callable[[bytes], U]:
        """Return what reads a body and makes something else of it."""
        return lambda body: make(self(body))


def nothing(body: bytes) -> None:
    """Read an answer that says nothing beyond its status."""


def shown(value: object) -> str:
    """Return a value that a counterparty chose, fit for one line of text."""
    return ascii(value)[:MOST_SHOWN]


def kept(items: list[T], make: Callable[[T], U], what: str, oddities: Oddities) -> Iterator[U]:
    """Make something of each item; one that cannot be read is told and left out, and costs no other."""
    for item in items:
        try:
            yield make(item)
        except DecodeError as error:
            oddities.tell(what, str(error), "left out")


def _fitted(kind: Any, value: object, path: str, oddities: Oddities) -> Any:
    """Return `value` as a `kind`, its optional parts without what they cannot hold."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = _inner(kind)
        if isinstance(found, type) and issubclass(found, msgspec.Struct) and isinstance(value, dict):
            return _fitted_struct(found, value, path, oddities)
        if get_origin(found) is list and isinstance(value, list):
            (each,) = get_args(found)
            return [_fitted(each, item, f"{path}[{place}]", oddities) for place, item in enumerate(value)]
        raise DecodeError(f"{path}: {error}: {shown(value)}") from None


def _fitted_struct(kind: type[msgspec.Struct], value: dict[str, Any], path: str, oddities: Oddities) -> msgspec.Struct:
    values = {}
    for field in msgspec.structs.fields(kind):
        name = field.encode_name
        if name not in value:
            if field.required:
                raise DecodeError(f"{path}.{name}: is missing")
            continue
        try:
            values[field.name] = _fitted(field.type, value[name], f"{path}.{name}", oddities)
        except DecodeError:
            if field.required:
                raise
            oddities.tell(f"{kind.__name__}.{name}", value[name], "not understood, left out")
    return kind(**values)


def _inner(kind: Any) -> Any:
    """Return what an optional type is when it is there."""
    if get_origin(kind) in (Union, types.UnionType):
        found = [each for each in get_args(kind) if each is not type(None)]
        return found[0] if len(found) == 1 else kind
    return kind
