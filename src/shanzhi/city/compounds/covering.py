"""Which doors something covers (覆盖户数): all homes, those of low floors, shops; in compounds chosen or drawn.

Read only; the callers have checked the scope. Floors that are not known cannot be told apart by height: their
compounds are counted as unknown, not guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import shapely
from django.db import connection

from shanzhi.base.rows import in_sets
from shanzhi.city.compounds import totals
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import Place

_ON = "{t}.from_on <= %(on)s AND ({t}.to_on IS NULL OR {t}.to_on > %(on)s)"
_STANDS = "{t}.opened_on <= %(on)s AND ({t}.closed_on IS NULL OR {t}.closed_on > %(on)s)"
_BELOW = (
    "SELECT k.descendant_id FROM places_placeclosure k "
    f"WHERE k.ancestor_id = ANY(%(places)s) AND {_ON.format(t='k')}"
)
# Above the grids a place has the compounds that stand in it; a grid has the floors that belong to it.
_STANDING = f"""
SELECT c.area, c.id, c.lon, c.lat FROM compounds_compound c
WHERE c.place_id IN ({_BELOW}) AND {_STANDS.format(t="c")}
UNION
SELECT c.area, c.id, c.lon, c.lat FROM compounds_membership m
JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id AND {_STANDS.format(t="f")}
JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id AND {_STANDS.format(t="c")}
WHERE m.place_id IN ({_BELOW}) AND {_ON.format(t="m")}
"""
# Of a piece of several storeys those at or below the highest, rounded up.
_LOW = """ceil({n} * greatest(0, least(f.top, %(highest)s) - f.floor + 1) / (f.top - f.floor + 1.0))"""
_SUMS = f"""
sum({_LOW.format(n="f.homes")}) AS homes, sum({_LOW.format(n="f.shops")}) AS shops"""
_COMPOUNDS = f"""
WITH c AS (
  SELECT c.area, c.id, c.kind, c.households FROM unnest(%(areas)s::text[], %(ids)s::uuid[]) AS given (area, id)
  JOIN compounds_compound c ON c.area = given.area AND c.id = given.id
), f AS (
  SELECT c.area, c.id, {_SUMS}
  FROM c JOIN compounds_building b ON b.area = c.area AND b.compound_id = c.id AND {_STANDS.format(t="b")}
  JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id AND {_STANDS.format(t="f")}
  GROUP BY c.area, c.id
)
SELECT coalesce(sum(coalesce(f.homes, CASE WHEN c.kind = 'shops' OR %(low)s THEN 0 ELSE c.households END)), 0),
  coalesce(sum(coalesce(f.shops, CASE WHEN c.kind = 'shops' AND NOT %(low)s THEN c.households ELSE 0 END)), 0),
  count(*) FILTER (WHERE f.homes IS NULL)
FROM c LEFT JOIN f ON f.area = c.area AND f.id = c.id
"""
_MEMBERS = f"""
SELECT coalesce(sum(low.homes), 0), coalesce(sum(low.shops), 0), 0 FROM (
  SELECT {_SUMS}
  FROM compounds_membership m
  JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id AND {_STANDS.format(t="f")}
  JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
  WHERE m.place_id IN ({_BELOW}) AND {_ON.format(t="m")}
    AND (%(ids)s::uuid[] IS NULL OR b.compound_id = ANY(%(ids)s))
) low
"""
_HIGHEST = 999


@dataclass(frozen=True)
class Covered:
    """Homes and shops; `unknown` compounds have no floors here, so that their low floors are not known."""

    homes: int = 0
    shops: int = 0
    unknown: int = 0


def compounds_below(
    place_ids: Sequence[UUID], on: date, outline: bytes | None = None
) -> list[tuple[str, UUID]]:
    """Area and id of the compounds under these places on that day, those whose point lies in the outline (WKB)."""
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(_STANDING, {"places": list(place_ids), "on": on})
        rows = cursor.fetchall()
    if outline is None:
        return [(area, found) for area, found, _, _ in rows]
    rows = [row for row in rows if row[2] is not None]
    shape = shapely.from_wkb(outline)
    inside = shapely.contains_xy(shape, [row[2] for row in rows], [row[3] for row in rows])
    return [(row[0], row[1]) for row, is_in in zip(rows, inside, strict=True) if is_in]


def covered(
    place_ids: Sequence[UUID], on: date, *, highest_floor: int | None = None, outline: bytes | None = None,
    compound_ids: Sequence[UUID] | None = None,
) -> Covered:  # fmt: skip
    """The doors under these places on that day: up to a floor, in an outline, in some of the compounds."""
    levels = dict(Place.objects.filter(id__in=place_ids).values_list("id", "level"))
    if highest_floor is None and outline is None and compound_ids is None:
        doors = [totals.doors(one, level, on) for one, level in levels.items()]
        return Covered(sum(one.homes for one in doors), sum(one.shops for one in doors))
    grids = [one for one, level in levels.items() if Level(level).rank >= Level.GRID.rank]
    above = [one for one in levels if one not in set(grids)]
    given = {"on": on, "low": highest_floor is not None,
             "highest": _HIGHEST if highest_floor is None else highest_floor}  # fmt: skip
    wanted = None if compound_ids is None else set(compound_ids)
    found = Covered()
    if above:
        standing = [one for one in compounds_below(above, on, outline) if wanted is None or one[1] in wanted]
        columns = {"areas": [area for area, _ in standing], "ids": [one for _, one in standing]}
        found = _add(found, _COMPOUNDS, given | columns)
    if grids:
        ids = None if wanted is None else list(wanted)
        if outline is not None:
            ids = [one for _, one in compounds_below(grids, on, outline) if wanted is None or one in wanted]
        found = _add(found, _MEMBERS, given | {"places": grids, "ids": ids})
    return found


def _add(found: Covered, sql: str, given: dict[str, object]) -> Covered:
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(sql, given)
        row = cursor.fetchone()
    assert row is not None
    homes, shops, unknown = (int(value) for value in row)
    return Covered(found.homes + homes, found.shops + shops, found.unknown + unknown)
