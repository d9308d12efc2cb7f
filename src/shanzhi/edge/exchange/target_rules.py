"""Targets from a rule table (时限规则表): a limit per type, counted on a city's own working calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from shanzhi.core.worktime import Calendar, Limit, Unit, due_at, read_calendar
from shanzhi.edge.exchange.feeds import FeedError, Report, read_yaml

_EPOCH = datetime(1970, 1, 1)
_DAY = 86_400
Seconds = NDArray[np.int64]


@dataclass(frozen=True)
class Start:
    """From when working days are counted (起算规则).

    A report on a day off counts as one of the next working day at the same wall clock. `after_closing`: a
    later wall clock than the calendar's last closing moves to the next working day's opening. `before_opening`:
    an earlier wall clock than the first opening moves to that opening. `skip_days_off`: the calendar's holidays
    do not count; otherwise only weekends do not.
    """

    after_closing: bool = False
    before_opening: bool = False
    skip_days_off: bool = True


@dataclass(frozen=True)
class TargetRules:
    """A limit per type, the rule from when to count, and how far a target may differ (seconds)."""

    start: Start
    limits: dict[str, Limit]
    tolerance_seconds: int = 60


def load_calendar(path: Path) -> Calendar:
    """A calendar of a pack. Raises FeedError when it is missing or wrong."""
    given = read_yaml(path)
    try:
        return read_calendar(given)
    except (KeyError, TypeError, ValueError, ZoneInfoNotFoundError) as error:
        raise FeedError(f"{path.name} 有误：{error}", f"{path.name} is wrong: {error}") from None


def load_rules(path: Path) -> TargetRules:
    """A rule table of a pack. Raises FeedError when it is missing or wrong."""
    given = read_yaml(path)
    try:
        return TargetRules(
            Start(**{key: bool(value) for key, value in given["start"].items()}),
            {str(row["type"]): Limit(float(row["amount"]), Unit(row["unit"])) for row in given["limits"]},
            int(given["tolerance_seconds"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FeedError(f"{path.name} 有误：{error}", f"{path.name} is wrong: {error}") from None


def wall_seconds(at: datetime) -> int:
    """The wall clock of an instant in its own zone, as seconds since 1970-01-01 00:00 of that wall clock."""
    return int((at.replace(tzinfo=None) - _EPOCH) / timedelta(seconds=1))


class WorkingDates:
    """Working days counted by date (按日期计工作日): "two working days" keeps the wall clock.

    `core.worktime` counts a working day as its working hours. Many cities count dates instead: what is reported
    on Monday at 16:31 with two working days is due on Wednesday at 16:31, whatever the opening hours are. Method:
    the calendar's working days in order, and one binary search per report. Wall clocks are seconds as of
    `wall_seconds`.
    """

    def __init__(self, calendar: Calendar, start: Start, first: int, last: int) -> None:
        """Working days from the wall clock `first` to `last` (seconds)."""
        self.opening = min(begin for begin, _ in calendar.intervals) * 60
        self.closing = max(end for _, end in calendar.intervals) * 60
        self.start = start
        days = range(first // _DAY, last // _DAY + 1)
        self.days: Seconds = np.array([day for day in days if self._works(calendar, day)], np.int64)

    def _works(self, calendar: Calendar, day: int) -> bool:
        found = (_EPOCH + timedelta(days=day)).date()
        if self.start.skip_days_off:
            return calendar.is_working_day(found)
        return found in calendar.days_on or found.weekday() not in calendar.weekend

    def begin(self, opened: Seconds) -> tuple[Seconds, Seconds]:
        """(n,) wall clocks of reports → (n,) position of the day counting starts, (n,) seconds of that day."""
        day, clock = opened // _DAY, opened % _DAY
        at = np.searchsorted(self.days, day, side="left")
        if self.start.before_opening:
            clock = np.maximum(clock, self.opening)
        if self.start.after_closing:
            late = clock >= self.closing
            at, clock = at + late, np.where(late, self.opening, clock)
        return at.astype(np.int64), clock

    def due(self, opened: Seconds, amounts: Seconds) -> Seconds:
        """(n,) wall clocks after so many working days."""
        at, clock = self.begin(opened)
        return self.days[np.minimum(at + amounts, len(self.days) - 1)] * _DAY + clock

    def amounts(self, opened: Seconds, targets: Seconds, tolerance: int) -> Seconds:
        """(n,) working days that lead from report to target within `tolerance` seconds; -1: no amount does."""
        at, clock = self.begin(opened)
        # The day nearest to the target's wall clock, so that a second before midnight does not lose the day.
        day = (targets - clock + _DAY // 2) // _DAY
        found = np.minimum(np.searchsorted(self.days, day, side="left"), len(self.days) - 1)
        fits = (np.abs(self.days[found] * _DAY + clock - targets) <= tolerance) & (found >= at)
        return np.where(fits, found - at, -1)


def derive(rules: TargetRules, calendar: Calendar, reports: Sequence[Report]) -> list[datetime | None]:
    """The target of each report by its type's limit (应办结时间), aware, in the calendar's zone.

    None where the type has no limit. Working days count by date (`WorkingDates`), calendar days keep the wall
    clock; working and emergency hours and minutes are counted by `core.worktime`.
    """
    zone = calendar.zone()
    found: list[datetime | None] = [None] * len(reports)
    by_date: list[int] = []
    amounts: list[int] = []
    for at, report in enumerate(reports):
        limit = rules.limits.get(report.type)
        if limit is None:
            continue
        if limit.unit is Unit.working_day and limit.amount == int(limit.amount):
            by_date.append(at)
            amounts.append(int(limit.amount))
        elif limit.unit is Unit.calendar_day:
            moved = report.opened_at.replace(tzinfo=None) + timedelta(days=limit.amount)
            found[at] = moved.replace(tzinfo=zone)
        else:
            found[at] = due_at(calendar, report.opened_at, limit).astimezone(zone)
    if by_date:
        opened = np.array([wall_seconds(reports[at].opened_at) for at in by_date], np.int64)
        table = working_dates(calendar, rules.start, opened, max(amounts))
        for at, second in zip(by_date, table.due(opened, np.array(amounts, np.int64)).tolist(), strict=True):
            found[at] = (_EPOCH + timedelta(seconds=second)).replace(tzinfo=zone)
    return found


def working_dates(calendar: Calendar, start: Start, opened: Seconds, most: int) -> WorkingDates:
    """Working days for all of `opened` and `most` working days after each."""
    # Seven days hold at least one working day of a week; a year more covers rows of days off.
    return WorkingDates(calendar, start, int(opened.min()), int(opened.max()) + (7 * most + 366) * _DAY)


def matches(derived: datetime | None, target: datetime, tolerance_seconds: int) -> bool:
    """Whether a derived target is the published one, to within `tolerance_seconds` of wall clock."""
    return derived is not None and abs(wall_seconds(derived) - wall_seconds(target)) <= tolerance_seconds


def explain_rules(rules: TargetRules, calendar: Calendar) -> dict[str, Any]:
    """What the targets were derived with, for a report."""
    return {
        "calendar": calendar.name_en,
        "types": len(rules.limits),
        "tolerance_seconds": rules.tolerance_seconds,
        "start": vars(rules.start),
    }
