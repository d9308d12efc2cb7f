"""Working time (工作时间): calendars as data; limits added, measured, paused and explained."""

from shanzhi.core.worktime.arithmetic import (
    crosses_unknown_year,
    due_at,
    due_at_many,
    due_at_with_pauses,
    elapsed,
)
from shanzhi.core.worktime.calendar import Calendar
from shanzhi.core.worktime.china import load_china
from shanzhi.core.worktime.explaining import explain
from shanzhi.core.worktime.limits import Limit, Unit
from shanzhi.core.worktime.reading import read_calendar

__all__ = [
    "Calendar",
    "Limit",
    "Unit",
    "crosses_unknown_year",
    "due_at",
    "due_at_many",
    "due_at_with_pauses",
    "elapsed",
    "explain",
    "load_china",
    "read_calendar",
]
