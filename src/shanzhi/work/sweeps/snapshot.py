"""Which doors a sweep means (门户快照): floors by membership of micro-grids, other floors and bare totals by place.

The count of a preview and the frozen snapshot come from one piece of SQL, so they cannot disagree. A piece is the
doors of one compound in one place, held as arrays; where only counts are known its doors are just numbered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import shapely
from django.db import connection

from shanzhi.base.rows import in_sets
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.sweeps.flow import Unit
from shanzhi.work.sweeps.models import GroupDoor

_IN = "= ANY(%(inside)s)"
_ON = "{t}.from_on <= %(on)s AND ({t}.to_on IS NULL OR {t}.to_on > %(on)s)"
_STANDS = "{t}.opened_on <= %(on)s AND ({t}.closed_on IS NULL OR {t}.closed_on > %(on)s)"
_BELOW = (
    "SELECT k.descendant_id FROM places_placeclosure k WHERE k.ancestor_id = ANY(%(places)s) AND "
    + _ON.format(t="k")
)
# Every stretch of doors: (area, place, compound, unit, kind, first, count, and what it is ordered by).
_FLOORS = f"""
SELECT f.area, coalesce(m.place_id, c.place_id) AS place_id, c.id AS compound_id, f.id AS unit_id, f.homes, f.shops,
  b.name AS building, f.stairwell, f.floor
FROM compounds_floor f
JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id AND {_STANDS.format(t="b")}
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id AND {_STANDS.format(t="c")}
LEFT JOIN compounds_membership m ON m.area = f.area AND m.floor_id = f.id AND {_ON.format(t="m")}
WHERE {_STANDS.format(t="f")} AND coalesce(m.place_id, c.place_id) IN (SELECT id FROM below) {{house}}
"""
_DOORS = f"""
SELECT x.area, x.place_id, x.compound_id, x.unit_id, v.kind, 0 AS first, v.count, x.building, x.stairwell, x.floor
FROM ({_FLOORS}) x
CROSS JOIN LATERAL (VALUES ({int(Unit.HOME)}, CASE WHEN %(homes)s THEN x.homes ELSE 0 END),
  ({int(Unit.SHOP)}, CASE WHEN %(shops)s THEN x.shops ELSE 0 END)) v (kind, count)
WHERE v.count > 0
"""
_TOTALS = f"""
SELECT c.area, c.place_id, c.id, c.id,
  CASE WHEN c.kind = 'shops' THEN {int(Unit.COMPOUND_SHOP)} ELSE {int(Unit.COMPOUND_HOME)} END, 0, c.households,
  '', '', 0
FROM compounds_compound c
WHERE {_STANDS.format(t="c")} AND c.place_id IN (SELECT id FROM below) AND c.households > 0
  AND CASE WHEN c.kind = 'shops' THEN %(shops)s ELSE %(homes)s END {{inside}}
  AND NOT EXISTS (SELECT 1 FROM compounds_building b JOIN compounds_floor f
    ON f.area = b.area AND f.building_id = b.id AND {_STANDS.format(t="f")}
    WHERE b.area = c.area AND b.compound_id = c.id AND {_STANDS.format(t="b")})
"""
_COMPOUNDS = f"""
SELECT c.area, c.place_id, c.id, c.id, {int(Unit.COMPOUND)}, 0, 1, '', '', 0
FROM compounds_compound c
WHERE {_STANDS.format(t="c")} AND c.place_id IN (SELECT id FROM below) {{inside}}
"""
_LISTED = "d.ended_at IS NULL AND (d.until_on IS NULL OR d.until_on >= %(on)s)"
# Doors listed for good, for one of the reasons, and those of this sweep's own list. With such a list and no reason
# the list alone is meant.
_NAMED = f"""
SELECT d.area, d.floor_id, d.door FROM sweeps_prioritydoor d
WHERE {_LISTED} AND (NOT %(listed)s OR cardinality(%(reasons)s::text[]) > 0)
  AND (cardinality(%(reasons)s::text[]) = 0 OR d.reason = ANY(%(reasons)s::text[]))
UNION SELECT g.area, g.floor_id, g.door FROM sweeps_groupdoor g WHERE g.sweep_id = %(group)s::uuid
"""
_PRIORITY = f"""
SELECT DISTINCT x.area, x.place_id, x.compound_id, x.unit_id, {int(Unit.HOME)}, d.door, 1, x.building, x.stairwell,
  x.floor
FROM ({_FLOORS}) x JOIN ({_NAMED}) d ON d.area = x.area AND d.floor_id = x.unit_id
WHERE d.door < x.homes
"""
# Buildings by their number, stairwells by their number, floors from the top down.
_NUMBER = r"coalesce(substring({0} FROM '\d+')::numeric, 0), {0}"
_ORDER = f"{_NUMBER.format('building')}, {_NUMBER.format('stairwell')}, floor DESC, unit_id, kind, first"
_WITH = f"""
WITH below AS MATERIALIZED (SELECT DISTINCT k.descendant_id AS id FROM places_placeclosure k
  WHERE k.ancestor_id = ANY(%(places)s) AND {_ON.format(t="k")}),
stretch (area, place_id, compound_id, unit_id, kind, first, count, building, stairwell, floor) AS ({{stretches}})
"""
_PIECES = f"""
SELECT area, place_id, compound_id, array_agg(unit_id ORDER BY {_ORDER}) AS units,
  array_agg(kind::smallint ORDER BY {_ORDER}) AS kinds, array_agg(first::int ORDER BY {_ORDER}) AS firsts,
  array_agg(count::int ORDER BY {_ORDER}) AS counts, sum(count)::int AS doors
FROM stretch GROUP BY area, place_id, compound_id
"""
_FREEZE = """
INSERT INTO sweeps_piece
  (id, area, sweep_id, place_id, group_id, compound_id, units, kinds, firsts, counts, doors, priority, anchor_on)
SELECT overlay(%(first)s PLACING lpad(to_hex(row_number() OVER ()), 8, '0') FROM 29)::uuid, area, %(sweep)s,
  p.place_id, coalesce(g.place_id, p.place_id), compound_id, units, kinds, firsts, counts, doors, {priority}, %(on)s
FROM ({pieces}) p LEFT JOIN ({groups}) g ON g.own_id = p.place_id
"""
# The grid that a place is or lies in, else the community: the nearest of them.
_GROUPS = f"""
SELECT DISTINCT ON (k.descendant_id) k.descendant_id AS own_id, k.ancestor_id AS place_id
FROM below b JOIN places_placeclosure k ON k.descendant_id = b.id AND {_ON.format(t="k")}
JOIN places_place l ON l.id = k.ancestor_id AND l.level IN ('grid', 'community')
ORDER BY k.descendant_id, k.depth
"""
_MARK = f"""
UPDATE sweeps_piece p SET priority = found.doors
FROM (
  SELECT p.area, p.id, array_agg(DISTINCT before.count + d.door - p.firsts[s.n] ORDER BY
    before.count + d.door - p.firsts[s.n]) AS doors
  FROM (SELECT d.area, d.floor_id, d.door FROM sweeps_prioritydoor d WHERE {_LISTED}
    UNION SELECT g.area, g.floor_id, g.door FROM sweeps_groupdoor g WHERE g.sweep_id = %(sweep)s) d
  JOIN sweeps_piece p ON p.area = d.area AND p.sweep_id = %(sweep)s AND d.floor_id = ANY(p.units)
  CROSS JOIN LATERAL generate_subscripts(p.units, 1) s(n)
  CROSS JOIN LATERAL (SELECT coalesce(sum(c), 0)::int AS count FROM unnest(p.counts[1:s.n - 1]) c) before
  WHERE p.units[s.n] = d.floor_id AND p.kinds[s.n] = {int(Unit.HOME)}
    AND d.door >= p.firsts[s.n] AND d.door < p.firsts[s.n] + p.counts[s.n]
  GROUP BY p.area, p.id
) found WHERE p.area = found.area AND p.id = found.id
"""
_ANY = """
SELECT EXISTS (SELECT 1 FROM sweeps_prioritydoor WHERE ended_at IS NULL)
  OR EXISTS (SELECT 1 FROM sweeps_groupdoor WHERE sweep_id = %(sweep)s)
"""
_COUNT = """
SELECT coalesce(sum(doors), 0)::bigint, count(*), coalesce(sum(h.homes), 0)::bigint, coalesce(sum(h.shops), 0)::bigint
FROM ({pieces}) p CROSS JOIN LATERAL (
  SELECT sum(c) FILTER (WHERE k IN (0, 2)) AS homes, sum(c) FILTER (WHERE k IN (1, 3)) AS shops
  FROM unnest(p.kinds, p.counts) AS u (k, c)) h
"""
# Points of compounds and, of those whose floors are known, of buildings: where a building has none, its compound's.
_POINTS = f"""
SELECT c.id, c.lon, c.lat FROM compounds_compound c
WHERE c.lon IS NOT NULL AND {_STANDS.format(t="c")} AND c.place_id IN ({_BELOW})
UNION ALL
SELECT b.id, coalesce(b.lon, c.lon), coalesce(b.lat, c.lat)
FROM compounds_building b
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id AND {_STANDS.format(t="c")}
WHERE {_STANDS.format(t="b")} AND coalesce(b.lon, c.lon) IS NOT NULL AND EXISTS (
  SELECT 1 FROM compounds_floor f LEFT JOIN compounds_membership m
    ON m.area = f.area AND m.floor_id = f.id AND {_ON.format(t="m")}
  WHERE f.area = b.area AND f.building_id = b.id AND coalesce(m.place_id, c.place_id) IN ({_BELOW}))
"""


@dataclass(frozen=True)
class Area:
    """What a sweep means: `targets` under `place_ids`, inside `outline` (WKB), `reasons` for priority doors.

    `group` is the sweep whose own list of doors counts with them.
    """

    place_ids: Sequence[UUID]
    targets: Sequence[str]
    outline: bytes | None = None
    reasons: Sequence[str] = ()
    group: UUID | None = None


@dataclass(frozen=True)
class Doors:
    """How many doors, in how many pieces; of them homes and shops."""

    doors: int
    pieces: int
    homes: int
    shops: int


def _inside(area: Area, on: date) -> list[UUID]:
    """The compounds and buildings below the places whose point lies in the outline."""
    shape = shapely.from_wkb(area.outline)
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, {"places": list(area.place_ids), "on": on})
        rows = cursor.fetchall()
    found = shapely.contains_xy(shape, [row[1] for row in rows], [row[2] for row in rows])
    return [row[0] for row, is_in in zip(rows, found, strict=True) if is_in]


def _given(area: Area, on: date) -> tuple[str, dict[str, Any]]:
    parts = []
    if {"homes", "shops"} & set(area.targets):
        parts += [_DOORS, _TOTALS]
    if "compounds" in area.targets:
        parts.append(_COMPOUNDS)
    if "priority" in area.targets and "homes" not in area.targets:
        parts.append(_PRIORITY)
    given: dict[str, Any] = {
        "on": on, "places": list(area.place_ids), "homes": "homes" in area.targets, "shops": "shops" in area.targets,
        "reasons": list(area.reasons), "group": area.group,
        "listed": area.group is not None and GroupDoor.objects.filter(sweep_id=area.group).exists(),
    }  # fmt: skip
    inside = house = ""
    if area.outline is not None:
        inside, house, given["inside"] = f"AND c.id {_IN}", f"AND b.id {_IN}", _inside(area, on)
    stretches = " UNION ALL ".join(f"({part.format(inside=inside, house=house)})" for part in parts)
    return _WITH.format(stretches=stretches), given


def count(area: Area, on: date) -> Doors:
    """Count the doors without writing anything (预览)."""
    doors, given = _given(area, on)
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(doors + _COUNT.format(pieces=_PIECES), given)
        row = cursor.fetchone()
    return Doors(*(int(one) for one in row)) if row else Doors(0, 0, 0, 0)


def freeze(sweep_id: UUID, area: Area, on: date) -> int:
    """Freeze the doors of a sweep (固定快照) in one statement; how many. The caller's transaction issues it."""
    doors, given = _given(area, on)
    only = "priority" in area.targets and "homes" not in area.targets
    every = "ARRAY(SELECT generate_series(0, doors - 1))" if only and len(area.targets) == 1 else "'{}'"
    given |= {"sweep": sweep_id, "first": str(uuid7())}
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(doors + _FREEZE.format(pieces=_PIECES, groups=_GROUPS, priority=every), given)
        if not only:
            cursor.execute(_ANY, given)
            if cursor.fetchone()[0]:
                cursor.execute(_MARK, given)
        cursor.execute("SELECT coalesce(sum(doors), 0) FROM sweeps_piece WHERE sweep_id = %s", [sweep_id])
        return int(cursor.fetchone()[0])
