"""Session times: daily, weekly, across midnight, in zones whose clocks change."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.errors import ConfigError
from engine.session.file.schedule import WindowSchedule, read_schedule
from engine.session.store.store import MemoryStore
from tests.support.session.scene import SECOND, START_NS, Scene
from tests.support.session.sockets import acceptor_settings


def schedule(**keys: str) -> WindowSchedule:
    found = read_schedule(acceptor_settings(Path(), NonStopSession=None, **keys))
    assert found is not None
    return found


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


DAILY = {"StartTime": "08:00:00", "EndTime": "17:00:00"}
NIGHTLY = {"StartTime": "22:00:00", "EndTime": "21:00:00"}
WEEKLY = {"StartDay": "sunday", "StartTime": "18:00:00", "EndDay": "Fri", "EndTime": "17:00:00"}
CHICAGO = {"TimeZone": "America/Chicago"}


@pytest.mark.parametrize(
    ("keys", "text", "up"),
    [
        (DAILY, "2026-01-05 07:59:59", False),
        (DAILY, "2026-01-05 08:00:00", True),
        (DAILY, "2026-01-05 16:59:59", True),
        (DAILY, "2026-01-05 17:00:00", False),
        (DAILY | {"Weekdays": "Mon,Tue"}, "2026-01-05 12:00:00", True),
        (DAILY | {"Weekdays": "Mon,Tue"}, "2026-01-07 12:00:00", False),
        (NIGHTLY, "2026-01-05 23:00:00", True),
        (NIGHTLY, "2026-01-05 20:59:59", True),
        (NIGHTLY, "2026-01-05 21:30:00", False),
        (WEEKLY, "2026-01-04 17:59:59", False),  # a Sunday
        (WEEKLY, "2026-01-04 18:00:00", True),
        (WEEKLY, "2026-01-07 03:00:00", True),
        (WEEKLY, "2026-01-09 17:00:00", False),
        (WEEKLY, "2026-01-10 12:00:00", False),
        (DAILY | CHICAGO, "2026-01-05 14:00:00", True),  # 08:00, winter
        (DAILY | CHICAGO, "2026-01-05 13:59:59", False),
        (DAILY | CHICAGO, "2026-07-06 13:00:00", True),  # 08:00, summer
        (DAILY | CHICAGO, "2026-07-06 12:59:59", False),
        ({"StartTime": "08:00:00 America/Chicago", "EndTime": "17:00:00 Europe/Paris"}, "2026-01-05 13:59:59", False),
        ({"StartTime": "08:00:00 America/Chicago", "EndTime": "17:00:00 Europe/Paris"}, "2026-01-05 14:00:00", True),
        ({"StartTime": "08:00:00 America/Chicago", "EndTime": "17:00:00 Europe/Paris"}, "2026-01-05 16:00:00", False),
        (DAILY | {"TimeZone": "Asia/Tokyo", "EndTime": "17:00:00  UTC"}, "2026-01-05 16:59:59", True),
        (DAILY | {"LogonTime": "08:00:00 America/New_York"}, "2026-01-05 12:59:59", False),
        (DAILY | {"LogonTime": "08:00:00 America/New_York"}, "2026-01-05 13:00:00", True),
        (DAILY | {"LogonTime": "09:00:00", "LogoutTime": "16:00:00"}, "2026-01-05 08:30:00", False),
        (DAILY | {"LogonTime": "09:00:00", "LogoutTime": "16:00:00"}, "2026-01-05 09:00:00", True),
        (DAILY | {"LogonTime": "09:00:00", "LogoutTime": "16:00:00"}, "2026-01-05 16:00:00", False),
    ],
)
def test_logon_is_allowed_inside_the_window(keys: dict[str, str], text: str, up: bool) -> None:
    assert schedule(**keys).may_log_on(at(text)) is up


def test_skipped_time_becomes_the_instant_of_the_change() -> None:
    found = schedule(StartTime="02:30:00", EndTime="12:00:00", **CHICAGO)
    assert found.next_change(at("2026-03-08 06:00:00")) == at("2026-03-08 08:00:00")  # 02:00 becomes 03:00


def test_doubled_time_is_its_first() -> None:
    found = schedule(StartTime="01:30:00", EndTime="12:00:00", **CHICAGO)
    assert found.next_change(at("2026-11-01 05:00:00")) == at("2026-11-01 06:30:00")


def test_numbers_of_an_earlier_window_are_old() -> None:
    found = schedule(**DAILY)
    assert not found.is_new(at("2026-01-05 08:00:00"), at("2026-01-05 16:00:00"))
    assert found.is_new(at("2026-01-05 09:00:00"), at("2026-01-05 17:00:00"))
    assert found.is_new(at("2026-01-05 09:00:00"), at("2026-01-06 09:00:00"))
    assert not found.is_new(at("2026-01-05 17:00:01"), at("2026-01-05 18:00:00"))


def test_session_that_never_stops_has_no_schedule() -> None:
    assert read_schedule(acceptor_settings(Path())) is None
    whole = acceptor_settings(Path(), NonStopSession=None, StartTime="00:00:00", EndTime="00:00:00")
    assert read_schedule(whole) is None


def test_local_time_is_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Chicago")
    found = schedule(UseLocalTime="Y", **DAILY)
    assert found.may_log_on(at("2026-01-05 14:00:00")) and not found.may_log_on(at("2026-01-05 13:00:00"))


def test_whole_day_of_the_hosts_zone_never_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.session.file.schedule._local_zone", lambda: ZoneInfo.no_cache("America/Chicago"))
    keys = {"NonStopSession": None, "UseLocalTime": "Y", "StartTime": "00:00:00", "EndTime": "00:00:00"}
    assert read_schedule(acceptor_settings(Path(), **keys)) is None


@pytest.mark.parametrize("keys", [{"TimeZone": "Mars/Base"}, {"LogonTime": "07:00:00"}, {"EndTime": "17:00:00 Mars"}])
def test_impossible_schedule_is_refused(keys: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        schedule(**(DAILY | keys))


# The scene begins on 2026-01-05, a Monday, at 14:30 UTC.
AFTERNOON = {"StartTime": "08:00:00", "EndTime": "14:31:00"}


def test_end_of_the_window_logs_out_and_starts_the_numbers_again() -> None:
    scene = Scene(core={"schedule": schedule(**AFTERNOON)}, heart_bt_int=0).up(logon="98=0|108=0|")
    assert scene.wait(59) == []
    assert scene.wait(2) == ["> 35=5|34=2|58=session time is over|"]
    scene.receive("35=5|34=2|")
    scene.wait(1)
    assert (scene.core.next_in, scene.core.next_out) == (1, 1)


def test_start_in_a_new_window_resets_before_the_first_logon() -> None:
    store = MemoryStore(START_NS - 86_400 * SECOND)
    store.next_in, store.next_out = 7, 9
    scene = Scene(store=store, core={"schedule": schedule(**DAILY)}).connect()
    assert scene.take() == ["> 35=A|34=1|98=0|108=30|"]


def test_start_in_the_same_window_keeps_the_numbers() -> None:
    store = MemoryStore(START_NS - 3600 * SECOND)
    store.next_in, store.next_out = 7, 9
    scene = Scene(store=store, core={"schedule": schedule(**DAILY)}).connect()
    assert scene.take() == ["> 35=A|34=9|98=0|108=30|"]


def test_logon_outside_the_window_is_refused() -> None:
    scene = Scene(is_initiator=False, core={"schedule": schedule(StartTime="08:00:00", EndTime="14:00:00")}).connect()
    assert scene.receive("35=A|34=1|98=0|108=30|") == [
        "> 35=5|34=1|58=Logon outside of the session time|", "alert", "disconnect",
    ]  # fmt: skip


def test_logon_outside_the_window_names_the_session_status() -> None:
    closed = schedule(StartTime="08:00:00", EndTime="14:00:00")
    fixt = {"begin_string": "FIXT.1.1", "default_appl_ver_id": "9"}
    events = (
        Scene(is_initiator=False, core={"schedule": closed}, **fixt).connect().receive("35=A|34=1|98=0|108=30|1137=9|")
    )
    assert events[0] == "> 35=5|34=1|1409=7|58=Logon outside of the session time|"
