"""One inbound FIX message, split once, its values read by tag.

Shapes  values are the bytes between `=` and SOH; of a repeated tag the first is returned.
Errors  DecodeError for a value of the wrong type, a missing tag answers the default.
"""

from engine._decimal import parse_decimal
from engine.errors import DecodeError


class Fields:
    """The fields of one message; valid during the callback that received it."""

    __slots__ = ("_values", "msg_type", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._values: dict[int, bytes] = {}
        for piece in raw.split(b"\x01"):
            if piece:
                tag, _, value = piece.partition(b"=")
                self._values.setdefault(int(tag), value)
        self.msg_type = self._values[35].decode("ascii")

    def __contains__(self, tag: int) -> bool:
        return tag in self._values

    def text(self, tag: int, default: str = "") -> str:
        value = self._values.get(tag)
        return default if value is None else value.decode("latin-1")

    def integer(self, tag: int, default: int) -> int:
        value = self._values.get(tag)
        return default if value is None else parse_decimal(value, 0)

    def decimal(self, tag: int, decimals: int, default: int) -> int:
        """Return the value as a count of 10**-decimals, exactly."""
        value = self._values.get(tag)
        if value is None:
            return default
        try:
            return parse_decimal(value, decimals)
        except DecodeError as error:
            raise DecodeError(f"tag {tag}: {error}") from None
