"""The application version of a FIXT.1.1 message whose header does not name one.

Shapes  a default and exceptions for some MsgTypes, both from the peer's Logon (NoMsgTypes(384)).
Source  FIXT 1.1, Logon, MsgTypeGrp, Reject; FIX Session Layer 5.3.
"""

from typing import NamedTuple

from engine import fix
from engine.codec import Fields

# ApplVerID(1128) of a version's name
APPL_VER_IDS = {
    "FIX.4.0": "2", "FIX.4.1": "3", "FIX.4.2": "4", "FIX.4.3": "5", "FIX.4.4": "6",
    "FIX.5.0": "7", "FIX.5.0SP1": "8", "FIX.5.0SP2": "9", "FIX.Latest": "10",
}  # fmt: skip
_GROUP = frozenset({
    fix.RefMsgType, fix.MsgDirection, fix.RefApplVerID, fix.RefApplExtID, fix.RefCstmApplVerID, fix.DefaultVerIndicator,
})  # fmt: skip


class Version(NamedTuple):
    """Values of ApplVerID(1128), ApplExtID(1156) and CstmApplVerID(1129); empty where there is none."""

    appl_ver_id: str
    appl_ext_id: str = ""
    cstm_appl_ver_id: str = ""


class Versions:
    """The versions of the peer's messages."""

    def __init__(self, logon: Fields) -> None:
        defaults = (fix.DefaultApplVerID, fix.DefaultApplExtID, fix.DefaultCstmApplVerID)
        self.default = Version(*(logon.text(tag) for tag in defaults))
        self.by_msg_type: dict[str, Version] = {}
        for entry in logon.group(fix.NoMsgTypes, _GROUP):
            said = {tag: value.decode("latin-1") for tag, value in entry}
            if said.get(fix.DefaultVerIndicator) == "Y" and said.get(fix.MsgDirection) != "R":
                references = (fix.RefApplVerID, fix.RefApplExtID, fix.RefCstmApplVerID)
                version = Version(*(said.get(tag, "") for tag in references))
                if version.appl_ver_id:
                    self.by_msg_type[said.get(fix.RefMsgType, "")] = version

    def named(self, message: Fields) -> list[tuple[int, object]]:
        """Return the fields of a Reject that name the version assumed; none if the message names its own."""
        if fix.ApplVerID in message:
            return []
        version = self.by_msg_type.get(message.msg_type, self.default)
        tags = (fix.RefApplVerID, fix.RefApplExtID, fix.RefCstmApplVerID)
        return [(tag, value) for tag, value in zip(tags, version, strict=True) if value]
