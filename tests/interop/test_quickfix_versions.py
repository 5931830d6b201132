"""Every version that the native session speaks, with QuickFIX's own dictionaries on both sides, in both roles.

In each the sides log on, trade, refuse what is wrong and what is not supported, and fetch what a cut has lost.
"""

from pathlib import Path

import pytest

from engine.codec import Fields
from engine.codec.message import Message
from tests.session.dictionary.test_dictionary import path
from tests.session.test_quickfix import ROLES, Both, joined, run

VERSIONS = ["FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIX.5.0", "FIX.5.0SP1", "FIX.5.0SP2"]
OLD = ("FIX.4.0", "FIX.4.1")  # a Reject has its number and its text there, and nothing more


def keys(version: str) -> dict[str, object]:
    """Return the keys of a session file for this version."""
    name = path(version.replace(".", "") + ".xml")
    if version < "FIX.5":
        return {"BeginString": version, "UseDataDictionary": "Y", "DataDictionary": name}
    return {
        "BeginString": "FIXT.1.1", "DefaultApplVerID": version, "UseDataDictionary": "Y",
        "TransportDataDictionary": path("FIXT11.xml"), "AppDataDictionary": name,
    }  # fmt: skip


def order(version: str, cl_ord_id: str, side: str = "1") -> str:
    time = "60=20260105-14:30:00|" if version >= "FIX.4.2" else ""
    return f"35=D|11={cl_ord_id}|21=1|55=MSFT|54={side}|38=10|40=2|44=1.5|59=0|{time}"


def fill(version: str, cl_ord_id: str) -> str:
    trans = "20=0|" if version < "FIX.4.3" else ""
    exec_type = "" if version == "FIX.4.0" else f"150={'F' if version >= 'FIX.4.3' else '2'}|151=0|"
    return f"35=8|37=O1|11={cl_ord_id}|17=1|{trans}{exec_type}39=2|55=MSFT|54=1|38=10|32=10|31=1.5|14=10|6=1.5|"


def news(version: str) -> str:
    """A message that is sound, and that neither application supports."""
    return f"35=B|{'148=Rain tomorrow|' if version > 'FIX.4.0' else ''}33=1|58=line|"


class Conversation:
    """Both sides of one version, and what ours has got, as text."""

    def __init__(self, version: str, both: Both) -> None:
        self.version, self.both, self.got = version, both, list[str]()
        both.session.on_message = self._on_message

    def _on_message(self, fields: Fields) -> None:
        self.got.append(str(Message.from_bytes(fields.raw)))
        if fields.msg_type == "B":
            self.both.session.refuse(fields)

    def send(self, text: str) -> None:
        self.both.session.send(Message.from_text(text).body())

    def tell(self, text: str) -> None:
        self.both.quickfix.tell(f"raw {text}")

    async def gets(self, *parts: str) -> str:
        """Wait for the next message that we get; it must hold these parts."""
        try:
            await self.both.us.until(lambda: bool(self.got))
        except TimeoutError:
            raise AssertionError(f"we got nothing, QuickFIX said {self.both.quickfix.events}") from None
        got = self.got.pop(0)
        assert [part for part in parts if f"|{part}|" not in got] == [], got
        return got

    async def says(self, event: str) -> str:
        """Wait for the first event of QuickFIX that begins so, and forget it."""
        events = self.both.quickfix.events
        await self.both.quickfix.until(lambda: any(one.startswith(event) for one in events))
        return events.pop(next(i for i, one in enumerate(events) if one.startswith(event)))

    async def trade(self) -> None:
        """An order of ours is filled by QuickFIX, and one of QuickFIX by us."""
        self.send(order(self.version, "A1"))
        assert await self.says("got") == "got D A1 N"
        self.tell(fill(self.version, "A1"))
        await self.gets("35=8", "11=A1", "39=2", "32=10", "31=1.5")
        self.tell(order(self.version, "B1"))
        await self.gets("35=D", "11=B1", "38=10")
        self.send(fill(self.version, "B1"))
        assert await self.says("got") == "got 8 B1 N"

    async def refuse(self) -> None:
        """Each side rejects a wrong order, and a type without support, in the words that the version has."""
        old = self.version in OLD
        self.tell(order(self.version, "B2", side="Z"))
        refused = await self.says("refused")
        assert "|35=3|" in refused and "|45=" in refused and "|58=Side(54) has a value that is not allowed|" in refused
        assert ("|371=54|" in refused, "|372=D|" in refused, "|373=5|" in refused) == (not old,) * 3
        self.tell(news(self.version))
        await self.gets("35=B")
        refused = await self.says("refused")
        assert f"|35={'3' if old else 'j'}|" in refused and "|58=MsgType(35) B is not supported here|" in refused
        self.send(order(self.version, "A2", side="Z"))
        await self.gets("35=3", *(() if old else ("371=54", "372=D", "373=5")))
        self.send(news(self.version))
        await self.gets("35=3" if old else "35=j")
        await self.says("refuses")
        await self.says("refuses")

    async def recover(self) -> None:
        """A report of ours that is lost with the connection is fetched, and the session goes on."""
        both = self.both
        await both.quickfix.kill()
        await both.us.until(lambda: not both.session.is_logged_on)
        both.session.core.transmit(Message.from_text(fill(self.version, "B3")).body())  # as if it had been on its way
        both.quickfix.events.clear()
        await both.quickfix.start()
        assert await self.says("got 8 B3") == "got 8 B3 Y"
        await both.us.until(lambda: both.session.is_logged_on)
        self.tell(order(self.version, "B4"))
        await self.gets("35=D", "11=B4")
        both.stop_ours()
        await self.says("logout")
        self.tell(fill(self.version, "A4"))  # QuickFIX numbers and keeps it
        await both.start_ours()
        both.session.on_message = self._on_message
        await self.gets("35=8", "11=A4", "43=Y")


@ROLES
@pytest.mark.parametrize("version", VERSIONS)
def test_s18_version_logs_on_trades_refuses_and_recovers(version: str, role: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with joined(role, tmp_path, **keys(version)) as both:
            talk = Conversation(version, both)
            await talk.trade()
            await talk.refuse()
            assert not [event for event in both.quickfix.events if event.startswith("refuse")]
            await talk.recover()
            assert not [event for event in both.quickfix.events if event.startswith("refuse")]
            assert both.us.count("fault") == 0 and talk.got == []

    run(main())
