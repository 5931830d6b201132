"""What stands in for a FIX session where orders go over REST: it is logged on while the venue answers signed requests.

Units   times in ns.
Errors  SessionError for what only a FIX session can do.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from engine.codec import Fields
from engine.errors import EngineError, SessionError
from engine.net.settings import protection, shown_address
from engine.runtime.backoff import Backoff
from engine.runtime.notices import NoticeKind
from engine.session.events import SessionEvents

_S = 1_000_000_000
NO_FIX = "orders go over REST: there is no FIX session, whose numbers could be changed or which could send"

Ask = Callable[[], Coroutine[Any, Any, object]]


class RestSession(SessionEvents):
    """A Session without messages: `ask` makes the signed request that shows whether the venue takes our key."""

    def __init__(self, url: str, backoff: Backoff) -> None:
        super().__init__()
        self.ask: Ask | None = None
        self.last_error = ""
        self._url = url
        self._backoff = backoff
        self._is_logged_on = False
        self._is_wanted = False
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """Return where orders go."""
        return f"REST {shown_address(self._url)}"

    @property
    def protection(self) -> str:
        """Return how the connection is protected."""
        return protection(self._url, "rest.url")

    @property
    def phase(self) -> str:
        """Return where it stands, in a FIX session's words."""
        if self._is_logged_on:
            return "logged on"
        return "connecting" if self._is_wanted else "logged out"

    @property
    def is_logged_on(self) -> bool:
        """Return whether the venue answered, and was not found unreachable since."""
        return self._is_logged_on

    @property
    def is_behind(self) -> bool:
        """Return False: no answer waits behind another."""
        return False

    @property
    def next_sender_seq_num(self) -> int:
        """Return 0: nothing is numbered."""
        return 0

    @property
    def next_target_seq_num(self) -> int:
        """Return 0: nothing is numbered."""
        return 0

    def logon(self) -> None:
        """Ask until the venue answers; ask again after a loss until `logout` or `close`."""
        self._is_wanted = True
        if not self._is_logged_on and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._until_answered())

    def lost(self, reason: str) -> None:
        """Learn that the venue cannot be reached."""
        self.last_error = reason
        if self._is_logged_on:
            self._is_logged_on = False
            self.on_logout(reason)
            self.logon()

    def send(self, body: bytes) -> None:
        """Raise SessionError: no message goes over REST."""
        raise SessionError(NO_FIX)

    def prepare(self) -> None:
        """Do nothing: there is no store."""

    def refuse(self, fields: Fields) -> None:
        """Do nothing: no message comes."""

    def reset(self) -> None:
        """Raise SessionError: nothing is numbered."""
        raise SessionError(NO_FIX)

    def set_next(self, next_out: int, next_in: int) -> None:
        """Raise SessionError: nothing is numbered."""
        raise SessionError(NO_FIX)

    def test_request(self) -> None:
        """Raise SessionError: there is nobody to answer."""
        raise SessionError(NO_FIX)

    def logout(self, text: str = "") -> None:
        """Take nothing more, and do not ask again."""
        was_logged_on, self._is_logged_on = self._is_logged_on, False
        self.close()
        if was_logged_on:
            self.on_logout(text)

    def close(self) -> None:
        """Stop asking."""
        self._is_wanted = self._is_logged_on = False
        if self._task is not None:
            self._task.cancel()

    async def _until_answered(self) -> None:
        assert self.ask is not None, "what is asked for is given before logon"
        while self._is_wanted:
            try:
                await self.ask()
            except EngineError as error:
                self.last_error = str(error)
                self.on_notice(NoticeKind.LOGON_FAILED, f"{self.name}: {error}")
                await asyncio.sleep(self._backoff.next_ns() / _S)
            else:
                self._backoff.reset()
                self._is_logged_on = True
                self.on_logon()
                return
