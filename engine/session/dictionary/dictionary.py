"""QuickFIX XML dictionaries, compiled at start into tables that every inbound message is checked against.

Shapes  one set of rules for FIX.4.x; for FIXT.1.1 header, trailer and session messages from the transport dictionary,
        every other message from the application dictionary of its version.
Errors  ConfigError for a file that is not a dictionary. What is wrong with a message is a `Fault`.
Cost    0.1 us for an ExecutionReport whose tags are those of an earlier one; reading a file 0.1 to 1 s.
Source  QuickFIX data dictionary format; FIX 4.4 volume 2, Reject; FIXT 1.1 for versions.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

from engine import fix
from engine.codec import DATA_FIELDS, Fields
from engine.errors import ConfigError
from engine.session.dictionary._component import Component
from engine.session.dictionary._data_types import OLD_CHAR
from engine.session.dictionary._rules import Rules
from engine.session.file.settings import SessionSettings
from engine.session.protocol.admin import ADMIN
from engine.session.protocol.faults import Fault, Reason
from engine.session.protocol.versions import APPL_VER_IDS, Versions

# The keys that relax the check, with their defaults, in the order that `Rules` takes them.
_FLAGS = {
    "ValidateFieldsOutOfOrder": True, "ValidateFieldsHaveValues": True, "ValidateUnorderedGroupFields": True,
    "ValidateUserDefinedFields": True, "AllowUnknownMsgFields": False, "AllowUnknownEnumValues": False,
}  # fmt: skip
_WORDS = {
    Reason.INVALID_TAG: "is not in the specification",
    Reason.REQUIRED_TAG_MISSING: "missing",
    Reason.TAG_NOT_DEFINED_FOR_MESSAGE: "is not defined for this message type",
    Reason.NO_VALUE: "has no value",
    Reason.VALUE_INCORRECT: "has a value that is not allowed",
    Reason.INCORRECT_DATA_FORMAT: "does not have the format of its type",
    Reason.INVALID_XML: "is not well-formed XML",
    Reason.TAG_REPEATED: "appears twice",
    Reason.TAG_OUT_OF_ORDER: "stands outside of its section: header, body, trailer",
    Reason.GROUP_OUT_OF_ORDER: "stands out of the order of its group",
    Reason.WRONG_GROUP_COUNT: "does not match the number of entries",
}

# QuickFIX's FIXT11.xml names this component of the Logon and leaves it empty: what FIXT 1.1 has in it.
_MSG_TYPE_GRP = ElementTree.fromstring(
    """<fix>
    <fields>
    <field number='372' name='RefMsgType' type='STRING'/> <field number='384' name='NoMsgTypes' type='NUMINGROUP'/>
    <field number='385' name='MsgDirection' type='CHAR'><value enum='S'/><value enum='R'/></field>
    <field number='1130' name='RefApplVerID' type='STRING'/> <field number='1406' name='RefApplExtID' type='INT'/>
    <field number='1131' name='RefCstmApplVerID' type='STRING'/>
    <field number='1410' name='DefaultVerIndicator' type='BOOLEAN'/>
    </fields>
    <group name='NoMsgTypes' required='N'>
    <field name='RefMsgType'/><field name='MsgDirection'/><field name='RefApplVerID'/><field name='RefApplExtID'/>
    <field name='RefCstmApplVerID'/><field name='DefaultVerIndicator'/>
    </group>
    </fix>"""
)
_WITHOUT_STRINGS = (("FIX", "4", "0"), ("FIX", "4", "1"))
_SESSION_MESSAGES = frozenset(msg_type.encode() for msg_type in ADMIN)

# LookupError is also of an encoding that the XML parser does not have, OverflowError of a number that is no tag.
_MALFORMED = (OSError, ElementTree.ParseError, LookupError, ValueError, AttributeError, OverflowError)

_Item = tuple[int, str, bool, frozenset[bytes] | None, Component | None]


class Dictionary:
    """Checks the messages of one session."""

    def __init__(
        self,
        rules: dict[bytes, Rules],
        default: bytes,
        names: dict[int, str],
        data_fields: Mapping[int, int] | None,
        session_tags: Container[int],
    ) -> None:
        """`rules` are keyed by ApplVerID(1128); messages that do not name one get those of `default`.

        `session_tags` are those of the specification that defines the session's own messages.
        """
        self.data_fields = data_fields
        self._rules = rules
        self._default = rules[default]
        self.passes: Callable[[Fields], bool] = self._default.passes
        self._has_versions = bool(default)
        self._names = names
        self._session_tags = session_tags
        self._by_msg_type: dict[bytes, bytes] = {}  # ApplVerID(1128) where it is not the default

    def with_versions(self, versions: Versions) -> "Dictionary":
        """Return the same rules for a connection on which some MsgTypes have a version of their own."""
        if not versions.by_msg_type and not self._by_msg_type:
            return self
        one = copy(self)
        one._by_msg_type = {name.encode(): said.appl_ver_id.encode() for name, said in versions.by_msg_type.items()}
        one.passes = one._passes if one._by_msg_type else one._default.passes
        return one

    def check(self, fields: Fields) -> Fault | None:
        """Return the first fault of a message, None for a sound one."""
        msg_type = fields.get(fix.MsgType) or b""
        rules: Rules | None = self._default
        if self._has_versions and fix.ApplVerID in fields:
            rules = self._rules.get(fields.get(fix.ApplVerID) or b"")
            said = f"ApplVerID(1128) {fields.text(fix.ApplVerID)} is not supported"
        elif msg_type in self._by_msg_type and msg_type not in _SESSION_MESSAGES:
            rules = self._rules.get(self._by_msg_type[msg_type])
            said = f"RefApplVerID(1130) {self._by_msg_type[msg_type].decode()} of the Logon is not supported"
        if rules is None:
            return Fault(Reason.UNSUPPORTED_VERSION, fix.ApplVerID, said)
        if msg_type not in rules:
            if msg_type.startswith(b"U"):  # user-defined
                return None
            return Fault(Reason.INVALID_MSG_TYPE, fix.MsgType, f"MsgType(35) {fields.msg_type} is not defined")
        found = rules.check(fields, msg_type)
        if found is None:
            return None
        reason, tag = found
        if reason == Reason.TAG_NOT_DEFINED_FOR_MESSAGE and msg_type in _SESSION_MESSAGES:
            reason = reason if tag in self._session_tags else Reason.INVALID_TAG
        return self._fault(reason, tag)

    def _passes(self, fields: Fields) -> bool:
        return (fields.get(fix.MsgType) or b"") not in self._by_msg_type and self._default.passes(fields)

    def _fault(self, reason: int, tag: int) -> Fault:
        name = f"{self._names[tag]}({tag})" if tag in self._names else f"tag {tag}"
        return Fault(reason, tag, f"{name} {_WORDS[reason]}")


def read_dictionary(settings: SessionSettings) -> Dictionary | None:
    """Return the dictionary that the session file names; None for UseDataDictionary=N."""
    if not settings.flag("UseDataDictionary", True):
        return None
    flags = tuple(settings.flag(key, default) for key, default in _FLAGS.items())
    if not settings.text("BeginString").startswith("FIXT"):
        return _compile(settings.text("DataDictionary"), ((b"", settings.text("DataDictionary")),), flags)
    applications = [(_version(settings.text("DefaultApplVerID")), settings.text("AppDataDictionary"))]
    for key, value in settings.values.items():
        if key.startswith("AppDataDictionary."):
            applications.append((_version(key.removeprefix("AppDataDictionary.")), value))
    return _compile(settings.text("TransportDataDictionary"), tuple(applications), flags)


@lru_cache(maxsize=16)
def _compile(transport: str, applications: tuple[tuple[bytes, str], ...], flags: tuple[bool, ...]) -> Dictionary:
    """Read the files; sessions that name the same ones share the tables. The first version is the default."""
    outer = _File(Path(transport))
    files = {version: _File(Path(file)) for version, file in applications}
    names = {tag: name for file in (*files.values(), outer) for tag, name in file.names.items()}
    rules = {version: file.rules(outer, flags, version) for version, file in files.items()}
    pairs = DATA_FIELDS | {length: tag for file in (*files.values(), outer) for length, tag in file.data_fields.items()}
    return Dictionary(rules, applications[0][0], names, None if pairs == DATA_FIELDS else pairs, outer.names)


def _version(text: str) -> bytes:
    """Return ApplVerID(1128) of a version's name or code."""
    return APPL_VER_IDS.get(text, text).encode()


class _File:
    """One XML file while it is being compiled."""

    def __init__(self, file: Path) -> None:
        try:
            root = ElementTree.parse(file).getroot()
            self._read(root)
        except _MALFORMED as error:
            raise ConfigError(f"{file}: not a QuickFIX dictionary: {error!r}; correct DataDictionary") from error

    def _read(self, root: ElementTree.Element) -> None:
        _complete(root)
        has_strings = (root.get("type", "FIX"), root.get("major"), root.get("minor")) not in _WITHOUT_STRINGS
        self._tags: dict[str, int] = {}
        self._types: dict[int, str] = {}
        self._choices: dict[int, frozenset[bytes] | None] = {}
        for field in root.iterfind("fields/field"):
            tag = int(field.attrib["number"])
            self._tags[field.attrib["name"]] = tag
            kind = "XMLDATA" if tag == fix.XmlData else field.attrib["type"].upper()
            self._types[tag] = kind if kind != "CHAR" or has_strings else OLD_CHAR
            self._choices[tag] = frozenset(value.attrib["enum"].encode() for value in field.iterfind("value")) or None
        self.names = {tag: name for name, tag in self._tags.items()}
        self.data_fields = self._data_pairs()
        self._components = {one.attrib["name"]: one for one in root.iterfind("components/component")}
        self._open: list[str] = []  # components around the place that is read
        self._groups: dict[int, Component] = {}  # compiled, by the identity of their element
        self.header = Component(self._section(root.find("header")))
        self.trailer = Component(self._section(root.find("trailer")))
        self.messages = {
            message.attrib["msgtype"].encode(): Component(self._unique(message))
            for message in root.iterfind("messages/message")
        }

    def rules(self, transport: "_File", flags: Sequence[bool], version: bytes = b"") -> Rules:
        """Return the rules of this file's messages, with the header, trailer and session messages of `transport`."""
        messages = {**self.messages, **transport.messages}
        known = self._types.keys() | transport._types.keys()
        return Rules(transport.header, messages, transport.trailer, known, flags, version)

    def _data_pairs(self) -> dict[int, int]:
        """Return which length field announces which data field: EncodedTextLen EncodedText, RawDataLength RawData."""
        lengths = ((self._tags.get(self.names[tag] + end), tag) for tag in self._types for end in ("Len", "Length"))
        return {length: tag for length, tag in lengths if length and self._types[tag] in ("DATA", "XMLDATA")}

    def _section(self, section: ElementTree.Element | None) -> list[_Item]:
        return [] if section is None else self._unique(section)

    def _unique(self, parent: ElementTree.Element) -> list[_Item]:
        """Return the fields inside `parent`, each once: some files name one in two components."""
        return list({item[0]: item for item in reversed(list(self._items(parent, True)))}.values())[::-1]

    def _items(self, parent: ElementTree.Element, is_required: bool) -> Iterator[_Item]:
        for child in parent:
            required = is_required and child.attrib.get("required") == "Y"
            if child.tag == "component":
                yield from self._component_items(child.attrib["name"], required)
                continue
            tag = self._tags[child.attrib["name"]]
            group = self._group(child) if child.tag == "group" else None
            yield tag, self._types[tag], required, self._choices[tag], group

    def _component_items(self, name: str, is_required: bool) -> Iterator[_Item]:
        if name in self._open:
            raise ValueError(f"component {name} contains itself")
        self._open.append(name)
        yield from self._items(self._components[name], is_required)
        self._open.pop()

    def _group(self, element: ElementTree.Element) -> Component:
        if id(element) not in self._groups:
            self._groups[id(element)] = Component(self._unique(element))
        return self._groups[id(element)]


def _complete(root: ElementTree.Element) -> None:
    """Fill in the one component that QuickFIX's file leaves empty."""
    empty, fields = root.find("components/component[@name='MsgTypeGrp']"), root.find("fields")
    if empty is None or fields is None or len(empty):
        return
    known = {field.get("number") for field in fields}
    fields.extend(field for field in _MSG_TYPE_GRP.iterfind("fields/field") if field.get("number") not in known)
    empty.extend(_MSG_TYPE_GRP.iterfind("group"))
