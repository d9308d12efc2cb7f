"""Working time against an oracle that walks minute by minute, and against dates counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
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
    crosses_unknown_year,
    due_at,
    due_at_many,
    due_at_with_pauses,
    elapsed,
    explain,
    load_china,
)

CHINA = load_china()
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = ("Asia/Shanghai", "America/New_York", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe")


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def local(moment: datetime, zone: ZoneInfo = SHANGHAI) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    edges = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=6)))
    intervals = [(edges[i] * 15, edges[i + 1] * 15) for i in range(0, len(edges) - 1, 2)]
    days = st.dates(date(2025, 1, 1), date(2026, 12, 31))
    off = draw(st.sets(days, max_size=12))
    return Calendar.build(
        draw(st.sampled_from(ZONES)),
        intervals,
        weekend=draw(st.sampled_from([(5, 6), (4, 5), (6,), ()])),
        days_off=off,
        days_on=draw(st.sets(days, max_size=6)) - off,
    )


moments = st.datetimes(datetime(2025, 2, 1), datetime(2026, 11, 1)).map(
    lambda found: found.replace(microsecond=0, tzinfo=UTC)
)


def open_minutes(calendar: Calendar, start: datetime) -> Iterator[datetime]:
    """Every minute from `start` on (a whole minute, UTC) during which the calendar is open."""
    zone, minute = calendar.zone(), start
    while True:
        there = minute.astimezone(zone)
        number = there.hour * 60 + there.minute
        if calendar.is_working_day(there.date()) and any(a <= number < b for a, b in calendar.intervals):
            yield minute
        minute += timedelta(minutes=1)


def oracle(calendar: Calendar, start: datetime, seconds: int) -> datetime:
    """The due time by walking; `seconds` > 0."""
    minute = start.replace(second=0)
    for found in open_minutes(calendar, minute):
        begin = max(found, start)
        has = int((found + timedelta(minutes=1) - begin).total_seconds())
        if seconds <= has:
            return begin + timedelta(seconds=seconds)
        seconds -= has
    raise AssertionError


@given(calendars(), moments, st.integers(1, 40_000))
def test_due_times_agree_with_the_oracle_to_the_second(
    calendar: Calendar, start: datetime, seconds: int
) -> None:
    wanted = oracle(calendar, start, seconds)
    assert due_at(calendar, start, Limit(seconds / 3600, Unit.working_hour)) == wanted
    many = due_at_many(calendar, np.array([int(start.timestamp())] * 2), np.array([seconds, 0]))
    assert many.tolist() == [int(wanted.timestamp()), int(start.timestamp())]


@given(calendars(), moments, st.floats(0.0003, 30), st.sampled_from([Unit.working_day, Unit.working_hour]))
def test_what_has_elapsed_at_the_due_time_is_the_limit(
    calendar: Calendar, start: datetime, amount: float, unit: Unit
) -> None:
    due = due_at(calendar, start, Limit(amount, unit))
    seconds = amount * (calendar.day_seconds if unit is Unit.working_day else 3600)
    assert elapsed(calendar, start, due, unit) == timedelta(microseconds=round(seconds * 1_000_000))
    assert elapsed(calendar, start, due - timedelta(microseconds=1), unit) < elapsed(
        calendar, start, due, unit
    )
    assert elapsed(calendar, due, start, unit) == -elapsed(calendar, start, due, unit)


@given(calendars(), moments, st.timedeltas(timedelta(0), timedelta(days=20)), st.integers(1, 2000))
def test_later_starts_are_never_due_earlier(
    calendar: Calendar, start: datetime, step: timedelta, minutes: int
) -> None:
    limit = Limit(minutes / 60, Unit.working_hour)
    assert due_at(calendar, start, limit) <= due_at(calendar, start + step, limit)


@given(
    calendars(),
    moments,
    st.integers(30, 3000),
    st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 900)), max_size=4),
)
def test_pauses_agree_with_the_oracle(
    calendar: Calendar, start: datetime, minutes: int, gaps: list[tuple[int, int]]
) -> None:
    start = start.replace(second=0)
    pauses = [
        (start + timedelta(minutes=begin), start + timedelta(minutes=begin + length))
        for begin, length in gaps
    ]
    left = minutes
    for minute in open_minutes(calendar, start):
        if any(begin <= minute < end for begin, end in pauses):
            continue
        left -= 1
        if left == 0:
            wanted = minute + timedelta(minutes=1)
            break
    assert due_at_with_pauses(calendar, start, Limit(minutes / 60, Unit.working_hour), pauses) == wanted


@given(st.sampled_from(ZONES), moments, st.integers(0, 400))
def test_calendar_days_keep_the_wall_clock(zone: str, start: datetime, days: int) -> None:
    calendar = Calendar.build(zone)
    before = start.astimezone(calendar.zone())
    after = due_at(calendar, start, Limit(days, Unit.calendar_day)).astimezone(calendar.zone())
    assert after.date() == before.date() + timedelta(days=days)
    # In the hour that a clock change leaves out there is no such wall clock.
    assert abs((after.hour * 60 + after.minute) - (before.hour * 60 + before.minute)) in (0, 30, 60)


@pytest.mark.parametrize(
    ("start", "amount", "unit", "due"),
    [
        # The national holiday of 2026 is 1 to 7 October; Saturday 10 October is worked.
        ("2026-09-30 16:50", 2, Unit.working_day, "2026-10-09 16:50:00"),
        ("2026-10-09 17:00", 2, Unit.working_hour, "2026-10-10 09:00:00"),
        ("2026-03-09 08:00", 4, Unit.working_hour, "2026-03-09 12:00:00"),
        ("2026-03-09 11:00", 2, Unit.working_hour, "2026-03-09 15:00:00"),
        ("2026-03-13 17:30", 1, Unit.working_hour, "2026-03-16 08:30:00"),
        ("2026-03-14 03:00", 1, Unit.working_day, "2026-03-16 18:00:00"),
        ("2026-03-14 03:00", 2, Unit.emergency_hour, "2026-03-14 05:00:00"),
        ("2026-03-14 23:50", 15, Unit.minute, "2026-03-15 00:05:00"),
        ("2026-02-13 10:00", 7, Unit.calendar_day, "2026-02-20 10:00:00"),
        ("2026-03-09 09:00", 0, Unit.working_hour, "2026-03-09 09:00:00"),
        # A day off on a weekday, a Sunday worked: 2020-04-26.
        ("2020-04-24 17:00", 2, Unit.working_hour, "2020-04-26 09:00:00"),
    ],
)
def test_dates_counted_by_hand(start: str, amount: float, unit: Unit, due: str) -> None:
    assert local(due_at(CHINA, at(start), Limit(amount, unit))) == due


def test_a_day_with_a_clock_change_is_exact() -> None:
    zone = ZoneInfo("America/New_York")
    calendar = Calendar.build("America/New_York", ((0, 6 * 60),), weekend=())
    # 2026-03-08 has no hour from 2 to 3; 2026-11-01 has the hour from 1 to 2 twice.
    start = at("2026-03-08 00:00", zone)
    assert local(due_at(calendar, start, Limit(5, Unit.working_hour)), zone) == "2026-03-08 06:00:00"
    start = at("2026-11-01 00:00", zone)
    assert local(due_at(calendar, start, Limit(7, Unit.working_hour)), zone) == "2026-11-01 06:00:00"


def test_an_emergency_runs_day_and_night() -> None:
    always = Calendar.always_open()
    start = at("2026-10-03 23:00")
    assert due_at(always, start, Limit(2, Unit.working_hour)) == start + timedelta(hours=2)
    assert due_at(always, start, Limit(3, Unit.working_day)) == start + timedelta(days=3)


def test_a_year_without_holidays_is_told() -> None:
    start = at("2026-12-20 08:00")
    due = due_at(CHINA, start, Limit(15, Unit.working_day))
    assert crosses_unknown_year(CHINA, start, due) == 2027
    assert crosses_unknown_year(CHINA, start, at("2026-12-31 23:59")) is None
    assert crosses_unknown_year(CHINA, at("2018-12-31 10:00"), start) == 2018
    zh, en = explain(CHINA, start, Limit(15, Unit.working_day))
    assert "2027 年放假安排尚未录入" in zh and "holidays of 2027" in en
    zh, en = explain(CHINA, start, Limit(15, Unit.minute), [(start, start + timedelta(minutes=5))])
    assert "2026-12-20 08:20 到期" in zh and "暂停 12-20 08:00–12-20 08:05" in zh and "2027" not in zh


def test_far_years_are_reached() -> None:
    plain = Calendar.build("UTC", ((0, 60),), weekend=())
    start = datetime(2031, 12, 31, 0, 30, tzinfo=UTC)
    assert due_at(plain, start, Limit(366 * 40, Unit.working_hour)).year == 2072
    assert due_at(plain, datetime(1950, 5, 1, tzinfo=UTC), Limit(1, Unit.working_hour)).year == 1950
    assert due_at_many(plain, np.array([0], np.int64), 3600).tolist() == [3600]


@pytest.mark.parametrize(
    "wrong",
    [
        {"intervals": ((60, 60),)},
        {"intervals": ((60, 120), (90, 150))},
        {"intervals": ((0, 1441),)},
        {"intervals": ()},
        {"weekend": (0, 1, 2, 3, 4, 5, 6)},
        {"weekend": (7,)},
        {"days_off": {date(2026, 1, 5)}, "days_on": {date(2026, 1, 5)}},
    ],
)
def test_a_calendar_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Calendar.build(**wrong)  # type: ignore[arg-type]


def test_bad_amounts_and_instants_are_refused() -> None:
    with pytest.raises(ValueError):
        Limit(-1, Unit.minute)
    with pytest.raises(ValueError):
        Limit(float("nan"), Unit.minute)
    with pytest.raises(ValueError):
        due_at(CHINA, datetime(2026, 1, 1), Limit(1, Unit.minute))
    with pytest.raises(ValueError):
        due_at_many(CHINA, np.array([0]), -1)
    with pytest.raises(ValueError):
        due_at_with_pauses(
            CHINA, at("2026-03-09"), Limit(1, Unit.minute), [(at("2026-03-10"), at("2026-03-09"))]
        )
