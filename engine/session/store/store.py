"""Where a session keeps its two sequence numbers and the messages it sent.

Errors  SessionError for a store that is damaged, in use or closed; never a lowered or guessed number.
Thread  the loop thread only.
Source  FIX 4.4 volume 2, session protocol: numbers outlive connections; a lost store ends the session.
"""

from collections.abc import Iterator


class Store:
    """`next_out` is the number of the next message to send, `next_in` of the next one expected."""

    @property
    def keeps_messages(self) -> bool:
        """Whether `messages` can give back what was sent."""
        raise NotImplementedError

    @property
    def next_in(self) -> int:
        """The number of the next message expected."""
        raise NotImplementedError

    @property
    def next_out(self) -> int:
        """The number of the next message to send."""
        raise NotImplementedError

    @property
    def created_ns(self) -> int:
        """When this run of numbers began, UTC."""
        raise NotImplementedError

    def append(self, seq_num: int, message: bytes) -> None:
        """Store the final bytes of a message before it is sent; the next number to send becomes one above."""
        raise NotImplementedError

    def set_next_in(self, seq_num: int) -> None:
        """Keep the number of the next message expected."""
        raise NotImplementedError

    def messages(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Yield the stored messages from `first` to `last`, in order; missing ones are left out."""
        raise NotImplementedError

    def reset(self, now_ns: int, next_in: int = 1, next_out: int = 1) -> None:
        """Begin a new run of numbers in one atomic step; the messages of the old run are not resent."""
        raise NotImplementedError

    def prepare(self) -> bool:
        """Do in advance, while nothing is urgent, work that `append` would soon need; say whether more is left."""
        return False

    def reload(self) -> None:
        """Read again what another process may have written."""

    def close(self) -> None:
        """Release the store's files."""


class MemoryStore(Store):
    """A store in memory that keeps the last `capacity` messages."""

    keeps_messages = True
    next_in: int
    next_out: int
    created_ns: int

    def __init__(self, now_ns: int = 0, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self.next_in = self.next_out = 1
        self.created_ns = now_ns
        self._messages: dict[int, bytes] = {}

    def append(self, seq_num: int, message: bytes) -> None:
        """Keep a message, and forget the one that is `capacity` older."""
        self._messages.pop(seq_num - self._capacity, None)
        self._messages[seq_num] = message
        self.next_out = seq_num + 1

    def set_next_in(self, seq_num: int) -> None:
        """Count up to the number of the next message expected."""
        self.next_in = seq_num

    def messages(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Yield what is left of the messages from `first` to `last`."""
        for seq_num in range(first, last + 1):
            message = self._messages.get(seq_num)
            if message is not None:
                yield seq_num, message

    def reset(self, now_ns: int, next_in: int = 1, next_out: int = 1) -> None:
        """Forget every message and begin anew."""
        self._messages.clear()
        self.created_ns = now_ns
        self.next_in = next_in
        self.next_out = next_out
