"""Keys are read again as a whole: a fault in any of them leaves each as it was, and is named."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.app import loading
from engine.app.account.errands import ErrandOutcome
from engine.app.account.keys import Keys, RestKey
from engine.app.feeds import choosing
from engine.config.credentials import Credentials
from engine.config.sections import FeedSection, RestSection, SessionSection
from engine.errors import EngineError, SessionError
from engine.venue.rest import RestRequest
from tests.support.key_files import pem

REQUEST = RestRequest(operation="x", method="GET", path="/x")


class Session:
    """A session in the name of a key."""

    def __init__(self, key_id: str, fault: str = "") -> None:
        self.name = f"FIXT.1.1:{key_id}->KalshiNR"
        self.fault = fault
        self.renamed: list[str] = []

    def rename(self, sender_comp_id: str) -> None:
        if self.fault:
            raise SessionError(self.fault)
        self.renamed.append(sender_comp_id)


class FeedLogon:
    """A feed over FIX beside a session of orders, each with a key of its own."""

    def __init__(self, folder: Path) -> None:
        self.rotating = Rotating(folder, Session("old-session"))
        config: Any = self.rotating.config
        feed = FeedSection(
            source="fix", settings=folder / "md.cfg", dialect="kalshi", watch_depth=1, heartbeat_timeout_ns=1,
            backoff_min_ns=1, backoff_max_ns=1, credentials=config.feed.credentials,
        )  # fmt: skip
        config = SimpleNamespace(feed=feed, rest=config.rest, session=config.session)
        self.session = Session("old-feed")
        self.keys = Keys(config, None, loading.logon_dialect(config.session), choosing.logon(feed))
        self.keys.session = self.rotating.session  # type: ignore[assignment]
        self.keys.feed_session = self.session  # type: ignore[assignment]


class Rotating:
    """Keys in files, for session, feed and REST each its own."""

    def __init__(self, folder: Path, session: Session) -> None:
        self.folder = folder
        sections = {name: self._put(name, "old") for name in ("session", "feed", "rest")}
        feed = FeedSection(
            url="wss://localhost/trade-api/ws/v2", dialect="kalshi", watch_depth=1, heartbeat_timeout_ns=1,
            backoff_min_ns=1, backoff_max_ns=1, credentials=sections["feed"],
        )  # fmt: skip
        rest = RestSection(url="https://localhost", dialect="kalshi", credentials=sections["rest"])
        logon = SessionSection(settings=folder / "x.cfg", dialect="kalshi", credentials=sections["session"])
        config: Any = SimpleNamespace(feed=feed, rest=rest, session=logon)
        self.config, self.session = config, session
        sign = loading.market_data_dialect(feed, ()).handshake_headers
        self.keys = Keys(config, sign, loading.logon_dialect(logon))
        self.keys.rest = RestKey(loading.rest_dialect(rest))
        self.keys.session = session  # type: ignore[assignment]
        self.hurried = 0
        self.keys.feed.hurry = self.hurry

    def hurry(self) -> None:
        self.hurried += 1

    def _put(self, name: str, key_id: str) -> Credentials:
        id_file, key_file = self.folder / f"{name}.id", self.folder / f"{name}.pem"
        id_file.write_text(f"{key_id}-{name}\n")
        key_file.write_bytes(pem(Ed25519PrivateKey.generate()))
        key_file.chmod(0o600)
        return Credentials(key_id_file=id_file, private_key_file=key_file)

    def rotate(self) -> None:
        for name in ("session", "feed", "rest"):
            self._put(name, "new")

    def ids(self) -> tuple[str, ...]:
        """Return the ids of who signs now: of the Logon, of a handshake and of a request."""
        assert self.keys.rest is not None and self.keys.logon is not None
        signed = self.keys.feed.sign(0), self.keys.rest.sign(REQUEST, 0)
        logon: Any = self.keys.logon.current
        return logon.key_id, *[headers["KALSHI-ACCESS-KEY"] for headers in signed]

    def reload(self) -> ErrandOutcome:
        return asyncio.run(self.keys.reload())


OLD, NEW = [(f"{word}-session", f"{word}-feed", f"{word}-rest") for word in ("old", "new")]


def test_every_key_changes_and_the_session_goes_by_its_name(tmp_path: Path) -> None:
    session = Session("old-session")
    rotating = Rotating(tmp_path, session)
    assert rotating.ids() == OLD
    rotating.rotate()
    assert rotating.ids() == OLD
    outcome = rotating.reload()
    assert (rotating.ids(), session.renamed, rotating.hurried) == (NEW, ["new-session"], 1)
    assert outcome.is_good
    assert outcome.lines[:3] == [
        "session: key new-session instead of old-session",
        "feed: key new-feed instead of old-feed",
        "rest: key new-rest instead of old-rest",
    ]
    assert rotating.reload().lines[0] == "session: key new-session, as before"
    assert session.renamed == ["new-session"]


@pytest.mark.parametrize("name", ["session", "feed", "rest"])
@pytest.mark.parametrize(
    ("content", "mode", "fault"),
    [(b"no key", 0o600, "pem"), (b"", 0o600, "pem"), (None, 0o644, "is open to others")],
)
def test_fault_of_one_key_leaves_all_of_them(
    tmp_path: Path, name: str, content: bytes | None, mode: int, fault: str
) -> None:
    session = Session("old-session")
    rotating = Rotating(tmp_path, session)
    rotating.rotate()
    file = tmp_path / f"{name}.pem"
    if content is not None:
        file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(EngineError, match=fault) as raised:
        rotating.reload()
    assert "no key" not in str(raised.value).replace("holds no key", "")
    assert (rotating.ids(), session.renamed, rotating.hurried) == (OLD, [], 0)


def test_session_that_refuses_its_new_name_leaves_all_of_them(tmp_path: Path) -> None:
    rotating = Rotating(tmp_path, Session("old-session", "its numbers go on"))
    rotating.rotate()
    with pytest.raises(SessionError, match="its numbers go on"):
        rotating.reload()
    assert (rotating.ids(), rotating.hurried) == (OLD, 0)


def test_session_of_another_name_keeps_it(tmp_path: Path) -> None:
    session = Session("PROXY")
    rotating = Rotating(tmp_path, session)
    rotating.rotate()
    assert rotating.reload().is_good and session.renamed == []
    assert rotating.ids() == NEW


def test_nothing_to_read_is_told() -> None:
    bare: Any = SimpleNamespace(credentials=Credentials())
    keys = Keys(SimpleNamespace(feed=bare, rest=None, session=bare), lambda now_ns: {}, None)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="names no credentials"):
        asyncio.run(keys.reload())


def test_feed_over_fix_logs_on_by_the_new_key_and_under_its_name(tmp_path: Path) -> None:
    made = FeedLogon(tmp_path)
    made.rotating.rotate()
    hurried: list[str] = []
    made.keys.feed.hurry = lambda: hurried.append("now")
    outcome = asyncio.run(made.keys.reload())
    assert "feed: key new-feed instead of old-feed" in outcome.lines
    assert made.session.renamed == ["new-feed"] and made.rotating.session.renamed == ["new-session"]
    logon: Any = made.keys.feed_logon
    assert logon.current.key_id == "new-feed" and hurried == ["now"]
