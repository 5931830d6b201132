"""The session files and dictionaries of Kalshi: both sessions read them, every message passes under strict rules."""

import tomllib
from pathlib import Path

import pytest
import quickfix

from engine.codec import Fields
from engine.session.dictionary.dictionary import Dictionary, read_dictionary
from engine.session.file.dictionaries import find_dictionary
from engine.session.file.settings import SessionFile, SessionSettings, read_session_file
from engine.session.native import settings as native
from engine.session.quickfix.settings import read_dictionaries, with_safe_dictionaries
from engine.venue.kalshi.environment import environment_problems, session_file_problems
from engine.venue.kalshi.fix.kinds import BY_NAME, ENVIRONMENTS, KINDS, KalshiKind
from tests.support.places import FIX_CONFIG, ROOT
from tests.venue.kalshi.fix.examples import EXAMPLES, wire

KEY_ID = "3f6c1e9a-5b27-4d80-9a41-c2d7e85f0b16"
STRICT = {
    "AllowUnknownMsgFields": None, "ValidateUserDefinedFields": None, "ValidateUnorderedGroupFields": None,
}  # fmt: skip


def read(kind: KalshiKind, environment: str, tmp_path: Path) -> SessionFile:
    variable = f"KALSHI_{environment.upper()}_{kind.name}_KEY_ID"
    file = FIX_CONFIG / f"kalshi-{environment}-{kind.name.lower()}.cfg"
    return read_session_file(file, tmp_path, {variable: KEY_ID})


def one(tmp_path: Path, **changes: object) -> SessionSettings:
    (settings,) = read(BY_NAME["NR"], "demo", tmp_path).sessions
    return settings.replaced(changes)


@pytest.fixture
def strict(tmp_path: Path) -> Dictionary:
    found = read_dictionary(one(tmp_path, **STRICT))
    assert found is not None
    return found


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_session_file_is_right(kind: KalshiKind, environment: str, tmp_path: Path) -> None:
    found = read(kind, environment, tmp_path)
    assert (found.problems, found.warnings) == ([], [])
    (settings,) = found.sessions
    assert (settings.text("TargetCompID"), settings.text("SenderCompID")) == (kind.target_comp_id, KEY_ID)
    assert settings.endpoints() == [(kind.hosts[environment], kind.port)]
    assert settings.flag("ResetOnLogon") == kind.resets
    assert session_file_problems(settings.values, KEY_ID) == []
    hosts = {"session": settings.text("SocketConnectHost")}
    assert environment_problems(environment, hosts, i_mean_production=True) == []
    assert (native.refused(settings), native.ignored(settings)) == ([], [])
    assert native.protection(settings) == f"TLS 1.2+, verified as {kind.hosts[environment]}"
    agreed = native.core_settings(settings)
    assert (agreed.default_appl_ver_id, agreed.heart_bt_int, agreed.timestamp_precision) == ("9", 5, 3)


def test_session_file_without_its_key_says_which_variable_is_missing(tmp_path: Path) -> None:
    found = read_session_file(FIX_CONFIG / "kalshi-demo-nr.cfg", tmp_path, {})
    assert len(found.problems) == 1 and "environment variable KALSHI_DEMO_NR_KEY_ID is not set" in found.problems[0]


def test_every_file_is_installed_with_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["data-files"]["share/fixlane/config/fix"]
    installed = {path for pattern in patterns for path in ROOT.glob(pattern)}
    assert installed == {path for path in FIX_CONFIG.iterdir() if path.is_file()}


def test_dictionaries_are_found_by_name_from_anywhere(tmp_path: Path) -> None:
    for name in ("FIXT11-kalshi.xml", "FIX50SP2-kalshi.xml"):
        assert find_dictionary(name, tmp_path) == FIX_CONFIG / name


@pytest.mark.parametrize("name", EXAMPLES)
def test_native_session_passes_every_message_under_strict_rules(name: str, strict: Dictionary) -> None:
    fields = Fields(wire(name))
    assert strict.check(fields) is None
    assert strict.passes(fields)


@pytest.mark.parametrize("name", EXAMPLES)
def test_quickfix_session_passes_every_message_under_strict_rules(name: str, tmp_path: Path) -> None:
    session, application = read_dictionaries(with_safe_dictionaries(one(tmp_path, FileStorePath=tmp_path, **STRICT)))
    message = quickfix.Message(wire(name).decode(), session, application, True)
    rules = session if message.isAdmin() else application  # as QuickFIX's session chooses
    quickfix.DataDictionary.validate(message, session, rules)


def test_quickfix_session_would_not_pass_a_wrong_one(tmp_path: Path) -> None:
    session, application = read_dictionaries(with_safe_dictionaries(one(tmp_path, FileStorePath=tmp_path, **STRICT)))
    body = EXAMPLES["D"].partition("|35=")[2].replace("|44=0.4150|", "|44=cheap|").rpartition("10=")[0]
    text = f"8=FIXT.1.1|9={len(body) + 3}|35={body}".replace("|", "\x01")
    text += f"10={sum(text.encode()) % 256:03}\x01"
    with pytest.raises(quickfix.IncorrectDataFormat):
        quickfix.DataDictionary.validate(quickfix.Message(text, session, application, True), session, application)


@pytest.mark.parametrize(
    ("change", "tag"),
    [(("|44=0.4150|", "|44=cheap|"), 44), (("|54=1|", "|"), 54), (("|59=1|", "|59=1|9999=1|"), 9999)],
    ids=["no-number", "missing", "unknown"],
)
def test_native_session_would_not_pass_a_wrong_one(change: tuple[str, str], tag: int, strict: Dictionary) -> None:
    fields = Fields(EXAMPLES["D"].replace(*change).replace("|", "\x01").encode())
    fault = strict.check(fields)
    assert fault is not None and fault.tag == tag


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("8 trade", "9999=later|"),
        ("8 trade", "29999=later|"),
        ("8 trade", "851=2|"),
        ("X change + trade", "290=1|"),
        ("UMS", "20111=later|"),
    ],
)
def test_field_that_came_after_the_dictionary_costs_nothing(name: str, more: str, tmp_path: Path) -> None:
    dictionary = read_dictionary(one(tmp_path))
    assert dictionary is not None
    head, _, tail = EXAMPLES[name].rpartition("10=")
    assert dictionary.check(Fields(f"{head}{more}10={tail}".replace("|", "\x01").encode())) is None


@pytest.mark.parametrize(
    "change", [("150=F", "150=Z"), ("39=1", "39=Z"), ("139=4", "139=99"), ("1705=BALANCE", "1705=X")]
)
def test_value_that_came_after_the_dictionary_costs_nothing(change: tuple[str, str], tmp_path: Path) -> None:
    dictionary = read_dictionary(one(tmp_path, **STRICT))
    assert dictionary is not None
    assert dictionary.check(Fields(EXAMPLES["8 trade"].replace(*change).replace("|", "\x01").encode())) is None
