"""Counts of doors and compounds below a place (户数统计). Read only; the callers have checked the scope."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from shanzhi.base.rows import in_sets
from shanzhi.city.places.levels import Level

_ON = "{t}.from_on <= %(on)s AND ({t}.to_on IS NULL OR {t}.to_on > %(on)s)"
_STANDS = "{t}.opened_on <= %(on)s AND ({t}.closed_on IS NULL OR {t}.closed_on > %(on)s)"
_BELOW = f"SELECT k.descendant_id FROM places_placeclosure k WHERE k.ancestor_id = %(place)s AND {_ON.format(t='k')}"
# A grid has the floors that belong to it; what lies higher has the compounds that stand in it.
_OF_GRID = f"""
SELECT coalesce(sum(f.homes), 0), coalesce(sum(f.shops), 0), count(DISTINCT b.compound_id), count(DISTINCT b.id)
FROM compounds_membership m
JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id AND {_STANDS.format(t="f")}
JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
WHERE m.place_id IN ({_BELOW}) AND {_ON.format(t="m")}
"""
_OF_PLACE = f"""
SELECT coalesce(sum(coalesce(f.homes, CASE WHEN c.kind = 'shops' THEN 0 ELSE c.households END)), 0),
  coalesce(sum(coalesce(f.shops, CASE WHEN c.kind = 'shops' THEN c.households ELSE 0 END)), 0),
  count(*), coalesce(sum(coalesce(nullif(f.buildings, 0), c.buildings)), 0)
FROM compounds_compound c
LEFT JOIN LATERAL (
  SELECT sum(f.homes) AS homes, sum(f.shops) AS shops, count(DISTINCT b.id) AS buildings
  FROM compounds_building b JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id
  WHERE b.area = c.area AND b.compound_id = c.id AND {_STANDS.format(t="b")} AND {_STANDS.format(t="f")}
) f ON TRUE
WHERE c.place_id IN ({_BELOW}) AND {_STANDS.format(t="c")}
"""
_MICROGRIDS = f"""
SELECT p.id, v.code, v.name, coalesce(sum(f.homes), 0), coalesce(sum(f.shops), 0)
FROM places_placeclosure k
JOIN places_place p ON p.id = k.descendant_id AND p.level = 'microgrid' AND {_STANDS.format(t="p")}
JOIN places_placeversion v ON v.place_id = p.id AND {_ON.format(t="v")}
LEFT JOIN compounds_membership m ON m.place_id = p.id AND {_ON.format(t="m")}
LEFT JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id AND {_STANDS.format(t="f")}
WHERE k.ancestor_id = %(place)s AND {_ON.format(t="k")}
GROUP BY p.id, v.code, v.name ORDER BY v.code LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Doors:
    """What stands at a place or below it."""

    homes: int
    shops: int
    compounds: int
    buildings: int


@dataclass(frozen=True)
class MicrogridDoors:
    """A micro-grid and its doors."""

    id: UUID
    code: str
    name: str
    homes: int
    shops: int


def doors(place_id: UUID, level: str, on: date) -> Doors:
    """The doors at a place on the day: by membership for grids, by compounds above them."""
    rank = Level(level).rank
    sql = _OF_GRID if rank >= Level.GRID.rank else _OF_PLACE
    with in_sets(rank < Level.COMMUNITY.rank), connection.cursor() as cursor:
        cursor.execute(sql, {"place": place_id, "on": on})
        row = cursor.fetchone()
    assert row is not None
    return Doors(*(int(value) for value in row))


def microgrids(place_id: UUID, on: date, limit: int) -> list[MicrogridDoors]:
    """The micro-grids at or below a place on the day, by code."""
    with connection.cursor() as cursor:
        cursor.execute(_MICROGRIDS, {"place": place_id, "on": on, "limit": limit})
        return [MicrogridDoors(*row[:3], int(row[3]), int(row[4])) for row in cursor.fetchall()]


def microgrid_count(place_id: UUID, on: date) -> int:
    """How many micro-grids there are at or below a place on the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM places_place p WHERE p.level = 'microgrid' AND p.id IN ({_BELOW}) "
            f"AND {_STANDS.format(t='p')}",
            {"place": place_id, "on": on},
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
