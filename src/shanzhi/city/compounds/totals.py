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
# Floors are grouped once for all compounds: asked for each compound, a city reads all its floors thousands of times.
_OF_PLACE = f"""
WITH own AS (
  SELECT c.area, c.id, c.kind, c.households, c.buildings FROM compounds_compound c
  WHERE c.place_id IN ({_BELOW}) AND {_STANDS.format(t="c")}),
built AS (
  SELECT b.area, b.id, b.compound_id, sum(f.homes) AS homes, sum(f.shops) AS shops
  FROM own JOIN compounds_building b ON b.area = own.area AND b.compound_id = own.id AND {_STANDS.format(t="b")}
  JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id AND {_STANDS.format(t="f")}
  GROUP BY b.area, b.id, b.compound_id),
known AS (
  SELECT area, compound_id, sum(homes) AS homes, sum(shops) AS shops, count(*) AS buildings
  FROM built GROUP BY area, compound_id)
SELECT coalesce(sum(coalesce(k.homes, CASE WHEN c.kind = 'shops' THEN 0 ELSE c.households END)), 0),
  coalesce(sum(coalesce(k.shops, CASE WHEN c.kind = 'shops' THEN c.households ELSE 0 END)), 0),
  count(*), coalesce(sum(coalesce(k.buildings, c.buildings)), 0)
FROM own c LEFT JOIN known k ON k.area = c.area AND k.compound_id = c.id
"""
# The first by code are chosen before their doors are counted: a city has a hundred thousand.
_MICROGRIDS = f"""
WITH chosen AS MATERIALIZED (
  SELECT p.id, v.code, v.name FROM places_place p
  JOIN places_placeversion v ON v.place_id = p.id AND {_ON.format(t="v")}
  WHERE p.level = 'microgrid' AND {_STANDS.format(t="p")} AND p.id IN ({_BELOW})
  ORDER BY v.code LIMIT %(limit)s)
SELECT p.id, p.code, p.name, coalesce(sum(f.homes), 0), coalesce(sum(f.shops), 0)
FROM chosen p
LEFT JOIN compounds_membership m ON m.place_id = p.id AND {_ON.format(t="m")}
LEFT JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id AND {_STANDS.format(t="f")}
GROUP BY p.id, p.code, p.name ORDER BY p.code
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
