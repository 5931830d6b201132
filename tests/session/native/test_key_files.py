"""Certificates, keys and passphrases of a native session: each that cannot be used is named, nothing ever prompts."""

import asyncio
import logging
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec

from engine.errors import ConfigError
from engine.session.file.settings import SessionSettings
from engine.session.native.acceptor import SessionAcceptor
from engine.session.native.initiator import NativeSession
from engine.session.native.settings import ignored
from engine.session.native.tls import client_context, server_context
from tests.support.certificates import Authority
from tests.support.key_files import PASSPHRASE, openssl, unusable
from tests.support.places import CONFIG, ROOT
from tests.support.session.sockets import Witness, acceptor_settings, initiator_settings

PAIR = ("ClientCertificateFile", "ClientCertificateKeyFile")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an authority, two pairs of certificate and key, and one key encrypted."""
    authority = Authority(tmp_path)
    for name in ("firm.test", "venue.test"):
        authority.issue(name)
    source = ("pkcs8", "-topk8", "-in", "firm.test.key", "-passout", f"pass:{PASSPHRASE.decode()}")
    openssl(*source, "-out", "encrypted.key", folder=tmp_path)
    for file in tmp_path.glob("*.key"):
        file.chmod(0o600)
    return tmp_path


def settings(folder: Path, key: str = "firm.test.key", **changes: object) -> SessionSettings:
    files = dict(zip(PAIR, (str(folder / "firm.test.pem"), str(folder / key)), strict=True))
    return initiator_settings(folder, 1, **files, **changes)


def fault(settings: SessionSettings) -> str:
    with pytest.raises(ConfigError) as caught:
        client_context(settings)
    return str(caught.value).removeprefix(f"{settings.file}: ")


def test_s8_passphrase_comes_from_the_environment_or_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_PASSPHRASE", PASSPHRASE.decode())
    (folder / "credential").touch(mode=0o600)
    (folder / "credential").write_bytes(PASSPHRASE + b"\n")
    for given in ({"CertificateKeyPassphraseEnv": "KEY_PASSPHRASE"},
                  {"CertificateKeyPassphraseFile": str(folder / "credential")}):  # fmt: skip
        assert client_context(settings(folder, "encrypted.key", **given)) is not None


@pytest.mark.parametrize(
    ("key", "given", "told"),
    [
        ("encrypted.key", {}, "is encrypted, and no passphrase is given; name its passphrase by "
         "CertificateKeyPassphraseEnv or CertificateKeyPassphraseFile"),
        ("encrypted.key", {"CertificateKeyPassphraseEnv": "WRONG"}, "does not open with the passphrase that is given"),
        ("firm.test.key", {"CertificateKeyPassphraseEnv": "WRONG"}, "is not encrypted, and a passphrase is given"),
        ("venue.test.key", {}, "is not the key of "),
    ],
)  # fmt: skip
def test_s8_key_that_does_not_open_is_named_with_its_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, key: str, given: dict[str, str], told: str
) -> None:
    monkeypatch.setenv("WRONG", "not this one")
    text = fault(settings(folder, key, **given))
    assert text.startswith(f"ClientCertificateKeyFile: {folder / key} {told}")
    assert "not this one" not in text


@pytest.mark.parametrize("given", ["CertificateKeyPassphraseEnv", "CertificateKeyPassphraseFile"])
def test_s8_passphrase_that_is_not_there_is_named(folder: Path, given: str) -> None:
    assert fault(settings(folder, "encrypted.key", **{given: "/nowhere"})).startswith(f"{given}: ")
    alone = initiator_settings(folder, 1, **{given: "x"})
    assert fault(alone) == f"{given}: there is no key that it would open; name one, or remove it"


FORMS = unusable(ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize("form", FORMS)
def test_s8_key_of_another_form_is_named_with_its_remedy(folder: Path, form: str) -> None:
    content, name, remedy = FORMS[form]
    (folder / "other.key").write_bytes(content)
    text = fault(settings(folder, "other.key"))
    assert text.startswith(f"ClientCertificateKeyFile: {folder / 'other.key'} ")
    assert name in text and remedy in text


def test_s8_certificate_of_another_form_is_named_with_its_remedy(folder: Path) -> None:
    openssl("x509", "-in", "firm.test.pem", "-outform", "DER", "-out", "firm.der", folder=folder)
    openssl("pkcs12", "-export", "-in", "firm.test.pem", "-inkey", "firm.test.key", "-passout", "pass:x",
            "-out", "firm.p12", folder=folder)  # fmt: skip
    for name, told in (
        ("firm.der", "is DER; `openssl x509 -inform DER"),
        ("firm.p12", "is PKCS12; `openssl pkcs12"),
        ("firm.test.key", "holds a private key and no certificate"),
        ("gone.pem", "cannot be used: No such file"),
    ):
        text = fault(settings(folder).replaced({PAIR[0]: folder / name}))
        assert text.startswith("ClientCertificateFile: ")
        assert told in text


def test_s8_authority_of_another_form_is_named_with_its_remedy(folder: Path) -> None:
    openssl("x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.cer", folder=folder)
    for key in ("CertificationAuthoritiesFile", "SocketCAFile", "SSLCACertificate"):
        text = fault(initiator_settings(folder, 1, **{key: folder / "ca.cer"}))
        assert text.startswith(f"{key}: {folder}/ca.cer is DER; `openssl x509 -inform DER")


def test_s8_half_of_a_pair_is_named(folder: Path) -> None:
    key_alone = settings(folder).replaced({PAIR[0]: None})
    assert fault(key_alone) == (
        "ClientCertificateKeyFile: without effect, because no certificate is named; add ClientCertificateFile"
    )
    certificate_alone = settings(folder).replaced({PAIR[1]: None})
    assert fault(certificate_alone) == (
        f"ClientCertificateFile: {folder}/firm.test.pem holds no key, and no other file is named;"
        " add ClientCertificateKeyFile"
    )
    both = folder / "both.pem"
    both.write_bytes((folder / "firm.test.pem").read_bytes() + (folder / "firm.test.key").read_bytes())
    assert client_context(settings(folder).replaced({PAIR[0]: both, PAIR[1]: None})) is not None


def test_s8_every_file_at_fault_is_named_at_once(folder: Path) -> None:
    one = settings(folder, "gone.key", CertificationAuthoritiesFile="/gone.pem", CipherSuites="NONE_SUCH")
    assert [line.split(": ")[1] for line in ("x: " + fault(one)).splitlines()] == [
        "CertificationAuthoritiesFile", "ClientCertificateKeyFile", "CipherSuites",
    ]  # fmt: skip


def test_s8_file_of_a_secret_that_others_may_read_is_a_warning(folder: Path) -> None:
    (folder / "credential").write_bytes(PASSPHRASE)
    (folder / "credential").chmod(0o640)
    (folder / "encrypted.key").chmod(0o644)
    one = settings(folder, "encrypted.key", CertificateKeyPassphraseFile=str(folder / "credential"))
    assert ignored(one) == [
        f"{one.file}: ClientCertificateKeyFile: {folder}/encrypted.key is open to others (mode 0644); chmod 600 it",
        f"{one.file}: CertificateKeyPassphraseFile: {folder}/credential is open to others (mode 0640); chmod 600 it",
    ]
    assert ignored(settings(folder)) == []


def test_pair_of_the_other_role_is_not_shown(folder: Path) -> None:
    server = {"ServerCertificateFile": "/gone.pem", "ServerCertificateKeyFile": "/gone.key"}
    assert client_context(settings(folder, **server)) is not None
    client = {"ClientCertificateFile": "/gone.pem"}
    pair = {"SocketCertificateFile": folder / "venue.test.pem", "SocketPrivateKeyFile": folder / "venue.test.key"}
    assert server_context(acceptor_settings(folder, SocketUseSSL="Y", **pair, **client)) is not None


def test_acceptor_wants_certificates_where_quickfix_n_and_go_do_by_default(folder: Path) -> None:
    pair = {"SocketCertificateFile": folder / "venue.test.pem", "SocketPrivateKeyFile": folder / "venue.test.key"}
    authority = {"SocketCAFile": folder / "ca.pem"}
    for keys, is_wanted in (
        ({}, True), ({"SocketUseSSL": "Y"}, False), ({"SSLEnable": "Y"}, True),
        ({"SSLEnable": "Y", "SSLRequireClientCertificate": "N"}, False),
    ):  # fmt: skip
        context = server_context(acceptor_settings(folder, **pair, **authority, **keys))
        assert context is not None and (context.verify_mode != 0) == is_wanted
    with pytest.raises(ConfigError, match="CertificationAuthoritiesFile: missing, so that no certificate"):
        server_context(acceptor_settings(folder, **pair))


def test_template_with_a_word_that_is_refused_is_refused_before_any_peer_comes(tmp_path: Path) -> None:
    async def main() -> None:
        template = acceptor_settings(tmp_path, TargetCompID="*", SocketKeyStore="x.jks")
        with pytest.raises(ConfigError, match="SocketKeyStore: a Java keystore"):
            SessionAcceptor([template], asyncio.get_running_loop())

    asyncio.run(main())


def test_s8_check_never_prompts_on_a_terminal(folder: Path) -> None:
    shutil.copytree(CONFIG, folder / "config")
    config, file = folder / "config" / "engine.toml", folder / "config" / "fix" / "initiator.cfg"
    config.write_text(config.read_text().replace('session = "quickfix"', 'session = "native"'))
    keys = f"{PAIR[0]}={folder}/firm.test.pem\n{PAIR[1]}={folder}/encrypted.key\n"
    file.write_text(file.read_text() + keys)
    ours, theirs = pty.openpty()
    try:
        found = subprocess.run(
            [sys.executable, "-m", "engine", "check", str(config)],
            stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, cwd=ROOT, timeout=60, check=False,
            preexec_fn=lambda: os.setsid(),
        )  # fmt: skip
        said = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert found.returncode == 2
    assert "encrypted.key is encrypted, and no passphrase is given; name its passphrase by" in said
    assert "Enter PEM pass phrase" not in said


def test_s8_session_with_a_passphrase_logs_on_and_says_its_protection(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("KEY_PASSPHRASE", PASSPHRASE.decode())
    server = {
        "ServerCertificateFile": folder / "venue.test.pem", "ServerCertificateKeyFile": folder / "venue.test.key",
        "CertificationAuthoritiesFile": folder / "ca.pem", "CertificateVerifyLevel": "1",
    }  # fmt: skip

    async def main() -> None:
        loop = asyncio.get_running_loop()
        acceptor = SessionAcceptor([acceptor_settings(folder, **server)], loop)
        (port,) = await acceptor.listen()
        keys = {"CertificateKeyPassphraseEnv": "KEY_PASSPHRASE", "SSLServerName": "venue.test"}
        one = settings(folder, "encrypted.key", SSLCACertificate=folder / "ca.pem", SocketConnectPort=port, **keys)
        us = Witness(NativeSession(one, loop))
        us.session.logon()
        try:
            await us.logged_on()
        finally:
            us.session.close()
            acceptor.close()
        said = [record.getMessage() for record in caplog.records]
        assert f"FIX.4.4:US->PEER: connecting to 127.0.0.1 port {port}, TLS 1.2+, verified as venue.test" in said
        assert f"listening on port {port}, TLS 1.2+, peers show certificates" in said

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
