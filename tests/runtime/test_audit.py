"""The audit log: lines without secrets, in files that turn, which harm nobody when they cannot be written."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError
from engine.runtime import audit
from engine.runtime.audit import AuditLog, line
from engine.runtime.rotation import RotatedFile


def shown(**record: Any) -> Any:
    return json.loads(line(record))


def test_record_becomes_a_line_of_json() -> None:
    text = line({"channel": "rest", "status": 200, "query": {"tickers": ["A", "B"]}, "body": b'{"price": "0.40"}'})
    assert text == b'{"channel":"rest","status":200,"query":{"tickers":["A","B"]},"body":{"price":"0.40"}}\n'


SECRETS = ["password", "Passphrase", "client_secret", "access_token", "refreshToken", "private-key", "apiKey",
           "KALSHI-ACCESS-SIGNATURE", "Authorization", "otp"]  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_hidden_wherever_they_stand(name: str) -> None:
    found = shown(
        **{name: "hush"},
        query={name: ["hush"]},
        body=json.dumps({"deep": [{name: {"more": "hush"}}], "price": "1"}).encode(),
    )
    assert found == {name: "***", "query": {name: "***"}, "body": {"deep": [{name: "***"}], "price": "1"}}


@pytest.mark.parametrize("name", ["tokens", "token_id", "ticker", "client_order_id"])
def test_what_is_not_secret_is_shown(name: str) -> None:
    assert shown(**{name: "x"}) == {name: "x"}


@pytest.mark.parametrize("body", [b"user=u&password=hush", b"\xff\xfe", b"", b'{"password":"hush"', b"[" * 5_000])
def test_body_that_is_no_json_is_told_by_its_size(body: bytes) -> None:
    assert shown(body=body) == {"body": f"{len(body)} bytes that are no JSON"}


def test_long_body_is_told_by_its_size() -> None:
    assert shown(body=b"1" * 65_537) == {"body": "65537 bytes"}


def test_record_that_no_json_can_be_made_of_is_written_as_text() -> None:
    found = shown(channel="rest", odd=complex(1, 2))
    assert found["channel"] == "rest" and found["odd"] == "(1+2j)" and "not_recorded_well" in found


def test_records_of_many_threads_are_written_whole(tmp_path: Path) -> None:
    told: list[str] = []
    log = AuditLog(tmp_path / "audit.jsonl", told.append)
    log.start()

    def write(name: int) -> None:
        for number in range(500):
            log.write({"name": name, "n": number})

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    records = [json.loads(each) for each in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [record["n"] for record in records if record["name"] == 2] == list(range(500))
    assert (len(records), told) == (2_000, [])
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_records_that_come_too_fast_are_counted_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_WAITING", 10)
    told: list[str] = []
    log = AuditLog(tmp_path / "audit.jsonl", told.append)
    for number in range(13):
        log.write({"n": number})
    log.start()
    log.close()
    assert len((tmp_path / "audit.jsonl").read_text().splitlines()) == 10
    assert told == [f"{tmp_path}/audit.jsonl is too slow: 3 records are lost"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_full_disk_costs_records_and_nothing_else() -> None:
    told: list[str] = []
    log = AuditLog(Path("/dev/full"), told.append)
    log.start()
    log.write({"n": 1})
    log.close()
    assert told == ["/dev/full cannot be written, lines are lost: No space left on device"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_what_is_lost_is_told_on_the_thread_of_who_writes() -> None:
    told: list[threading.Thread] = []
    log = AuditLog(Path("/dev/full"), lambda text: told.append(threading.current_thread()))
    log.start()
    deadline = time.monotonic() + 30
    while not told and time.monotonic() < deadline:
        log.write({"n": 1})
        time.sleep(0.01)
    log.close()
    assert set(told) == {threading.current_thread()}


def test_log_that_was_never_started_is_written_when_it_is_closed(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl", print)
    log.write({"n": 1})
    log.close()
    assert (tmp_path / "audit.jsonl").read_bytes() == b'{"n":1}\n'


def test_file_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        AuditLog(tmp_path / "nowhere" / "audit.jsonl", print)


def rotated(path: Path, told: list[str], keep: int = 2) -> RotatedFile:
    return RotatedFile(path, told.append, most_bytes=10, keep=keep)


def test_full_file_is_moved_and_the_oldest_is_dropped(tmp_path: Path) -> None:
    told: list[str] = []
    file = rotated(tmp_path / "a", told)
    for number in range(5):
        file.write(b"line %d..\n" % number * 2)
        file.flush()
    file.close()
    found = {path.name: path.read_bytes()[:6] for path in tmp_path.iterdir()}
    assert found == {"a.1": b"line 4", "a.2": b"line 3"}
    assert told == []


def test_file_goes_on_where_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"earlier\n")
    file = rotated(path, [])
    file.write(b"1\n")
    file.flush()
    file.write(b"2\n")
    file.flush()
    file.close()
    assert (tmp_path / "a.1").read_bytes() == b"earlier\n1\n"
    assert path.read_bytes() == b"2\n"


def test_file_that_cannot_be_moved_grows_on_and_that_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    file = rotated(tmp_path / "a", told)
    (tmp_path / "a.1").mkdir()
    (tmp_path / "a.1" / "x").touch()
    (tmp_path / "a.2").touch()  # a folder takes the place of no file
    for _ in range(3):
        file.write(b"0123456789\n")
        file.flush()
    file.close()
    assert (tmp_path / "a").read_bytes() == b"0123456789\n" * 3
    assert len(told) == 1 and "is full and cannot be moved, it grows on" in told[0]
