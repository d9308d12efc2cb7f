"""Which place a point lies in (定位): boundaries in an STR tree, kept in memory until the tree changes."""

import json
import math
import threading
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from shanzhi.city.places.levels import Level

NEAR_METRES = 3000.0
_EARTH_METRES = 6_371_008.8
# A point of a county or a city says nothing about what lies near it.
_NEAR_LEVELS = [level.value for level in Level if level.rank >= Level.STREET.rank]


def shape_of(boundary: Any) -> BaseGeometry | None:
    """The polygon of a GeoJSON geometry in WGS-84; None when it is not a valid one."""
    try:
        shape = shapely.from_geojson(json.dumps(boundary))
    except (shapely.GEOSException, TypeError, ValueError):
        return None
    if shape is None or shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        return None
    west, south, east, north = shape.bounds
    on_earth = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    return shape if on_earth and shape.is_valid and shape.area > 0 else None


@dataclass(frozen=True)
class _Index:
    """What is kept in memory. Points are in order of latitude."""

    stamp: UUID | None
    tree: shapely.STRtree
    inside: list[tuple[int, float, UUID]]  # of each boundary: rank of the level, size, place
    lon: "np.ndarray[Any, np.dtype[np.float64]]"
    lat: "np.ndarray[Any, np.dtype[np.float64]]"
    near: list[UUID]

    def find(self, lon: float, lat: float) -> UUID | None:
        """The deepest place around the point, else the nearest point, else None."""
        hits = [self.inside[at] for at in self.tree.query(shapely.Point(lon, lat), predicate="intersects")]
        if hits:
            return min(hits, key=lambda hit: (-hit[0], hit[1], str(hit[2])))[2]
        reach = math.degrees(NEAR_METRES / _EARTH_METRES)
        first, last = np.searchsorted(self.lat, [lat - reach, lat + reach])
        if first == last:
            return None
        lats, lons = np.radians(self.lat[first:last]), np.radians(self.lon[first:last])
        here = math.radians(lat)
        # Haversine formula: https://en.wikipedia.org/wiki/Haversine_formula
        half = np.sin((lats - here) / 2) ** 2
        half += math.cos(here) * np.cos(lats) * np.sin((lons - math.radians(lon)) / 2) ** 2
        metres = 2 * _EARTH_METRES * np.arcsin(np.sqrt(half))
        nearest = int(np.argmin(metres))
        return self.near[int(first) + nearest] if metres[nearest] <= NEAR_METRES else None


_lock = threading.Lock()
_kept: _Index | None = None


def _load(stamp: UUID | None) -> _Index:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, level, boundary FROM places_place WHERE closed_on IS NULL AND boundary IS NOT NULL"
        )
        bounded = cursor.fetchall()
        cursor.execute(
            "SELECT id, lon, lat FROM places_place WHERE closed_on IS NULL AND boundary IS NULL "
            "AND lon IS NOT NULL AND level = ANY(%s) ORDER BY lat, id",
            [_NEAR_LEVELS],
        )
        points = cursor.fetchall()
    shapes = shapely.from_wkb([bytes(wkb) for _, _, wkb in bounded])
    sizes = shapely.area(shapes)
    return _Index(
        stamp,
        shapely.STRtree(shapes),
        [
            (Level(level).rank, float(size), place)
            for (place, level, _), size in zip(bounded, sizes, strict=True)
        ],
        np.array([lon for _, lon, _ in points], dtype=np.float64),
        np.array([lat for _, _, lat in points], dtype=np.float64),
        [place for place, _, _ in points],
    )


def locate(lon: float, lat: float) -> UUID | None:
    """The deepest place whose boundary holds the WGS-84 point, else the nearest point within 3 km.

    Of places of one level that share the point, the smallest.
    """
    global _kept
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT stamp FROM places_treestamp WHERE id = 1")
        row = cursor.fetchone()
    stamp = row[0] if row else None
    kept = _kept
    if kept is None or stamp is None or kept.stamp != stamp:
        with _lock:
            kept = _kept
            if kept is None or stamp is None or kept.stamp != stamp:
                kept = _kept = _load(stamp)
    return kept.find(lon, lat)
