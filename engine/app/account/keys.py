"""The API keys of a running engine, read again at an operator's word: all of them, or none.

What is read anew signs the next REST request and the next connection of feed and FIX session; what is connected stays.

Errors  EngineError in words, and every key stays as it was.
Thread  the loop thread, but for `read`, which may wait for a command that prints a key and runs on another.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from engine.app import loading
from engine.app.account.errands import ErrandOutcome
from engine.app.feeds import choosing
from engine.config.sections import EngineConfig
from engine.errors import EngineError
from engine.net.rest.credential import NEVER, Ask
from engine.session import LogonDialect, RenamableSession, Session
from engine.venue.rest import RestDialect, RestRequest

Sign = Callable[[int], dict[str, str]]


class FeedKey:
    """What signs the feed's handshakes; `hurry` has it tried at once, where it waits after a refusal."""

    def __init__(self, sign: Sign) -> None:
        self.current = sign
        self.hurry: Callable[[], object] = lambda: None

    def sign(self, now_ns: int) -> dict[str, str]:
        """Return the headers of a handshake made now."""
        return self.current(now_ns)


class LogonKey:
    """A LogonDialect whose key may change."""

    def __init__(self, dialect: LogonDialect) -> None:
        self.current = dialect

    def logon_fields(self, header: dict[int, str]) -> list[tuple[int, str]]:
        """Return the fields of a Logon, signed by the key of now."""
        return self.current.logon_fields(header)


class RestKey:
    """A Credential that lasts until a person changes it."""

    refresh_at_ns = NEVER
    expires_at_ns = NEVER

    def __init__(self, dialect: RestDialect) -> None:
        self.current = dialect

    def sign(self, request: RestRequest, now_ns: int) -> dict[str, str]:
        """Return the headers of a request that is sent now."""
        return self.current.sign(request, now_ns)

    async def renew(self, ask: Ask) -> None:
        """Do nothing: it lasts."""


class KeyBeside(Protocol):
    """A key of another session than that of orders."""

    def read(self) -> Any:
        """Read it again; ConfigError for one that cannot be used."""

    def take(self, new: Any) -> str:
        """Go by what was read; say what is new."""


class NewKeys(NamedTuple):
    """What was read: who signs now, and the id of the key, by section; `beside` of further sessions, in their order."""

    feed: Sign | None
    feed_logon: LogonDialect | None
    logon: LogonDialect | None
    rest: RestDialect | None
    ids: dict[str, str]
    beside: tuple[Any, ...] = ()


class Keys:
    """The keys of one engine. `rest`, `session` and `feed_session` are set once they are there.

    `sign` signs handshakes of its feed, or `feed_logon` its Logon where it comes over FIX.
    """

    rest: RestKey | None = None
    feed_session: Session | None = None
    session: Session
    beside: Sequence[KeyBeside] = ()

    def __init__(
        self,
        config: EngineConfig,
        sign: Sign | None,
        logon: LogonDialect | None,
        feed_logon: LogonDialect | None = None,
    ) -> None:
        self._config = config
        self.feed = FeedKey(sign or (lambda now_ns: {}))
        self.feed_logon = None if feed_logon is None else LogonKey(feed_logon)
        self.logon = None if logon is None else LogonKey(logon)
        self._ids = self._read_ids()

    async def reload(self) -> ErrandOutcome:
        """Read every key again and go by it; say what is new."""
        if not any(self._credentials().values()):
            raise EngineError("the configuration names no credentials: there was nothing to read again")
        return self.take(await asyncio.to_thread(self.read))

    def read(self) -> NewKeys:
        """Read what the configuration names, and make of it what signs; ConfigError for what cannot be used."""
        config = self._config
        return NewKeys(
            None if config.feed.is_fix else loading.market_data_dialect(config.feed, ()).handshake_headers,
            choosing.logon(config.feed),
            loading.logon_dialect(config.session),
            loading.rest_dialect(config.rest) if config.rest else None,
            self._read_ids(),
            tuple(each.read() for each in self.beside),
        )

    def take(self, new: NewKeys) -> ErrandOutcome:
        """Go by these keys from now on."""
        lines = [self._words(place, new.ids[place]) for place, given in self._credentials().items() if given]
        if self.logon is not None and new.ids["session"] != self._ids["session"]:
            self._rename(self.session, "session", new.ids["session"])  # the only step that may be refused
        if self.feed_session is not None and new.ids["feed"] != self._ids["feed"]:
            self._rename(self.feed_session, "feed", new.ids["feed"])  # never refused: its numbers begin anew
        if new.feed is not None:
            self.feed.current = new.feed
        if self.feed_logon is not None and new.feed_logon is not None:
            self.feed_logon.current = new.feed_logon
        if self.logon is not None and new.logon is not None:
            self.logon.current = new.logon
        if self.rest is not None and new.rest is not None:
            self.rest.current = new.rest
        self._ids = new.ids
        lines += [each.take(key) for each, key in zip(self.beside, new.beside, strict=True)]
        self.feed.hurry()
        return ErrandOutcome([*lines, "the keys were read again: the next requests and connections go by them"])

    def _credentials(self) -> dict[str, bool]:
        config = self._config
        sections = {"session": config.session, "feed": config.feed, "rest": config.rest}
        return {place: bool(section and section.credentials) for place, section in sections.items()}

    def _read_ids(self) -> dict[str, str]:
        config = self._config
        sections = {"session": config.session, "feed": config.feed, "rest": config.rest}
        return {place: section.credentials.key_id() if section else "" for place, section in sections.items()}

    def _words(self, place: str, key_id: str) -> str:
        former = self._ids[place]
        return f"{place}: key {key_id}, as before" if key_id == former else f"{place}: key {key_id} instead of {former}"

    def _rename(self, session: Session, place: str, key_id: str) -> None:
        """Let a session that goes by the id of its key go by the new one."""
        former = self._ids[place]
        if f":{former}->" not in session.name:
            return
        if not isinstance(session, RenamableSession):
            raise EngineError(
                f"{place}: key {key_id} instead of {former} is another SenderCompID(49), which this kind of session"
                ' keeps while it runs: start the engine anew, or use engine.session = "native"'
            )
        session.rename(key_id)
