"""Calendars written as plain data, as packs hold them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shanzhi.core.worktime.calendar import Calendar
from shanzhi.core.worktime.china import load_china


def read_calendar(given: Mapping[str, Any]) -> Calendar:
    """A working calendar from data (读取工作日历).

    `timezone`; `intervals` as pairs of HH:MM; either `holidays: china`, or `weekend` (0 is Monday; default Saturday
    and Sunday), `days_off`, `days_on`, `known_years` and `name` (zh, en). Raises KeyError, TypeError, ValueError.
    """
    intervals = [(minutes(begin), minutes(end)) for begin, end in given["intervals"]]
    if given.get("holidays") == "china":
        return load_china(intervals, given["timezone"])
    name = given.get("name", {})
    return Calendar.build(
        given["timezone"],
        intervals,
        given.get("weekend", (5, 6)),
        days_off=[date.fromisoformat(str(day)) for day in given.get("days_off", ())],
        days_on=[date.fromisoformat(str(day)) for day in given.get("days_on", ())],
        known_years=given.get("known_years"),
        **{f"name_{language}": name[language] for language in ("zh", "en") if language in name},
    )


def minutes(clock: str) -> int:
    """HH:MM as minutes since midnight. Raises ValueError."""
    hours, rest = clock.split(":")
    return int(hours) * 60 + int(rest)
