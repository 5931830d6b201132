"""How late a stream runs, with clocks of which nobody knows the offset."""

import pytest

from engine.trading.lag import NEVER, STRANGE, Lag

MAX, WINDOW = 2_000, 1_000_000
OFFSET = -1_800_000_000_000_000_000  # our clock counts from the machine's start


def lag_after(*delays: int, at: int = 0, lag: Lag | None = None) -> Lag:
    """Messages that took so long, one each nanosecond."""
    lag = lag or Lag(MAX, WINDOW)
    for number, delay in enumerate(delays):
        lag.take(OFFSET + delay, at + number)
    return lag


def test_fastest_message_gives_the_offset_and_the_others_are_late_by_the_rest() -> None:
    lag = lag_after(500, 300, 800)
    assert (lag.ns, lag.is_late, lag.late_after_ns) == (500, False, OFFSET + 300 + MAX)


@pytest.mark.parametrize(("delay", "is_late"), [(MAX, False), (MAX + 1, True)])
def test_limit_holds_at_its_bound(delay: int, is_late: bool) -> None:
    assert lag_after(0, delay).is_late is is_late


def test_nothing_is_late_before_the_first_message_nor_without_a_limit() -> None:
    assert Lag(MAX).late_after_ns == NEVER
    assert not lag_after(0, 10**15, lag=Lag(2**61)).is_late


def test_offset_is_forgotten_after_two_windows_because_clocks_drift() -> None:
    lag = lag_after(0)
    for window in (1, 2):
        lag_after(900, 900, at=window * WINDOW + 10, lag=lag)
    assert lag.ns == 0


def test_m2_a_delay_never_becomes_the_offset_by_lasting() -> None:
    lag = lag_after(0)
    for window in range(1, 6):
        lag_after(12_000, at=window * WINDOW + 10, lag=lag)
        assert lag.ns == 12_000
    assert lag_after(0, at=7 * WINDOW, lag=lag).ns == 0


def test_one_message_from_the_future_makes_no_other_late() -> None:
    lag = lag_after(100, -3_600_000, 100)
    assert (lag.ns, lag.is_late) == (0, False)


def test_venue_that_sets_its_clock_forward_is_followed() -> None:
    lag = lag_after(100, *[-3_600_000] * STRANGE)
    assert (lag.ns, lag.late_after_ns) == (0, OFFSET - 3_600_000 + MAX)
