"""Reading clocks."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from shanzhi.base.clocks.models import Clock, ClockEvent, ClockState, ClockVerb


def for_subjects(area: str, subject_ids: Iterable[UUID]) -> dict[UUID, list[Clock]]:
    """The clocks of each subject, oldest first, stopped ones included."""
    found: dict[UUID, list[Clock]] = {}
    rows = Clock.objects.filter(area=area, subject_id__in=list(subject_ids))
    # Two halves, each with an index of its own.
    stopped, others = rows.filter(state=ClockState.STOPPED), rows.exclude(state=ClockState.STOPPED)
    for clock in others.union(stopped, all=True).order_by("started_at", "id"):
        found.setdefault(clock.subject_id, []).append(clock)
    return found


def standing(area: str, subject_ids: Iterable[UUID]) -> dict[UUID, dict[str, Clock]]:
    """The clocks of each subject that run or stand still, by name."""
    found: dict[UUID, dict[str, Clock]] = {}
    rows = Clock.objects.filter(area=area, subject_id__in=list(subject_ids)).exclude(state=ClockState.STOPPED)
    for clock in rows:
        found.setdefault(clock.subject_id, {})[clock.name] = clock
    return found


_RUNNING = """
SELECT area, subject_id, name FROM clocks_clock
WHERE state <> 'stopped' AND state = 'running' AND name = ANY(%(names)s)
  AND (area, subject_id, name) > (%(area)s, %(subject_id)s, %(name)s)
ORDER BY area, subject_id, name LIMIT %(limit)s
"""
Key = tuple[str, UUID, str]
FIRST: Key = ("", UUID(int=0), "")


def running_after(after: Key, names: Iterable[str], limit: int) -> list[Key]:
    """The next running clocks of these names as (area, subject, name), in that order; begin with FIRST."""
    area, subject_id, name = after
    given = {"names": list(names), "area": area, "subject_id": subject_id, "name": name, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_RUNNING, given)
        return list(cursor.fetchall())


def pauses_of(
    area: str, clock_ids: Iterable[UUID], until: datetime
) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """When each clock stood still, oldest first; clocks that never did are left out.

    A pause ends when the clock runs on or is stopped; one that still lasts ends at `until`.
    """
    found: dict[UUID, list[tuple[datetime, datetime]]] = {}
    begun: dict[UUID, datetime] = {}
    rows = ClockEvent.objects.filter(area=area, clock_id__in=list(clock_ids))
    rows = rows.filter(verb__in=[ClockVerb.PAUSE, ClockVerb.RESUME, ClockVerb.STOP]).order_by("at", "id")
    for clock_id, verb, at in rows.values_list("clock_id", "verb", "at"):
        if verb == ClockVerb.PAUSE:
            begun[clock_id] = at
        elif clock_id in begun:
            found.setdefault(clock_id, []).append((begun.pop(clock_id), at))
    for clock_id, at in begun.items():
        found.setdefault(clock_id, []).append((at, until))
    return found
