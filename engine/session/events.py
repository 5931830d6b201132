"""What a session tells its application, by callables that do nothing until they are set.

Errors  none.
Thread  the loop thread only.
"""

from collections.abc import Callable

from engine.codec import Fields
from engine.runtime.notices import NoticeKind


class SessionEvents:
    """The callables of `engine.session.Session`."""

    def __init__(self) -> None:
        self.on_logon: Callable[[], None] = lambda: None
        self.on_logout: Callable[[str], None] = lambda reason: None
        self.on_message: Callable[[Fields], None] = lambda fields: None
        self.on_fault: Callable[[str], None] = lambda text: None
        self.on_refused: Callable[[Fields, int, str], None] = lambda fields, reason, text: None
        self.on_forsaken: Callable[[str], None] = lambda reason: None
        self.on_notice: Callable[[NoticeKind, str], None] = lambda kind, text: None
