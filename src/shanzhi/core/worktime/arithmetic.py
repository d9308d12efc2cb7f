"""Adding limits to instants, and measuring what has elapsed.

Method: prefix sums over the open intervals of a calendar. The working time reached at an instant is one
binary search, and so is the instant at which a working time is reached; a limit is added by the one after
the other. All arithmetic is in whole microseconds.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from shanzhi.core.worktime.calendar import Calendar, Table
from shanzhi.core.worktime.limits import Limit, Unit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLION = 1_000_000
_CONTINUOUS = {Unit.emergency_hour: 3600, Unit.minute: 60}

Pause = tuple[datetime, datetime]


def _micros(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (at - _EPOCH) // _MICROSECOND


def _instant(micros: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise ValueError("the due time is beyond the calendar") from None


def _working_micros(calendar: Calendar, limit: Limit) -> int:
    seconds = calendar.day_seconds if limit.unit is Unit.working_day else 3600
    return round(limit.amount * seconds * _MILLION)


def _worked(table: Table, micros: int) -> int:
    """Working microseconds from the start of the table to an instant."""
    second, rest = divmod(micros, _MILLION)
    worked = table.worked(second)
    # Within an open second the rest of it counts too.
    return worked * _MILLION + (rest if rest and table.worked(second + 1) > worked else 0)


def due_at(calendar: Calendar, start: datetime, limit: Limit) -> datetime:
    """When a limit that starts at `start` is due (到期时间), in UTC.

    It is the earliest instant at which the limit has been used up: what ends with the morning's last minute is
    due at noon, not when the afternoon begins. A limit of 0 is due at once. Working days count as their
    working hours; calendar days keep the local wall clock. Raises ValueError for a naive `start` and for a due time
    that is out of reach.
    """
    unit = limit.unit
    if unit in _CONTINUOUS:
        return _instant(_micros(start) + round(limit.amount * _CONTINUOUS[unit] * _MILLION))
    if unit is Unit.calendar_day:
        return _add_calendar_days(calendar, start, limit.amount)
    begun, need = _micros(start), _working_micros(calendar, limit)
    if need == 0:
        return _instant(begun)
    table = calendar.table(start.year)
    while (reached := _worked(table, begun) + need) > table.total * _MILLION:
        table = calendar.table(start.year, table.last)
    second, rest = divmod(reached, _MILLION)
    if rest == 0:
        return _instant(table.instant(second) * _MILLION)
    return _instant((table.instant(second + 1) - 1) * _MILLION + rest)


def _add_calendar_days(calendar: Calendar, start: datetime, amount: float) -> datetime:
    _micros(start)
    zone, whole = calendar.zone(), int(amount)
    local = start.astimezone(zone)
    try:
        # Wall clock first, zone after: a day with a clock change is still one day.
        moved = (local.replace(tzinfo=None) + timedelta(days=whole)).replace(tzinfo=zone, fold=local.fold)
        due = moved.astimezone(UTC)
        if due.astimezone(zone).replace(tzinfo=None) != moved.replace(tzinfo=None):
            due = _clock_change(moved)
        return due + timedelta(days=amount - whole)
    except OverflowError:
        raise ValueError("the due time is beyond the calendar") from None


def _clock_change(missing: datetime) -> datetime:
    """The instant of the clock change that leaves out a wall clock: so later starts are never due earlier."""
    zone = missing.tzinfo
    # By its two readings a left-out wall clock lies before the change (fold=1) and not before it (fold=0).
    before = _micros(missing.replace(fold=1)) // _MILLION
    after = -(-_micros(missing.replace(fold=0)) // _MILLION)
    old = _instant(before * _MILLION).astimezone(zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if _instant(middle * _MILLION).astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return _instant(after * _MILLION)


def due_at_many(
    calendar: Calendar, starts: NDArray[np.int64], amounts: NDArray[np.int64] | int
) -> NDArray[np.int64]:
    """Due times of many limits in working time at once.

    `starts` (n,) epoch seconds; `amounts` (n,) or one number: working seconds, at least 0. Returns (n,) epoch
    seconds. Raises ValueError for a negative amount and for a due time that is out of reach.
    """
    begun = np.asarray(starts, np.int64)
    need = np.broadcast_to(np.asarray(amounts, np.int64), begun.shape)
    if begun.size == 0:
        return begun.copy()
    if int(need.min()) < 0:
        raise ValueError("a limit is an amount of at least 0")
    first, last = (_instant(int(edge) * _MILLION).year for edge in (begun.min(), begun.max()))
    table = calendar.table(first, last)
    while True:
        found = np.searchsorted(table.starts_array, begun, side="right") - 1
        inside = np.minimum(begun, table.ends_array[found]) - table.starts_array[found]
        reached = np.where(found >= 0, table.before_array[found] + inside, 0) + need
        if int(reached.max()) <= table.total:
            break
        table = calendar.table(first, table.last)
    at = np.searchsorted(table.before_array, reached - 1, side="right") - 1
    due = table.starts_array[at] + reached - table.before_array[at]
    return np.where(need == 0, begun, due)


def elapsed(calendar: Calendar, start: datetime, end: datetime, unit: Unit) -> timedelta:
    """Time used up between two instants, as a limit of `unit` counts it.

    Working time for working units, plain time for the others; negative when `end` is before `start`.
    """
    if not unit.is_working_time:
        return timedelta(microseconds=_micros(end) - _micros(start))
    begun, ended = _micros(start), _micros(end)
    table = calendar.table(start.year, end.year)
    return timedelta(microseconds=_worked(table, ended) - _worked(table, begun))


def due_at_with_pauses(
    calendar: Calendar, start: datetime, limit: Limit, pauses: Iterable[Pause]
) -> datetime:
    """When a limit is due whose clock stood still during `pauses`, each (from, to).

    Overlapping pauses count once; what lies before `start` or after the due time does not count. Raises
    ValueError for a pause that ends before it begins.
    """
    # In UTC: two instants of one zone compare by their wall clocks, which a clock change makes ambiguous.
    stood = sorted((_instant(_micros(begin)), _instant(_micros(end))) for begin, end in pauses)
    if any(end < begin for begin, end in stood):
        raise ValueError("a pause ends before it begins")
    due, left = due_at(calendar, start, limit), start.astimezone(UTC)
    used = timedelta(0)
    whole = elapsed(calendar, start, due, limit.unit)
    for begin, end in stood:
        if begin >= due:
            break
        if end <= left:
            continue
        used += elapsed(calendar, left, max(begin, left), limit.unit)
        left = end
        due = _after(calendar, left, whole - used, limit.unit)
    return due


def _after(calendar: Calendar, start: datetime, rest: timedelta, unit: Unit) -> datetime:
    if not unit.is_working_time:
        return start.astimezone(UTC) + rest
    return due_at(calendar, start, Limit(rest / timedelta(hours=1), Unit.working_hour))


def crosses_unknown_year(calendar: Calendar, start: datetime, due: datetime) -> int | None:
    """The first local year from `start` to `due` whose holidays the calendar does not know, or None."""
    if calendar.known_years is None:
        return None
    zone = calendar.zone()
    for year in range(start.astimezone(zone).year, due.astimezone(zone).year + 1):
        if year not in calendar.known_years:
            return year
    return None
