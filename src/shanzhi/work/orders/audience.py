"""Whom an order goes to (接收范围): posts under places on a day, narrowed by a drawn area and by skills.

The count of a preview, the dry run and the frozen snapshot come from one piece of SQL, so they cannot disagree.
A person with several posts there is one recipient, for the deepest of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import shapely
from django.db import connection

from shanzhi.base.rows import in_sets
from shanzhi.city.compounds import covering
from shanzhi.city.places import queries as places
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.orders import packs

_PREFIX = len("00000000-0000-7")
_ON = "{t}.from_on <= %(on)s AND ({t}.to_on IS NULL OR {t}.to_on > %(on)s)"
_SKILLED = """
AND EXISTS (
  SELECT 1 FROM surge_offer o JOIN surge_posting s ON s.offer_id = o.id AND s.ended_at IS NULL
  WHERE o.account_id = p.account_id AND o.skills && %(skills)s::varchar[])
"""
# One line a person. Depth is counted from the root, so the deepest post is the one with most places above it.
_PEOPLE = f"""
SELECT DISTINCT ON (p.account_id) p.account_id, p.id AS post_id, p.kind_id, p.place_id,
  CASE WHEN l.area = '' THEN left(l.code, 6) ELSE l.area END AS area
FROM people_post p
JOIN people_account a ON a.id = p.account_id AND a.is_active
JOIN places_place l ON l.id = p.place_id
WHERE p.kind_id = ANY(%(kinds)s) AND {_ON.format(t="p")}
  AND p.place_id IN (
    SELECT k.descendant_id FROM places_placeclosure k WHERE k.ancestor_id = ANY(%(places)s)
    AND {_ON.format(t="k")}) {{narrowed}}
ORDER BY p.account_id, length(l.code) DESC, p.id
"""
_COUNT = f"SELECT area, kind_id, count(*) FROM ({_PEOPLE}) people GROUP BY area, kind_id"
_SNAPSHOT = f"""
INSERT INTO orders_recipient
  (id, area, order_id, account_id, post_id, place_id, standing, state, sent_at)
SELECT overlay(%(first)s PLACING lpad(to_hex(row_number() OVER ()), 8, '0') FROM 29)::uuid, area, %(order)s,
  account_id, post_id, place_id, 'own', CASE WHEN %(sent_at)s::timestamptz IS NULL THEN 'queued' ELSE 'sent' END,
  %(sent_at)s
FROM ({_PEOPLE}) people
"""
# The same again for those who are not there: a row that was lost comes back, with a key of its own.
_RESTORE = f"""
INSERT INTO orders_recipient (id, area, order_id, account_id, post_id, place_id, standing, state, sent_at)
SELECT overlay(gen_random_uuid()::text PLACING %(prefix)s FROM 1)::uuid, area, %(order)s, account_id, post_id,
  place_id, 'own', CASE WHEN %(sent_at)s::timestamptz IS NULL THEN 'queued' ELSE 'sent' END, %(sent_at)s
FROM ({_PEOPLE}) people
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Audience:
    """Who is meant: holders of `post_kinds` under `place_ids`, inside `outline` (WKB), with one of `skills`.

    And which doors it is about: those of `household_rule`, in `compound_ids` where the rule wants them named.
    """

    place_ids: Sequence[UUID]
    post_kinds: Sequence[str]
    skills: Sequence[str] = ()
    outline: bytes | None = None
    household_rule: str = "all"
    compound_ids: Sequence[UUID] = ()


@dataclass(frozen=True)
class Preview:
    """How many people and households, people by kind of post and by district code.

    Of `unknown` compounds the floors are not known, where the rule asks for them.
    """

    people: int
    households: int
    unknown: int
    by_kind: dict[str, int]
    by_area: dict[str, int]


def _inside(outline: bytes, place_ids: Sequence[UUID], on: date) -> list[UUID]:
    """Places below these whose point lies in the outline; those that have no point are left out."""
    shape = shapely.from_wkb(outline)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, lon, lat, CASE WHEN lon IS NULL THEN boundary END FROM places_place "
            f"WHERE id IN ({places.BELOW_SQL})",
            [list(place_ids), on, on],
        )
        rows = cursor.fetchall()
    found = []
    for place_id, lon, lat, boundary in rows:
        if lon is None and boundary is not None:
            point = shapely.from_wkb(bytes(boundary)).representative_point()
            lon, lat = point.x, point.y
        if lon is not None and shapely.contains_xy(shape, lon, lat):
            found.append(place_id)
    return found


def _given(audience: Audience, on: date) -> tuple[str, dict[str, Any]]:
    narrowed = ""
    given: dict[str, Any] = {
        "on": on, "kinds": list(audience.post_kinds), "places": list(audience.place_ids),
        "skills": list(audience.skills),
    }  # fmt: skip
    if audience.outline is not None:
        given["inside"] = _inside(audience.outline, audience.place_ids, on)
        narrowed += " AND p.place_id = ANY(%(inside)s)"
    if audience.skills:
        narrowed += _SKILLED
    return narrowed, given


def preview(audience: Audience, on: date) -> Preview:
    """Count people and households without writing anything (预览)."""
    narrowed, given = _given(audience, on)
    by_kind: dict[str, int] = {}
    by_area: dict[str, int] = {}
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(_COUNT.format(narrowed=narrowed), given)
        for area, kind, count in cursor.fetchall():
            by_kind[kind] = by_kind.get(kind, 0) + count
            by_area[area] = by_area.get(area, 0) + count
    return Preview(sum(by_kind.values()), *households(audience, on), by_kind, by_area)


def households(audience: Audience, on: date) -> tuple[int, int]:
    """Doors that it is about on that day (覆盖户数) by its rule, and compounds whose floors are not known."""
    rule = packs.household_rule(audience.household_rule)
    found = covering.covered(
        audience.place_ids, on, highest_floor=rule.highest_floor, outline=audience.outline,
        compound_ids=audience.compound_ids if rule.chosen else None,
    )  # fmt: skip
    doors = {"homes": found.homes, "shops": found.shops, "doors": found.homes + found.shops}[rule.of]
    return doors, found.unknown if rule.highest_floor is not None else 0


def with_contact(audience: Audience, on: date, kind: str) -> int:
    """How many of the people have an address of a kind."""
    narrowed, given = _given(audience, on)
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({_PEOPLE.format(narrowed=narrowed)}) people "
            "JOIN people_contact c ON c.account_id = people.account_id AND c.kind = %(contact)s",
            given | {"contact": kind},
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def snapshot(order_id: UUID, audience: Audience, on: date, sent_at: datetime | None = None) -> int:
    """Freeze who gets the order (接收人快照) in one statement; how many. The caller's transaction issues it.

    With `sent_at` it goes out in the app with the same statement: every row written once. The keys follow each other
    (one UUID of version 7, its last 32 bits counted up), which keeps the indexes dense.
    """
    narrowed, given = _given(audience, on)
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(
            _SNAPSHOT.format(narrowed=narrowed),
            given | {"order": order_id, "first": str(uuid7()), "sent_at": sent_at},
        )
        return int(cursor.rowcount)


def restore(order_id: UUID, audience: Audience, on: date, sent_at: datetime | None) -> int:
    """Add who belongs to the audience of that day and has no row (补齐接收人); how many."""
    narrowed, given = _given(audience, on)
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(
            _RESTORE.format(narrowed=narrowed),
            given | {"order": order_id, "prefix": str(uuid7())[:_PREFIX], "sent_at": sent_at},
        )
        return int(cursor.rowcount)


def mark_sent(order_id: UUID, at: datetime) -> int:
    """The order goes out in the app to everybody who has not been sent it yet (应用内下发); how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_recipient SET state = 'sent', sent_at = %s WHERE order_id = %s AND state = 'queued'",
            [at, order_id],
        )
        return int(cursor.rowcount)
