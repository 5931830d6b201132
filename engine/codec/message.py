"""A FIX message for use off the hot path: any tag, groups, iteration, and text with `|` for SOH.

Shapes  fields in wire order; a value is text, one character per byte (latin-1).
Errors  DecodeError for bytes that are not a message, KeyError for an absent tag.
Cost    microseconds; the trading path uses `Fields` and the encoders.
Source  FIX 4.4 volume 1, tag=value syntax and repeating groups; volume 2, data integrity.
"""

from collections.abc import Container, Iterable, Iterator

from engine import fix
from engine.codec import Fields

_USER_DEFINED = 5000  # the first tag that no standard defines


class Message:
    """One message, its body alone, or one entry of a repeating group."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[int, str | int]] = ()) -> None:
        self._fields = [(tag, str(value)) for tag, value in fields]

    @classmethod
    def from_text(cls, text: str) -> "Message":
        """Read `35=D|11=A|`; a SOH inside a data field is a `|` too."""
        return cls.from_bytes(text.replace("|", fix.SOH).encode("latin-1"))

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Message":
        """Read a whole message, tags and values as they stand."""
        return cls((tag, value.decode("latin-1")) for tag, value in Fields(raw))

    def body(self) -> bytes:
        """Return the fields as they stand, each closed by SOH: what `Session.send` takes."""
        return "".join(f"{tag}={value}{fix.SOH}" for tag, value in self._fields).encode("latin-1")

    def frame(self) -> bytes:
        """Return the whole message, BeginString(8) first, with BodyLength(9) and CheckSum(10) computed."""
        body = Message(
            field for field in self if field[0] not in (fix.BeginString, fix.BodyLength, fix.CheckSum)
        ).body()
        frame = f"8={self[fix.BeginString]}{fix.SOH}9={len(body)}{fix.SOH}".encode("latin-1") + body
        return frame + f"10={sum(frame) % 256:03}{fix.SOH}".encode()

    def append(self, tag: int, value: str | int) -> None:
        """Add a field at the end."""
        self._fields.append((tag, str(value)))

    def append_group(self, count_tag: int, entries: Iterable["Message"]) -> None:
        """Append NumInGroup and the fields of each entry."""
        entries = list(entries)
        self.append(count_tag, len(entries))
        for entry in entries:
            self._fields.extend(entry)

    def group(self, count_tag: int, members: Container[int]) -> list["Message"]:
        """Return the entries of a group; `members` holds every tag that an entry may have, nested ones included.

        The first of them after `count_tag` opens each entry. Other tags may stand inside until as many entries have
        begun as are announced.
        """
        entries: list[Message] = []
        start, first = self._index(count_tag), 0
        if start is None or not self._fields[start][1].isdecimal():
            return entries
        for tag, value in self._fields[start + 1 :]:
            if tag not in members:
                if len(entries) >= int(self._fields[start][1]) and tag < _USER_DEFINED:
                    break
                continue
            first = first or tag
            if tag == first:
                entries.append(Message())
            entries[-1].append(tag, value)
        return entries

    def get(self, tag: int, default: str = "") -> str:
        """Return the first value of `tag`."""
        index = self._index(tag)
        return default if index is None else self._fields[index][1]

    def __getitem__(self, tag: int) -> str:
        index = self._index(tag)
        if index is None:
            raise KeyError(tag)
        return self._fields[index][1]

    def __setitem__(self, tag: int, value: str | int) -> None:
        """Replace the value of the first `tag`, or append the field."""
        index = self._index(tag)
        if index is None:
            self.append(tag, value)
        else:
            self._fields[index] = (tag, str(value))

    def __delitem__(self, tag: int) -> None:
        """Remove the first `tag`."""
        index = self._index(tag)
        if index is None:
            raise KeyError(tag)
        del self._fields[index]

    def __contains__(self, tag: int) -> bool:
        return self._index(tag) is not None

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self._fields == other._fields

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.body().decode("latin-1").replace(fix.SOH, "|")

    def __repr__(self) -> str:
        return f"Message.from_text({str(self)!r})"

    def _index(self, tag: int) -> int | None:
        return next((i for i, (seen, _) in enumerate(self._fields) if seen == tag), None)


def poss_dup(frame: bytes, sending_time: bytes) -> bytes:
    """Return a message sent before as a possible duplicate.

    PossDupFlag(43), OrigSendingTime(122), SendingTime(52), BodyLength(9) and CheckSum(10) change, nothing else;
    OrigSendingTime stays the first one however often the message is sent.
    """
    sent = Message.from_bytes(frame)
    first_time = sent.get(fix.OrigSendingTime) or sent[fix.SendingTime]
    for tag in (fix.PossDupFlag, fix.OrigSendingTime):
        if tag in sent:
            del sent[tag]
    again = Message()
    for tag, value in sent:
        if tag != fix.SendingTime:
            again.append(tag, value)
            continue
        again.append(fix.PossDupFlag, "Y")
        again.append(fix.SendingTime, sending_time.decode("ascii"))
        again.append(fix.OrigSendingTime, first_time)
    return again.frame()
