"""Kalshi's sessions and their Logon: kinds, flags by kind, listeners, the signature, and another key."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from engine.errors import ConfigError, SessionError
from engine.venue import kalshi
from engine.venue.kalshi.fix.kinds import BY_COMP_ID, BY_NAME, BY_PORT, KINDS, KalshiKind, is_sender
from engine.venue.kalshi.fix.logon import FLAG_NAMES, Flags, KalshiLogon, flag_problems, logon_flags
from engine.venue.kalshi.signing import SigningKey
from tests.support.key_files import pem

KEY_ID = "3f6c1e9a-5b27-4d80-9a41-c2d7e85f0b16"
ORDER_FLAGS = [(8013, "Y"), (21005, "Y"), (21007, "Y"), (21008, "Y"), (21012, "Y"), (21026, "Y")]
LISTENER = [(20126, "Y"), *ORDER_FLAGS[1:4], (21011, "Y"), *ORDER_FLAGS[4:]]


def key(number: int = 0, key_id: str = KEY_ID) -> SigningKey:
    return SigningKey(key_id, Ed25519PrivateKey.from_private_bytes(bytes(range(number, number + 32))))


def header(target: str = "KalshiNR", sender: str = KEY_ID) -> dict[int, str]:
    return {34: "1", 49: sender, 52: "20261123-14:30:05.120", 56: target}


def test_kinds_stand_where_the_venue_says() -> None:
    assert [(kind.name, kind.target_comp_id, kind.port, kind.resets) for kind in KINDS] == [
        ("NR", "KalshiNR", 8228, True),
        ("DC", "KalshiDC", 8229, True),
        ("RT", "KalshiRT", 8230, False),
        ("PT", "KalshiPT", 8231, False),
        ("RFQ", "KalshiRFQ", 8232, True),
        ("MD", "KalshiMD", 8233, True),
    ]
    assert {kind.name: kind.hosts["prod"] for kind in KINDS if kind.name != "MD"} == dict.fromkeys(
        ("NR", "DC", "RT", "PT", "RFQ"), "mm.fix.elections.kalshi.com"
    )
    assert BY_NAME["MD"].hosts == {
        "demo": "marketdata.fix.demo.kalshi.co",
        "prod": "marketdata.fix.elections.kalshi.com",
    }
    assert BY_PORT[8230] is BY_COMP_ID["KalshiRT"]


@pytest.mark.parametrize(
    ("msg_type", "sessions"),
    [
        ("A", "NR DC RT PT RFQ MD"),
        ("3", "NR DC RT PT RFQ MD"),
        ("j", "NR DC RT PT RFQ MD"),
        ("2", "RT PT"),
        ("4", "RT PT"),
        ("D", "NR RT"),
        ("F", "NR RT"),
        ("G", "NR RT"),
        ("q", "NR"),
        ("r", "NR"),
        ("8", "NR DC RT"),
        ("9", "NR RT"),
        ("UOG", "NR RT"),
        ("UOH", "NR RT"),
        ("U1", "DC"),
        ("U2", "DC"),
        ("U3", "DC"),
        *((one, "MD") for one in "VeWXYf"),
        ("UMS", "NR RT PT"),
        *((one, "RT") for one in ("b", "UA", "UC", "UE", "UB")),
        *((one, "RFQ") for one in ("AI", "Z", "U9", "U7", "U8")),
        *((one, "RT RFQ") for one in ("R", "S", "AG")),
        *((one, "") for one in ("H", "E", "s", "t", "AB", "AF", "AE", "AP", "x", "y")),
    ],
)
def test_message_is_of_the_sessions_that_the_venue_says(msg_type: str, sessions: str) -> None:
    assert [kind.name for kind in KINDS if msg_type in kind.messages] == sessions.split()


@pytest.mark.parametrize(
    ("kind", "flags", "expected"),
    [
        ("NR", {}, ORDER_FLAGS),
        ("RT", {}, ORDER_FLAGS),
        ("DC", {}, [(21005, "Y"), (21008, "Y"), (21012, "Y")]),
        ("PT", {}, [(20127, "Y")]),
        ("RFQ", {}, [(21005, "Y")]),
        ("MD", {}, []),
        ("NR", {"listener": True}, LISTENER),
        ("NR", {"listener": True, "cancel_on_disconnect": False}, LISTENER),
        ("NR", {"cancel_on_disconnect": False}, [(8013, "N"), *ORDER_FLAGS[1:]]),
        ("PT", {"retention_hours": 72}, [(20127, "Y"), (20200, "72")]),
        ("RT", {"split_collateral": True}, [*ORDER_FLAGS, (21027, "Y")]),
        ("RFQ", {"use_dollars": False}, [(21005, "N")]),
    ],
)
def test_logon_has_the_flags_of_its_kind_and_those_that_are_asked_for(
    kind: str, flags: Flags, expected: list[tuple[int, str]]
) -> None:
    assert flag_problems(BY_NAME[kind], flags) == []
    assert logon_flags(BY_NAME[kind], flags) == expected


def test_every_flag_of_the_venue_can_be_configured() -> None:
    documented = {8013, 20126, 20127, 20200, 21005, 21007, 21008, 21011, 21012, 21026, 21027, 21032}
    assert set(FLAG_NAMES.values()) == documented
    assert {tag for kind in KINDS for tag in kind.flags} == documented


@pytest.mark.parametrize(
    ("kind", "flags", "words"),
    [
        (None, {"dollars": True}, "dollars: no flag of Logon; there are cancel_on_disconnect"),
        (None, {"use_dollars": 1}, "use_dollars: 1 is neither true nor false"),
        (None, {"retention_hours": True}, "retention_hours: True is not from 1 to 72"),
        (None, {"retention_hours": 73}, "retention_hours: 73 is not from 1 to 72"),
        ("NR", {"retention_hours": 24}, "KalshiNR has no such flag, KalshiRT, KalshiPT have; remove it"),
        ("MD", {"listener": True}, "listener: KalshiMD has no such flag, KalshiNR, KalshiRT have; remove it"),
        ("DC", {"settlement_reports": True}, "KalshiDC has no such flag, KalshiNR, KalshiRT, KalshiPT have; remove it"),
        ("NR", {"listener": True, "cancel_on_disconnect": True}, "a listener session has no orders to cancel"),
        ("RT", {"listener": True, "skip_pending_reports": False}, "a listener session must skip them"),
        ("NR", {"use_dollars": False}, "use_dollars: prices would be whole cents"),
        ("RT", {"original_order_qty": False}, "OrderQty(38) would change with every fill"),
    ],
)
def test_flag_that_the_venue_would_refuse_is_named(kind: str | None, flags: Any, words: str) -> None:
    (problem,) = flag_problems(BY_NAME[kind] if kind else None, flags)
    assert words in problem


def test_logon_whose_kind_has_no_such_flag_is_not_written() -> None:
    dialect = KalshiLogon(key(), {"retention_hours": 24})
    dialect.logon_fields(header("KalshiRT"))
    with pytest.raises(SessionError, match="session.flags: retention_hours: KalshiNR has no such flag"):
        dialect.logon_fields(header("KalshiNR"))


def test_dialect_with_flags_that_are_none_is_not_made() -> None:
    with pytest.raises(ConfigError, match="dollars: no flag of Logon"):
        kalshi.logon(KEY_ID, pem(Ed25519PrivateKey.generate()), {"dollars": True})


def test_rsa_signature_holds_for_an_independent_reader() -> None:
    private = generate_private_key(65537, 2048)
    fields = dict(kalshi.logon(KEY_ID, pem(private)).logon_fields(header()))
    signature = base64.b64decode(fields[96], validate=True)
    signed = f"20261123-14:30:05.120\x01A\x011\x01{KEY_ID}\x01KalshiNR".encode()
    private.public_key().verify(signature, signed, PSS(mgf=MGF1(SHA256()), salt_length=32), SHA256())
    assert fields[95] == str(len(fields[96]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kind_is_known_by_the_name_that_the_logon_is_sent_to(kind: KalshiKind) -> None:
    fields = KalshiLogon(key()).logon_fields(header(kind.target_comp_id))
    assert fields[2:] == logon_flags(kind, {})


def test_another_key_of_the_same_id_signs_the_next_logon() -> None:
    dialect = KalshiLogon(key())
    before = dialect.logon_fields(header())
    dialect.renew(key(1))
    after = dialect.logon_fields(header())
    assert dict(before)[96] != dict(after)[96] and before[2:] == after[2:]


def test_logon_in_the_name_of_another_key_is_not_signed() -> None:
    dialect = KalshiLogon(key())
    dialect.renew(key(1, "another"))
    assert dialect.key_id == "another"
    with pytest.raises(SessionError, match=f"49. {KEY_ID} is not the id of the API key, another: set SenderCompID"):
        dialect.logon_fields(header())
    dialect.logon_fields(header(sender="another"))


def test_venue_may_call_itself_by_its_session_or_its_name() -> None:
    assert [is_sender(one, BY_NAME["NR"]) for one in ("KalshiNR", "Kalshi", "KalshiMD", "")] == [
        True,
        True,
        False,
        False,
    ]
