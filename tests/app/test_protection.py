"""`fixlane check` says how each connection is protected, names the keys of both credentials, and shows no secret."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from engine.app.check import check, protections
from engine.cli import main
from engine.errors import ConfigError
from engine.session.quickfix.initiator import QuickfixSession
from engine.sim.fix.opening import open_acceptor
from tests.app.test_check import RUNS, SESSION_FILE
from tests.support.key_files import PASSPHRASE, pem
from tests.support.session.fix_peer import initiator_settings
from tests.support.session.sockets import acceptor_settings

NATIVE = RUNS.replace('session = "quickfix"', 'session = "native"')
CREDENTIALS = 'key_id_env = "KEY_ID"\nprivate_key_file = "key.pem"\n'


@pytest.fixture
def config(written: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Write a configuration and its session file."""

    def write(text: str = NATIVE, more: str = "") -> Path:
        (tmp_path / "fix").mkdir(exist_ok=True)
        (tmp_path / "fix" / "initiator.cfg").write_text(SESSION_FILE + more)
        return written(text)

    return write


def with_key(text: str = NATIVE) -> str:
    tables = f"[session.credentials]\n{CREDENTIALS}[feed.credentials]\n{CREDENTIALS}[[market]]"
    return text.replace("[[market]]", tables, 1).replace('dialect = "fix44"', 'dialect = "kalshi"')


def test_s17_check_says_how_each_connection_is_protected(
    config: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in (NATIVE, RUNS):
        path = config(kind.replace("wss://", "ws://"))
        assert main(["check", str(path)]) == 0
        assert "session FIX.4.4:ENGINE->VENUE: plain TCP: no word of TLS in the file\n" in capsys.readouterr().out
    path = config(more="SSLProtocol=+TLSv1_3\nSNIHostName=fix.venue.example\n")
    assert main(["check", str(path)]) == 0
    assert "session FIX.4.4:ENGINE->VENUE: TLS 1.3, verified as fix.venue.example\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("wss://api.venue.example:8443/trade-api/ws/v2", "TLS 1.2+, verified as api.venue.example"),
        ("ws://127.0.0.1:9180/trade-api/ws/v2", "plain TCP: feed.url begins with ws:"),
    ],
)
def test_s17_check_says_how_the_feed_is_protected(config: Callable[..., Path], url: str, line: str) -> None:
    text = "\n".join(f'url = "{url}"' if row.startswith("url = ") else row for row in NATIVE.splitlines())
    assert protections(config(text + "\n"))[-1] == f"feed {url}: {line}"


@pytest.mark.parametrize(
    "url",
    ["wss://me:hunter2@feed.example:8443/ws", "https://me:hunter2@feed.example/ws", "wss://feed.example:0/?t=hunter2"],
)
def test_s17_secret_in_the_url_of_the_feed_is_not_shown(config: Callable[..., Path], url: str) -> None:
    rows = (f'url = "{url}"' if row.startswith("url = ") else row for row in NATIVE.splitlines())
    problems = check(config("\n".join(rows) + "\n"))[0]
    assert any(problem.startswith("feed: url: ") for problem in problems)
    assert not any("hunter2" in problem for problem in problems)


def test_s17_token_in_the_query_of_the_feed_is_not_shown(config: Callable[..., Path]) -> None:
    url = "wss://feed.example:8443/trade-api/ws/v2?token=hunter2"
    rows = (f'url = "{url}"' if row.startswith("url = ") else row for row in NATIVE.splitlines())
    line = protections(config("\n".join(rows) + "\n"))[-1]
    assert line == "feed wss://feed.example:8443/trade-api/ws/v2: TLS 1.2+, verified as feed.example"


def test_s17_quickfix_says_at_connect_that_it_is_not_protected(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def scenario() -> None:
        session = QuickfixSession(initiator_settings(tmp_path, 9), asyncio.get_running_loop())
        session.logon()
        for _ in range(100):
            await asyncio.sleep(0.02)
            if "Connecting to" in caplog.text:
                break
        session.close()

    asyncio.run(scenario())
    said = [record.getMessage() for record in caplog.records if "Connecting to" in record.getMessage()]
    assert said and said[0].endswith(", plain TCP: no word of TLS in the file")


@pytest.mark.parametrize("kind", ["quickfix", "native"])
def test_s17_simulated_venue_refuses_words_of_tls_that_it_cannot_honour(tmp_path: Path, kind: str) -> None:
    settings = acceptor_settings(tmp_path, 5, SocketKeyStore="venue.jks")
    file = tmp_path / "acceptor.cfg"
    file.write_text("[SESSION]\n" + "".join(f"{key}={value}\n" for key, value in settings.values.items()))

    async def scenario() -> None:
        open_acceptor(kind, file, tmp_path / "state")

    with pytest.raises(ConfigError, match="SocketKeyStore: (the QuickFIX package has no TLS|a Java keystore)"):
        asyncio.run(scenario())


def test_m11_key_that_cannot_be_used_is_one_problem_with_its_file(
    config: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_ID", "ENGINE")
    key = tmp_path / "key.pem"
    path = config(with_key())
    (problem,) = check(path)[0]
    assert f"credentials.private_key_file: key file {key} cannot be read: No such file" in problem
    key.write_bytes(pem(ed25519.Ed25519PrivateKey.generate(), PASSPHRASE))
    key.chmod(0o600)
    (problem,) = check(path)[0]
    assert problem.endswith(
        f"key file {key} is encrypted, and no passphrase is given; set private_key_passphrase_env or _file"
    )
    monkeypatch.setenv("PASSPHRASE", PASSPHRASE.decode())
    opened = with_key().replace('"key.pem"\n', '"key.pem"\nprivate_key_passphrase_env = "PASSPHRASE"\n')
    assert check(config(opened)) == ([], [])
    monkeypatch.setenv("PASSPHRASE", "not this one")
    (problem,) = check(path)[0]
    assert "does not open with the passphrase that is given" in problem and "not this one" not in problem


def test_m11_key_that_others_may_read_is_refused_by_check_and_run(
    config: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEY_ID", "ENGINE")
    key = tmp_path / "key.pem"
    key.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    key.chmod(0o644)
    path = config(with_key())
    told = f"session.credentials.private_key_file: key file {key} is open to others (mode 0644); chmod 600 it"
    assert check(path) == ([told], [])
    monkeypatch.setattr("engine.app.running.run", lambda config: 0)
    assert main(["run", str(path)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("name", ["S9_PASSWORD", "S9_HOST"])
def test_s9_unset_name_is_an_error_of_check_and_its_value_is_never_printed(
    config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    for each in ("S9_PASSWORD", "S9_HOST"):
        monkeypatch.setenv(each, "hunter2")
    path = config(more="LogonTag=554=${S9_PASSWORD}\nLogonTag1=9001=${S9_HOST}\n")
    assert main(["check", str(path)]) == 0
    captured = capfd.readouterr()
    assert "hunter2" not in captured.out + captured.err
    monkeypatch.delenv(name)
    assert main(["check", str(path)]) == 2
    captured = capfd.readouterr()
    assert f"environment variable {name} is not set" in captured.err
    assert "hunter2" not in captured.out + captured.err
