"""Private keys in files: what cannot be used is named with its remedy, and no secret is ever told."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import PrivateFormat

from engine.runtime.private_keys import (
    KeyFileError,
    PassphraseMissing,
    checked_key_id,
    load_private_key,
    read_passphrase,
    without_passphrase,
)
from tests.support.key_files import PASSPHRASE, pem, unusable

ED25519 = ed25519.Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
FORMS = unusable(RSA)


@pytest.mark.parametrize("form", FORMS)
def test_m11_form_that_cannot_be_used_is_named_with_its_remedy(form: str) -> None:
    content, name, remedy = FORMS[form]
    with pytest.raises(KeyFileError) as caught:
        load_private_key(content)
    assert name in str(caught.value)
    assert remedy in str(caught.value)


@pytest.mark.parametrize("key", [ED25519, RSA, EC], ids=["ed25519", "rsa", "ec"])
def test_m11_passphrase_opens_a_key_and_nothing_else_does(key: PrivateKeyTypes) -> None:
    content = pem(key, PASSPHRASE)
    assert pem(load_private_key(content, PASSPHRASE)) == pem(key) == without_passphrase(content, PASSPHRASE)
    with pytest.raises(PassphraseMissing, match="is encrypted, and no passphrase is given"):
        load_private_key(content)
    for wrong in (b"wrong", b"correct horse\n", b"x" * 200):
        with pytest.raises(KeyFileError, match="does not open with the passphrase") as caught:
            load_private_key(content, wrong)
        assert wrong.decode() not in str(caught.value) and PASSPHRASE.decode() not in str(caught.value)


def test_m11_passphrase_for_a_key_that_is_not_encrypted_is_named() -> None:
    with pytest.raises(KeyFileError, match="is not encrypted, and a passphrase is given; remove that"):
        load_private_key(pem(RSA), PASSPHRASE)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_older_forms_of_pem_and_a_key_behind_other_blocks_are_read(passphrase: bytes | None) -> None:
    for key in (RSA, EC):
        older = pem(key, passphrase, PrivateFormat.TraditionalOpenSSL)
        before = b"Bag Attributes\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        for content in (older, before + older, older.replace(b"\n", b"\r\n")):
            assert pem(load_private_key(content, passphrase)) == pem(key)


def test_m11_passphrase_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "credential"
    file.touch(mode=0o600)
    file.write_bytes(PASSPHRASE + b"\r\n")
    assert read_passphrase("", None, {}) is None
    assert read_passphrase("P", None, {"P": "correct horse"}) == PASSPHRASE
    assert read_passphrase("", file, {}) == PASSPHRASE
    file.write_bytes(b"\n")
    for variable, path, text in (
        ("P", None, "environment variable P is empty or not set"),
        ("", tmp_path / "gone", "cannot be read: No such file"),
        ("", file, "is empty or not set"),
        ("P", file, "exclude each other"),
    ):
        with pytest.raises(KeyFileError, match=text):
            read_passphrase(variable, path, {})


@pytest.mark.parametrize("text", ["abc\r", " abc\n", "\tabc", "abc"])
def test_m11_key_id_is_stripped(text: str) -> None:
    assert checked_key_id(text) == "abc"


@pytest.mark.parametrize("text", ["id\r\nX-Injected: 1", "a\x00b", "a\x01b", "a\x7fb", "é"])
def test_m11_key_id_with_control_characters_is_refused(text: str) -> None:
    with pytest.raises(KeyFileError, match="control characters") as caught:
        checked_key_id(text)
    assert text not in str(caught.value)


@pytest.mark.parametrize("text", ["a b", '"abc"', "'abc'", "ab c "])
def test_m11_id_with_blanks_or_quotes_inside_is_refused(text: str) -> None:
    with pytest.raises(KeyFileError, match="holds blanks or quotation marks"):
        checked_key_id(text)


@pytest.mark.parametrize("name", ["my hunter2", "hunter2"])
def test_m11_passphrase_in_place_of_its_variable_is_never_shown(name: str) -> None:
    with pytest.raises(KeyFileError) as caught:
        read_passphrase(name, None, {})
    assert "hunter2" not in str(caught.value)


def test_m11_key_in_utf_16_is_named() -> None:
    with pytest.raises(KeyFileError, match="is in UTF-16"):
        load_private_key(pem(RSA).decode().encode("utf-16"))
