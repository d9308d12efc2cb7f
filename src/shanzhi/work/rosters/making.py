"""Beginning a roster and making its shifts, in sets."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.audit import actions as audit
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.rosters import packs
from shanzhi.work.rosters.models import Roster

MOST_PLACES = 30_000
_PREFIX = len("00000000-0000-7")
# The places of a level at or below some, or those themselves where there is none of it.
_WHERE = """
SELECT DISTINCT k.descendant_id FROM places_placeclosure k
JOIN places_place p ON p.id = k.descendant_id AND p.level = %(level)s
  AND p.opened_on <= %(on)s AND (p.closed_on IS NULL OR p.closed_on > %(on)s)
WHERE k.ancestor_id = ANY(%(tops)s) AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s)
UNION
SELECT t FROM unnest(%(tops)s::uuid[]) t WHERE NOT EXISTS (
  SELECT 1 FROM places_placeclosure k JOIN places_place p ON p.id = k.descendant_id AND p.level = %(level)s
  WHERE k.ancestor_id = t AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s))
"""
_MAKE = """
WITH wanted AS (
  SELECT p.id AS place_id, coalesce(nullif(p.area, ''), left(p.code, 6)) AS area, post.*, shift.*,
    (day::date + shift.begins) AT TIME ZONE %(zone)s AS begins_at
  FROM places_place p
  CROSS JOIN unnest(%(posts)s::text[], %(posts_zh)s::text[], %(posts_en)s::text[], %(people)s::int[])
    AS post (post, post_zh, post_en, people)
  CROSS JOIN unnest(%(names_zh)s::text[], %(names_en)s::text[], %(begins)s::time[], %(hours)s::float[])
    AS shift (name_zh, name_en, begins, hours)
  CROSS JOIN generate_series(%(from)s::date, %(to)s::date - 1, interval '1 day') AS day
  WHERE p.id = ANY(%(places)s)
)
INSERT INTO rosters_shift (id, area, roster_id, place_id, post, post_zh, post_en, name_zh, name_en, people,
  begins_at, ends_at)
SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, area, %(roster)s, place_id, post, post_zh,
  post_en, name_zh, name_en, people, begins_at, begins_at + hours * interval '1 hour'
FROM wanted WHERE begins_at + hours * interval '1 hour' > %(at)s
ON CONFLICT (area, roster_id, place_id, post, begins_at) DO NOTHING
"""


def where(template: packs.Template, place_ids: Sequence[UUID], on: date) -> list[UUID]:
    """The places at which a template has its posts held."""
    if not template.level:
        return list(dict.fromkeys(place_ids))
    with connection.cursor() as cursor:
        cursor.execute(_WHERE, {"level": template.level, "tops": list(place_ids), "on": on})
        return [row[0] for row in cursor.fetchall()]


def count(template: packs.Template, spots: int) -> tuple[int, int]:
    """How many shifts a day, and how many people they want, at so many places."""
    people = sum(post.people for post in template.posts)
    return (
        spots * len(template.posts) * len(template.shifts),
        spots * people * len(template.shifts),
    )


def begin(
    template: str,
    place_ids: Sequence[UUID],
    *,
    posts: Sequence[str] = (),
    shift: str = "",
    from_on: date,
    to_on: date | None,
    actor: Actor,
    at: datetime,
    activation_id: UUID | None = None,
    is_drill: bool = False,
    name: str = "",
) -> Roster:
    """Begin a roster and make the shifts of its first days; the caller has checked who asks."""
    chosen = packs.narrowed(template, posts, shift)
    with transaction.atomic():
        made = Roster.objects.create(
            name=(name or chosen.zh)[:80], template=template, posts=list(posts), shift=shift,
            place_ids=list(dict.fromkeys(place_ids)),
            kinds=chosen.kinds, signs_on=chosen.signs_on, late_minutes=chosen.late_minutes,
            activation_id=activation_id, is_drill=is_drill, from_on=from_on, to_on=to_on, made_until=from_on,
            made_by=actor.name[:60], made_at=at,
        )  # fmt: skip
        extend(made, at)
        audit.record(
            actor=actor, event="roster.begun", subject=str(made.id),
            detail={"template": template, "places": len(made.place_ids)}, at=at,
        )  # fmt: skip
    return made


def extend(roster: Roster, at: datetime) -> int:
    """Make the shifts up to some days ahead by the template as it is now; how many were made."""
    if roster.template not in packs.templates():
        return 0  # the city took it away: what was made stays
    template = packs.narrowed(roster.template, roster.posts, roster.shift)
    until = max(localdate(at), roster.from_on) + timedelta(days=packs.rules().days_ahead)
    if roster.to_on is not None:
        until = min(until, roster.to_on)
    if until <= roster.made_until:
        return 0
    spots = where(template, roster.place_ids, localdate(at))
    with connection.cursor() as cursor:
        cursor.execute(
            _MAKE,
            {
                "places": spots[:MOST_PLACES], "posts": [one.code for one in template.posts],
                "posts_zh": [one.zh for one in template.posts], "posts_en": [one.en for one in template.posts],
                "people": [one.people for one in template.posts], "names_zh": [one.zh for one in template.shifts],
                "names_en": [one.en for one in template.shifts], "begins": [one.at for one in template.shifts],
                "hours": [one.hours for one in template.shifts], "from": roster.made_until, "to": until,
                "zone": settings.TIME_ZONE, "roster": roster.id, "prefix": str(uuid7())[:_PREFIX], "at": at,
            },
        )  # fmt: skip
        made = int(cursor.rowcount)
    roster.made_until = until
    roster.save(update_fields=["made_until"])
    return made


def extend_all(at: datetime) -> int:
    """Every night: the shifts of one day more for every roster that goes on; how many were made."""
    made = 0
    for roster_id in Roster.objects.filter(ended_at=None).values_list("id", flat=True):
        with transaction.atomic():
            roster = Roster.objects.select_for_update().filter(id=roster_id, ended_at=None).first()
            made += extend(roster, at) if roster is not None else 0
    return made
