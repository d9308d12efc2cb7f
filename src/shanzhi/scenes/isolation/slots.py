"""Check-ins that are expected (应报): made in sets for today and tomorrow, voided when the isolation ends."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.rows import in_sets
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation import packs
from shanzhi.scenes.isolation.flow import LIVE

DAYS_AHEAD = 2
PREFIX = len("00000000-0000-7")  # of a UUID as text: its time and its version

# Windows that are over when somebody begins are not asked for; nobody is asked for days after the last one.
_MAKE = """
INSERT INTO isolation_slot (id, area, isolation_id, place_id, on_day, "window", opens_at, due_at, state, rung,
  next_at)
SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, i.area, i.id, i.place_id, w.on_day, w.code,
  w.opens_at, w.due_at, 'open', 0, w.next_at
FROM isolation_isolation i
CROSS JOIN unnest(%(days)s::date[], %(codes)s::text[], %(opens)s::timestamptz[], %(dues)s::timestamptz[],
  %(nexts)s::timestamptz[]) AS w (on_day, code, opens_at, due_at, next_at)
LEFT JOIN modes_activation a ON a.id = i.activation_id
WHERE i.state = ANY(%(live)s) AND {which} AND w.due_at > greatest(i.begun_at, %(at)s)
  AND (i.state <> 'monitoring' OR w.on_day < i.monitored_until_on) AND (a.last_on IS NULL OR w.on_day <= a.last_on)
ON CONFLICT DO NOTHING
"""
_VOID = """
UPDATE isolation_slot SET state = 'void', next_at = NULL
WHERE area = %(area)s AND isolation_id = ANY(%(ids)s) AND state = 'open'
"""


def make(at: datetime, *, area: str = "", ids: Sequence[UUID] = ()) -> int:
    """Make those of today and the next day that are not there (安排应报), of everybody or of some; how many."""
    care, today = packs.care(), localdate(at)
    first = care.ladder[0].after_minutes if care.ladder else 0
    slots = [
        (day, window.code, window.opens_at(day), window.due_at(day))
        for day in (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD))
        for window in care.windows
    ]
    given = {
        "prefix": str(uuid7())[:PREFIX], "live": list(LIVE), "at": at, "area": area, "ids": list(ids),
        "days": [slot[0] for slot in slots], "codes": [slot[1] for slot in slots],
        "opens": [slot[2] for slot in slots], "dues": [slot[3] for slot in slots],
        "nexts": [slot[3] + timedelta(minutes=first) for slot in slots],
    }  # fmt: skip
    which = "i.area = %(area)s AND i.id = ANY(%(ids)s)" if ids else "TRUE"
    with in_sets(not ids), connection.cursor() as cursor:
        cursor.execute(_MAKE.format(which=which), given)
        return int(cursor.rowcount)


def void(area: str, ids: Sequence[UUID]) -> int:
    """Nobody is asked any more (停止应报); how many."""
    with connection.cursor() as cursor:
        cursor.execute(_VOID, {"area": area, "ids": list(ids)})
        return int(cursor.rowcount)
