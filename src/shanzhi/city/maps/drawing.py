"""What stands on the map of a district or a city: its places and compounds, and the outlines around it."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray

from shanzhi.base.rows import in_sets
from shanzhi.city.places.levels import Level
from shanzhi.core.geometry import Layer

FROM_ZOOM = {
    Level.COUNTY: 5, Level.STREET: 8, Level.COMMUNITY: 10, Level.GRID: 12, Level.MICROGRID: 13,
}  # fmt: skip
COMPOUNDS_FROM_ZOOM = 13
# Names lie in one layer of points: a polygon cut by tiles would be named in each of them. From the zoom in which the
# screen begins to name a level, rounded down, so that small zooms stay small.
NAMED_FROM_ZOOM = {
    Level.COUNTY: 7, Level.STREET: 10, Level.COMMUNITY: 12, Level.GRID: 14, Level.MICROGRID: 14,
}  # fmt: skip
# How far around its own bounds a map shows the outlines of others, as a part of its width.
AROUND = 0.1

_BELOW = """
SELECT descendant_id FROM places_placeclosure
WHERE ancestor_id = %(place)s AND from_on <= %(on)s AND (to_on IS NULL OR to_on > %(on)s)
"""
_NAMED = """
SELECT p.id, p.level, v.code, v.name, p.boundary, p.approximate FROM places_place p
JOIN places_placeversion v ON v.place_id = p.id AND v.from_on <= %(on)s AND (v.to_on IS NULL OR v.to_on > %(on)s)
WHERE p.boundary IS NOT NULL AND p.level = ANY(%(levels)s)
  AND p.opened_on <= %(on)s AND (p.closed_on IS NULL OR p.closed_on > %(on)s)
"""
_OWN = f"{_NAMED} AND p.id IN ({_BELOW}) ORDER BY v.code"
_AROUND = f"{_NAMED} AND p.id NOT IN ({_BELOW}) ORDER BY v.code"
_BELOW_ANY = _BELOW.replace("= %(place)s", "= ANY(%(places)s)")
# Homes by the floors of micro-grids, for these and the grids; by compounds for what lies above.
_HOMES = f"""
WITH own AS (
  SELECT m.place_id, sum(f.homes) AS homes FROM compounds_membership m
  JOIN compounds_floor f ON f.area = m.area AND f.id = m.floor_id
  WHERE m.place_id IN ({_BELOW_ANY}) AND m.from_on <= %(on)s AND (m.to_on IS NULL OR m.to_on > %(on)s)
  GROUP BY m.place_id)
SELECT k.ancestor_id, sum(own.homes) FROM own JOIN places_placeclosure k ON k.descendant_id = own.place_id
  AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s)
JOIN places_place p ON p.id = k.ancestor_id AND p.level IN ('grid', 'microgrid')
GROUP BY k.ancestor_id
UNION ALL
SELECT k.ancestor_id, sum(c.households) FROM compounds_compound c
JOIN places_placeclosure k ON k.descendant_id = c.place_id
  AND k.from_on <= %(on)s AND (k.to_on IS NULL OR k.to_on > %(on)s)
JOIN places_place p ON p.id = k.ancestor_id AND p.level IN ('county', 'street', 'community')
WHERE c.households IS NOT NULL AND c.place_id IN ({_BELOW_ANY})
  AND c.opened_on <= %(on)s AND (c.closed_on IS NULL OR c.closed_on > %(on)s)
GROUP BY k.ancestor_id
"""
_COMPOUNDS = f"""
SELECT c.id, c.kind, c.code, c.name, c.households, c.lon, c.lat FROM compounds_compound c
WHERE c.lon IS NOT NULL AND c.place_id IN ({_BELOW})
  AND c.opened_on <= %(on)s AND (c.closed_on IS NULL OR c.closed_on > %(on)s)
ORDER BY c.id
"""

Bounds = tuple[float, float, float, float]
Shapes = NDArray[np.object_]


def _rows(sql: str, **values: object) -> list[tuple[Any, ...]]:
    with in_sets(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def _shaped(rows: list[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], Shapes]:
    """The rows whose boundary is a polygon, and these polygons."""
    shapes = shapely.from_wkb(np.array([bytes(row[4]) for row in rows], object), on_invalid="ignore")
    polygon = np.isin(shapely.get_type_id(shapes), [3, 6]) & ~shapely.is_empty(shapes)
    return [rows[at] for at in np.flatnonzero(polygon)], shapes[polygon]


def homes_of(places: Sequence[UUID], on: date) -> dict[UUID, int]:
    """The homes of everything below some places on a day; as dear for twenty districts as for one."""
    return {found: int(count) for found, count in _rows(_HOMES, places=list(places), on=on)}


def layers_of(place: UUID, on: date, homes: dict[UUID, int]) -> tuple[list[Layer], Bounds] | None:
    """The layers of the map of a place on a day, and what it covers; None when nothing can be drawn.

    Of others only districts and street offices are drawn, marked `outside`: where they lie is public.
    """
    own, shapes = _shaped(_rows(_OWN, place=place, on=on, levels=list(FROM_ZOOM)))
    points = _rows(_COMPOUNDS, place=place, on=on)
    dots = shapely.points([[row[5], row[6]] for row in points]) if points else np.zeros(0, object)
    if not len(shapes) and not len(dots):
        return None
    west, south, east, north = shapely.total_bounds(np.append(shapes, dots)).tolist()
    margin = max(east - west, north - south) * AROUND
    bounds = (west - margin, south - margin, east + margin, north + margin)
    others, outlines = _shaped(_rows(_AROUND, place=place, on=on, levels=[Level.COUNTY, Level.STREET]))
    seen = shapely.intersects(outlines, shapely.box(*bounds)) if others else np.zeros(0, bool)
    rows = own + [others[at] for at in np.flatnonzero(seen)]
    shapes = np.append(shapes, outlines[seen])
    layers = []
    for level, zoom in FROM_ZOOM.items():
        at = np.flatnonzero([row[1] == level for row in rows])
        if len(at):
            layers.append(_places(level, zoom, [rows[i] for i in at], shapes[at], homes, at >= len(own)))
            layers.append(_names(level, [rows[i] for i in at], shapes[at], at >= len(own), bounds))
    if points:
        layers.append(_dots(points, dots))
    return layers, bounds


def _places(
    level: Level,
    zoom: int,
    rows: list[tuple[Any, ...]],
    shapes: Shapes,
    homes: dict[UUID, int],
    outside: NDArray[np.bool_],
) -> Layer:
    properties = {
        "id": [str(row[0]) for row in rows],
        "code": [row[2] for row in rows],
        "name": [row[3] for row in rows],
        "approx": [row[5] or None for row in rows],
        "households": [
            None if other else homes.get(row[0]) for row, other in zip(rows, outside.tolist(), strict=True)
        ],
        "outside": [True if other else None for other in outside.tolist()],
    }
    return Layer(level.value, shapes, properties, zoom)


def _names(
    level: Level, rows: list[tuple[Any, ...]], shapes: Shapes, outside: NDArray[np.bool_], bounds: Bounds
) -> Layer:
    """One point for the name of each place, inside it: of several parts in the largest, of others in what is seen.

    With code and `outside`, so that a screen with the maps of several districts names what both show once.
    """
    seen = shapes.copy()
    seen[outside] = shapely.intersection(shapely.make_valid(shapes[outside]), shapely.box(*bounds))
    parts, of = shapely.get_parts(seen, return_index=True)
    order = np.lexsort((-shapely.area(parts), of))
    named, first = np.unique(
        of[order], return_index=True
    )  # a neighbour that only touches the corner may be nothing
    properties = {
        "code": [rows[at][2] for at in named.tolist()],
        "name": [rows[at][3] for at in named.tolist()],
        "outside": [True if outside[at] else None for at in named.tolist()],
    }
    points = shapely.point_on_surface(parts[order][first])
    return Layer(f"name-{level.value}", points, properties, NAMED_FROM_ZOOM[level])


def _dots(rows: list[tuple[Any, ...]], dots: Shapes) -> Layer:
    properties = {
        "id": [str(row[0]) for row in rows],
        "kind": [row[1] for row in rows],
        "code": [row[2] or None for row in rows],
        "name": [row[3] for row in rows],
        "households": [row[4] for row in rows],
    }
    return Layer("compound", dots, properties, COMPOUNDS_FROM_ZOOM)
