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


def paused(area: str, subject_id: UUID, name: str) -> Clock | None:
    """The clock of that name, if it stands still."""
    found: Clock | None = Clock.objects.filter(
        area=area, subject_id=subject_id, name=name, state=ClockState.PAUSED
    ).first()
    return found


def pauses(clock: Clock, until: datetime) -> list[tuple[datetime, datetime]]:
    """When a clock stood still, oldest first; a pause that still lasts ends at `until`."""
    found: list[tuple[datetime, datetime]] = []
    begun: datetime | None = None
    events = ClockEvent.objects.filter(area=clock.area, clock_id=clock.id).order_by("at", "id")
    for event in events.filter(verb__in=[ClockVerb.PAUSE, ClockVerb.RESUME]):
        if event.verb == ClockVerb.PAUSE:
            begun = event.at
        elif begun is not None:
            found.append((begun, event.at))
            begun = None
    return found if begun is None else [*found, (begun, until)]


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


def pauses_of(area: str, clock_ids: Iterable[UUID]) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """When each of these running clocks stood still, oldest first; clocks that never did are left out."""
    found: dict[UUID, list[tuple[datetime, datetime]]] = {}
    begun: dict[UUID, datetime] = {}
    rows = ClockEvent.objects.filter(area=area, clock_id__in=list(clock_ids))
    rows = rows.filter(verb__in=[ClockVerb.PAUSE, ClockVerb.RESUME]).order_by("at", "id")
    for clock_id, verb, at in rows.values_list("clock_id", "verb", "at"):
        if verb == ClockVerb.PAUSE:
            begun[clock_id] = at
        elif clock_id in begun:
            found.setdefault(clock_id, []).append((begun.pop(clock_id), at))
    return found
