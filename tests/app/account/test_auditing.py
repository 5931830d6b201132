"""What the one audit log has, by configuration."""

from pathlib import Path

import pytest

from engine.app.account.auditing import Audit, audited
from engine.config.keeping import AuditSection
from engine.config.sections import RestSection
from engine.errors import ConfigError

URL = "https://venue"


def rest(audit: Path | None = None) -> RestSection:
    return RestSection(url=URL, dialect="kalshi", audit=audit)


def test_audit_of_rest_alone_stands_for_a_log_of_rest_alone(tmp_path: Path) -> None:
    file = tmp_path / "rest.log"
    assert audited(None, rest(file)) == AuditSection(file=file, rest=True, feed=False, session=False)
    assert audited(None, rest()) is None and audited(None, None) is None
    section = AuditSection(file=file)
    assert audited(section, rest()) is section


def test_file_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rest.audit: \[audit\] names the file already: leave this out"):
        audited(AuditSection(file=tmp_path / "a"), rest(tmp_path / "b"))


def test_what_is_not_recorded_has_no_sink(tmp_path: Path) -> None:
    audit = Audit(AuditSection(file=tmp_path / "new" / "audit.log", session=False), print)
    audit.start()
    assert audit.session is None and audit.rest is audit.feed is not None
    audit.feed.write({"what": "command"})
    audit.close()
    audit.close()  # a second time does nothing
    assert (tmp_path / "new" / "audit.log").read_text() == '{"what":"command"}\n'


def test_engine_without_an_audit_log_records_nothing() -> None:
    audit = Audit(None, print)
    audit.start()
    assert (audit.rest, audit.feed, audit.session) == (None, None, None)
    audit.close()


def test_directory_that_cannot_be_made_is_named() -> None:
    with pytest.raises(ConfigError, match=r"audit.file: /proc/nowhere cannot be made \(.*\): choose another"):
        Audit(AuditSection(file=Path("/proc/nowhere/audit.log")), print)
