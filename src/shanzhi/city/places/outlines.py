"""Boundaries and names of the places under a place, read once for an import (区划轮廓)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from shanzhi.city.places.levels import Level
from shanzhi.city.places.naming import Gazetteer, Known

_METRES_A_DEGREE = 111_320.0


@dataclass(frozen=True)
class Outlines:
    """The places that stand on a day, by name and by boundary (WGS-84)."""

    names: Gazetteer
    shapes: dict[UUID, BaseGeometry]
    approximate: frozenset[UUID]
    _order: list[UUID] = field(default_factory=list)
    _tree: shapely.STRtree = None
    _sizes: "NDArray[np.float64] | None" = None

    def shape(self, place: UUID | None) -> BaseGeometry | None:
        """The boundary of a place, if it has one."""
        return None if place is None else self.shapes.get(place)

    def deepest(self, lon: "NDArray[np.float64]", lat: "NDArray[np.float64]") -> list[UUID | None]:
        """Of each WGS-84 point the deepest place around it, of two alike the smaller; None outside of all."""
        found: list[UUID | None] = [None] * len(lon)
        ok = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        if not self._order or not len(ok):
            return found
        points, hits = self._tree.query(shapely.points(lon[ok], lat[ok]), predicate="intersects")
        best: dict[int, tuple[int, float, str]] = {}
        for point, hit in zip(ok[points].tolist(), hits.tolist(), strict=True):
            place = self._order[hit]
            size = 0.0 if self._sizes is None else float(self._sizes[hit])
            key = (-self.names.by_id[place].level.rank, size, str(place))
            if point not in best or key < best[point]:
                best[point] = key
                found[point] = place
        return found

    def metres_to_any(self, lon: float, lat: float) -> float:
        """Metres from a WGS-84 point to the nearest boundary, near enough for some kilometres; 0 inside."""
        point = shapely.Point(lon, lat)
        nearest = self._tree.nearest(point)
        if nearest is None:
            return math.inf
        there = shapely.shortest_line(point, self.shapes[self._order[int(nearest)]])
        (x0, y0), (x1, y1) = shapely.get_coordinates(there)
        return math.hypot((x1 - x0) * math.cos(math.radians(lat)), y1 - y0) * _METRES_A_DEGREE


def read_outlines(on: date, roots: Sequence[UUID] | None = None, lowest: Level = Level.COMMUNITY) -> Outlines:
    """The places that stand on a day, under `roots` and above them (None: all), down to a level."""
    levels = [level.value for level in Level if level.rank <= lowest.rank]
    wanted, params = "TRUE", []
    if roots is not None:
        wanted = (
            "p.id IN (SELECT descendant_id FROM places_placeclosure WHERE ancestor_id = ANY(%s) "
            "AND from_on <= %s AND (to_on IS NULL OR to_on > %s) UNION SELECT ancestor_id "
            "FROM places_placeclosure WHERE descendant_id = ANY(%s) AND from_on <= %s "
            "AND (to_on IS NULL OR to_on > %s))"
        )
        params = [list(roots), on, on, list(roots), on, on]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, p.level, v.code, v.name, p.area, p.boundary, p.approximate FROM places_place p "
            "JOIN places_placeversion v ON v.place_id = p.id AND v.from_on <= %s "
            "AND (v.to_on IS NULL OR v.to_on > %s) "
            "WHERE p.level = ANY(%s) AND p.opened_on <= %s AND (p.closed_on IS NULL OR p.closed_on > %s) "
            f"AND {wanted}",
            [on, on, levels, on, on, *params],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.execute(
            "SELECT descendant_id, ancestor_id FROM places_placeclosure "
            "WHERE depth > 0 AND from_on <= %s AND (to_on IS NULL OR to_on > %s) AND descendant_id = ANY(%s)",
            [on, on, [row[0] for row in rows]],
        )
        above: dict[UUID, set[UUID]] = {}
        for place, ancestor in cursor.fetchall():
            above.setdefault(place, set()).add(ancestor)
    known = [
        Known(place, Level(level), code, name, area, frozenset(above.get(place, ())))
        for place, level, code, name, area, _, _ in rows
    ]
    bounded = [row for row in rows if row[5] is not None]
    shapes = shapely.from_wkb([bytes(row[5]) for row in bounded])
    return Outlines(
        Gazetteer(known),
        {row[0]: shape for row, shape in zip(bounded, shapes, strict=True)},
        frozenset(row[0] for row in bounded if row[6]),
        [row[0] for row in bounded],
        shapely.STRtree(shapes),
        shapely.area(shapes),
    )
