"""Kalshi signatures against the venue's test vector and against the public half of fresh keys."""

import base64
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256

from engine import fix
from engine.errors import ConfigError
from engine.venue import kalshi
from engine.venue.kalshi.signing import SigningKey, load_credentials, parse_private_key
from tests.support.key_files import pem, unusable

KEY_ID = "3f6c1e9a-5b27-4d80-9a41-c2d7e85f0b16"
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FORMS = unusable(RSA)
NOW_NS = 1_795_444_200_123_456_789


def test_logon_signature_equals_the_venues_test_vector() -> None:
    header = {
        fix.SendingTime: "20261123-14:30:05.120",
        fix.MsgSeqNum: "1",
        fix.SenderCompID: KEY_ID,
        fix.TargetCompID: "KalshiNR",
    }
    assert SigningKey(KEY_ID, ED25519).logon_signature(header) == (
        "EUwCzHuoVeqY6EN76AiRsQNxQ37YYsFTNdgLtEO1j0Y+arb5exAVi+3MAKGjJh7JGEgNfdhFGWei8uCGz4jEAQ=="
    )


def test_handshake_with_ed25519_key_signs_milliseconds_method_and_path() -> None:
    headers = SigningKey(KEY_ID, ED25519).http_headers("GET", "/trade-api/ws/v2", NOW_NS)
    signature = base64.b64decode(headers.pop("KALSHI-ACCESS-SIGNATURE"), validate=True)
    ED25519.public_key().verify(signature, b"1795444200123GET/trade-api/ws/v2")
    assert headers == {"KALSHI-ACCESS-KEY": KEY_ID, "KALSHI-ACCESS-TIMESTAMP": "1795444200123"}


def test_request_with_rsa_key_verifies_as_pss_with_a_salt_of_32_bytes() -> None:
    headers = SigningKey(KEY_ID, RSA).http_headers("POST", "/trade-api/v2/portfolio/events/orders", NOW_NS)
    signature = base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"], validate=True)
    pss = padding.PSS(padding.MGF1(SHA256()), salt_length=32)
    RSA.public_key().verify(signature, b"1795444200123POST/trade-api/v2/portfolio/events/orders", pss, SHA256())
    with pytest.raises(InvalidSignature):
        RSA.public_key().verify(signature, b"1795444200124POST/trade-api/v2/portfolio/events/orders", pss, SHA256())


def test_query_is_left_out_of_the_signed_path() -> None:
    credentials = SigningKey(KEY_ID, ED25519)
    assert credentials.http_headers("GET", "/p?limit=5", NOW_NS) == credentials.http_headers("GET", "/p", NOW_NS)


@pytest.mark.parametrize("key", [ED25519, RSA], ids=["ed25519", "rsa"])
def test_key_file_of_either_kind_loads(key: PrivateKeyTypes, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem(key))
    assert load_credentials(KEY_ID, file).key_id == KEY_ID


def test_encrypted_key_loads_with_its_password() -> None:
    key = parse_private_key(pem(ED25519, b"secret"), b"secret")
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    assert key.sign(b"x") == ED25519.sign(b"x")


@pytest.mark.parametrize(
    ("content", "password", "text"),
    [
        (b"", None, "not a PEM private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", None, "not a PEM private key"),
        (pem(ED25519, b"secret"), None, "encrypted"),
        (pem(ED25519, b"secret"), b"wrong", "check its password"),
        (pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), None, "RSA key of 1024 bits"),
        (pem(ec.generate_private_key(ec.SECP256R1())), None, "neither an RSA nor an Ed25519 key"),
    ],
    ids=["empty", "garbage", "no-password", "wrong-password", "short-rsa", "elliptic"],
)
def test_unusable_key_is_named_with_its_file(content: bytes, password: bytes | None, text: str, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_credentials(KEY_ID, file, password)
    assert str(file) in str(caught.value)
    assert text in str(caught.value)


@pytest.mark.parametrize("form", FORMS)
def test_m11_form_that_cannot_be_used_is_named_with_its_remedy(form: str) -> None:
    content, name, remedy = FORMS[form]
    with pytest.raises(ConfigError) as caught:
        parse_private_key(content)
    assert name in str(caught.value) and remedy in str(caught.value)


def test_m11_key_id_never_carries_another_header() -> None:
    assert SigningKey("abc\r", ED25519).http_headers("GET", "/", 1)["KALSHI-ACCESS-KEY"] == "abc"
    with pytest.raises(ConfigError, match="control characters"):
        SigningKey("id\r\nX-Injected: 1", ED25519)


@pytest.mark.parametrize(("key_id", "private_key"), [("id", b""), ("", pem(ED25519))])
def test_m11_half_of_a_key_is_refused_and_never_leaves_a_request_unsigned(key_id: str, private_key: bytes) -> None:
    for make in (kalshi.logon, lambda *half: kalshi.market_data([], *half)):
        with pytest.raises(ConfigError, match="only half of an API key: set both"):
            make(key_id, private_key)


def test_missing_file_and_empty_id_are_configuration_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="absent.pem: No such file"):
        load_credentials(KEY_ID, tmp_path / "absent.pem")
    with pytest.raises(ConfigError, match="API key id is empty"):
        load_credentials("", tmp_path / "absent.pem")


def test_private_key_never_shows() -> None:
    assert repr(SigningKey(KEY_ID, ED25519)) == f"SigningKey('{KEY_ID}')"
