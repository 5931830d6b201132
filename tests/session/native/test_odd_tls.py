"""Words of TLS that look right and protect nothing, and secrets written where a name belongs."""

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.session.native.settings import refused
from engine.session.native.tls import client_context
from tests.session.native.test_key_files import fault, folder, settings
from tests.support.session.files import SOUND, problems
from tests.support.session.sockets import initiator_settings

__all__ = ["folder"]


@pytest.mark.parametrize("suites", ["NULL", "aNULL", "eNULL:HIGH", "ALL:@SECLEVEL=0", "HIGH:@SECLEVEL=1", "ADH"])
@pytest.mark.parametrize("key", ["SSLCipherSuite", "CipherSuites"])
def test_s17_suite_that_hides_or_proves_nothing_is_refused(key: str, suites: str) -> None:
    with pytest.raises(ConfigError) as caught:
        client_context(initiator_settings(Path(), 1, **{key: suites}))
    assert f"initiator.cfg: {key}: " in str(caught.value)


def test_sound_suites_are_taken() -> None:
    for suites in ("HIGH:!aNULL", "ECDHE+AESGCM", "DEFAULT", "ECDHE-RSA-AES128-GCM-SHA256"):
        assert client_context(initiator_settings(Path(), 1, SSLCipherSuite=suites)) is not None


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"SSLCipherSuite": "HIGH", "CipherSuites": "DEFAULT"}, "CipherSuites: without effect beside SSLCipherSuite"),
        ({"SSLProtocol": "TLSv1.3", "SSLCipherSuite": "HIGH"}, "SSLCipherSuite: chooses among suites of TLS 1.2"),
    ],
)
def test_s17_suites_without_effect_are_refused(keys: dict[str, str], told: str) -> None:
    (problem,) = refused(initiator_settings(Path(), 1, **keys))
    assert told in problem


@pytest.mark.parametrize("key", ["CertificationAuthoritiesDirectory", "CertificateRevocationListDirectory"])
def test_s8_folder_in_which_openssl_finds_nothing_is_named(folder: Path, key: str) -> None:
    text = fault(initiator_settings(folder, 1, **{key: str(folder)}))
    assert f"{key}: " in text
    assert "openssl rehash" in text
    (folder / "0a1b2c3d.r0").touch()
    (folder / "0a1b2c3d.0").write_bytes((folder / "ca.pem").read_bytes())
    assert client_context(initiator_settings(folder, 1, **{key: str(folder)})) is not None


def test_s8_revocation_list_that_is_a_certificate_is_named(folder: Path) -> None:
    text = fault(initiator_settings(folder, 1, CertificateRevocationListFile=str(folder / "ca.pem")))
    assert "CertificateRevocationListFile: " in text
    assert "is no revocation list" in text


@pytest.mark.parametrize("written", ["my hunter2", "hunter2", "hunter-2"])
def test_s8_passphrase_in_place_of_its_variable_is_never_shown(folder: Path, written: str) -> None:
    text = fault(settings(folder, "encrypted.key", CertificateKeyPassphraseEnv=written))
    assert "CertificateKeyPassphraseEnv" in text
    assert "hunter" not in text


def test_s8_variable_of_a_passphrase_that_is_replaced_is_never_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = settings(folder, "encrypted.key", CertificateKeyPassphraseEnv="HUNTER2")
    text = fault(type(one)(one.file, one.values, {"CertificateKeyPassphraseEnv": "${PASS}"}))
    assert "HUNTER2" not in text
    assert "write PASS without" in text


@pytest.mark.parametrize(
    "name",
    [
        "SecureSocket",
        "SocketSecure",
        "X509",
        "HMAC",
        "PIN",
        "OTP",
        "2FA",
        "Bearer",
        "PrivateFile",
        "STunnel",
        "PfxFile",
    ],
)
def test_s17_more_words_of_security_are_errors(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, SOUND + f"{name}=hunter2\n")
    assert f"{name}: unknown key that speaks of security" in problem
    assert "hunter2" not in problem
