"""What the logs of either session show of a Logon."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.codec.redaction import redact
from engine.session.native.message_log import MessageLog, open_log
from engine.session.quickfix.log import SessionLog


def wire(text: str) -> bytes:
    return text.replace("|", "\x01").encode()


def test_secrets_of_a_logon_are_left_out() -> None:
    logon = wire("8=FIX.4.4|9=1|35=A|553=me|554=hush|925=psst|96=7|1402=x|1404=y|10=000|")
    assert redact(logon) == wire("8=FIX.4.4|9=1|35=A|553=me|554=***|925=***|96=7|1402=***|1404=***|10=000|")


def test_raw_data_is_left_out_by_its_length_in_every_message_of_a_read() -> None:
    logon = wire("8=FIX.4.4|9=1|35=A|95=5|96=a|b=c|554=d|10=000|")
    request = wire("8=FIX.4.4|9=1|35=BE|95=3|96=e|f|10=000|")
    assert redact(logon + request) == wire("8=FIX.4.4|9=1|35=A|95=5|96=***|554=***|10=000|") + wire(
        "8=FIX.4.4|9=1|35=BE|95=3|96=***|10=000|"
    )


def test_other_messages_are_left_alone() -> None:
    order = wire("8=FIX.4.4|9=1|35=D|554=not a password here|10=000|")
    assert redact(order) is order


def test_logon_that_two_reads_brought_shows_no_secret(tmp_path: Path) -> None:
    logon = wire("8=FIX.4.4|9=1|35=A|553=me|554=hush|10=000|")
    for cut in range(1, len(logon)):
        log = MessageLog(tmp_path, f"cut{cut}", lambda: 0)
        log.write(b"<", logon[:cut])
        log.write(b"<", logon[cut:])
        log.close()
        text = (tmp_path / f"cut{cut}.messages.current.log").read_text()
        assert text == "19700101-00:00:00.000000 < 8=FIX.4.4|9=1|35=A|553=me|554=***|10=000|\n"


def test_bytes_that_are_no_message_are_logged_in_the_end(tmp_path: Path) -> None:
    log = MessageLog(tmp_path, "x", lambda: 0)
    log.write(b"<", b"GET / HTTP/1.1")
    log.close()
    assert (tmp_path / "x.messages.current.log").read_text().endswith(" < GET / HTTP/1.1\n")


class Sink:
    """Keeps the records of an audit log."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def write(self, record: Mapping[str, Any]) -> None:
        self.records.append(dict(record))


def test_audit_log_has_the_messages_of_both_kinds_of_session_without_secrets() -> None:
    logon = "8=FIX.4.4|9=1|35=A|553=me|554=hush|10=000|"
    shown = logon.replace("hush", "***")
    native, quickfix = Sink(), Sink()
    log = MessageLog(None, "US-VENUE", lambda: 5, audit=native)
    log.write(b">", wire(logon))
    log.write(b"<", wire(logon))
    log.flush()
    log.close()
    kept = {"wall_ns": 5, "channel": "fix", "session": "US-VENUE"}
    assert native.records == [kept | {"what": what, "message": shown} for what in ("sent", "received")]
    other = SessionLog("FIX.4.4:US->VENUE", None, audit=quickfix)
    other.onOutgoing(wire(logon).decode())
    other.onIncoming(wire(logon).decode())
    assert [each["what"] for each in quickfix.records] == ["sent", "received"]
    assert all((each["message"], each["session"]) == (shown, "FIX.4.4:US->VENUE") for each in quickfix.records)


def test_session_without_folder_and_audit_log_has_none() -> None:
    assert open_log(None, "x", lambda: 0, (), None) is None
