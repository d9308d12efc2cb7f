"""Working time where it is easy to get wrong: clock changes, far years, shipped days, explanations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.core.worktime import (
    Calendar,
    Limit,
    Unit,
    due_at,
    due_at_many,
    due_at_with_pauses,
    elapsed,
    explain,
    load_china,
)

NEW_YORK = ZoneInfo("America/New_York")
HERE = Calendar.build("America/New_York")
# Clocks that change at midnight, where a day may begin at 01:00 or end twice, and by half an hour.
MIDNIGHT_ZONES = ("America/Havana", "America/Santiago", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe")
CHINA = load_china()
ONE_DAY = Limit(1, Unit.calendar_day)


def there(*parts: int, fold: int = 0) -> datetime:
    year, month, day, *clock = parts
    return datetime(year, month, day, *clock, tzinfo=NEW_YORK, fold=fold)


def walked(zone: ZoneInfo, intervals: list[tuple[int, int]], start: datetime, seconds: int) -> datetime:
    """Seconds of open time counted one minute at a time; every day is a working day."""
    at = start
    while True:
        local = at.astimezone(zone)
        if any(begin <= local.hour * 60 + local.minute < end for begin, end in intervals):
            seconds -= 60
            if seconds <= 0:
                return at + timedelta(seconds=60 + seconds)
        at += timedelta(minutes=1)


@pytest.mark.parametrize("name", MIDNIGHT_ZONES)
@pytest.mark.parametrize("year", [2024, 2026])
def test_clock_changes_at_midnight_agree_with_the_oracle(name: str, year: int) -> None:
    zone, intervals = ZoneInfo(name), [(0, 90), (22 * 60 + 30, 24 * 60)]
    calendar = Calendar.build(name, intervals, weekend=())
    at = datetime(year, 1, 1, tzinfo=UTC)
    changes = 0
    while at.year == year:
        if at.astimezone(zone).utcoffset() != (at + timedelta(days=1)).astimezone(zone).utcoffset():
            changes += 1
            for seconds in (60, 5400, 9000, 14417):
                start = at - timedelta(hours=6)
                due = due_at(calendar, start, Limit(seconds / 3600, Unit.working_hour))
                assert due == walked(zone, intervals, start, seconds)
        at += timedelta(days=1)
    assert changes == 2


def test_a_wall_clock_that_is_left_out_is_due_when_the_clocks_change() -> None:
    # On 2026-03-08 02:00 becomes 03:00, which is 07:00 UTC.
    change = datetime(2026, 3, 8, 7, tzinfo=UTC)
    assert due_at(HERE, there(2026, 3, 7, 2, 0), ONE_DAY) == change
    assert due_at(HERE, there(2026, 3, 7, 2, 30, 15), ONE_DAY) == change
    assert due_at(HERE, there(2026, 3, 7, 3, 0), ONE_DAY) == change
    assert due_at(HERE, there(2026, 3, 7, 1, 59, 59), ONE_DAY) == change - timedelta(seconds=1)


@given(
    st.sampled_from([date(2026, 3, 8), date(2026, 11, 1)]),
    st.integers(1, 10),
    st.integers(30, 270),
    st.integers(0, 120),
)
def test_calendar_days_never_turn_the_order_around(change: date, days: int, minute: int, step: int) -> None:
    # Both starts lie so that the due times fall around a clock change.
    midnight = datetime.combine(change - timedelta(days=days), datetime.min.time(), NEW_YORK)
    early = midnight.astimezone(UTC) + timedelta(minutes=minute)
    limit = Limit(days, Unit.calendar_day)
    assert due_at(HERE, early, limit) <= due_at(HERE, early + timedelta(minutes=step), limit)


def test_a_pause_across_the_repeated_hour_counts_its_real_length() -> None:
    # 01:50 summer time to 01:10 winter time: 20 minutes, though the wall clock went back.
    pause = (there(2026, 11, 1, 1, 50), there(2026, 11, 1, 1, 10, fold=1))
    start = there(2026, 10, 31, 12)
    due = due_at_with_pauses(HERE, start, Limit(24, Unit.emergency_hour), [pause])
    assert due == start.astimezone(UTC) + timedelta(hours=24, minutes=20)


def test_a_pause_that_runs_backwards_is_refused_wherever_it_lies() -> None:
    backwards = (there(2027, 1, 2), there(2027, 1, 1))
    with pytest.raises(ValueError, match="before it begins"):
        due_at_with_pauses(HERE, there(2026, 5, 4), Limit(1, Unit.minute), [backwards])


@given(st.integers(1, 4000), st.integers(0, 3000), st.integers(0, 2000), st.integers(0, 2000))
def test_pauses_that_follow_each_other_add_up(limit: int, begin: int, one: int, two: int) -> None:
    start = datetime(2026, 9, 24, 1, tzinfo=UTC)
    first, middle, last = (start + timedelta(minutes=begin + more) for more in (0, one, one + two))
    amount = Limit(limit, Unit.minute)
    apart = due_at_with_pauses(CHINA, start, amount, [(middle, last), (first, middle)])
    assert apart == due_at_with_pauses(CHINA, start, amount, [(first, last)])
    stood = one + two if begin < limit else 0
    assert apart == start + timedelta(minutes=limit + stood)


@pytest.mark.parametrize("unit", [unit for unit in Unit if unit is not Unit.minute])
def test_a_due_time_out_of_reach_is_one_clear_error(unit: Unit) -> None:
    with pytest.raises(ValueError, match="beyond the calendar|not inside"):
        due_at(HERE, there(2026, 5, 4), Limit(9.9e8, unit))


def test_years_apart_are_measured_in_one_table() -> None:
    plain = Calendar.build("UTC", ((0, 60),), weekend=())
    old, new = datetime(1990, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
    days = (new - old).days
    assert elapsed(plain, old, new, Unit.working_hour) == timedelta(hours=days)
    table = plain.table(1990, 2060)
    assert table.first < 1990 and table.last > 2060
    both = np.array([int(new.timestamp()), int(old.timestamp())])
    assert due_at_many(plain, both, 3600).tolist() == [int(edge) + 3600 for edge in both]


@pytest.mark.parametrize(
    ("year", "working_days"),
    [(2019, 250), (2020, 249), (2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 248), (2026, 248)],
)
def test_each_shipped_year_has_its_number_of_working_days(year: int, working_days: int) -> None:
    days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    assert sum(CHINA.is_working_day(day) for day in days if day.year == year) == working_days
    assert CHINA.known_years == frozenset(range(2019, 2027))


def test_an_explanation_claims_only_what_the_calendar_has() -> None:
    start, limit = there(2026, 5, 4, 9), Limit(1, Unit.working_hour)
    zh, en = explain(Calendar.always_open("America/New_York"), start, limit)
    assert (
        zh == "自 2026-05-04 09:00 起 1 工作时，2026-05-04 10:00 到期；按“应急 24 小时日历”计（0:00–24:00）。"
    )
    assert "weekends" not in en and "make-up" not in en
    zh, en = explain(CHINA, start, limit)
    assert "周末和节假日不计，调休上班日计入" in zh
    assert "no weekends or holidays; make-up working days count" in en
    zh, en = explain(HERE, start, limit)
    assert "周末不计）" in zh and "no weekends)" in en
