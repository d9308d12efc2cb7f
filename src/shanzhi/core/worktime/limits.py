"""Limits (时限): an amount and the unit in which it counts."""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """In what a limit counts. The emergency hour (紧急工作时) and the minute run day and night."""

    working_day = "working_day"
    working_hour = "working_hour"
    emergency_hour = "emergency_hour"
    calendar_day = "calendar_day"
    minute = "minute"

    @property
    def zh(self) -> str:
        """The Chinese name."""
        return _NAMES[self][0]

    @property
    def en(self) -> str:
        """The English name."""
        return _NAMES[self][1]

    @property
    def is_working_time(self) -> bool:
        """Whether it counts only while the calendar is open."""
        return self in (Unit.working_day, Unit.working_hour)


_NAMES = {
    Unit.working_day: ("工作日", "working days"),
    Unit.working_hour: ("工作时", "working hours"),
    Unit.emergency_hour: ("紧急工作时", "emergency hours"),
    Unit.calendar_day: ("自然日", "calendar days"),
    Unit.minute: ("分钟", "minutes"),
}


@dataclass(frozen=True)
class Limit:
    """So much of a unit. Raises ValueError for a negative amount."""

    amount: float
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 <= self.amount < 1e9:
            raise ValueError("a limit is a finite amount of at least 0")

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit.zh}"
