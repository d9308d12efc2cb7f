"""What a campaign is planned over (布点底数): micro-grids with doors, and where points may stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.db import connection, transaction

from shanzhi.base.rows import by_index, in_order, in_sets
from shanzhi.city.places import queries as places
from shanzhi.core.geometry.project import Metres

Array = np.ndarray[Any, Any]
_ON = "{t}.from_on <= %(on)s AND ({t}.to_on IS NULL OR {t}.to_on > %(on)s)"
_STANDS = "{t}.opened_on <= %(on)s AND ({t}.closed_on IS NULL OR {t}.closed_on > %(on)s)"
_MICROGRIDS = f"""
WITH below AS MATERIALIZED (
  SELECT DISTINCT p.id, p.area, p.lon, p.lat, p.boundary FROM places_placeclosure k
  JOIN places_place p ON p.id = k.descendant_id AND p.level = 'microgrid' AND {_STANDS.format(t="p")}
  WHERE k.ancestor_id = ANY(%(places)s) AND {_ON.format(t="k")}
), held AS (
  SELECT m.place_id, sum(f.homes) AS homes, avg(coalesce(b.lon, c.lon)) AS lon, avg(coalesce(b.lat, c.lat)) AS lat
  FROM below w
  JOIN compounds_membership m ON m.area = w.area AND m.place_id = w.id AND {_ON.format(t="m")}
  JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id AND {_STANDS.format(t="f")}
  JOIN compounds_building b ON b.area = f.area AND b.id = f.building_id
  JOIN compounds_compound c ON c.area = b.area AND c.id = b.compound_id
  GROUP BY m.place_id
)
SELECT w.id, w.area, v.code, coalesce(h.homes, 0), coalesce(h.lon, w.lon), coalesce(h.lat, w.lat),
  CASE WHEN coalesce(h.lon, w.lon) IS NULL THEN w.boundary END
FROM below w JOIN places_placeversion v ON v.place_id = w.id AND {_ON.format(t="v")}
LEFT JOIN held h ON h.place_id = w.id
ORDER BY v.code
"""
_UNGRIDDED = f"""
WITH below AS MATERIALIZED (
  SELECT DISTINCT k.descendant_id AS id FROM places_placeclosure k
  WHERE k.ancestor_id = ANY(%(places)s) AND {_ON.format(t="k")}
), stands AS MATERIALIZED (
  SELECT f.area, f.id, f.homes FROM below w
  JOIN compounds_compound c ON c.place_id = w.id AND {_STANDS.format(t="c")}
  JOIN compounds_building b ON b.area = c.area AND b.compound_id = c.id
  JOIN compounds_floor f ON f.area = b.area AND f.building_id = b.id AND {_STANDS.format(t="f")}
)
SELECT coalesce(sum(s.homes), 0) FROM stands s
WHERE NOT EXISTS (SELECT 1 FROM compounds_membership m WHERE m.area = s.area AND m.floor_id = s.id
  AND {_ON.format(t="m")})
"""
_SPOTS = f"""
SELECT c.area, c.place_id, c.name, c.address, c.lon, c.lat FROM compounds_compound c
WHERE c.lon IS NOT NULL AND c.kind <> 'shops' AND {_STANDS.format(t="c")} AND c.place_id IN (
  SELECT k.descendant_id FROM places_placeclosure k WHERE k.ancestor_id = ANY(%(places)s) AND {_ON.format(t="k")})
ORDER BY c.area, c.pinyin, c.id
"""
_NAMED = f"""
SELECT p.area, p.id, v.name, '', p.lon, p.lat FROM (
  SELECT DISTINCT k.descendant_id AS id FROM places_placeclosure k
  WHERE k.ancestor_id = ANY(%(places)s) AND {_ON.format(t="k")}
) w
JOIN places_place p ON p.id = w.id AND p.level IN ('community', 'microgrid') AND p.lon IS NOT NULL
  AND {_STANDS.format(t="p")}
JOIN places_placeversion v ON v.place_id = p.id AND {_ON.format(t="v")}
ORDER BY p.area, v.pinyin, p.id
"""


@dataclass(frozen=True)
class Ground:
    """Micro-grids with doors, in the order of their codes: `at` in metres on a plane of the whole."""

    ids: list[UUID]
    areas: list[str]
    codes: list[str]
    doors: Array
    at: Array
    plane: Metres
    ungridded: int


@dataclass(frozen=True)
class Spot:
    """Where a point may stand."""

    area: str
    place_id: UUID
    name: str
    address: str
    lon: float
    lat: float


def _rows(sql: str, place_ids: Iterable[UUID], on: date, *, wide: bool = False) -> list[tuple[Any, ...]]:
    ids = list(place_ids)
    way = in_sets if wide or places.breadth(ids, on) > 500 else by_index
    with transaction.atomic(), way(), in_order(), connection.cursor() as cursor:
        cursor.execute(sql, {"places": ids, "on": on})
        return list(cursor.fetchall())


def ground(place_ids: Iterable[UUID], on: date) -> Ground:
    """The micro-grids under some places on a day. One whose position nobody knows counts as lying amid the others."""
    wanted = list(place_ids)
    found = [row for row in _rows(_MICROGRIDS, wanted, on) if row[3]]
    spots = np.full((len(found), 2), np.nan)
    for number, (*_, lon, lat, boundary) in enumerate(found):
        if lon is not None and lat is not None:
            spots[number] = lon, lat
        elif boundary is not None:
            inside = shapely.from_wkb(bytes(boundary)).representative_point()
            spots[number] = inside.x, inside.y
    known = ~np.isnan(spots[:, 0])
    spots[~known] = spots[known].mean(axis=0) if known.any() else (104.0, 30.6)
    plane = Metres.about(spots[:, 0], spots[:, 1]) if len(found) else Metres(104.0, 30.6)
    # No index leads from a building to its floors of any day: they are read through.
    ungridded = int(_rows(_UNGRIDDED, wanted, on, wide=True)[0][0])
    return Ground(
        [row[0] for row in found], [row[1] for row in found], [row[2] for row in found],
        np.array([int(row[3]) for row in found], dtype=np.int64), plane.from_degrees(spots), plane, ungridded,
    )  # fmt: skip


def spots(place_ids: Iterable[UUID], on: date) -> list[Spot]:
    """Compounds whose position is known; without any, communities and micro-grids."""
    wanted = list(place_ids)
    found = _rows(_SPOTS, wanted, on) or _rows(_NAMED, wanted, on)
    return [Spot(*row) for row in found]
