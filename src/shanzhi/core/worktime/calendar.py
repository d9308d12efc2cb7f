"""Working calendars (工作日历): opening intervals, weekends, holidays and make-up working days, as data."""

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

DAY_MINUTES = 24 * 60
_FIRST_SPAN = (2016, 2032)
_STEP = 16
_EARLIEST, _LATEST = 1900, 2200

Minutes = tuple[int, int]


@dataclass(frozen=True)
class Table:
    """Every open interval of a span of years: prefix sums turn working time into a look-up.

    Times are epoch seconds; `before[i]` is the working time of all intervals before the i-th.
    """

    first: int
    last: int
    starts: list[int]
    ends: list[int]
    before: list[int]
    starts_array: NDArray[np.int64]
    ends_array: NDArray[np.int64]
    before_array: NDArray[np.int64]

    @property
    def total(self) -> int:
        return self.before[-1] + self.ends[-1] - self.starts[-1] if self.starts else 0

    def worked(self, at: int) -> int:
        """Working seconds from the start of the table to the instant `at`."""
        found = bisect_right(self.starts, at) - 1
        return self.before[found] + min(at, self.ends[found]) - self.starts[found] if found >= 0 else 0

    def instant(self, worked: int) -> int:
        """The earliest instant at which `worked` seconds have been reached; `worked` > 0."""
        found = bisect_right(self.before, worked - 1) - 1
        return self.starts[found] + worked - self.before[found]


@dataclass(frozen=True)
class Calendar:
    """When working time runs: local intervals of minutes since midnight, on working days.

    A day works when it is in `days_on`, or when it is neither at a weekend (0 is Monday) nor in `days_off`.
    `known_years` are the years whose holidays are in the data; None: no year needs any.
    """

    timezone: str
    intervals: tuple[Minutes, ...]
    weekend: frozenset[int]
    days_off: frozenset[date]
    days_on: frozenset[date]
    known_years: frozenset[int] | None
    name_zh: str = "工作日历"
    name_en: str = "working calendar"
    _cache: dict[str, Table] = field(default_factory=dict, init=False, repr=False, compare=False, hash=False)

    @classmethod
    def build(
        cls,
        timezone: str = "Asia/Shanghai",
        intervals: Collection[Minutes] = ((8 * 60, 12 * 60), (14 * 60, 18 * 60)),
        weekend: Collection[int] = (5, 6),
        days_off: Collection[date] = (),
        days_on: Collection[date] = (),
        known_years: Collection[int] | None = None,
        name_zh: str = "工作日历",
        name_en: str = "working calendar",
    ) -> "Calendar":
        """Check and freeze a calendar.

        Raises ValueError when intervals overlap, run backwards or leave the day, when no time is open at
        all, or when a day is both on and off; ZoneInfoNotFoundError for an unknown time zone.
        """
        ordered = tuple(sorted((int(begin), int(end)) for begin, end in intervals))
        edge = 0
        for begin, end in ordered:
            if not edge <= begin < end <= DAY_MINUTES:
                raise ValueError(f"interval {begin}-{end} overlaps another, is empty or leaves the day")
            edge = end
        if not ordered or len(set(weekend)) >= 7:
            raise ValueError("a calendar needs time that is open")
        if any(not 0 <= day <= 6 for day in weekend):
            raise ValueError("weekend days are 0 (Monday) to 6")
        if both := set(days_off) & set(days_on):
            raise ValueError(f"{min(both)} is both a day off and a working day")
        ZoneInfo(timezone)
        known = None if known_years is None else frozenset(known_years)
        return cls(
            timezone,
            ordered,
            frozenset(weekend),
            frozenset(days_off),
            frozenset(days_on),
            known,
            name_zh,
            name_en,
        )

    @classmethod
    def always_open(cls, timezone: str = "Asia/Shanghai") -> "Calendar":
        """The calendar of an emergency: open day and night, on every day."""
        return cls.build(
            timezone,
            ((0, DAY_MINUTES),),
            weekend=(),
            name_zh="应急 24 小时日历",
            name_en="emergency 24×7 calendar",
        )

    @property
    def day_seconds(self) -> int:
        """Working seconds of one working day: what a limit of one working day is worth."""
        return sum(end - begin for begin, end in self.intervals) * 60

    def is_working_day(self, day: date) -> bool:
        """Whether the calendar is open on this local day."""
        if day in self.days_on:
            return True
        return day.weekday() not in self.weekend and day not in self.days_off

    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    def table(self, *years: int) -> Table:
        """One table that covers all of `years` and their neighbours; made when first asked for, then kept.

        Raises ValueError for years out of reach.
        """
        # Read once: another thread may put another table in its place.
        made = self._cache.get("table")
        low, high = min(years), max(years)
        if made is not None and made.first < low and high < made.last:
            return made
        if not (_EARLIEST < low and high < _LATEST):
            raise ValueError(f"the years {low} to {high} are not inside {_EARLIEST} to {_LATEST}")
        first, last = (made.first, made.last) if made else _FIRST_SPAN
        while low <= first:
            first = max(first - _STEP, _EARLIEST)
        while high >= last:
            last = min(last + _STEP, _LATEST)
        made = self._make_table(first, last)
        self._cache["table"] = made
        return made

    def _make_table(self, first: int, last: int) -> Table:
        zone = self.zone()
        starts: list[int] = []
        ends: list[int] = []
        day, after = date(first, 1, 1), date(last + 1, 1, 1)
        while day < after:
            if self.is_working_day(day):
                for begin, end in self._open_on(day, zone):
                    if ends and ends[-1] == begin:
                        ends[-1] = end
                    else:
                        starts.append(begin)
                        ends.append(end)
            day += timedelta(days=1)
        lengths = np.array(ends, np.int64) - np.array(starts, np.int64)
        before = np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.int64)
        return Table(
            first,
            last,
            starts,
            ends,
            before.tolist(),
            np.array(starts, np.int64),
            np.array(ends, np.int64),
            before,
        )

    def _open_on(self, day: date, zone: ZoneInfo) -> list[tuple[int, int]]:
        """Open intervals of one local day as epoch seconds; exact on days when the clocks change."""
        midnight = int(datetime.combine(day, time(0), zone).timestamp())
        length = int(datetime.combine(day + timedelta(days=1), time(0), zone).timestamp()) - midnight
        if length == DAY_MINUTES * 60:
            return [(midnight + begin * 60, midnight + end * 60) for begin, end in self.intervals]
        found: list[tuple[int, int]] = []
        for second in range(midnight, midnight + length, 60):
            local = datetime.fromtimestamp(second, UTC).astimezone(zone)
            minute = local.hour * 60 + local.minute
            if any(begin <= minute < end for begin, end in self.intervals):
                if found and found[-1][1] == second:
                    found[-1] = (found[-1][0], second + 60)
                else:
                    found.append((second, second + 60))
        return found
