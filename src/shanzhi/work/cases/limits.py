"""Due times: the calendar of an area, the limits of the steps, and what a limit comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.conf import settings

from shanzhi.core.kit.yaml_files import read_yaml
from shanzhi.core.worktime import Calendar, Limit, Unit, due_at, due_at_with_pauses, read_calendar

Pause = tuple[datetime, datetime]


@dataclass(frozen=True)
class StageLimit:
    """The limit of a step (None: it comes from the case) and the share after which its clock warns."""

    limit: Limit | None
    warn_share: float


@lru_cache(maxsize=1)
def stage_limits() -> dict[str, StageLimit]:
    """Limits of the steps by clock, from the pack."""
    path = settings.PACKS / "base" / "stage_limits.yaml"
    return {
        name: StageLimit(
            Limit(given["amount"], Unit(given["unit"])) if "unit" in given else None, given["warn_share"]
        )
        for name, given in read_yaml(path).items()
    }


@lru_cache(maxsize=1)
def _calendars() -> dict[str, Calendar]:
    """Calendars by area, from the pack; "" is the default."""
    found = read_yaml(settings.PACKS / "base" / "calendars.yaml")
    made = {}
    for area, given in {"": found["default"], **(found["areas"] or {})}.items():
        if "file" in given:
            given = read_yaml(settings.PACKS / given["file"])
        else:
            given = {**found["default"], **given}
        made[str(area)] = read_calendar(given)
    return made


def calendar_of(area: str) -> Calendar:
    """The working calendar of an area, else the default one."""
    calendars = _calendars()
    return calendars.get(area) or calendars[""]


def read_anew() -> None:
    """Forget the packs that were read: a calendar or a limit has changed."""
    stage_limits.cache_clear()
    _calendars.cache_clear()
    roads.cache_clear()


@dataclass(frozen=True)
class Roads:
    """What a city sets about the side roads."""

    self_handled_sample: float
    extensions: int
    suspension_days: int
    refused_returns: int
    duplicate_hours: float
    duplicate_metres: float


@lru_cache(maxsize=1)
def roads() -> Roads:
    """The settings of the side roads, from the pack."""
    return Roads(**read_yaml(settings.PACKS / "base" / "roads.yaml"))


@dataclass(frozen=True)
class Due:
    """When a clock warns (None: never) and when it is due, UTC."""

    warn_at: datetime | None
    due_at: datetime


def handling(amount: float | None, unit: str, extensions: int) -> Limit | None:
    """The limit copied to a case, with an original limit more for each extension."""
    return None if amount is None else Limit(amount * (1 + extensions), Unit(unit))


def limit_of(clock: str, handling: Limit | None) -> Limit | None:
    """The limit of a clock: the stage's own, else that of the case; None: it runs until a date."""
    return stage_limits()[clock].limit or (handling if clock == "handle" else None)


def due_by(area: str, limit: Limit, started_at: datetime) -> datetime:
    """When a limit is due from `started_at`, by the calendar of the area."""
    return due_at(calendar_of(area), started_at, limit)


def due(
    area: str, clock: str, started_at: datetime, handling: Limit | None, pauses: Sequence[Pause] = (),
    own: Limit | None = None,
) -> Due:  # fmt: skip
    """What the limit of `clock` comes to from `started_at`, having stood still during `pauses`.

    `handling` is the limit copied to the case, `own` what a response gave it for this step. Raises ValueError for a
    clock without a limit.
    """
    limit = own or limit_of(clock, handling)
    if limit is None:
        raise ValueError(f"clock {clock} has no limit")
    calendar = calendar_of(area)
    warned = Limit(limit.amount * stage_limits()[clock].warn_share, limit.unit)
    if not pauses:
        return Due(due_at(calendar, started_at, warned), due_at(calendar, started_at, limit))
    return Due(
        due_at_with_pauses(calendar, started_at, warned, pauses),
        due_at_with_pauses(calendar, started_at, limit, pauses),
    )


def due_on_a_date(clock: str, started_at: datetime, due_at: datetime) -> Due:
    """A clock that runs until a date somebody set."""
    share = stage_limits()[clock].warn_share
    return Due(started_at + (due_at - started_at) * share if share < 1 else None, due_at)
